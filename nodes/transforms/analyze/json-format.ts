/** JSON that an answer must be: as it is asked for, and as it is checked when it has come. */
import type { JsonObject, JsonValue } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

export interface JsonFormat {
  schema: JsonObject;
  /** Whether a service can be held to the schema in all points; otherwise it takes it as a wish. */
  strict: boolean;
  accepts(value: unknown): boolean;
}

/** @throws StepError where the text is not the JSON Schema of an object */
export async function formatTyped(text: string): Promise<JsonFormat> {
  const schema = parsed(text);
  if (!isObject(schema) || schema["type"] !== "object") {
    throw wrongSchema('does not describe an object: it needs "type": "object"');
  }
  return formatOf(schema).catch(() => {
    throw wrongSchema("is not a valid JSON Schema");
  });
}

/** Without the keyword $async, which is Ajv's own and would have it answer with a promise. */
export async function formatOf({ $schema: _, $async: __, ...schema }: JsonObject): Promise<JsonFormat> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const validator = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  const accepts = validator.compile(schema);
  const strict = schema["anyOf"] === undefined && fitsStrictly(schema);
  return { schema, strict, accepts: (value) => accepts(value) };
}

/** An object with exactly these members, as strict structured outputs want it. */
export function object(properties: JsonObject): JsonObject {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

export function listOf(items: JsonObject): JsonObject {
  return { type: "array", items };
}

/** One of the texts, or any text where there are none. */
export function oneOf(texts: readonly string[]): JsonObject {
  return texts.length > 0 ? { type: "string", enum: [...texts] } : { type: "string" };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw wrongSchema("is not JSON");
  }
}

function wrongSchema(problem: string): StepError {
  return new StepError(`"Schema" ${problem}. Open the node and set it.`, { code: "NOT_CONFIGURED" });
}

/** What OpenAI's strict structured outputs know (developers.openai.com/api/docs/guides/structured-outputs). */
const STRICT_KEYWORDS = new Set(
  (
    "type enum const properties required additionalProperties items anyOf $ref $defs definitions title description " +
    "pattern format multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minItems maxItems"
  ).split(" "),
);

function fitsStrictly(schema: JsonValue | undefined): boolean {
  if (!isObject(schema)) return false;
  if (Object.keys(schema).some((keyword) => !STRICT_KEYWORDS.has(keyword))) return false;
  const { properties, required, additionalProperties, items, anyOf, $defs, definitions } = schema;
  if ([schema["type"]].flat().includes("object")) {
    const names = Object.keys(isObject(properties) ? properties : {});
    const isClosed = additionalProperties === false && Array.isArray(required);
    if (!isClosed || names.some((name) => !required.includes(name))) return false;
  }
  if ([schema["type"]].flat().includes("array") && items === undefined) return false;
  const inner = [
    ...[properties, $defs, definitions].flatMap((group) => (isObject(group) ? Object.values(group) : [])),
    ...(items === undefined ? [] : [items]),
    ...(Array.isArray(anyOf) ? anyOf : []),
  ];
  return inner.every(fitsStrictly);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
