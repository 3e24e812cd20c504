/** JOSE headers as they are found: in several places, which must be disjoint and in published examples are not. */
import { isDeepStrictEqual } from "node:util";
import { isObject, MAX_NESTING, nestsDeeperThan } from "../json.ts";
import { isCanonicalBase64Url } from "../media.ts";
import type { JsonObject } from "../types.ts";

/** Far more than a header with a chain of certificates takes. */
const MAX_HEADER_LENGTH = 2 ** 20;
/** Each is compared with those of every recipient. */
const MAX_MEMBERS = 100;

/** The header that a `protected` member holds; none holds an empty one. Undefined if it can't be read. */
export function readProtectedHeader(text: unknown): JsonObject | undefined {
  if (text === undefined) return {};
  if (typeof text !== "string" || text.length > MAX_HEADER_LENGTH || !isCanonicalBase64Url(text)) return;
  try {
    const json = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "base64url"));
    return readHeader(JSON.parse(json));
  } catch {
    return;
  }
}

/** The header that is an object already; undefined if it is something else, or holds more than any header does. */
export function readHeader(value: unknown = {}): JsonObject | undefined {
  if (!isObject(value) || Object.keys(value).length > MAX_MEMBERS) return;
  return nestsDeeperThan(MAX_NESTING, value) ? undefined : value;
}

/**
 * The headers without the members that an earlier one holds too. RFC 7515 section 7.2.1 wants them disjoint, py-vcon
 * writes some twice. The later ones are not protected, so they may only repeat, never say otherwise.
 *
 * @param headers the protected one first
 * @returns undefined if one contradicts another
 */
export function disjoint(headers: JsonObject[]): JsonObject[] | undefined {
  let known: JsonObject = {};
  const rest: JsonObject[] = [];
  for (const header of headers) {
    const members = Object.entries(header);
    const repeated = members.filter(([name]) => Object.hasOwn(known, name));
    if (!repeated.every(([name, value]) => isDeepStrictEqual(value, known[name]))) return;
    rest.push(Object.fromEntries(members.filter(([name]) => !Object.hasOwn(known, name))));
    known = { ...known, ...header };
  }
  return rest;
}
