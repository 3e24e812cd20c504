/** What the routes of one vCon have in common: its UUID in the path, and its ETag in the headers. */
import { isDeepStrictEqual } from "node:util";
import Type, { type Static } from "typebox";
import { type AnyVcon, formOf, type VconView } from "../../core/index.ts";
import type { Headers } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";
import { etagOf, isNotFound, revisionAsked } from "../work/output.ts";

export const OneVcon = Type.Object({
  uuid: Type.String({ format: "uuid", description: "The vCon's." }),
});
export type OneVcon = Static<typeof OneVcon>;

/** Of routes that heed it, and of those that need it. */
export const IF_MATCH = { "If-Match": "The ETag that the vCon has to have." };
export const IF_MATCH_NEEDED = {
  "If-Match": "The ETag of the vCon that is to be changed; * for whichever is there.",
};

export const NOT_THERE = { says: "It is not there." };
export const CONDITIONAL = {
  400: { says: "ETAG_MALFORMED: If-Match is no ETag." },
  412: { says: "It has another ETag: read it again." },
  428: { says: "If-Match is missing." },
};

/**
 * The revision that a change is for: a change to a vCon as it was read must not undo those of others.
 * @throws ApiError 428 without If-Match, 400
 */
export async function revisionToChange(call: Call, uuid: string): Promise<string> {
  if (call.header("if-match") === undefined) {
    throw new ApiError(
      428,
      "ETAG_MISSING",
      "Changes need If-Match with the ETag of the vCon, so that those of others are not undone: read it, and send the ETag along.",
    );
  }
  const asked = revisionAsked(call);
  if (asked !== undefined) return asked;
  const store = await call.api.store();
  return (await store.read(uuid, ["sealed"])).revision;
}

/**
 * The ETag of a vCon that was just written. There is none if others have changed it in between: whoever sent it would
 * take their changes for known.
 */
export async function etagAsWritten({ api }: Call, uuid: string, written: AnyVcon): Promise<Headers> {
  try {
    const store = await api.store();
    const view = await store.read(uuid, ["sealed", "head"]);
    return isAsWritten(view, written) ? { etag: etagOf(view.revision) } : {};
  } catch (error) {
    if (isNotFound(error)) return {};
    throw error;
  }
}

/** Every change to an open one gives it another time. */
function isAsWritten(view: VconView, written: AnyVcon): boolean {
  if (view.sealed !== undefined) return isDeepStrictEqual(view.sealed, written);
  return formOf(written) === "unsigned" && view.head.updated_at === written["updated_at"];
}
