/** The description that the API gives of itself is true: it is walked, operation by operation, against the running API. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VconStore } from "../../core/index.ts";
import { routes } from "../../server/routes.ts";
import { ApiDescription, type Operation, type Parameter } from "../support/described-api.ts";
import { freePort } from "../support/free-port.ts";
import { startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { chat, storeNode, storeOf } from "../support/vcons.ts";
import { EXAMPLES, type Example, INGRESS_LIST, QUEUE, STORAGE } from "./openapi-examples.ts";

type Json = Record<string, unknown>;

/** For each right one that has it, and as far as there is one, another that has not. */
const KEYS: Record<string, { right: string; wrong?: string }> = {
  read: { right: "a-read-key-of-a-test", wrong: "a-write-key-of-a-test" },
  write: { right: "a-write-key-of-a-test", wrong: "a-read-key-of-a-test" },
  admin: { right: "an-admin-key-of-a-test", wrong: "a-key-of-a-test-for-both" },
  ingress: { right: "an-ingress-key-of-a-test", wrong: "an-admin-key-of-a-test" },
  open: { right: "" },
};
const BOTH = KEYS["admin"]!.wrong!;

/** What no example brings about. */
const UNSEEN: Record<string, number[]> = {
  // Others would have to do the same at the same moment.
  ...Object.fromEntries(
    ["storeVcon", "externalIngress", "replayDeadLetters", "dropDeadLetters"].map((id) => [id, [409]]),
  ),
  // Tested by themselves, below.
  queueStatistics: [403],
  ready: [503],
};

let nodeRed: TestNodeRed;
let store: VconStore;
let document: Json;
let api: ApiDescription;

beforeAll(async () => {
  nodeRed = await startNodeRed();
  const keys = {
    readKeys: `${KEYS["read"]!.right} ${BOTH}`,
    writeKeys: `${KEYS["write"]!.right} ${BOTH}`,
    adminKeys: KEYS["admin"]!.right,
    ingressKeys: `${INGRESS_LIST}:${KEYS["ingress"]!.right}`,
  };
  const other = { type: "vcon-api", store: "store", atRoot: false };
  await nodeRed.deploy(
    [
      storeNode,
      { id: "away", type: "vcon-store", url: `redis://127.0.0.1:${await freePort()}` },
      { id: "api", type: "vcon-api", store: "store" },
      { ...other, id: "small", path: "/below/small", maxSize: 1, keyHeader: "X-Key", openStatistics: false },
      { ...other, id: "seldom", path: "/seldom", perMinute: 1 },
      { ...other, id: "cut off", path: "/cut-off", store: "away", timeLimit: 1 },
      { id: "add", type: "vcon-queue-out", store: "store", queue: QUEUE, queueType: "str" },
      { id: "take", type: "vcon-queue-in", store: "store", queue: "arrivals", wires: [[STORAGE]] },
      {
        id: STORAGE,
        name: STORAGE,
        type: "vcon-file",
        store: "store",
        folder: nodeRed.userFolder,
        format: "csv",
        projection: "calls",
      },
    ],
    Object.fromEntries(["api", "small", "seldom", "cut off"].map((id) => [id, keys])),
  );
  store = await storeOf(nodeRed);
  document = (await (await get("/api/openapi.json")).json()) as Json;
  api = new ApiDescription(document);
});
afterAll(async () => {
  await store?.close();
  await nodeRed?.stop();
});

function get(path: string, key = KEYS["admin"]!.right): Promise<Response> {
  return fetch(nodeRed.url + path, { headers: { authorization: `Bearer ${key}` } });
}

function keyOf({ security }: Operation): { right: string; wrong?: string } {
  return KEYS[security[0]?.["key"]?.[0] ?? "open"]!;
}

interface Answered {
  response: Response;
  body: string;
}

async function ask(operation: Operation, example: Example, key: string, prefix = "/api"): Promise<Answered> {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(example.path?.[name] ?? "any"),
  );
  const headers = new Headers(example.headers);
  if (key !== "") headers.set("authorization", `Bearer ${key}`);
  const query = queryOf(example);
  const response = await fetch(`${nodeRed.url}${prefix}${path}?${query}`, {
    method: operation.method,
    headers,
    ...(example.body !== undefined && { body: bodyOf(example)! as string }),
  });
  return { response, body: await response.text() };
}

function queryOf({ query = {} }: Example): URLSearchParams {
  return new URLSearchParams(
    Object.entries(query).flatMap(([name, values]) => [values].flat().map((value) => [name, String(value)])),
  );
}

function bodyOf({ body }: Example): string | Uint8Array | undefined {
  const isJson = typeof body === "object" && !(body instanceof Uint8Array);
  return isJson ? JSON.stringify(body) : body;
}

async function first(operation: Operation): Promise<Example> {
  return (await EXAMPLES[operation.operationId]!(store))[0]!;
}

/** That the request is refused like this, and as described. */
async function refused(operation: Operation, example: Example, status: number): Promise<Json> {
  const { response, body } = await ask(operation, example, keyOf(operation).right);
  expect(response.status).toBe(status);
  expect(api.answerFaults(operation, response, body)).toEqual([]);
  return JSON.parse(body);
}

/** Where the error says that something is wrong. */
function placesIn(error: Json): string[] {
  const faults = (error["faults"] ?? error["detail"]) as { at?: string; loc?: (string | number)[] }[];
  return faults.map(({ at, loc }) => at ?? `/${loc!.join("/")}`);
}

describe("the document", () => {
  test("is valid OpenAPI 3.1, all its references lead somewhere, and its names are unique", async () => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result).toEqual({ valid: true });
    expect(document["openapi"]).toMatch(/^3\.1\./);
    const ids = api.operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("describes every route and nothing else", () => {
    const served = routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = api.operations.map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual(served.sort());
    expect(new Set(described).size).toBe(described.length);
  });

  test("tells of all methods that a path has", async () => {
    for (const [path, described] of Map.groupBy(api.operations, (operation) => operation.path)) {
      const method = ["PUT", "PATCH", "DELETE", "POST"].find((one) => !isServed(one, path))!;
      const { response } = await ask({ ...described[0]!, method }, { status: 405 }, KEYS["admin"]!.right);
      expect([path, response.status]).toEqual([path, 405]);
      const allowed = response.headers.get("allow")?.split(", ");
      expect(allowed).toEqual(expect.arrayContaining(described.map((operation) => operation.method)));
    }
  });

  test("says where the API is, from wherever it was asked for", async () => {
    for (const path of ["/api/openapi.json", "/openapi.json", "/below/small/openapi.json"]) {
      const { servers, components } = (await (await get(path)).json()) as {
        servers: { url: string }[];
        components: { securitySchemes: { key: { name: string } } };
      };
      const server = new URL(servers[0]!.url, nodeRed.url + path);
      const headers = { [components.securitySchemes.key.name]: KEYS["read"]!.right };
      expect((await fetch(`${server}/v1/vcons`, { headers })).status).toBe(200);
    }
  });

  test("tells a person of every operation, parameter and answer, and groups them", () => {
    const groups = (document["tags"] as { name: string }[]).map(({ name }) => name);
    for (const { operationId, summary, description, tags, parameters, responses } of api.operations) {
      expect(summary, operationId).toMatch(/^[A-Z].{5,100}\.$/);
      expect(description, operationId).toMatch(/\bneeds\b/i);
      expect(groups, operationId).toEqual(expect.arrayContaining(tags));
      for (const told of [...parameters, ...Object.values(responses)])
        expect(told.description, operationId).toMatch(/\S/);
    }
    expect(groups.every((group) => api.operations.some(({ tags }) => tags.includes(group)))).toBe(true);
  });

  test("leads from the conserver's operations to those of v1 that do more, and back", () => {
    for (const { operation, successor } of routes.filter((route) => route.successor !== undefined)) {
      expect(api.operation(operation).description).toContain(`(${successor})`);
      expect(api.operation(successor!).description).toContain(`(${operation})`);
      expect(api.operation(successor!).path).toMatch(/^\/v1\//);
    }
  });

  test("has examples that fit their schemas", () => {
    const schemas = Object.values(api.schemas()).filter(({ examples }) => examples !== undefined);
    expect(schemas.length).toBeGreaterThan(0);
    for (const schema of schemas)
      for (const example of schema["examples"] as unknown[])
        expect(api.valueFaults(schema, example)).toEqual([]);
  });
});

describe("answers that every operation may have are described as they are", () => {
  const both = ["conserverGetVcon", "getVcon"];

  async function fits(id: string, asked: Promise<Answered>, status: number): Promise<void> {
    const { response, body } = await asked;
    expect([response.status, body]).toEqual([status, body]);
    expect(api.answerFaults(api.operation(id), response, body)).toEqual([]);
  }

  test.each(["storeVcon", "createVcon"])("%s of a body that is too large", async (id) => {
    const operation = api.operation(id);
    const body = { ...chat("Good morning."), subject: "x".repeat(1024 * 1024) };
    const example = { ...(await first(operation)), body };
    await fits(id, ask(operation, example, KEYS["write"]!.right, "/below/small"), 413);
  });

  test.each(["version", ...both])("%s asked too often", async (id) => {
    const operation = api.operation(id);
    const example = await first(operation);
    const key = id === "conserverGetVcon" ? BOTH : keyOf(operation).right;
    await ask(operation, example, key, "/seldom");
    await fits(id, ask(operation, example, key, "/seldom"), 429);
  });

  test("of a store that is away", async () => {
    const asking = [...both, "ready"].map(async (id) => {
      const operation = api.operation(id);
      await fits(id, ask(operation, await first(operation), keyOf(operation).right, "/cut-off"), 503);
    });
    await Promise.all(asking);
  });

  test("the depth of a list that is not told to everybody", async () => {
    const operation = api.operation("queueStatistics");
    await fits("queueStatistics", ask(operation, await first(operation), "", "/below/small"), 403);
  });
});

describe.each(routes.map(({ operation }) => operation))("%s", (id) => {
  let operation: Operation;
  let examples: readonly Example[];
  let example: Example;
  beforeAll(async () => {
    operation = api.operation(id);
    expect(EXAMPLES, "openapi-examples.ts needs one").toHaveProperty(id);
    examples = await EXAMPLES[id]!(store);
    example = examples[0]!;
  });

  test("is asked and answers as it is described", async () => {
    const seen = new Set<number>();
    for (const example of examples) {
      const { status, path = {}, headers } = example;
      const sent = { path, query: queryOf(example), headers: new Headers(headers), body: bodyOf(example) };
      if (status < 400) expect(api.requestFaults(operation, sent)).toEqual([]);
      const { response, body } = await ask(operation, example, keyOf(operation).right);
      expect([response.status, body]).toEqual([status, body]);
      expect(api.answerFaults(operation, response, body), body).toEqual([]);
      seen.add(status);
    }
    const unseen = operation.ownStatuses.filter((status) => !seen.has(status));
    expect(unseen).toEqual(UNSEEN[id] ?? []);
  });

  test("answers HEAD as GET, where that reads and does nothing", async () => {
    if (operation.method !== "GET") return;
    const { right } = keyOf(operation);
    const { response, body } = await ask({ ...operation, method: "HEAD" }, example, right);
    const isReading = ["", KEYS["read"]!.right].includes(right);
    expect([response.status, body]).toEqual([isReading ? 200 : 405, ""]);
  });

  test("refuses whoever has no key or not the right, unless it is open", async () => {
    const { right, wrong } = keyOf(operation);
    if (right === "") {
      expect((await ask(operation, example, "")).response.status).toBe(200);
      return;
    }
    const status = operation.path.startsWith("/v1/") || "401" in operation.responses ? 401 : 403;
    for (const [key, expected] of [
      ["", status],
      [wrong!, 403],
    ] as const) {
      const { response, body } = await ask(operation, example, key);
      expect([response.status, body]).toEqual([expected, body]);
      expect(api.answerFaults(operation, response, body)).toEqual([]);
    }
  });

  test("refuses what its parameters' schemas refuse, and says where", async () => {
    for (const { name, in: place, schema } of operation.parameters) {
      if (place === "header") continue;
      for (const value of wrongFor(schema)) {
        const wrong = { ...example, [place]: { ...example[place], [name]: value } };
        const places = placesIn(await refused(operation, wrong, 422));
        expect(places.join()).toMatch(`/${place}/${name}`);
      }
    }
  });

  test("refuses a request without what is required", async () => {
    for (const parameter of operation.parameters.filter(({ required }) => required)) {
      if (parameter.in === "path") continue;
      const error = await refused(operation, without(example, parameter), statusWithout(parameter));
      if (parameter.in === "query") expect(placesIn(error)).toEqual([`/query/${parameter.name}`]);
    }
  });

  test("needs nothing but what is required", async () => {
    const optional = operation.parameters.filter(({ required }) => !required);
    const { response } = await ask(operation, optional.reduce(without, example), keyOf(operation).right);
    expect([422, 428]).not.toContain(response.status);
  });

  test("refuses a body that is not what it takes", async () => {
    const takesJson = Object.keys(operation.requestBody?.content ?? {}).some((type) => type.endsWith("json"));
    if (!takesJson) return;
    for (const body of ["{", "null", '"a text"']) await refused(operation, { ...example, body }, 422);
  });
});

/** What the schema of a parameter refuses. */
function wrongFor(schema: Json): string[] {
  const { type, items, format, minimum, maximum, minLength, anyOf } = schema as {
    type?: string;
    items?: Json;
    format?: string;
    minimum?: number;
    maximum?: number;
    minLength?: number;
    anyOf?: Json[];
  };
  if (type === "array") return wrongFor(items!);
  const wrong: string[] = [];
  if (type === "integer") wrong.push("many", "1.5");
  if (minimum !== undefined) wrong.push(String(minimum - 1));
  if (maximum !== undefined) wrong.push(String(maximum + 1));
  if (minLength !== undefined) wrong.push("");
  if (format !== undefined || anyOf !== undefined) wrong.push("nothing of the kind");
  return wrong;
}

function without(example: Example, { name, in: place }: Parameter): Example {
  if (place === "query") {
    const { [name]: _, ...query } = example.query ?? {};
    return { ...example, query };
  }
  const headers = new Headers(example.headers);
  headers.delete(name);
  return { ...example, headers: Object.fromEntries(headers) };
}

/** A header that is missing: RFC 6585 has a status of its own for that of a condition. */
function statusWithout({ in: place }: Parameter): number {
  return place === "header" ? 428 : 422;
}

/** Whether a path with this form is served by this method, maybe through another one's parameter. */
function isServed(method: string, path: string): boolean {
  return api.operations.some((other) => {
    const pattern = new RegExp(`^${other.path.replace(/\{\w+\}/g, "[^/]+")}$`);
    return other.method === method && pattern.test(path);
  });
}
