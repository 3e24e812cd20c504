/** The description that an API gives of itself, and how far what is asked and answered is as it says. */
import { Ajv2020 } from "ajv/dist/2020.js";

type Json = Record<string, unknown>;

export interface Parameter {
  name: string;
  in: "path" | "query" | "header";
  required?: boolean;
  description?: string;
  schema: Json;
}

interface Content {
  [mediatype: string]: { schema?: Json };
}

export interface Operation {
  operationId: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  tags: string[];
  /** Who may ask: alternatives, each with the roles for a scheme. */
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { content: Content };
  responses: Record<
    string,
    { description: string; content?: Content; headers?: Record<string, { required?: boolean }> }
  >;
  /** The statuses that it tells of by itself, and does not share with others. */
  ownStatuses: number[];
}

export interface Sent {
  path: Record<string, string>;
  query: URLSearchParams;
  headers: Headers;
  body?: string | Uint8Array | undefined;
}

/** Headers that HTTP itself adds, and those that every answer has. */
const UNDESCRIBED = [
  ...["connection", "content-length", "content-type", "date", "keep-alive", "transfer-encoding", "vary"],
  ...["cache-control", "vary", "x-content-type-options", "x-powered-by"],
  ...["x-vcon-server-commit", "x-vcon-server-version"],
];

/** OpenAPI describes these elsewhere. */
const NO_PARAMETERS = ["accept", "authorization", "content-type"];

export class ApiDescription {
  readonly operations: Operation[];
  readonly #document: Json;
  /** What is sent may hold more than is described; what is answered must not. */
  readonly #asked = validator();
  readonly #answered = validator();

  constructor(document: Json) {
    this.#document = document;
    for (const [name, schema] of Object.entries(this.schemas())) {
      this.#asked.addSchema(local(schema), name);
      this.#answered.addSchema(closed(local(schema)), name);
    }
    this.operations = Object.entries(document["paths"] as Record<string, Record<string, Json>>).flatMap(
      ([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => this.#operation(path, method, operation)),
    );
  }

  operation(id: string): Operation {
    const found = this.operations.find(({ operationId }) => operationId === id);
    if (found === undefined) throw new Error(`${id} is not described`);
    return found;
  }

  schemas(): Record<string, Json> {
    return (this.#document["components"] as { schemas: Record<string, Json> }).schemas;
  }

  /** What is not as the schema says. */
  valueFaults(schema: Json, value: unknown): string[] {
    return faults(this.#asked, local(schema), value);
  }

  /** What of the request is not described, or other than described. */
  requestFaults({ parameters, requestBody }: Operation, { path, query, headers, body }: Sent): string[] {
    const told = headerNames(headers).filter((name) => !NO_PARAMETERS.includes(name));
    const given = { path: Object.keys(path), query: [...query.keys()], header: told };
    const isSame = (name: string, other: string) => name.toLowerCase() === other.toLowerCase();
    return [
      ...Object.entries(given).flatMap(([place, names]) =>
        names
          .filter((name) => !parameters.some((known) => known.in === place && isSame(known.name, name)))
          .map((name) => `${place} ${name} is not described`),
      ),
      ...parameters
        .filter((known) => known.required && !given[known.in].some((name) => isSame(known.name, name)))
        .map((known) => `${known.in} ${known.name} is missing`),
      ...(body === undefined ? [] : this.#contentFaults(this.#asked, requestBody?.content, headers, body)),
    ];
  }

  /** What of the answer is not described, or other than described. */
  answerFaults({ responses }: Operation, { status, headers }: Response, body: string): string[] {
    const described = responses[status];
    if (described === undefined) return [`${status} is not described`];
    const known = Object.entries(described.headers ?? {}).map(
      ([name, { required }]) => [name.toLowerCase(), required] as const,
    );
    return [
      ...known
        .filter(([name, required]) => required && !headers.has(name))
        .map(([name]) => `header ${name} is missing`),
      ...headerNames(headers)
        .filter((name) => !UNDESCRIBED.includes(name) && !known.some(([other]) => other === name))
        .map((name) => `header ${name} is not described`),
      ...(body === "" && described.content === undefined
        ? []
        : this.#contentFaults(this.#answered, described.content, headers, body)),
    ];
  }

  #contentFaults(ajv: Ajv2020, content: Content = {}, headers: Headers, body: string | Uint8Array): string[] {
    const type = headers.get("content-type") ?? "";
    const key = Object.keys(content).find((known) => known === "*/*" || known === type);
    if (key === undefined) return [`content of the type "${type}" is not described`];
    const { schema = {} } = content[key]!;
    const value = /[/+]json\b/.test(key) ? JSON.parse(String(body)) : body;
    return faults(ajv, ajv === this.#answered ? closed(local(schema)) : local(schema), value);
  }

  #operation(path: string, method: string, operation: Json): Operation {
    const responses = operation["responses"] as Record<string, Json>;
    return {
      ...(operation as unknown as Operation),
      method: method.toUpperCase(),
      path,
      parameters: (operation["parameters"] as Json[]).map((one) => this.#resolved(one) as never),
      responses: Object.fromEntries(
        Object.entries(responses).map(([status, one]) => [status, this.#resolved(one) as never]),
      ),
      ownStatuses: Object.entries(responses).flatMap(([status, one]) =>
        "$ref" in one ? [] : Number(status),
      ),
    };
  }

  #resolved(value: Json): Json {
    const reference = value["$ref"];
    if (typeof reference !== "string") return value;
    return reference
      .split("/")
      .slice(1)
      .reduce<unknown>((holder, name) => (holder as Json)[name], this.#document) as Json;
  }
}

function validator(): Ajv2020 {
  return new Ajv2020({ strict: true, allowUnionTypes: true })
    .addFormat("uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    .addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/)
    .addFormat("uri", /^[a-z][a-z0-9+.-]*:/i)
    .addFormat("media-type", /^[^/\s]+\/[^/\s]+/);
}

function faults(ajv: Ajv2020, schema: Json, value: unknown): string[] {
  const check = ajv.compile(schema);
  return check(value) ? [] : check.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const REFERENCE = "#/components/schemas/";

/** Its references by the names under which the validators know the schemas. */
function local(schema: Json): Json {
  return mapped(schema, (told) => {
    const reference = told["$ref"];
    return typeof reference === "string" ? { ...told, $ref: reference.slice(REFERENCE.length) } : told;
  });
}

/** An object whose members are told has no others, unless that is told, too. */
function closed(schema: Json): Json {
  return mapped(schema, (told) =>
    typeof told["properties"] === "object" && told["type"] === "object" && !("additionalProperties" in told)
      ? { ...told, additionalProperties: false }
      : told,
  );
}

function mapped(schema: Json, change: (schema: Json) => Json): Json {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside);
    return typeof value === "object" && value !== null ? mapped(value as Json, change) : value;
  };
  return change(
    Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [
        keyword,
        keyword === "examples" ? value : inside(value),
      ]),
    ),
  );
}

function headerNames(headers: Headers): string[] {
  return [...headers.keys()];
}
