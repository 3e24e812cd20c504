/** The JSON schema of core-04 (informative, beside the repository), compiled with checks of its own for the formats. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ErrorObject } from "ajv";

const folder = process.env.VCON_SCHEMAS ?? join(import.meta.dirname, "../../../../../shared/schemas");
const file = join(folder, "vcon-core-04-unsigned.schema.json");

export const noSchema = existsSync(file)
  ? undefined
  : `skipped: no ${file}; VCON_SCHEMAS may name another place`;

const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** What the schema holds against a value. */
export function schemaErrors(value: unknown): SchemaError[] {
  validate ??= compile();
  const errors = validate(value) ? [] : (validate.errors ?? []).filter(({ keyword }) => keyword !== "if");
  const choices = errors.filter(({ keyword }) => /^(?:anyOf|oneOf)$/.test(keyword));
  // What the branches of a choice say is not the schema's last word.
  const isOfBranch = (error: ErrorObject) =>
    choices.some((choice) => choice !== error && leadsTo(choice.instancePath, error.instancePath));
  return errors.filter((error) => !isOfBranch(error)).map(placed);
}

export interface SchemaError {
  /** To what is wrong; for something missing, to where it belongs. */
  pointer: string;
  /** Whether the schema can't say more exactly what is wrong, so that it may be inside. */
  isVague: boolean;
}

type Validate = ReturnType<Ajv["compile"]>;
let validate: Validate | undefined;

function compile(): Validate {
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.addFormat("uuid", /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i);
  ajv.addFormat("date-time", DATE_TIME);
  ajv.addFormat("uri", (text) => !/[\s<>"{}|\\^`]/.test(text) && URL.canParse(text));
  return ajv.compile(JSON.parse(readFileSync(file, "utf8")));
}

function placed({ keyword, instancePath, params }: ErrorObject): SchemaError {
  const missing = params["missingProperty"];
  return {
    pointer: missing === undefined ? instancePath : `${instancePath}/${missing}`,
    isVague: ["not", "anyOf", "oneOf"].includes(keyword),
  };
}

/** Whether an error at `pointer` is the schema's, or about the whole that it belongs to. */
export function isAbout({ pointer: theirs, isVague }: SchemaError, pointer: string): boolean {
  return leadsTo(pointer, theirs) || (isVague && leadsTo(theirs, pointer));
}

function leadsTo(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}/`);
}
