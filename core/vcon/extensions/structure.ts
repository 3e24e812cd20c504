/** The JSON in a body, in whichever of the ways that it is written. */
import { isObject, parseStructure } from "../json.ts";
import { decodeBase64Url, isBase64 } from "../media.ts";
import type { Content, JsonObject } from "../types.ts";

/**
 * The object or array that a body holds: as the value (core-03 and later), as JSON in a text (before), or as base64url
 * of that; undefined if it holds neither.
 */
export function structureIn(content: Content): JsonObject | unknown[] | undefined {
  const { body, encoding } = isObject(content) ? content : {};
  if (typeof body === "object" && body !== null) return body;
  if (typeof body !== "string") return;
  if (encoding !== "base64url") return parseStructure(body);
  return isBase64(body) ? parseStructure(decodeBase64Url(body).toString("utf8")) : undefined;
}

export function isListOfObjects(value: unknown): value is JsonObject[] {
  return Array.isArray(value) && value.every(isObject);
}
