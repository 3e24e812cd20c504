/**
 * Writes the parts of a vCon as older syntaxes have them, for programs that know no newer one. What has no place in
 * an older syntax stays as it is, as a member that such a program doesn't know, so that nothing is lost: read again,
 * it is the same vCon.
 */
import { isObject } from "./json.ts";
import { asideOf } from "./members.ts";
import type { JsonObject, JsonValue } from "./types.ts";

/** The syntax of core-04, that of core-00, and that of container-00 and -01. */
export type Syntax = "0.4.0" | "0.3.0" | "0.0.1";

export type PartName = "parties" | "dialog" | "analysis" | "attachments";

/** What an older syntax has otherwise than core-04; names by core-04's. */
interface Older {
  head: Record<string, string>;
  parts: Record<Exclude<PartName, "parties">, Record<string, string>>;
  /** A hash is an `alg` and a `signature`. */
  splitsHashes: boolean;
  /** A `session_id` is one text. */
  sessionIsText: boolean;
}

const OLDER: Record<Exclude<Syntax, "0.4.0">, Older> = {
  "0.3.0": {
    head: { amended: "appended", critical: "must_support" },
    parts: { dialog: {}, analysis: {}, attachments: { purpose: "type" } },
    splitsHashes: false,
    sessionIsText: true,
  },
  "0.0.1": {
    head: { amended: "appended" },
    parts: {
      dialog: {
        mediatype: "mimetype",
        transfer_target: "transfer-target",
        target_dialog: "target-dialog",
        interaction_id: "interaction",
      },
      analysis: { mediatype: "mimetype" },
      attachments: { mediatype: "mimetype", purpose: "type" },
    },
    splitsHashes: true,
    sessionIsText: false,
  },
};

const HISTORY_NAMES = { button: "dtmf" };
const HISTORY_EVENTS = new Map<unknown, string>([
  ["keydown", "dtmfdown"],
  ["keyup", "dtmfup"],
]);

/** By the length of the digest, so that only what reads as the same hash is taken apart. */
const CONTENT_HASH = /^sha(256-[\w-]{43}|384-[\w-]{64}|512-[\w-]{86})$/;

export function isSyntax(name: unknown): name is Syntax {
  return name === "0.4.0" || (typeof name === "string" && Object.hasOwn(OLDER, name));
}

/** The members of a vCon that are no arrays of parts, in this syntax. The head that is given stays as it is. */
export function headIn<Head extends object>(syntax: Syntax, head: Head): object {
  if (syntax === "0.4.0") return { ...head, vcon: syntax };
  const older = OLDER[syntax];
  const { redacted, amended } = head as JsonObject;
  const references = older.splitsHashes
    ? {
        ...(isObject(redacted) && { redacted: hashSplit(redacted) }),
        ...(isObject(amended) && { amended: hashSplit(amended) }),
      }
    : {};
  return { ...renamed({ ...(head as JsonObject), ...references }, older.head), vcon: syntax };
}

/**
 * One part of a vCon in this syntax. The part that is given stays as it is.
 *
 * @param jsonText what to put where an older syntax wants a body's JSON as a text
 */
export function partIn(
  syntax: Syntax,
  name: PartName,
  part: unknown,
  jsonText: (body: JsonValue) => unknown = JSON.stringify,
): unknown {
  if (syntax === "0.4.0" || name === "parties" || !isObject(part)) return part;
  const older = OLDER[syntax];
  let changed = renamed(part, older.parts[name]);
  if (older.splitsHashes) changed = hashSplit(changed);
  if (name === "dialog") changed = withOlderHistory(older.sessionIsText ? withTextSession(changed) : changed);
  return holdsJsonText(name, part) ? { ...changed, body: jsonText(part.body as JsonValue) } : changed;
}

/** Tags are a list in every syntax: no draft knows them, and the programs that do look for one. */
function holdsJsonText(name: PartName, { body, encoding, purpose }: JsonObject): boolean {
  const isTags = name === "attachments" && purpose === "tags";
  return encoding === "json" && body !== undefined && body !== null && !isTags;
}

/** With the old names, in the order that they had. A name that is taken already is not given. */
function renamed(members: JsonObject, names: Record<string, string>): JsonObject {
  const table = new Map(
    Object.entries(names).filter(
      ([name, old]) => Object.hasOwn(members, name) && !Object.hasOwn(members, old),
    ),
  );
  if (table.size === 0) return members;
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [table.get(name) ?? name, value]));
}

function hashSplit(members: JsonObject): JsonObject {
  const { content_hash: hash, ...others } = members;
  const match = typeof hash === "string" ? CONTENT_HASH.exec(hash) : null;
  if (!match || "alg" in others || "signature" in others) return members;
  const [bits, digest] = [match[1]!.slice(0, 3), match[1]!.slice(4)];
  return { ...others, alg: `SHA-${bits}`, signature: digest };
}

/** Gives back its place to what could not stay there on reading. */
function withTextSession(dialog: JsonObject): JsonObject {
  const { [asideOf("session_id")]: text, ...others } = dialog;
  if (typeof text !== "string" || Object.hasOwn(dialog, "session_id")) return dialog;
  return { ...others, session_id: text };
}

function withOlderHistory(dialog: JsonObject): JsonObject {
  const { party_history: history } = dialog;
  if (!Array.isArray(history)) return dialog;
  return { ...dialog, party_history: history.map((event) => (isObject(event) ? olderEvent(event) : event)) };
}

function olderEvent(event: JsonObject): JsonObject {
  const changed = renamed(event, HISTORY_NAMES);
  const old = HISTORY_EVENTS.get(event.event);
  return old === undefined ? changed : { ...changed, event: old };
}
