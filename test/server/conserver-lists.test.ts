/** The conserver's routes over Redis, where its lists are lists that other programs read and write. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newUuid } from "../../core/index.ts";
import { type FlowNode, sink, startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { chat } from "../support/vcons.ts";

const KEY = "an-admin-key-of-a-test";

let nodeRed: TestNodeRed;
let redis: TestRedis;
/** The other program. */
let program: Redis;

beforeAll(async () => {
  [nodeRed, redis] = await Promise.all([startNodeRed(), startRedis()]);
  program = new Redis(redis.port, "127.0.0.1");
  const nodes: FlowNode[] = [
    { id: "store", type: "vcon-store", url: redis.url, country: "US" },
    { id: "api", type: "vcon-api", store: "store", conserverLists: ["*"] },
    {
      id: "some",
      type: "vcon-api",
      store: "store",
      path: "/some",
      atRoot: false,
      conserverLists: ["shared"],
    },
    { id: "take", type: "vcon-conserver-list-in", store: "store", list: "to-flow", wires: [["hand"]] },
    {
      id: "hand",
      type: "vcon-conserver-list-out",
      store: "store",
      list: "from-flow",
      listType: "str",
      wires: [["end"]],
    },
    sink("end"),
  ];
  await nodeRed.deploy(nodes, { api: { adminKeys: KEY }, some: { adminKeys: KEY } });
});
afterAll(async () => {
  program?.disconnect();
  await nodeRed?.stop();
  await redis?.stop();
});

function ask(path: string, method = "GET", body?: unknown, headers?: object): Promise<Response> {
  return fetch(`${nodeRed.url}${path}`, {
    method,
    headers: { "x-conserver-api-token": KEY, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function answered(path: string, method?: string, body?: unknown): Promise<[number, unknown]> {
  const response = await ask(path, method, body);
  const text = await response.text();
  return [response.status, text === "" ? "" : JSON.parse(text)];
}

async function posted(path: string): Promise<string> {
  const vcon = chat("Good morning.");
  expect((await ask(path, "POST", vcon)).status).toBe(201);
  return vcon.uuid;
}

test("what is sent stands at the end of the list, where a conserver takes it", async () => {
  const one = await posted("/api/vcon?ingress_lists=in,other");
  const two = await posted("/vcon?ingress_lists=in");
  expect(await program.lrange("in", 0, -1)).toEqual([one, two]);
  expect(await program.lrange("other", 0, -1)).toEqual([one]);
  expect(await answered("/api/stats/queue?list_name=in")).toEqual([200, { list_name: "in", depth: 2 }]);
});

test("what a conserver has put out is counted and taken, first in first out", async () => {
  await program.rpush("out", "1", "2", "3");
  expect(await answered("/api/vcon/count?egress_list=out")).toEqual([200, 3]);
  expect(await answered("/api/vcon/egress?egress_list=out")).toEqual([200, ["1"]]);
  expect(await answered("/api/vcon/egress?egress_list=out&limit=5")).toEqual([200, ["2", "3"]]);
  expect(await answered("/api/vcon/egress?egress_list=out")).toEqual([200, []]);
});

test("what is not in the store is put on no list", async () => {
  const uuid = await posted("/api/vcon");
  const sent = [newUuid(), uuid, newUuid()];
  expect(await answered("/api/vcon/ingress?ingress_list=known", "POST", sent)).toEqual([204, ""]);
  expect(await program.lrange("known", 0, -1)).toEqual([uuid]);
});

test("what a conserver has given up on is told, and goes back to its list", async () => {
  await program.rpush("DLQ:q9", "a", "b", "c");
  expect(await answered("/api/dlq?ingress_list=q9")).toEqual([200, ["a", "b", "c"]]);
  expect(await answered("/api/dlq/reprocess?ingress_list=q9&count=2", "POST")).toEqual([200, 2]);
  expect(await program.lrange("DLQ:q9", 0, -1)).toEqual(["c"]);
  expect(await program.lrange("q9", 0, -1)).toEqual(["a", "b"]);
});

test("a flow is a link between two lists", async () => {
  const uuid = await posted("/api/vcon?ingress_lists=to-flow");
  await nodeRed.next("end");
  expect(await answered("/api/vcon/egress?egress_list=from-flow")).toEqual([200, [uuid]]);
  expect((await answered("/api/config"))[1]).toEqual({
    links: {},
    storages: {},
    chains: {
      "to-flow": {
        ingress_lists: ["to-flow"],
        links: [],
        storages: [],
        egress_lists: ["from-flow"],
        enabled: 1,
      },
    },
  });
});

test("a name that is not among the conserver's lists is a queue", async () => {
  const uuid = await posted("/some/vcon?ingress_lists=shared,own");
  expect(await program.lrange("shared", 0, -1)).toEqual([uuid]);
  expect(await program.exists("own")).toBe(0);
  expect(await answered("/some/vcon/egress?egress_list=own")).toEqual([200, [uuid]]);
});

test("with an Idempotency-Key, what is sent again stands on the list once", async () => {
  const vcon = chat("Good morning.");
  const headers = { "idempotency-key": vcon.uuid };
  for (const lists of ["once", "once", "once,more"]) {
    expect((await ask(`/api/vcon?ingress_lists=${lists}`, "POST", vcon, headers)).status).toBe(201);
  }
  expect(await program.lrange("once", 0, -1)).toEqual([vcon.uuid]);
  expect(await program.lrange("more", 0, -1)).toEqual([vcon.uuid]);
});

test("so it does in a queue though it could not be noted that it is there", async () => {
  const vcon = chat("Good morning.");
  const headers = { "idempotency-key": vcon.uuid };
  const notes = () => program.keys("vcon-note:*");
  const before = await notes();
  for (const _ of ["first", "again"]) {
    expect((await ask("/some/vcon?ingress_lists=unnoted", "POST", vcon, headers)).status).toBe(201);
    const [note, ...others] = (await notes()).filter((key) => !before.includes(key));
    expect(others).toEqual([]);
    const left = await program.ttl(note!);
    expect([left > 86_000, left <= 86_400]).toEqual([true, true]);
    await program.del(note!);
  }
  expect(await answered("/some/vcon/egress?egress_list=unnoted&limit=9")).toEqual([200, [vcon.uuid]]);
});

test("a name of the store's own keys is no list", async () => {
  const [status, given] = await answered("/api/vcon?ingress_lists=vcon:1", "POST", chat());
  expect([status, given]).toMatchObject([422, { detail: [{ loc: ["query", "ingress_lists"] }] }]);
});

test("what is no list is an error that tells nothing of what it is", async () => {
  await program.set("text", "Good morning.");
  const [status, given] = await answered("/api/stats/queue?list_name=text");
  expect([status, given]).toMatchObject([
    500,
    { detail: expect.stringMatching(/^(?!.*(WRONGTYPE|morning)).*another kind/) },
  ]);
});

test("what can't be read is told, also where the answer would have been streamed", async () => {
  const uuid = await posted("/api/vcon");
  await program.acl("SETUSER", "default", "-@read");
  const told = [500, { detail: expect.stringMatching(/^The store's Redis /) }];
  expect(await answered(`/api/vcons?vcon_uuids=${uuid}`)).toEqual(told);
  expect(await answered(`/api/vcon/${uuid}`)).toEqual(told);
  await program.acl("SETUSER", "default", "+@all");
  expect((await answered(`/api/vcon/${uuid}`))[0]).toBe(200);
});
