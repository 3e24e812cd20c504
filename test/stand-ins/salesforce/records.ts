/** The records of an org, and what happens when they are created, changed and deleted. */
import { BadRecord, notFound, type RecordError, Refusal } from "./errors.ts";
import { type Field, fieldOf, type ObjectType, type Stored, stored } from "./schema.ts";

export type Saved = { Id: string } & { [field: string]: Stored };
export type Fields = Record<string, Stored>;

/** A change that is about to be made; `id` is undefined for a record that is created. */
export interface Change {
  object: string;
  id: string | undefined;
  fields: Fields;
}

/** An org's own rules, triggers and locks: what it says against a change. */
export type Rule = (change: Change) => RecordError | undefined;

export class Records {
  readonly #objects: readonly ObjectType[];
  readonly #rule: Rule;
  readonly #saved = new Map<string, Map<string, Saved>>();
  readonly #deleted = new Set<string>();
  #count = 0;

  constructor(objects: readonly ObjectType[], rule: Rule = () => undefined) {
    this.#objects = objects;
    this.#rule = rule;
  }

  objectNamed(name: string): ObjectType {
    const found = this.#objects.find((object) => object.name.toLowerCase() === name.toLowerCase());
    if (found) return found;
    throw notFound();
  }

  all(object: string): Saved[] {
    return [...this.#table(object).values()];
  }

  /** Adds a record as if it had been there before, without rules; answers its id. */
  seed(object: string, fields: Fields): string {
    const { prefix } = this.objectNamed(object);
    const Id = idFrom(prefix, ++this.#count);
    const now = moment();
    this.#table(object).set(Id, { IsDeleted: false, CreatedDate: now, LastModifiedDate: now, ...fields, Id });
    return Id;
  }

  /** @throws BadRecord */
  create(type: ObjectType, fields: Fields): string {
    const required = type.fields.filter(({ required, name }) => required && (fields[name] ?? "") === "");
    if (required.length > 0) throw missing(required.map(({ name }) => name));
    const values = this.#checked(type, undefined, fields);
    return this.seed(type.name, values);
  }

  /** @throws BadRecord */
  update(type: ObjectType, id: string, fields: Fields): void {
    const record = this.#existing(type, id);
    const values = this.#checked(type, record.Id, fields);
    Object.assign(record, values, { LastModifiedDate: moment() });
  }

  /**
   * Changes the record whose external id has this value, or creates one.
   * @throws BadRecord
   */
  upsert(type: ObjectType, key: Field, value: Stored, fields: Fields): { id: string; created: boolean } {
    if (value === null || value === "") {
      throw new BadRecord("MISSING_ARGUMENT", `${key.name} not specified`);
    }
    const found = this.withValue(type, key, value);
    if (found.length > 1) {
      throw new BadRecord("DUPLICATE_EXTERNAL_ID", `${key.name}: more than one record found`, [key.name]);
    }
    if (found.length === 0) return { id: this.create(type, { ...fields, [key.name]: value }), created: true };
    this.update(type, found[0]!.Id, fields);
    return { id: found[0]!.Id, created: false };
  }

  /** @throws BadRecord */
  remove(type: ObjectType, id: string): void {
    const record = this.#existing(type, id);
    const error = this.#rule({ object: type.name, id: record.Id, fields: {} });
    if (error) throw new BadRecord(error.statusCode, error.message, error.fields);
    this.#table(type.name).delete(record.Id);
    this.#deleted.add(record.Id);
  }

  /** The record with this id, of whichever object. */
  objectOf(id: string): ObjectType {
    const found = this.#objects.find(({ prefix }) => id.startsWith(prefix));
    if (found && isId(id)) return found;
    throw new BadRecord("MALFORMED_ID", `malformed id ${id}`, ["Id"]);
  }

  withValue(type: ObjectType, field: Field, value: Stored): Saved[] {
    const wanted = asKey(field, value);
    return this.all(type.name).filter((record) => asKey(field, record[field.name] ?? null) === wanted);
  }

  #existing(type: ObjectType, id: string): Saved {
    if (!isId(id) || !id.startsWith(type.prefix)) {
      throw new BadRecord("MALFORMED_ID", `${type.name} ID: id value of incorrect type: ${id}`, ["Id"]);
    }
    const record = this.all(type.name).find(({ Id }) => Id.startsWith(id.slice(0, 15)));
    if (record) return record;
    if (this.#deleted.has(id)) throw new BadRecord("ENTITY_IS_DELETED", "entity is deleted");
    throw new BadRecord("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id");
  }

  #checked(type: ObjectType, id: string | undefined, fields: Fields): Fields {
    const values: Fields = {};
    for (const [name, value] of Object.entries(fields)) {
      const field = fieldOf(type, name);
      if (field.readOnly) {
        const message = `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`;
        throw new BadRecord("INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name]);
      }
      const checked = stored(field, value);
      if (field.required && checked === null) throw missing([name]);
      if (field.referenceTo && checked !== null) this.#checkReference(field, String(checked));
      if (field.unique && checked !== null) this.#checkUnique(type, field, checked, id);
      values[field.name] = checked;
    }
    const error = this.#rule({ object: type.name, id, fields: values });
    if (error) throw new BadRecord(error.statusCode, error.message, error.fields);
    return values;
  }

  #checkReference({ name, referenceTo }: Field, id: string): void {
    const { prefix } = this.objectNamed(referenceTo!);
    if (!id.startsWith(prefix) || !isId(id)) {
      throw new BadRecord("MALFORMED_ID", `${name}: id value of incorrect type: ${id}`, [name]);
    }
    if (!this.all(referenceTo!).some(({ Id }) => Id === id)) {
      throw new BadRecord("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name]);
    }
  }

  #checkUnique(type: ObjectType, field: Field, value: Stored, id: string | undefined): void {
    const other = this.withValue(type, field, value).find(({ Id }) => Id !== id);
    if (!other) return;
    const message = `duplicate value found: ${field.name} duplicates value on record with id: ${other.Id}`;
    throw new BadRecord("DUPLICATE_VALUE", message, [field.name]);
  }

  #table(object: string): Map<string, Saved> {
    const { name } = this.objectNamed(object);
    const table = this.#saved.get(name) ?? new Map<string, Saved>();
    this.#saved.set(name, table);
    return table;
  }
}

function missing(names: string[]): BadRecord {
  const message = `Required fields are missing: [${names.join(", ")}]`;
  return new BadRecord("REQUIRED_FIELD_MISSING", message, names);
}

/** @throws Refusal where it is no field by which records are found */
export function externalIdOf(type: ObjectType, name: string): Field {
  const found = type.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
  if (found?.externalId) return found;
  throw new Refusal(
    404,
    "NOT_FOUND",
    `Provided external ID field does not exist or is not accessible: ${name}`,
  );
}

/** Texts are the same whatever their case. */
export function comparable(value: Stored): Stored {
  return typeof value === "string" ? value.trim().toLowerCase() : value;
}

/** A value by which records are found again: the case matters where the field is not unique. */
export function asKey({ unique }: Field, value: Stored): Stored {
  return unique || typeof value !== "string" ? comparable(value) : value.trim();
}

/** Salesforce keeps whole seconds. */
function moment(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, ".000+0000");
}

function isId(id: string): boolean {
  return /^[A-Za-z0-9]{15}$/.test(id) || (/^[A-Za-z0-9]{18}$/.test(id) && withSuffix(id.slice(0, 15)) === id);
}

function idFrom(prefix: string, count: number): string {
  return withSuffix(`${prefix}5f${count.toString(36).padStart(10, "0")}`);
}

/** The last three characters tell which of the others are capitals, for systems that don't. */
function withSuffix(id: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
  const suffix = [0, 5, 10].map((start) => {
    const capitals = [...id.slice(start, start + 5)].map((letter, bit) =>
      /[A-Z]/.test(letter) ? 1 << bit : 0,
    );
    return letters[capitals.reduce((sum, bit) => sum + bit, 0)];
  });
  return id + suffix.join("");
}
