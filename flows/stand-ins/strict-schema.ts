/**
 * What OpenAI's strict structured outputs refuse in a JSON Schema
 * (https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas").
 */

export type Schema = Record<string, unknown>;

const forbidden = [
  "allOf",
  "oneOf",
  "not",
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "patternProperties",
  "propertyNames",
  "minProperties",
  "maxProperties",
  "unevaluatedProperties",
  "unevaluatedItems",
  "contains",
  "prefixItems",
  "uniqueItems",
];
const deepest = 10;
const mostProperties = 5000;
const mostEnumValues = 1000;

/** What is wrong with the schema, in OpenAI's words; undefined if nothing is. */
export function strictFault(schema: Schema): string | undefined {
  const seen = { properties: 0, enumValues: 0 };
  const fault = schema["anyOf"] ? "In context=(), 'anyOf' is not permitted." : faultIn(schema, [], 1, seen);
  if (fault) return fault;
  if (seen.properties > mostProperties) return `Expected at most ${mostProperties} object properties.`;
  if (seen.enumValues > mostEnumValues) return `Expected at most ${mostEnumValues} enum values in total.`;
  return undefined;
}

function faultIn(
  schema: unknown,
  path: string[],
  depth: number,
  seen: { properties: number; enumValues: number },
): string | undefined {
  if (!isSchema(schema)) return undefined;
  const context = `In context=(${path.map((name) => `'${name}'`).join(", ")}${path.length === 1 ? "," : ""})`;
  const wrong = forbidden.find((keyword) => keyword in schema);
  if (wrong) return `${context}, '${wrong}' is not permitted.`;
  seen.enumValues += Array.isArray(schema["enum"]) ? schema["enum"].length : 0;
  const isObject = [schema["type"]].flat().includes("object");
  if (isObject && depth > deepest) return `Expected at most ${deepest} levels of nesting.`;
  const { properties = {}, required } = schema as { properties?: Schema; required?: unknown };
  if (isObject) {
    if (schema["additionalProperties"] !== false) {
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
    }
    const missing = Object.keys(properties).find(
      (name) => !Array.isArray(required) || !required.includes(name),
    );
    if (missing) {
      return `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
    }
    seen.properties += Object.keys(properties).length;
  }
  if ([schema["type"]].flat().includes("array") && !isSchema(schema["items"])) {
    return `${context}, array schema missing items.`;
  }
  const below = isObject ? depth + 1 : depth;
  const inner: [path: string[], schema: unknown][] = [
    ...Object.entries(properties).map(([name, one]): [string[], unknown] => [["properties", name], one]),
    [["items"], schema["items"]],
    ...listed(schema["anyOf"]).map((one, index): [string[], unknown] => [["anyOf", String(index)], one]),
    ...["$defs", "definitions"].flatMap((group) =>
      Object.entries((schema[group] ?? {}) as Schema).map(([name, one]): [string[], unknown] => [
        [group, name],
        one,
      ]),
    ),
  ];
  for (const [names, one] of inner) {
    const fault = faultIn(one, [...path, ...names], below, seen);
    if (fault) return fault;
  }
  return undefined;
}

function listed(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
