/**
 * JSON with long base64 in it, parsed and written without the copies of it that the engine makes: the long strings
 * stand aside, each with a token in its place, while the rest is parsed or written.
 */
import { randomUUID } from "node:crypto";
import type { JsonObject } from "./types.ts";

/** Shorter strings (in characters) are not worth the trouble. */
const LONG = 64 * 1024;

const QUOTE = 0x22;
/** Between two quotes it can only be the inside of a string: outside there is a comma, a colon or a bracket. */
const BASE64 = /^[\w+/=-]*$/;
/** So much of a string tells nearly always whether all of it is base64. */
const SAMPLE = 1024;

/** Nobody else knows it, so nothing else in a document can be taken for one. */
const SECRET = randomUUID();

/** JSON without its long strings, which stand aside by the token in their place. */
export interface Emptied<Rest> {
  rest: Rest;
  strings: Map<string, string>;
}

/** Takes the long base64 out of JSON, whether that is valid or not; undefined if there is none. */
export function takeOut(json: Uint8Array): Emptied<Buffer> | undefined {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  const strings = new Map<string, string>();
  const pieces: Buffer[] = [];
  let end = 0;
  for (const { from, to } of longGaps(bytes)) {
    const string = base64At(bytes, from, to);
    if (string === undefined) continue;
    const token = `${SECRET}${strings.size}`;
    strings.set(token, string);
    pieces.push(bytes.subarray(end, from), Buffer.from(token));
    end = to;
  }
  return strings.size > 0 ? { rest: Buffer.concat([...pieces, bytes.subarray(end)]), strings } : undefined;
}

/** Where two quotes stand further apart than {@link LONG}; looks at few bytes of the others. */
function* longGaps(bytes: Buffer): Generator<{ from: number; to: number }> {
  let start = 0;
  while (start + LONG < bytes.length) {
    const probe = start + LONG;
    const before = bytes.subarray(start, probe).lastIndexOf(QUOTE);
    const from = start + before + 1;
    const to = bytes.indexOf(QUOTE, probe);
    if (to < 0) return;
    if (before >= 0 && to - from > LONG) yield { from, to };
    start = to;
  }
}

function base64At(bytes: Buffer, from: number, to: number): string | undefined {
  if (!BASE64.test(bytes.toString("latin1", from, Math.min(from + SAMPLE, to)))) return;
  const string = bytes.toString("latin1", from, to);
  return BASE64.test(string) ? string : undefined;
}

/**
 * Puts the strings in the place of their tokens, in `value` itself, so many levels deep.
 * @returns whether all were found; one may have stood for a member's name, or in a member that is named twice
 */
export function putBack(value: unknown, strings: Map<string, string>, levels: number): boolean {
  let found = 0;
  const visit = (holder: JsonObject, left: number): void => {
    for (const name of Object.keys(holder)) {
      const member = holder[name];
      if (typeof member === "object" && member !== null) {
        if (left > 0) visit(member as JsonObject, left - 1);
      } else if (typeof member === "string" && strings.has(member)) {
        holder[name] = strings.get(member);
        found++;
      }
    }
  };
  visit({ value } as JsonObject, levels);
  return found === strings.size;
}

/**
 * What `JSON.stringify` gives, but for the long strings in it; of an object that has no JSON, `rest` is undefined.
 *
 * @throws whatever `JSON.stringify` throws
 */
export function stringifyRest(
  value: object,
  isAside: (text: string) => boolean = () => true,
): Emptied<string | undefined> {
  const strings = new Map<string, string>();
  if (!holdsLongText(value)) return { rest: JSON.stringify(value), strings };
  const rest = JSON.stringify(value, (_name, member) => {
    if (typeof member !== "string" || member.length <= LONG || !isAside(member)) return member;
    const token = `${SECRET}${strings.size}`;
    strings.set(token, member);
    return token;
  });
  return { rest, strings };
}

/** What `JSON.stringify` gives, in pieces, of which those between two others are long base64. */
export function stringify(value: object): string[] {
  const { rest = "", strings } = stringifyRest(value, (text) => BASE64.test(text));
  const pieces: string[] = [];
  let end = 0;
  for (const [token, string] of strings) {
    const start = rest.indexOf(token, end);
    pieces.push(rest.slice(end, start), string);
    end = start + token.length;
  }
  return [...pieces, rest.slice(end)];
}

/** Only bodies and what is sealed are long; to look at every text takes longer than it saves. */
function holdsLongText(vcon: object): boolean {
  return Object.values(vcon).some(
    (value) => isLong(value) || (Array.isArray(value) && value.some((part) => isLong(part?.body))),
  );
}

function isLong(value: unknown): boolean {
  return typeof value === "string" && value.length > LONG;
}

/** Whether writing failed because the text would be longer than a string may be. */
export function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && /string length/i.test(error.message);
}
