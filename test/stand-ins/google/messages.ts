/** Whether JSON is the message that a method takes, and what Google's front end says where it is not. */
import { violations } from "./answers.ts";

/** A message by its fields, `oneOf` where only one of them may be set. */
export interface MessageType {
  fields: Record<string, FieldType>;
  oneOf?: string;
}
export type FieldType =
  | "string"
  | "number"
  | "integer"
  | "boolean"
  | readonly string[]
  | MessageType
  | { list: FieldType };

const NAMES = { string: "TYPE_STRING", number: "TYPE_DOUBLE", integer: "TYPE_INT32", boolean: "TYPE_BOOL" };

interface Violation {
  field: string;
  description: string;
}

/** @throws Refusal that names every field which is not as it should be */
export function checkMessage(value: unknown, type: MessageType): void {
  const found = [...messageFaults(value, type, "")];
  if (found.length > 0) throw violations(found);
}

function* messageFaults(value: unknown, { fields, oneOf }: MessageType, path: string): Generator<Violation> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    yield fault(path, `Invalid value at '${path}' (type.googleapis.com message), ${JSON.stringify(value)}`);
    return;
  }
  // JSON null means that the field is not set.
  const set = Object.entries(value).filter(([, member]) => member !== null);
  for (const [name, member] of set) {
    const type = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (type !== undefined) {
      yield* fieldFaults(member, type, path === "" ? snake(name) : `${path}.${snake(name)}`);
      continue;
    }
    const place = path === "" ? "" : ` at '${path}'`;
    yield fault(path, `Invalid JSON payload received. Unknown name "${name}"${place}: Cannot find field.`);
  }
  if (oneOf !== undefined && set.length > 1) {
    const second = set[1]![0];
    yield fault(
      path,
      `Invalid value at '${path}' (oneof), oneof field '${oneOf}' is already set. Cannot set '${second}'`,
    );
  }
}

function* fieldFaults(value: unknown, type: FieldType, path: string): Generator<Violation> {
  if (typeof type === "string") {
    if (!isScalar(value, type)) {
      yield fault(path, `Invalid value at '${path}' (${NAMES[type]}), ${JSON.stringify(value)}`);
    }
  } else if (isEnum(type)) {
    if (!type.includes(value as string)) {
      yield fault(path, `Invalid value at '${path}' (TYPE_ENUM), ${JSON.stringify(value)}`);
    }
  } else if ("list" in type) {
    const entries = Array.isArray(value) ? value : [value];
    for (const [index, entry] of entries.entries()) yield* fieldFaults(entry, type.list, `${path}[${index}]`);
  } else {
    yield* messageFaults(value, type, path);
  }
}

function isEnum(type: FieldType): type is readonly string[] {
  return Array.isArray(type);
}

function isScalar(value: unknown, type: keyof typeof NAMES): boolean {
  switch (type) {
    case "integer":
      return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    case "number":
      return typeof value === "number";
    case "boolean":
      return typeof value === "boolean";
    default:
      return typeof value === "string";
  }
}

function fault(field: string, description: string): Violation {
  return { field, description };
}

/** Google names fields in JSON in camel case, and in errors as its protocol buffers do. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
