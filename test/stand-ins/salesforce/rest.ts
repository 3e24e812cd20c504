/** The REST resources below /services/data/vXX.0: one record, up to 200 of them, describe, queries and searches. */
import type { Answer, Received } from "../../../flows/stand-ins/stand-in.ts";
import { BadRecord, notFound, Refusal } from "./errors.ts";
import { asKey, externalIdOf, type Fields, type Records, type Saved } from "./records.ts";
import { describe, type Field, fieldOf, fromJson, type ObjectType } from "./schema.ts";
import { select } from "./soql.ts";
import { search } from "./sosl.ts";

const MOST_RECORDS = 200;
const MOST_QUERIED = 2000;

export class Rest {
  readonly #records: Records;
  readonly #root: string;
  /** What is left of long results, by their locator. */
  readonly #pages = new Map<string, object[]>();

  constructor(records: Records, version: string) {
    this.#records = records;
    this.#root = `/services/data/v${version}`;
  }

  /** @param path behind the version */
  answer(request: Received, path: string): Answer {
    const { method, query } = request;
    const steps = path.split("/").slice(1).filter(Boolean).map(decodeURIComponent);
    switch (`${method} ${steps[0]}`) {
      case "GET query":
        return ok(steps[1] ? this.#page(steps[1]) : this.#query(query.get("q") ?? ""));
      case "GET search":
        return ok(this.#search(query.get("q") ?? ""));
    }
    if (steps[0] === "composite" && steps[1] === "sobjects") {
      return this.#collection(request, steps[2], steps[3]);
    }
    if (steps[0] !== "sobjects" || steps[1] === undefined) throw notFound();
    const type = this.#records.objectNamed(steps[1]);
    if (steps[2] === "describe" && method === "GET") return ok(describe(type));
    if (steps.length === 2 && method === "POST") return this.#create(type, members(request));
    if (steps.length === 3) return this.#record(request, type, steps[2]!);
    if (steps.length === 4) return this.#byExternalId(request, type, steps[2]!, steps[3]!);
    throw notFound();
  }

  // ---- one record

  #create(type: ObjectType, body: Record<string, unknown>): Answer {
    const id = alone(() => this.#records.create(type, fieldsIn(type, body)));
    return { status: 201, body: { id, success: true, errors: [] } };
  }

  #record(request: Received, type: ObjectType, id: string): Answer {
    const { method } = request;
    if (method === "PATCH") {
      alone(() => this.#records.update(type, id, fieldsIn(type, members(request))));
      return noContent;
    }
    if (method === "DELETE") {
      alone(() => this.#records.remove(type, id));
      return noContent;
    }
    const found = this.#records.all(type.name).find(({ Id }) => Id === id);
    if (method !== "GET" || !found) throw notFound();
    return ok(this.#shown(type, found, Object.keys(found)));
  }

  #byExternalId(request: Received, type: ObjectType, fieldName: string, value: string): Answer {
    const key = externalIdOf(type, fieldName);
    const found = this.#records.withValue(type, key, value);
    if (found.length > 1) {
      return { status: 300, body: found.map(({ Id }) => `${this.#root}/sobjects/${type.name}/${Id}`) };
    }
    switch (request.method) {
      case "PATCH": {
        const body = members(request);
        const { id, created } = alone(() => this.#records.upsert(type, key, value, fieldsIn(type, body)));
        return { status: created ? 201 : 200, body: { id, success: true, errors: [], created } };
      }
      case "GET":
      case "DELETE":
        if (found.length === 0) throw notFound();
        return this.#record(request, type, found[0]!.Id);
      default:
        throw new Refusal(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed.");
    }
  }

  // ---- up to 200 records

  #collection(request: Received, object: string | undefined, fieldName: string | undefined): Answer {
    const { method, query } = request;
    if (method === "DELETE") {
      const ids = (query.get("ids") ?? "").split(",");
      atMost(ids.length);
      return ok(ids.map((id) => each(() => this.#deleted(id))));
    }
    if (method !== "POST" && method !== "PATCH") throw notFound();
    const records = recordsIn(members(request));
    atMost(records.length);
    if (object === undefined) {
      const changes = records.map((record) => this.#typed(record));
      return ok(
        changes.map(({ type, id, fields }) =>
          each(() => (method === "POST" ? this.#created(type, fields) : this.#updated(type, id, fields))),
        ),
      );
    }
    return ok(this.#upserted(this.#records.objectNamed(object), fieldName ?? "", records));
  }

  #typed(record: Record<string, unknown>) {
    const { attributes, id, ...body } = record;
    const name = (attributes as { type?: unknown } | undefined)?.type;
    if (typeof name !== "string") {
      throw new Refusal(400, "INVALID_INPUT", "Include an entity type in the attributes of each record.");
    }
    const type = this.#records.objectNamed(name);
    return { type, id: String(id ?? ""), fields: fieldsIn(type, body) };
  }

  #created(type: ObjectType, fields: Fields): object {
    return { id: this.#records.create(type, fields), success: true, errors: [] };
  }

  #updated(type: ObjectType, id: string, fields: Fields): object {
    this.#records.update(type, id, fields);
    return { id, success: true, errors: [] };
  }

  #deleted(id: string): object {
    this.#records.remove(this.#records.objectOf(id), id);
    return { id, success: true, errors: [] };
  }

  /** Salesforce saves none of the records that share a key within one request. */
  #upserted(type: ObjectType, fieldName: string, records: Record<string, unknown>[]): object[] {
    const key = externalIdOf(type, fieldName);
    const changes = records.map((record) => {
      if ("id" in record) throw new Refusal(400, "INVALID_INPUT", "The Id field should not be specified.");
      const { [key.name]: value = null, ...fields } = this.#typed(record).fields;
      return { value, fields };
    });
    const times = Map.groupBy(changes, ({ value }) => asKey(key, value));
    return changes.map(({ value, fields }) =>
      each(() => {
        if (value !== null && times.get(asKey(key, value))!.length > 1) {
          throw new BadRecord("DUPLICATE_VALUE", `Duplicate external id specified: ${value}`, [key.name]);
        }
        return { ...this.#records.upsert(type, key, value, fields), success: true, errors: [] };
      }, false),
    );
  }

  // ---- queries

  #query(text: string): object {
    const { type, found, names } = select(text, this.#records);
    const records = found.map((record) => this.#shown(type, record, names));
    if (records.length <= MOST_QUERIED) return { totalSize: records.length, done: true, records };
    const locator = `01g5f00000000${this.#pages.size}AAA`;
    this.#pages.set(locator, records);
    return this.#page(`${locator}-0`);
  }

  #page(step: string): object {
    const [locator, start] = step.split("-") as [string, string];
    const all = this.#pages.get(locator);
    if (!all) throw new Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
    const next = Number(start) + MOST_QUERIED;
    const records = all.slice(Number(start), next);
    const done = next >= all.length;
    const nextRecordsUrl = `${this.#root}/query/${locator}-${next}`;
    return { totalSize: all.length, done, ...(done ? {} : { nextRecordsUrl }), records };
  }

  #search(text: string): object {
    const results = search(text, this.#records);
    return {
      searchRecords: results.flatMap(({ type, found, names }) =>
        found.map((record) => this.#shown(type, record, names)),
      ),
    };
  }

  #shown(type: ObjectType, record: Saved, names: string[]): object {
    const url = `${this.#root}/sobjects/${type.name}/${record.Id}`;
    const fields = names.map((name) => [name, record[name] ?? null]);
    return { attributes: { type: type.name, url }, ...Object.fromEntries(fields) };
  }
}

const noContent: Answer = { status: 204, body: undefined };
const ok = (body: unknown): Answer => ({ status: 200, body });

function members({ headers, body }: Received): Record<string, unknown> {
  if (!/^application\/json\b/.test(headers["content-type"] ?? "")) {
    throw new Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Only application/json is supported here.");
  }
  let read: unknown;
  try {
    read = JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, "JSON_PARSER_ERROR", "Unexpected character at [line:1, column:1]");
  }
  if (typeof read === "object" && read !== null && !Array.isArray(read)) return read as never;
  throw new Refusal(400, "JSON_PARSER_ERROR", "The body must be an object.");
}

function recordsIn({ records, allOrNone = false, ...others }: Record<string, unknown>) {
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw new Refusal(400, "JSON_PARSER_ERROR", `Unrecognized field "${unknown}"`);
  if (!Array.isArray(records)) throw new Refusal(400, "INVALID_INPUT", "records is missing");
  if (allOrNone !== false) throw new Error("This stand-in does not know allOrNone.");
  return records as Record<string, unknown>[];
}

function fieldsIn(type: ObjectType, { attributes: _, ...body }: Record<string, unknown>): Fields {
  const fields: [Field, unknown][] = Object.entries(body).map(([name, value]) => [
    fieldOf(type, name),
    value,
  ]);
  return Object.fromEntries(fields.map(([field, value]) => [field.name, fromJson(field, value)]));
}

function atMost(count: number): void {
  if (count <= MOST_RECORDS) return;
  const message = `record limit reached. cannot submit more than ${MOST_RECORDS} records into this call`;
  throw new Refusal(400, "EXCEEDED_ID_LIMIT", message);
}

const STATUS: Record<string, number> = { ENTITY_IS_DELETED: 404, INVALID_CROSS_REFERENCE_KEY: 404 };

/** What is wrong with a record that comes alone is wrong with the request. */
function alone<Result>(save: () => Result): Result {
  try {
    return save();
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    const { statusCode, message, fields } = error.error;
    throw new Refusal(STATUS[statusCode] ?? 400, statusCode, message, fields);
  }
}

function each(save: () => object, created?: false): object {
  try {
    return save();
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    return { success: false, errors: [error.error], ...(created === false && { created }) };
  }
}
