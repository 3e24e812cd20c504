/** Who may use the API, how much, for how long; and what it says to whoever may not. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { chat, storeNode } from "../support/vcons.ts";

let nodeRed: TestNodeRed;
beforeAll(async () => {
  nodeRed = await startNodeRed();
});
afterAll(() => nodeRed.stop());

const KEYS = {
  adminKeys: "admin-key",
  writeKeys: "adapter:write-key  second:write-key-2, both-key",
  readKeys: "read-key both-key",
  ingressKeys: "partner:partner-key other:other-key empty:",
};

/** Deploys an API with these settings in place of the one before. */
async function serve(settings: object = {}, credentials: object = KEYS): Promise<void> {
  await nodeRed.deploy([storeNode, { id: "api", type: "vcon-api", store: "store", ...settings }], {
    api: credentials,
  });
}

function ask(path: string, { key, ...init }: RequestInit & { key?: string } = {}): Promise<Response> {
  const headers = { ...(key && { "x-conserver-api-token": key }), ...(init.headers as object) };
  return fetch(nodeRed.url + path, { ...init, headers });
}

async function statusOf(path: string, init?: RequestInit & { key?: string }): Promise<number> {
  const response = await ask(path, init);
  await response.text();
  return response.status;
}

const post = (vcon: object): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(vcon),
});

// The first deploy of all: after a second one, whatever the API serves would be behind the flow's own path.
test("where a flow has a path of the API's, the API answers, before a redeploy and after it, and says so", async () => {
  await nodeRed.deploy(
    [
      storeNode,
      { id: "in", type: "http in", url: "/health", method: "get", wires: [["out"]] },
      { id: "out", type: "http response", statusCode: "418" },
      { id: "api", type: "vcon-api", store: "store" },
    ],
    { api: KEYS },
  );
  expect(await statusOf("/health")).toBe(200);
  expect(nodeRed.log.filter(({ message }) => message.includes("answers at /health, where"))).toHaveLength(1);
  await nodeRed.redeploy();
  expect(await statusOf("/health")).toBe(200);
});

describe("with the settings that a new one has", () => {
  beforeAll(() => serve());

  test.each(["/api/version", "/api/health", "/api/stats/queue?list_name=any", "/version", "/health"])(
    "%s is open",
    async (path) => expect(await statusOf(path)).toBe(200),
  );

  test.each([
    "/api/vcon",
    "/api/vcons?vcon_uuids=1",
    "/api/vcon/egress?egress_list=a",
    "/api/config",
    "/api/dlq?ingress_list=a",
    "/api/index_vcons",
    "/api/openapi.json",
    "/vcon",
  ])("%s says 403 as the conserver does to one without a key", async (path) => {
    const response = await ask(path);
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ detail: "Invalid API Key" });
  });

  test.each(["/api/v1/vcons", "/api/metrics", "/api/ready", "/api/v1/queues"])(
    "%s says 401 with problem details",
    async (path) => {
      const response = await ask(path, { key: "wrong" });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(await response.json()).toMatchObject({
        status: 401,
        title: "Unauthorized",
        code: "KEY_INVALID",
      });
    },
  );

  test("a key comes by the conserver's header or as a bearer token", async () => {
    expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
    expect(await statusOf("/api/vcon", { headers: { authorization: "Bearer read-key" } })).toBe(200);
    expect(await statusOf("/api/vcon", { headers: { authorization: "Bearer nothing" } })).toBe(403);
  });

  test("a key has the rights of the fields in which it stands, and no others", async () => {
    const vcon = chat("Hello");
    expect(await statusOf("/api/vcon", { ...post(vcon), key: "read-key" })).toBe(403);
    expect(await statusOf("/api/vcon", { ...post(vcon), key: "write-key" })).toBe(201);
    expect(await statusOf("/api/vcon", { key: "write-key-2" })).toBe(403);
    expect(await statusOf("/api/vcon", { key: "both-key" })).toBe(200);
    expect(await statusOf("/api/vcon", { ...post(vcon), key: "both-key" })).toBe(201);
    expect(await statusOf("/api/config", { key: "both-key" })).toBe(403);
    expect(await statusOf("/api/config", { key: "admin-key" })).toBe(200);
    expect(await statusOf("/api/vcon", { key: "adapter" })).toBe(403);
    expect(await statusOf("/api/vcon", { key: "adapter:write-key" })).toBe(403);
    expect(await statusOf("/api/vcon", { key: "partner-key" })).toBe(403);
  });

  test("what has come in by a key is in the trail under the key's name", async () => {
    const vcon = chat("Hello");
    await statusOf("/api/vcon", { ...post(vcon), key: "write-key" });
    const trail = await (await ask(`/api/v1/vcons/${vcon.uuid}/trail`, { key: "read-key" })).json();
    expect(trail).toMatchObject([
      { event: "vcon_received", key: "adapter", node: { id: "api", type: "vcon-api" } },
    ]);
  });

  test("keys of one field that have no names are told apart in the trail", async () => {
    await serve({}, { writeKeys: "one two", readKeys: "read-key" });
    const vcon = chat("Hello");
    await statusOf("/api/vcon", { ...post(vcon), key: "one" });
    await statusOf("/api/vcon", { ...post({ ...vcon, subject: "Changed" }), key: "two" });
    const trail = await (await ask(`/api/v1/vcons/${vcon.uuid}/trail`, { key: "read-key" })).json();
    expect(trail).toMatchObject([{ key: "write key" }, { key: "write key 2" }]);
    await serve();
  });

  test("paths and methods that there are not are told apart", async () => {
    expect(await statusOf("/api/nothing", { key: "admin-key" })).toBe(404);
    const response = await ask("/api/vcon", { method: "PATCH", key: "admin-key" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, POST");
  });

  test("every answer says which version it is of", async () => {
    for (const path of ["/api/version", "/api/vcon"]) {
      const { headers } = await ask(path);
      expect(headers.get("x-vcon-server-version")).toMatch(/^\d+\.\d+\.\d+$/);
      expect(headers.has("x-vcon-server-commit")).toBe(true);
    }
  });

  test("no page of another origin is let in", async () => {
    const response = await ask("/api/vcon", { key: "read-key", headers: { origin: "https://example.com" } });
    expect(response.headers.has("access-control-allow-origin")).toBe(false);
  });

  test("an error shows no stack, path or setting", async () => {
    const odd = [
      "/api/vcon/%00",
      "/api/vcon/%E0%A4%A",
      `/api/vcon/${"a".repeat(5000)}`,
      "/api/vcon?page=a&size=[]",
    ];
    for (const path of odd) {
      const response = await ask(path, { key: "admin-key" });
      expect(response.status).toBeLessThan(500);
      expect(await response.text()).not.toMatch(/\bat \/|node_modules|\.[jt]s\b|admin-key/);
    }
  });
});

test("a node whose keys are missing serves nothing and says what is missing", async () => {
  await serve({}, {});
  expect(await statusOf("/api/health")).toBe(404);
  expect(nodeRed.log.some(({ id, message }) => id === "api" && message.includes("VCON_API_KEY"))).toBe(true);
});

test("a store that is badly set is told by the log and the answer", async () => {
  await nodeRed.deploy(
    [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is typed into a form
      { ...storeNode, url: "sqlite:${VCON_TEST_NOT_SET}" },
      { id: "api", type: "vcon-api", store: "store" },
    ],
    { api: KEYS },
  );
  const response = await ask("/api/vcon", { key: "read-key" });
  expect(response.status).toBe(500);
  expect(await response.text()).toContain("VCON_TEST_NOT_SET");
  expect(nodeRed.log.some(({ id, message }) => id === "api" && message.includes("VCON_TEST_NOT_SET"))).toBe(
    true,
  );
});

test("keys of one kind are enough, and the environment variable counts where no admin key is set", async () => {
  await serve({}, { readKeys: "read-key" });
  expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
  expect(await statusOf("/api/config", { key: "read-key" })).toBe(403);
  process.env["VCON_API_KEY"] = "key-of-the-environment";
  try {
    await serve({}, {});
    expect(await statusOf("/api/config", { key: "key-of-the-environment" })).toBe(200);
  } finally {
    delete process.env["VCON_API_KEY"];
  }
});

test("it is open only where the settings say so, which the log tells", async () => {
  await serve({ access: "open" });
  expect(await statusOf("/api/vcon")).toBe(200);
  expect(await statusOf("/api/config")).toBe(200);
  const list = await ask("/api/vcon/external-ingress?ingress_list=partner", post(chat()));
  expect(list.status).toBe(403);
  expect(nodeRed.log.some(({ id, message }) => id === "api" && message.includes("is open"))).toBe(true);
});

test("a key of the environment counts as it is, and short keys are warned of", async () => {
  process.env["VCON_API_KEY"] = "part:of, one key";
  try {
    await serve({}, {});
    expect(await statusOf("/api/config", { key: "part:of, one key" })).toBe(200);
    for (const part of ["of", "part", "key", "part:of"]) {
      expect(await statusOf("/api/config", { key: part })).toBe(403);
    }
    await serve({}, { adminKeys: "short" });
    const warnings = nodeRed.log.filter(({ message }) => message.startsWith("1 of the keys of the vCon API"));
    expect(warnings).not.toEqual([]);
  } finally {
    delete process.env["VCON_API_KEY"];
  }
});

test("what is open can't be changed by pages of other origins that a browser shows", async () => {
  await serve({ access: "open", origins: ["https://example.com"] });
  const from = (origin: string) => statusOf("/api/vcon", { ...post(chat()), headers: { origin } });
  expect(await from("https://example.org")).toBe(403);
  expect(await from("null")).toBe(403);
  expect(await from("https://example.com")).toBe(201);
  expect(await from(nodeRed.url)).toBe(201);
  expect(await statusOf("/api/vcon", { headers: { origin: "https://example.org" } })).toBe(200);
});

test("two at the same path are told apart: the second serves nothing and says why", async () => {
  await nodeRed.deploy(
    [
      storeNode,
      { id: "api", type: "vcon-api", store: "store" },
      { id: "second", type: "vcon-api", store: "store", path: "api/" },
    ],
    { api: KEYS, second: { adminKeys: "another-admin-key" } },
  );
  expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
  expect(await statusOf("/api/vcon", { key: "another-admin-key" })).toBe(403);
  expect(nodeRed.log.some(({ id, message }) => id === "second" && message.includes("already"))).toBe(true);
  await nodeRed.redeploy();
  expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
});

test("a redeploy counts at once: other keys, another path, and none any more", async () => {
  await serve();
  expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
  await serve({ path: "conversations/" }, { adminKeys: "new-key" });
  expect(await statusOf("/conversations/vcon", { key: "read-key" })).toBe(403);
  expect(await statusOf("/conversations/vcon", { key: "new-key" })).toBe(200);
  expect(await statusOf("/api/vcon", { key: "new-key" })).toBe(404);
  expect(await statusOf("/vcon", { key: "new-key" })).toBe(200);
  await nodeRed.deploy([storeNode]);
  expect(await statusOf("/conversations/version")).toBe(404);
});

test("while it is deployed anew, whoever asks is told to come again, and what is under way ends well", async () => {
  await serve();
  const body = JSON.stringify(chat("Hello"));
  const { hostname, port } = new URL(nodeRed.url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /api/vcon HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\n`,
  );
  socket.write("X-Conserver-Api-Token: write-key\r\n\r\n");
  const [go] = (await once(socket, "data")) as [Buffer];
  expect(go.toString()).toMatch(/^HTTP\/1.1 100 /);
  const deployed = nodeRed.redeploy();
  let response = await ask("/api/health");
  while (response.status === 200) response = await ask("/api/health");
  expect(response.status).toBe(503);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  socket.write(body);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 201 /);
  socket.destroy();
  await deployed;
  expect(await statusOf("/api/health")).toBe(200);
});

test("one whose path is the root itself leaves all other paths to the flows", async () => {
  await nodeRed.deploy(
    [
      storeNode,
      { id: "api", type: "vcon-api", store: "store", path: "/" },
      { id: "in", type: "http in", url: "/echo", method: "post", wires: [["out"]] },
      { id: "out", type: "http response" },
    ],
    { api: KEYS },
  );
  expect(await statusOf("/v1/vcons", { key: "read-key" })).toBe(200);
  const echo = await ask("/echo", post({ said: "Hello" }));
  expect(await echo.json()).toEqual({ said: "Hello" });
});

test("at the root nothing answers where that is off, and flows keep their own paths", async () => {
  await nodeRed.deploy(
    [
      storeNode,
      { id: "api", type: "vcon-api", store: "store", atRoot: false },
      { id: "in", type: "http in", url: "/health", method: "get", wires: [["out"]] },
      { id: "out", type: "http response", statusCode: "418" },
    ],
    { api: KEYS },
  );
  expect(await statusOf("/api/health")).toBe(200);
  expect(await statusOf("/health")).toBe(418);
  expect(await statusOf("/version")).toBe(404);
});

test("another header carries the key, and the queues' depths are closed, where that is set", async () => {
  await serve({ keyHeader: "X-Api-Key", openStatistics: false });
  expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(403);
  expect(await statusOf("/api/vcon", { headers: { "x-api-key": "read-key" } })).toBe(200);
  expect(await statusOf("/api/stats/queue?list_name=a")).toBe(403);
  expect(await statusOf("/api/stats/queue?list_name=a", { headers: { "x-api-key": "read-key" } })).toBe(200);
});

test("pages of the origins that are set are let in", async () => {
  await serve({ origins: ["https://example.com"] });
  const asked = await ask("/api/vcon", {
    method: "OPTIONS",
    headers: { origin: "https://example.com", "access-control-request-method": "POST" },
  });
  expect(asked.status).toBe(204);
  // Node-RED 4 itself grants leave to ask, for everybody; what counts is the leave to see the answer.
  expect(["https://example.com", "*"]).toContain(asked.headers.get("access-control-allow-origin"));
  const got = await ask("/api/vcon", { key: "read-key", headers: { origin: "https://example.com" } });
  expect(got.headers.get("access-control-allow-origin")).toBe("https://example.com");
  expect(got.headers.get("access-control-expose-headers")).toMatch(/\bETag\b/);
  const other = await ask("/api/vcon", { key: "read-key", headers: { origin: "https://example.org" } });
  expect(other.headers.get("access-control-allow-origin")).toBeNull();
});

describe("limits", () => {
  test("one key that asks too often is told when to ask again; another is not", async () => {
    await serve({ perMinute: 3 });
    for (let i = 0; i < 3; i++) expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
    const response = await ask("/api/vcon", { key: "read-key" });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await statusOf("/api/vcon", { key: "admin-key" })).toBe(200);
  });

  test("a partner's key has a limit of its own, too, though partners share an address", async () => {
    await serve({ perMinute: 1 });
    const send = (list: string, key: string) =>
      statusOf(`/api/vcon/external-ingress?ingress_list=${list}`, { ...post(chat()), key });
    expect(await send("partner", "partner-key")).toBe(204);
    expect(await send("partner", "partner-key")).toBe(429);
    expect(await send("other", "other-key")).toBe(204);
  });

  test("whoever tries out keys is stopped, and those with a right one are not", async () => {
    await serve();
    let status = 0;
    for (let i = 0; i < 100 && status !== 429; i++)
      status = await statusOf("/api/vcon", { key: `guess-${i}` });
    expect(status).toBe(429);
    expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
  });

  test("a body above the limit is refused, told by its length or not", async () => {
    await serve({ maxSize: 1 });
    const large = { ...chat(), custom: "x".repeat(1024 * 1024) };
    expect(await statusOf("/api/vcon", { ...post(large), key: "write-key" })).toBe(413);
    const body = new Blob([JSON.stringify(large)]).stream();
    const init = { method: "POST", body, duplex: "half", key: "write-key" } as RequestInit;
    expect(await statusOf("/api/vcon", init)).toBe(413);
    expect(await statusOf("/api/vcon", { ...post(chat()), key: "write-key" })).toBe(201);
  });

  test("a vCon of more parties than can be indexed in a moment is refused", async () => {
    await serve();
    const crowd = { ...chat(), parties: Array.from({ length: 2001 }, (_, i) => ({ name: `Party ${i}` })) };
    const response = await ask("/api/vcon", { ...post(crowd), key: "write-key" });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: [{ loc: ["body", "parties"] }] });
  });

  test("a body larger than Node-RED's editor takes is taken", async () => {
    await serve();
    const large = { ...chat(), custom: "x".repeat(7 * 1024 * 1024) };
    expect(await statusOf("/api/vcon", { ...post(large), key: "write-key" })).toBe(201);
    expect(await statusOf("/vcon", { ...post(large), key: "write-key" })).toBe(201);
  });

  test("a body that does not come to its end is not waited for for ever", async () => {
    await serve({ timeLimit: 1 });
    const { hostname, port } = new URL(nodeRed.url);
    const socket = connect(Number(port), hostname);
    socket.write("POST /api/vcon HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n");
    socket.write("X-Conserver-Api-Token: write-key\r\n\r\n{");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 408 /);
    if (!socket.closed) await once(socket, "close");
  });
});

describe("signatures", () => {
  beforeEach(() => serve({}, { ...KEYS, signatureSecret: "shared" }));
  const sign = (body: string, secret: string) =>
    `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const signed = (signature: string, vcon: object) => ({
    ...post(vcon),
    key: "write-key",
    headers: { "x-hub-signature-256": signature },
  });

  test("what is sent has to be signed by the secret", async () => {
    const vcon = chat("Hello");
    const body = JSON.stringify(vcon);
    expect(await statusOf("/api/vcon", { ...post(vcon), key: "write-key" })).toBe(403);
    expect(await statusOf("/api/vcon", signed(sign(body, "other"), vcon))).toBe(403);
    expect(await statusOf("/api/vcon", signed(sign(`${body} `, "shared"), vcon))).toBe(403);
    expect(await statusOf("/api/vcon", signed("sha256=zz", vcon))).toBe(403);
    expect(await statusOf(`/api/vcon/${vcon.uuid}`, { key: "read-key" })).toBe(404);
    expect(await statusOf("/api/vcon", signed(sign(body, "shared"), vcon))).toBe(201);
    expect(await statusOf("/api/v1/vcons", signed(sign(body, "shared"), vcon))).toBe(200);
  });

  test("what is asked for without a body needs none", async () => {
    expect(await statusOf("/api/vcon", { key: "read-key" })).toBe(200);
  });
});
