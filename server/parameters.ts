/** Parameters of a path and a query, and bodies, checked by their schemas; parameters turned into the types these name. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { Static, TObject, TSchema } from "typebox";
import { findUuid, readDate } from "../core/index.ts";
import { type Fault, invalid } from "./errors.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const ajv = new Ajv({ coerceTypes: true, useDefaults: true, allErrors: true })
  .addFormat("uuid", UUID)
  .addFormat("date-time", { type: "string", validate: (text: string) => !Number.isNaN(Date.parse(text)) });

/** Stops at the first fault: a body may hold millions. */
const strict = new Ajv({ allowUnionTypes: true })
  .addFormat("uuid", (text) => findUuid(text) !== undefined)
  .addFormat("date-time", (text) => readDate(text) !== undefined)
  .addFormat("uri", /^[a-z][a-z0-9+.-]+:./i)
  .addFormat("media-type", /^[\w!#$&^-][\w!#$&^.+-]*\/[\w!#$&^-][\w!#$&^.+-]*(?:\s*;.*)?$/);

const INTEGER = /^[+-]?\d{1,15}$/;

/** Checks and converts. */
export type Reader = (given: Record<string, string[]>) => Record<string, unknown>;

/**
 * @param place "path" or "query", as errors name it
 * @param others whether what nobody has declared is "refused", so that a mistyped filter does not find everything, or
 *   "ignored"
 */
export function parameterReader(
  schema: TObject | undefined,
  place: string,
  others: "refused" | "ignored",
): Reader {
  const read = declaredReader(schema, place);
  if (others === "ignored") return read;
  const known = new Set(Object.keys(schema?.properties ?? {}));
  return (given) => {
    const unknown = Object.keys(given).filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw invalid(unknown.map((name) => ({ at: [place, name], says: "There is no such parameter." })));
    }
    return read(given);
  };
}

function declaredReader(schema: TObject | undefined, place: string): Reader {
  if (schema === undefined) return () => ({});
  const check = ajv.compile(schema);
  const names = Object.entries(schema.properties).map(([name, property]) => ({
    name,
    type: (property as { type?: string }).type,
  }));
  return (given) => {
    const values: Record<string, unknown> = {};
    for (const { name, type } of names) {
      const texts = given[name];
      if (texts === undefined) continue;
      // What is no number in full the checker would take for one: a blank, or 0x10.
      if (type === "integer" && !INTEGER.test(texts.at(-1)!))
        throw invalid([{ at: [place, name], says: "It must be integer." }]);
      values[name] = type === "array" ? entriesOf(texts) : texts.at(-1);
    }
    if (!check(values)) throw invalid(faultsOf(check, place));
    return values;
  };
}

/** Checks a body as it was read from JSON. */
export function bodyReader<Body extends TSchema>(schema: Body): (given: unknown) => Static<Body> {
  const check = strict.compile(schema);
  return (given) => {
    if (!check(given)) throw invalid(faultsOf(check, "body"));
    return given as Static<Body>;
  };
}

export function queryOf(search: string): Record<string, string[]> {
  const query: Record<string, string[]> = Object.create(null);
  if (search === "") return query;
  for (const [name, value] of new URLSearchParams(search)) {
    query[name] ??= [];
    query[name].push(value);
  }
  return query;
}

/** Repeated, or with commas in between. */
function entriesOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(",")).flatMap((entry) => entry.trim() || []);
}

function faultsOf({ errors }: ValidateFunction, place: string): Fault[] {
  return (errors ?? []).map((error) => ({ at: [place, ...pathOf(error)], says: saysOf(error) }));
}

function pathOf({ instancePath, params }: ErrorObject): (string | number)[] {
  const steps = instancePath.split("/").slice(1);
  const path = steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return "missingProperty" in params ? [...path, String(params["missingProperty"])] : path;
}

function saysOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === "required") return "It is missing.";
  if (keyword === "format") return FORMATS[String(params["format"])] ?? "It has not the form that it needs.";
  return `It ${message ?? "can't be used"}.`;
}

const FORMATS: Record<string, string> = {
  uuid: "It is no UUID.",
  "date-time": "It is no date and time of the form 2026-11-02T10:00:00Z.",
  uri: "It is no URL with a scheme.",
  "media-type": "It is no media type, such as audio/x-wav.",
};
