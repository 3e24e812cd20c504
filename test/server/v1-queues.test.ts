/** Queues and dead letters over the API. */
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Delivery, type Failure, openStore, type Queue, type VconStore } from "../../core/index.ts";
import { type FlowNode, startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { chat, stored, storeNode } from "../support/vcons.ts";

const KEYS = {
  admin: "an-admin-key-of-a-test",
  write: "a-write-key-of-a-test",
  read: "a-read-key-of-a-test",
};

let nodeRed: TestNodeRed;
let redis: TestRedis;
let store: VconStore;
let delivery: Delivery;

beforeAll(async () => {
  process.env["VCON_TEST_QUEUE"] = "from the environment";
  redis = await startRedis();
  nodeRed = await startNodeRed();
  const keys = { adminKeys: KEYS.admin, writeKeys: KEYS.write, readKeys: KEYS.read };
  await nodeRed.deploy(
    [
      { ...storeNode, url: redis.url },
      { ...storeNode, id: "embedded" },
      { id: "api", type: "vcon-api", store: "store" },
      { id: "other", type: "vcon-api", store: "embedded", path: "/embedded", atRoot: false },
      ...naming("vcon-queue-in", { queue: "calls" }),
      ...naming("vcon-queue-out", { queue: "calls/late ones", queueType: "str" }),
      ...naming("vcon-queue-out", { queue: " calls ", queueType: "str" }),
      ...naming("vcon-queue-out", { queue: "topic", queueType: "msg" }),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      ...naming("vcon-queue-out", { queue: "${VCON_TEST_QUEUE}", queueType: "str" }),
      ...naming("vcon-queue-out", { queue: "no:name", queueType: "str" }),
      ...naming("vcon-queue-out", { queue: "elsewhere", queueType: "str", store: "embedded" }),
      ...naming("vcon-conserver-list-out", { list: "egress", listType: "str" }),
      ...naming("vcon-conserver-list-out", { list: "embedded", listType: "str", store: "embedded" }),
    ],
    { api: keys, other: keys },
  );
  store = await openStore(redis.url);
  delivery = await store.delivery();
});
afterAll(async () => {
  await nodeRed?.stop();
  await store?.close();
  await redis?.stop();
});

let nodes = 0;
function naming(type: string, settings: object): FlowNode[] {
  return [{ id: `node ${nodes++}`, type, store: "store", ...settings }];
}

interface Asking {
  method?: string;
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

function ask(path: string, { key = KEYS.admin, body, headers, ...init }: Asking = {}): Promise<Response> {
  return fetch(`${nodeRed.url}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${key}`, ...headers },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
}

async function answerTo(path: string, asking?: Asking): Promise<unknown> {
  const answer = await ask(path, asking);
  expect(answer.status).toBe(200);
  return answer.json();
}

const nothing = { waiting: 0, delayed: 0, active: 0, dead: 0 };

test("the queues and lists that the flows name are told with what is in them", async () => {
  const uuid = await stored(store, chat("Good morning."));
  const late = delivery.queue("calls/late ones");
  await late.add(uuid);
  await late.add(uuid);
  await late.add(uuid, { delay: 3_600_000 });
  await delivery.conserverList("egress").push(uuid);
  await delivery.conserverList("DLQ:egress").push(uuid);
  await delivery.conserverList("DLQ:egress").push(uuid);

  const counts = { name: "calls/late ones", kind: "queue", ...nothing, waiting: 2, delayed: 1 };
  const egress = { name: "egress", kind: "conserver-list", waiting: 1, dead: 2 };
  expect(await answerTo("/api/v1/queues", { key: KEYS.read })).toEqual({
    queues: [
      { name: "calls", kind: "queue", ...nothing },
      counts,
      { name: "from the environment", kind: "queue", ...nothing },
      egress,
    ],
  });
  expect(await answerTo("/api/v1/queues/calls%2Flate%20ones", { key: KEYS.read })).toEqual(counts);
  expect(await answerTo("/api/v1/queues/egress?kind=conserver-list")).toEqual(egress);
  expect(await answerTo("/api/v1/queues/egress")).toEqual({ name: "egress", kind: "queue", ...nothing });
});

test("an embedded store has queues, and no lists", async () => {
  expect(await answerTo("/embedded/v1/queues")).toEqual({
    queues: [{ name: "elsewhere", kind: "queue", ...nothing }],
  });
  const list = await ask("/embedded/v1/queues/embedded?kind=conserver-list");
  expect(await list.json()).toMatchObject({ status: 422, code: "DELIVERY_UNSUPPORTED" });
});

let queue: Queue;
let path: string;
let tests = 0;

beforeEach(() => {
  const name = `dead ${tests++}`;
  queue = delivery.queue(name);
  path = `/api/v1/queues/${encodeURIComponent(name)}/dead-letters`;
});

const FAILURE: Failure = {
  reason: "The service answered 418.",
  code: "SERVICE_REFUSED",
  node: { id: "n1", type: "vcon-transcribe", name: "speech", flow: "tab" },
  message: { payload: "what Carol Carter said" },
};

/** Has the queue give up on so many vCons, one after the other. */
async function given(count: number, failure: Failure = FAILURE): Promise<string[]> {
  const uuids: string[] = [];
  while (uuids.length < count) {
    const uuid = await stored(store, chat("Good morning."));
    uuids.push(uuid);
    await queue.add(uuid);
    await taken((job) => job.settle({ is: "failed", failure }));
  }
  return uuids;
}

type Job = Parameters<Parameters<Queue["consume"]>[1]>[0];

/** Takes one job. */
async function taken(handle: (job: Job) => Promise<void>): Promise<Job> {
  const done = new EventTarget();
  const settled = once(done, "settled");
  let first: Job | undefined;
  const consumer = queue.consume({ atOnce: 1, attempts: 1, pause: 0, fault: () => {} }, (job) => {
    if (first !== undefined) return void job.settle({ is: "returned" });
    first = job;
    handle(job).then(() => done.dispatchEvent(new Event("settled")));
  });
  await settled;
  await consumer.stop();
  return first!;
}

interface Letter {
  id: string;
  uuid: string;
}

async function letters(query = ""): Promise<Letter[]> {
  const answer = (await answerTo(path + query, { key: KEYS.read })) as { dead_letters: Letter[] };
  return answer.dead_letters;
}

test("a dead letter tells why, where, how often and when, and not what it failed on", async () => {
  const [uuid] = await given(1);
  const time = expect.stringMatching(/^2\d{3}-.*Z$/);
  expect(await letters()).toEqual([
    {
      id: expect.any(String),
      uuid,
      queue: queue.name,
      reason: FAILURE.reason,
      code: FAILURE.code,
      node: FAILURE.node,
      resumable: true,
      attempts: 1,
      added_at: time,
      begun_at: time,
      failed_at: time,
    },
  ]);
});

test("dead letters come in the order of their failure, page by page", async () => {
  const uuids = await given(3);
  expect((await letters("?limit=2")).map(({ uuid }) => uuid)).toEqual(uuids.slice(0, 2));
  expect((await letters("?limit=2&offset=2")).map(({ uuid }) => uuid)).toEqual(uuids.slice(2));
  expect(await letters("?offset=3")).toEqual([]);
});

test("those that are named are sent again, from the start or from the node that failed", async () => {
  const [first, second] = await given(3);
  const [{ id: one }, { id: other }] = (await letters()) as [Letter, Letter];
  expect(await answerTo(`${path}/replay`, { body: { ids: [one, "unknown"] } })).toEqual({ replayed: 1 });
  const anew = await taken((job) => job.settle({ is: "done" }));
  expect(anew).toMatchObject({ uuid: first, attempt: 1 });
  expect(anew.resume).toBeUndefined();

  expect(await answerTo(`${path}/replay`, { body: { ids: [other], from: "failed" } })).toEqual({
    replayed: 1,
  });
  const resumed = await taken((job) => job.settle({ is: "done" }));
  expect(resumed).toMatchObject({ uuid: second, resume: { node: "n1", message: FAILURE.message } });
  expect((await letters()).length).toBe(1);
});

test("those that are named are dropped, or all; their vCons stay", async () => {
  const uuids = await given(3);
  const [{ id }] = (await letters()) as [Letter];
  expect(await answerTo(`${path}/drop`, { body: { ids: [id] } })).toEqual({ dropped: 1 });
  expect(await answerTo(`${path}/drop`, { body: { ids: "all" } })).toEqual({ dropped: 2 });
  expect(await queue.counts()).toEqual(nothing);
  for (const uuid of uuids) expect(await store.get(uuid)).toMatchObject({ uuid });
});

test("all are sent again once, however often it is asked for with the same key", async () => {
  await given(2);
  const asking = { body: { ids: "all" }, headers: { "idempotency-key": '"again"' } };
  expect(await answerTo(`${path}/replay`, asking)).toEqual({ replayed: 2 });
  await given(1);
  expect(await answerTo(`${path}/replay`, asking)).toEqual({ replayed: 2 });
  expect((await letters()).length).toBe(1);
});

test.each([
  ["replay", {}],
  ["replay", { ids: "some" }],
  ["replay", { ids: [1] }],
  ["replay", { ids: "all", from: "middle" }],
  ["drop", { ids: {} }],
  ["drop", []],
])("to %s, %j is not enough to go on", async (action, body) => {
  await given(1);
  const answer = await ask(`${path}/${action}`, { body });
  expect(await answer.json()).toMatchObject({ status: 422, code: "INVALID" });
  expect((await letters()).length).toBe(1);
});

test("who is no admin sends and drops none", async () => {
  await given(1);
  for (const action of ["replay", "drop"]) {
    const answer = await ask(`${path}/${action}`, { key: KEYS.write, body: { ids: "all" } });
    expect(await answer.json()).toMatchObject({ status: 403, code: "RIGHT_MISSING" });
  }
  expect((await letters()).length).toBe(1);
});

test("a name that no queue can have is refused", async () => {
  for (const path of ["/api/v1/queues/no%3Aname", "/api/v1/queues/no%7Bname/dead-letters"]) {
    expect(await (await ask(path)).json()).toMatchObject({ status: 422, code: "DELIVERY_NAME_MALFORMED" });
  }
});
