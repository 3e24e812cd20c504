/** What goes into which field: the values as the types of the fields want them. */
import type { Row } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import type { Org } from "./org.ts";
import { salesforceError } from "./salesforce-error.ts";

export type Value = Row[string];

/** A value on its way from its column into a field. */
export interface Cell {
  /** As somebody has written it; Salesforce does not mind the case. */
  field: string;
  column: string;
  value: Value;
}

/** What the describe resource tells of a field, as far as it matters. */
export interface FieldType {
  name: string;
  type: string;
  length: number;
  createable: boolean;
  /** Whether it may be empty. */
  nillable: boolean;
}

/** The fields of an object, by their names in lower case. */
export type ObjectFields = ReadonlyMap<string, FieldType>;

/** What is known of the objects of an org. Fields may be added while the flow runs. */
const known = new WeakMap<Org, Map<string, ObjectFields>>();

/**
 * The fields of the object.
 * @param wanted names of fields that should be among them
 * @throws StepError naming those that are not, or that the user may not write
 */
export async function fieldsOf(org: Org, object: string, wanted: readonly string[]): Promise<ObjectFields> {
  const missing = (fields: ObjectFields) =>
    wanted.filter((name) => !fields.get(name.toLowerCase())?.createable);
  const before = await described(org, object);
  if (missing(before).length === 0) return before;
  known.get(org)?.delete(object);
  const now = await described(org, object);
  const names = missing(now);
  if (names.length === 0) return now;
  throw new StepError(
    `The object ${object} has no field ${names.join(", ")} that the user may write. Check the API names of the node's fields, and the user's rights on them.`,
    { code: "NO_FIELD" },
  );
}

/** Kept once it is known, and not before: nobody waits for an answer that somebody else has given up on. */
export async function described(org: Org, object: string): Promise<ObjectFields> {
  const objects = known.get(org) ?? new Map<string, ObjectFields>();
  known.set(org, objects);
  const fields = objects.get(object) ?? (await describe(org, object));
  objects.set(object, fields);
  return fields;
}

async function describe(org: Org, object: string): Promise<ObjectFields> {
  const { fields } = await org
    .ask((connection) => connection.describe(object))
    .catch((error) => {
      throw salesforceError(error);
    });
  return new Map(fields.map((field) => [field.name.toLowerCase(), field]));
}

/** What XML can't carry: Salesforce hands records out in it too, and nobody says what becomes of such a text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWRITABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** @throws StepError for what no field takes as it is */
export function checkValue({ column, value }: Cell): void {
  if (typeof value === "string" && (UNWRITABLE.test(value) || !value.isWellFormed())) {
    throw badValue(column, "holds a control character or half of a character, which Salesforce can't keep");
  }
}

/**
 * The value as JSON has it for a field of this type.
 * @throws StepError naming the column
 */
export function fitted({ column, value }: Cell, { name, type, length }: FieldType): Value {
  if (type === "boolean") {
    if (typeof value === "boolean") return value;
    throw unfit(column, name, "true or false");
  }
  if (value === null || value === "") return null;
  switch (type) {
    case "int":
    case "long":
      return Math.round(numberIn(value) ?? fail(unfit(column, name, "a number")));
    case "double":
    case "currency":
    case "percent":
      return numberIn(value) ?? fail(unfit(column, name, "a number"));
    case "date":
      return dayIn(value) ?? fail(unfit(column, name, "a date, from 1700 to 4000"));
    case "datetime":
      return momentIn(value) ?? fail(unfit(column, name, "a time with its zone, from 1700 to 4000"));
  }
  const text = String(value);
  if (length > 0 && isLonger(text, length)) {
    throw unfit(column, name, `a text of at most ${length} characters`);
  }
  return text;
}

/** A text too, where it says the number as it is. */
function numberIn(value: Value): number | undefined {
  if (typeof value === "number") return value;
  const number = Number(value);
  return String(number) === value && Number.isFinite(number) ? number : undefined;
}

const DAY = /^(\d{4})-\d\d-\d\d/;
const TIME = /^[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?$/;

/** The day as it is written, where the time of day stands behind it. */
function dayIn(value: Value): string | undefined {
  const text = String(value);
  const day = text.slice(0, 10);
  const rest = text.slice(10);
  if (!isInCalendar(day) || (rest !== "" && !TIME.test(rest))) return undefined;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? day : undefined;
}

function momentIn(value: Value): string | undefined {
  const text = String(value);
  const [, , , zone] = TIME.exec(text.slice(10)) ?? [];
  if (zone === undefined || dayIn(text) === undefined) return undefined;
  const moment = new Date(text);
  if (Number.isNaN(moment.getTime())) return undefined;
  return isInCalendar(moment.toISOString()) ? moment.toISOString() : undefined;
}

/** Salesforce's calendar. */
function isInCalendar(text: string): boolean {
  const year = Number(DAY.exec(text)?.[1]);
  return year >= 1700 && year <= 4000 && !Number.isNaN(Date.parse(text.slice(0, 10)));
}

/** However Salesforce counts: by characters a text is never longer than by their halves. */
function isLonger(text: string, length: number): boolean {
  return text.length > length && [...text].length > length;
}

function unfit(column: string, field: string, takes: string): StepError {
  return badValue(column, `does not go into the field ${field}, which takes ${takes}`);
}

function badValue(column: string, what: string): StepError {
  return new StepError(`The column "${column}" ${what}.`, { code: "BAD_VALUE" });
}

function fail(error: Error): never {
  throw error;
}
