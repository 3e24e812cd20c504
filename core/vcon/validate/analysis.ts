/** Checks of an Analysis Object (core-04 section 4.5). */
import type { JsonObject } from "../types.ts";
import { type Check, core, type Fault, type Members, object, oneOrMany, text } from "./check.ts";
import { ANALYSIS_CONTENT, contentMembers, hashedUrl, inlineContent, someContent } from "./content.ts";
import { EXTENSION_MEMBERS, EXTENSION_TYPES, rulesOfExtensions } from "./extensions.ts";
import { otherMembers, RENAMED } from "./other-members.ts";
import { orPlaceholder } from "./placeholder.ts";
import { indexInto, suggestion } from "./values.ts";

const TYPES = ["report", "sentiment", "summary", "transcript", "translation", "tts"];

const MEMBERS: Members = {
  type: core.must("4.5.1", suggestion(...TYPES, ...EXTENSION_TYPES)),
  dialog: core.may("4.5.2", oneOrMany(indexInto("dialog"))),
  attachment: core.may("4.5.3", oneOrMany(indexInto("attachments"))),
  vendor: core.must("4.5.6", text),
  product: core.may("4.5.7", text),
  schema: core.may("4.5.8", text),
  ...contentMembers(ANALYSIS_CONTENT),
  ...EXTENSION_MEMBERS.analysis,
};

export const analysis: Check = orPlaceholder(
  object(
    MEMBERS,
    source,
    hashedUrl,
    inlineContent(ANALYSIS_CONTENT),
    someContent(ANALYSIS_CONTENT),
    rulesOfExtensions("analysis"),
    otherMembers(MEMBERS, RENAMED.analysis),
  ),
);

/** `dialog` and `attachment` may be missing only where the analysis was not made from any. */
function* source({ dialog, attachment }: JsonObject): Iterable<Fault> {
  if (dialog !== undefined || attachment !== undefined) return;
  yield core.fault(
    "4.5.2",
    "info",
    "noSource",
    "It names no dialog and no attachment, so it says that it was made from none.",
  );
}
