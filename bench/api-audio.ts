/** How much memory a Node-RED takes at most, all in all, to which calls with long audio in them are posted, several at once. */
import { newUuid } from "../core/index.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { deployApi, post, toApi } from "./support/api.ts";
import { type Home, ownHomes } from "./support/homes.ts";
import { AUDIO, EACH, send } from "./support/load.ts";
import { type BenchNodeRed, withNodeRed } from "./support/node-red.ts";
import { call } from "./support/vcons.ts";

const CALLS = 100;
const AUDIO_BYTES = 20_000_000;
const CONNECTIONS = 4;

export const apiAudio: readonly Measurement[] = ownHomes.slice(0, 2).map((home) => ({
  name: `api audio ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const place = await home.open();
  await deployApi(nodeRed, place);
  const uuids = Array.from({ length: CALLS }, newUuid);
  const calls = toApi(nodeRed, post({ ...call(AUDIO), uuid: EACH }));
  const { perSecond } = await send({
    ...calls,
    audioBytes: AUDIO_BYTES,
    values: uuids,
    connections: CONNECTIONS,
  });
  await nodeRed.deploy([]);
  await place.remove(uuids);
  const name = `api audio ${home.name}`;
  return [
    figure(`${name} most memory`, "MB", [(process.resourceUsage().maxRSS * 1024) / 1e6]),
    figure(`${name} post`, "1/s", [perSecond]),
  ];
}
