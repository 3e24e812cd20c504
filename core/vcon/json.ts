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
  return levels === 0 || Object.values(value).some((member) => nestsDeeperThan(levels - 1, member));
}

/** The object or array that `text` is the JSON of, if it is that of one and nests at most `levels` deep. */
export function parseStructure(
  text: string,
  levels: number = MAX_NESTING,
): JsonObject | unknown[] | undefined {
  if (!/^\s*[{[]/.test(text)) return;
  try {
    const value = JSON.parse(text);
    return nestsDeeperThan(levels, value) ? undefined : value;
  } catch {
    return;
  }
}
