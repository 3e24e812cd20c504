/** The objects of an org: their fields, as the describe resource tells of them, and what may stand in each. */
import { BadRecord, Refusal } from "./errors.ts";

export type Stored = string | number | boolean | null;

export interface Field {
  name: string;
  type:
    | "id"
    | "string"
    | "textarea"
    | "email"
    | "phone"
    | "picklist"
    | "reference"
    | "boolean"
    | "int"
    | "double"
    | "date"
    | "datetime";
  /** Characters, of a text. */
  length?: number;
  /** Digits, of a number, and how many of them stand behind the point. */
  precision?: number;
  scale?: number;
  required?: boolean;
  externalId?: boolean;
  /** Whether an external id may be that of one record only, whatever its case; otherwise case tells them apart. */
  unique?: boolean;
  /** Salesforce's own. */
  readOnly?: boolean;
  /** The only values of a restricted picklist. */
  values?: string[];
  /** The object whose ids a reference holds. */
  referenceTo?: string;
}

export interface ObjectType {
  name: string;
  /** The first three characters of its ids. */
  prefix: string;
  fields: Field[];
}

const OWN: Field[] = [
  { name: "Id", type: "id", length: 18, readOnly: true },
  { name: "IsDeleted", type: "boolean", readOnly: true },
  { name: "CreatedDate", type: "datetime", readOnly: true },
  { name: "LastModifiedDate", type: "datetime", readOnly: true },
];

const phone = (name: string): Field => ({ name, type: "phone", length: 40 });

/** As every org has them, as far as the tests use them. */
export const STANDARD: ObjectType[] = [
  {
    name: "Contact",
    prefix: "003",
    fields: [
      ...OWN,
      { name: "LastName", type: "string", length: 80, required: true },
      { name: "FirstName", type: "string", length: 40 },
      ...["Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Fax"].map(phone),
      { name: "Email", type: "email", length: 80 },
    ],
  },
  {
    name: "Task",
    prefix: "00T",
    fields: [
      ...OWN,
      { name: "WhoId", type: "reference", length: 18, referenceTo: "Contact" },
      { name: "Subject", type: "string", length: 255 },
      { name: "Description", type: "textarea", length: 32_000 },
      { name: "Status", type: "picklist", length: 255 },
      { name: "Priority", type: "picklist", length: 255 },
      { name: "ActivityDate", type: "date" },
      { name: "CallObject", type: "string", length: 255 },
      { name: "CallDurationInSeconds", type: "int", precision: 8 },
      { name: "CallType", type: "picklist", length: 40, values: ["Internal", "Inbound", "Outbound"] },
    ],
  },
];

/** An object that an admin has made, with a field of every kind that a row's values may go into. */
export const CONVERSATION: ObjectType = {
  name: "Conversation__c",
  prefix: "a00",
  fields: [
    ...OWN,
    { name: "Name", type: "string", length: 80 },
    { name: "Uuid__c", type: "string", length: 36, externalId: true, unique: true },
    { name: "Key__c", type: "string", length: 80, externalId: true, unique: true },
    { name: "Code__c", type: "string", length: 80, externalId: true },
    { name: "Last_Uuid__c", type: "string", length: 36 },
    { name: "Owner__c", type: "string", length: 36 },
    { name: "Text__c", type: "textarea", length: 131_072 },
    { name: "Short__c", type: "string", length: 20 },
    { name: "Mail__c", type: "email", length: 80 },
    { name: "Mood__c", type: "picklist", length: 255, values: ["Fine", "Angry"] },
    { name: "Recall__c", type: "boolean" },
    { name: "Seconds__c", type: "double", precision: 18, scale: 2 },
    { name: "Day__c", type: "date" },
    { name: "Began_At__c", type: "datetime" },
  ],
};

export function describe({ name, prefix, fields }: ObjectType): object {
  const custom = name.endsWith("__c");
  const may = { createable: true, updateable: true, deletable: true, queryable: true, searchable: true };
  return { name, label: name, custom, keyPrefix: prefix, ...may, fields: fields.map(describeField) };
}

function describeField(field: Field): object {
  const { name, type, length = 0, precision = 0, scale = 0, values = [] } = field;
  const isWhole = type === "int";
  return {
    name,
    label: name,
    type,
    length,
    precision: isWhole ? 0 : precision,
    digits: isWhole ? precision : 0,
    scale,
    custom: name.endsWith("__c"),
    createable: !field.readOnly,
    updateable: !field.readOnly,
    nillable: !field.required && type !== "boolean" && type !== "id",
    defaultedOnCreate: type === "boolean",
    externalId: field.externalId ?? false,
    idLookup: type === "id" || (field.externalId ?? false),
    unique: field.unique ?? false,
    filterable: isFilterable(field),
    restrictedPicklist: values.length > 0,
    picklistValues: values.map((value) => ({ value, label: value, active: true, defaultValue: false })),
    referenceTo: field.referenceTo ? [field.referenceTo] : [],
  };
}

/** Long text areas are not. */
export function isFilterable({ type, length = 0 }: Field): boolean {
  return type !== "textarea" || length <= 255;
}

/** Names of fields and objects are told apart without regard to case. */
export function fieldOf({ name, fields }: ObjectType, wanted: string): Field {
  const found = fields.find((field) => field.name.toLowerCase() === wanted.toLowerCase());
  if (found) return found;
  throw new Refusal(400, "INVALID_FIELD", `No such column '${wanted}' on sobject of type ${name}`);
}

const TOKENS = { string: "STRING", number: "NUMBER_FLOAT", boolean: "TRUE" } as Record<string, string>;

/** The value of a member in JSON. A value of the wrong type fails the request as a whole. */
export function fromJson(field: Field, value: unknown): Stored {
  if (value === null) return null;
  if (fits(field, value)) return value as Stored;
  const token = `VALUE_${TOKENS[typeof value] ?? "EMBEDDED_OBJECT"}`;
  throw new Refusal(
    400,
    "JSON_PARSER_ERROR",
    `Cannot deserialize instance of ${field.type} from ${token} value ${value} or request may be missing a required field at [line:1, column:1]`,
  );
}

function fits({ type }: Field, value: unknown): boolean {
  switch (type) {
    case "boolean":
      return typeof value === "boolean";
    case "int":
      return Number.isInteger(value);
    case "double":
      return typeof value === "number";
    case "date":
      return isDay(value);
    case "datetime":
      return isMoment(value);
    default:
      return typeof value === "string";
  }
}

/** The value of a cell in CSV. */
export function fromCsv(field: Field, cell: string): Stored {
  if (cell === "#N/A") return null;
  const { type, name } = field;
  const number = type === "int" || type === "double";
  const value = number
    ? Number(cell)
    : type === "boolean" && /^(true|false|0|1)$/i.test(cell)
      ? /^(true|1)$/i.test(cell)
      : cell;
  if ((number && cell.trim() === "") || Number.isNaN(value) || !fits(field, value)) {
    const message = `${name}: value not of required type: ${cell}`;
    throw new BadRecord("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [name]);
  }
  return value;
}

/** From 1700 to 4000, which is as far as Salesforce's calendar goes. */
function isDay(value: unknown): boolean {
  const [, year] = /^(\d{4})-\d\d-\d\d$/.exec(String(value)) ?? [];
  return isYear(year) && new Date(`${value}T00:00:00Z`).toISOString().startsWith(String(value));
}

function isMoment(value: unknown): boolean {
  const pattern = /^(\d{4})-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:?\d\d)$/;
  const [, year] = pattern.exec(String(value)) ?? [];
  return isYear(year) && !Number.isNaN(Date.parse(String(value)));
}

const isYear = (year: string | undefined) => Number(year) >= 1700 && Number(year) <= 4000;

/** A value as it is stored: texts without the white space around them, and null where nothing is left. */
export function stored(field: Field, value: Stored): Stored {
  const { name, type, length = 0, precision = 18, scale = 0, values } = field;
  if (value === null) {
    if (type === "boolean") throw invalidNull(name);
    return null;
  }
  if (typeof value === "number") {
    if (Math.abs(value) >= 10 ** (precision - scale)) {
      throw new BadRecord("NUMBER_OUTSIDE_VALID_RANGE", `${name}: value outside of valid range`, [name]);
    }
    return Number(value.toFixed(scale));
  }
  if (typeof value === "boolean") return value;
  if (type === "datetime") return new Date(value).toISOString().replace(/\.\d+Z$/, ".000+0000");
  const text = value.replace(/^[\0- ]+|[\0- ]+$/g, "");
  if (text === "") return null;
  if (length > 0 && text.length > length) {
    const message = `${name}: data value too large: ${text} (max length=${length})`;
    throw new BadRecord("STRING_TOO_LONG", message, [name]);
  }
  if (type === "email" && !/^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(text)) {
    throw new BadRecord("INVALID_EMAIL_ADDRESS", `${name}: invalid email address: ${text}`, [name]);
  }
  if (values && !values.includes(text)) {
    const message = `${name}: bad value for restricted picklist field: ${text}`;
    throw new BadRecord("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [name]);
  }
  return text;
}

function invalidNull(name: string): BadRecord {
  return new BadRecord("INVALID_TYPE_ON_FIELD_IN_RECORD", `${name}: value not of required type: null`, [
    name,
  ]);
}
