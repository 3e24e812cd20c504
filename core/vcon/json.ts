/** Small questions about parsed JSON of unknown shape. */
import type { JsonObject } from "./types.ts";

/** How deep a vCon's arrays and objects may nest, itself included; stores take little more (valkey-json 128). */
export const MAX_NESTING = 100;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** null, false, "", [] or {}: what libraries write where they have nothing to say. */
export function isEmpty(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return value === null || value === false || value === "";
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

/** The object or array that `text` is the JSON of, if it is that of one and nests at most `levels` deep. */
export function parseStructure(
  text: string,
  levels: number = MAX_NESTING,
): JsonObject | unknown[] | undefined {
  return /^\s*[{[]/.test(text) ? (parseJson(text, levels) as JsonObject | unknown[] | undefined) : undefined;
}

/** The value that `text` is the JSON of, if it is JSON and nests at most `levels` deep. */
export function parseJson(text: string, levels: number = MAX_NESTING): unknown {
  try {
    const value = JSON.parse(text);
    return nestsDeeperThan(levels, value) ? undefined : value;
  } catch {
    return;
  }
}
