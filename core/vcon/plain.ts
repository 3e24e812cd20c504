/** The JSON value of a program's object. */
import { types } from "node:util";
import type { JsonObject, JsonValue } from "./types.ts";

/** Why an object can't be read: its JSON would hold more than it may, or nest deeper. */
export class OverLimit extends Error {
  readonly limit: "size" | "nesting";

  constructor(limit: "size" | "nesting") {
    super(limit);
    this.limit = limit;
  }
}

/**
 * What `JSON.parse(JSON.stringify(value))` gives, but made without the text, and so without copying long strings.
 *
 * @param maxSize the most characters that the JSON may hold, counted without its escapes
 * @throws OverLimit; TypeError for a BigInt; whatever the object's own getters and `toJSON` throw
 */
export function plainJson(value: unknown, maxSize: number, maxNesting: number): JsonValue | undefined {
  let size = 0;
  const count = (characters: number): void => {
    size += characters;
    if (size > maxSize) throw new OverLimit("size");
  };

  const plain = (given: unknown, name: string, levels: number): JsonValue | undefined => {
    const value = unwrapped(given, name);
    if (typeof value === "string") count(value.length + 2);
    else count(1);
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    // JSON has no -0.
    if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
    if (typeof value === "bigint") throw new TypeError("A BigInt has no JSON.");
    if (typeof value !== "object") return;
    if (levels === 0) throw new OverLimit("nesting");
    return Array.isArray(value) ? arrayOf(value, levels - 1) : objectOf(value, levels - 1);
  };

  const arrayOf = (array: unknown[], levels: number): JsonValue[] =>
    Array.from(array, (element, index) => plain(element, String(index), levels) ?? null);

  const objectOf = (object: object, levels: number): JsonObject => {
    const members: JsonObject = {};
    for (const [name, given] of Object.entries(object)) {
      const value = plain(given, name, levels);
      if (value === undefined) continue;
      count(name.length + 4);
      setOwn(members, name, value);
    }
    return members;
  };

  return plain(value, "", maxNesting);
}

/** Dates and Buffers have `toJSON`; `new String("a")` is as good as "a". */
function unwrapped(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  const plain = typeof toJSON === "function" ? toJSON.call(value, name) : value;
  return types.isBoxedPrimitive(plain) ? plain.valueOf() : plain;
}

/** Assigning to `__proto__` would change the prototype. */
function setOwn(object: JsonObject, name: string, value: JsonValue): void {
  if (name !== "__proto__") object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
