/** Small questions about parsed JSON of unknown shape. */
import { VconError } from "../errors.ts";
import type { Index, JsonObject, Vcon } from "./types.ts";

/** How deep a vCon's arrays and objects may nest, itself included; stores take little more (valkey-json 128). */
export const MAX_NESTING = 100;

/**
 * How many values JSON may hold. Each takes memory and time far beyond its bytes: 190 MB of `[],[],[]` took a minute and
 * 5 GB. The words of a long day of speech are some 100,000.
 */
export const MAX_VALUES = 5_000_000;

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = Array.from('"\\,[{', (sign) => sign.charCodeAt(0));

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws VconError `VCON_MALFORMED` for what is no object, and so no vCon of any form */
export function requireObject(value: unknown): asserts value is JsonObject {
  if (isObject(value)) return;
  throw new VconError("VCON_MALFORMED", `A vCon is a JSON object, but this is ${kindOf(value)}.`);
}

/** The objects in one of a vCon's arrays, with their indices; none where that is no array, or the vCon no object. */
export function elementsOf<Name extends "parties" | "dialog" | "analysis" | "attachments">(
  vcon: Vcon,
  name: Name,
): [Index, NonNullable<Vcon[Name]>[number]][] {
  const array: unknown = isObject(vcon) ? vcon[name] : undefined;
  const elements = Array.isArray(array) ? [...array.entries()] : [];
  return elements.filter(([, element]) => isObject(element));
}

/** null, false, "", [] or {}: what libraries write where they have nothing to say. */
export function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false || value === "";
}

/** "an array", "a string" and so on, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "an array" : "an object";
}

/** Whether arrays and objects nest deeper than `levels` in `value`; it looks no deeper than that. */
export function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  // Plain loops: this sees every value of every vCon that is read.
  if (Array.isArray(value)) {
    for (const element of value) if (nestsDeeperThan(levels - 1, element)) return true;
  } else {
    for (const name in value) if (nestsDeeperThan(levels - 1, (value as JsonObject)[name])) return true;
  }
  return false;
}

/** Whether the JSON holds more than {@link MAX_VALUES}, found out without parsing it: each follows a comma, [ or {. */
export function holdsTooManyValues(json: string): boolean {
  if (json.length <= MAX_VALUES) return false;
  let values = 0;
  let isInString = false;
  for (let at = 0; at < json.length; at++) {
    const sign = json.charCodeAt(at);
    if (sign === QUOTE) isInString = !isInString;
    else if (isInString) at += sign === BACKSLASH ? 1 : 0;
    else if (sign === COMMA || sign === BRACKET || sign === BRACE) values++;
  }
  return values > MAX_VALUES;
}

/** The object or array that `text` is the JSON of, if it is that of one and nests at most `levels` deep. */
export function parseStructure(
  text: string,
  levels: number = MAX_NESTING,
): JsonObject | unknown[] | undefined {
  return /^\s*[{[]/.test(text) ? (parseJson(text, levels) as JsonObject | unknown[] | undefined) : undefined;
}

/** The value that `text` is the JSON of, if it is JSON and nests at most `levels` deep. */
export function parseJson(text: string, levels: number = MAX_NESTING): unknown {
  if (holdsTooManyValues(text)) return;
  try {
    const value = JSON.parse(text);
    return nestsDeeperThan(levels, value) ? undefined : value;
  } catch {
    return;
  }
}
