/** What the routes of one vCon have in common: its UUID in the path, and its ETag in the headers. */
import { isDeepStrictEqual } from "node:util";
import Type, { type Static } from "typebox";
import {
  type AnyVcon,
  encodeLargeBody,
  formOf,
  type JsonValue,
  LargeBody,
  SECTIONS,
  VconError,
  type VconView,
  WHOLE_PARTS,
} from "../../core/index.ts";
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

/** How often a change to whichever vCon is there is made again because others change it at the same time. */
const MOST_ATTEMPTS = 10;

/**
 * The revision that a change is for, undefined for whichever is there: a change to a vCon as it was read must not undo
 * those of others.
 * @throws ApiError 428 without If-Match, 400
 */
export function revisionToChange(call: Call): string | undefined {
  if (call.header("if-match") === undefined) {
    throw new ApiError(
      428,
      "ETAG_MISSING",
      "Changes need If-Match with the ETag of the vCon, so that those of others are not undone: read it, and send the ETag along.",
    );
  }
  return revisionAsked(call);
}

/**
 * Makes a change, and makes it anew where others have changed the vCon meanwhile, unless it is for one revision.
 * @param revision as `revisionToChange` gives it
 * @param change throws VconError `VCON_CHANGED`, with nothing changed, where the vCon is not the one that it has read
 */
export async function changing<Result>(
  revision: string | undefined,
  change: () => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      const isOther = error instanceof VconError && error.code === "VCON_CHANGED";
      if (!isOther || revision !== undefined || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/**
 * The ETag of a vCon that was just written. There is none if others have changed it in between: whoever sent it would
 * take their changes for known.
 */
export async function etagAsWritten({ api }: Call, uuid: string, written: AnyVcon): Promise<Headers> {
  try {
    const store = await api.store();
    const view = await store.read(uuid, WHOLE_PARTS);
    return isAsWritten(view, written) ? { etag: etagOf(view.revision) } : {};
  } catch (error) {
    if (isNotFound(error)) return {};
    throw error;
  }
}

function isAsWritten(view: VconView, written: AnyVcon): boolean {
  if (view.sealed !== undefined) return isDeepStrictEqual(view.sealed, written);
  if (formOf(written) !== "unsigned") return false;
  const { head, parties, dialog, attachments, analysis } = view;
  const now = { ...head, parties, dialog, attachments, analysis };
  return isDeepStrictEqual(outlineOf(now), outlineOf(written));
}

/** All of it, but of large bodies the size alone: they stay in the store. */
function outlineOf(vcon: Record<string, unknown>): object {
  const arrays = ["parties", ...SECTIONS].map((name) => {
    const elements = (vcon[name] ?? []) as Iterable<unknown>;
    return [name, (elements instanceof Map ? [...elements.values()] : [...elements]).map(lightened)];
  });
  return { ...vcon, ...Object.fromEntries(arrays) };
}

function lightened(element: unknown): unknown {
  const { body } = (element ?? {}) as { body?: JsonValue | LargeBody };
  const large = body instanceof LargeBody ? body : encodeLargeBody(body);
  return large === undefined ? element : { ...(element as object), body: large.size };
}
