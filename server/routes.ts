/** All routes. */
import { config } from "./conserver/config.ts";
import { deadLetters } from "./conserver/dead-letters.ts";
import { lists } from "./conserver/lists.ts";
import { partySearch } from "./conserver/search.ts";
import { service } from "./conserver/service.ts";
import { conserverVcons } from "./conserver/vcons.ts";
import { metrics } from "./metrics/routes.ts";
import { openApi } from "./openapi/route.ts";
import type { Route } from "./route.ts";
import { idempotent } from "./v1/idempotency.ts";
import { media } from "./v1/media.ts";
import { parts } from "./v1/parts.ts";
import { patch } from "./v1/patch.ts";
import { queues } from "./v1/queues.ts";
import { search } from "./v1/search.ts";
import { vcons } from "./v1/vcons.ts";

export const routes: readonly Route[] = [
  ...service,
  ...conserverVcons,
  ...partySearch,
  ...lists,
  ...deadLetters,
  ...config,
  ...metrics,
  ...[...vcons, ...patch, ...parts, ...media, ...search, ...queues].map(idempotent),
  openApi(() => routes),
];
