/** What /metrics and /ready tell of flows that run, and of a store that is away. */
import { channel } from "node:diagnostics_channel";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newUuid } from "../../core/index.ts";
import { catcher, type FlowNode, sink, startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { readPrometheus, type Sample } from "../support/prometheus.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { storeNode } from "../support/vcons.ts";

const PERSONAL = /Carol|Carter|12025550101|refund|Good morning/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-/i;

let nodeRed: TestNodeRed;
let redis: TestRedis;

beforeAll(async () => {
  [nodeRed, redis] = await Promise.all([startNodeRed(), startRedis()]);
  await deploy({ id: "store", type: "vcon-store", url: redis.url }, api);
  await vi.waitFor(() => expect(isListenedTo()).toEqual([true, true]));
});
afterAll(async () => {
  await nodeRed.stop();
  await redis.stop();
});

const api: FlowNode = { id: "api", type: "vcon-api", store: "store" };

/** A chat becomes a vCon, waits in a queue, and is tagged if it is of a refund; else its job fails. */
const flow: FlowNode[] = [
  {
    id: "create",
    type: "vcon-create",
    store: "store",
    parties: [{ role: "customer", name: "Carol Carter", tel: "+12025550101", mailto: "" }],
    content: "text",
    body: "payload",
    bodyType: "msg",
    wires: [["add"]],
  },
  { id: "add", type: "vcon-queue-out", store: "store", queue: "calls", queueType: "str", wires: [["added"]] },
  { id: "take", type: "vcon-queue-in", store: "store", queue: "calls", attempts: 1, wires: [["find"]] },
  {
    id: "find",
    type: "vcon-find-text",
    store: "store",
    words: ["refund"],
    where: "messages",
    wires: [["tag"], ["refuse"]],
  },
  {
    id: "tag",
    type: "vcon-tag",
    store: "store",
    tags: [{ name: "about", value: "refund" }],
    wires: [["out"]],
  },
  { id: "refuse", type: "function", func: "throw new Error('no refund')", outputs: 1, libs: [] },
  // Nobody takes from this one; and which one this would be, each message says.
  {
    id: "later",
    type: "vcon-queue-out",
    store: "store",
    queue: "later",
    queueType: "str",
    wires: [["kept"]],
  },
  { id: "any", type: "vcon-queue-out", store: "store", queue: "queue", queueType: "msg", wires: [["kept"]] },
  ...["added", "out", "kept", "failure"].map(sink),
  { ...catcher, scope: ["tag"] },
];

function deploy(...nodes: FlowNode[]): Promise<void> {
  const keys = { adminKeys: "the-admin-key", readKeys: "the-read-key", writeKeys: "the-write-key" };
  return nodeRed.deploy([...nodes, ...flow], { api: keys, second: keys });
}

function ask(path: string, key = "the-read-key"): Promise<Response> {
  return fetch(`${nodeRed.url}/api${path}`, { headers: { authorization: `Bearer ${key}` } });
}

async function scrape(): Promise<{ text: string; value(name: string, labels?: object): number | undefined }> {
  const response = await ask("/metrics");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  const samples = readPrometheus(text);
  const isIt = (name: string, labels: object) => (sample: Sample) =>
    sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels);
  return { text, value: (name, labels = {}) => samples.find(isIt(name, labels))?.value };
}

const isListenedTo = () =>
  ["vcon.step.ended", "vcon.store.called"].map((name) => channel(name).hasSubscribers);

test("metrics count steps by type and outcome, events, store calls and requests, and tell how full the queues are", async () => {
  for (const payload of ["I want a refund.", "My refund, please.", "Good morning."]) {
    expect(await nodeRed.through("create", { payload })).toMatchObject({ at: "added" });
  }
  for (let done = 0; done < 2; done++) await nodeRed.next("out");
  const kept = await nodeRed.through("create", { payload: "refund" });
  await nodeRed.next("out");
  await nodeRed.through("later", { payload: kept.message.payload });
  await nodeRed.through("any", { payload: kept.message.payload, queue: "not in the settings" });
  expect(await nodeRed.through("tag", { payload: newUuid() })).toMatchObject({ at: "failure" });
  await ask("/nowhere");
  await vi.waitFor(async () =>
    expect((await scrape()).value("vcon_dead_letters", { queue: "calls" })).toBe(1),
  );

  const { text, value } = await scrape();
  const steps = (type: string, outcome: string) => value("vcon_steps_total", { type, outcome });
  expect(steps("vcon-create", "done")).toBe(4);
  expect(steps("vcon-queue-out", "done")).toBe(6);
  expect(steps("vcon-queue-in", "done")).toBe(3);
  expect(steps("vcon-queue-in", "failed")).toBe(1);
  expect(steps("vcon-find-text", "found")).toBe(3);
  expect(steps("vcon-find-text", "not found")).toBe(1);
  expect(steps("vcon-tag", "done")).toBe(3);
  expect(steps("vcon-tag", "failed")).toBe(1);
  expect(value("vcon_step_duration_seconds_count", { type: "vcon-tag" })).toBe(4);
  expect(value("vcon_step_duration_seconds_sum", { type: "vcon-tag" })).toBeGreaterThan(0);

  expect(value("vcon_events_total", { event: "vcon_created" })).toBe(4);
  expect(value("vcon_events_total", { event: "vcon_enhanced" })).toBe(3);
  expect(value("vcon_events_total", { event: "vcon_deleted" })).toBe(0);
  expect(value("vcon_store_duration_seconds_count", { operation: "create" })).toBe(4);
  expect(value("vcon_store_duration_seconds_count", { operation: "append" })).toBe(4);
  expect(value("vcon_store_errors_total", { operation: "append", code: "VCON_NOT_FOUND" })).toBe(1);
  expect(
    value("vcon_store_errors_total", { operation: "create", code: "STORE_UNAVAILABLE" }),
  ).toBeUndefined();

  expect(value("vcon_api_requests_total", { route: "unknown", method: "GET", status: "404" })).toBe(1);
  expect(value("vcon_api_requests_total", { route: "/metrics", method: "GET", status: "200" })).toBe(
    value("vcon_api_request_duration_seconds_count", { route: "/metrics", method: "GET" }),
  );

  expect(value("vcon_store_up")).toBe(1);
  expect(value("vcon_queue_jobs", { queue: "calls", state: "waiting" })).toBe(0);
  expect(value("vcon_queue_jobs", { queue: "later", state: "waiting" })).toBe(1);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  expect(text).not.toMatch(UUID);
  expect(text).not.toMatch(PERSONAL);
  expect(text).not.toMatch(/not in the settings/);
});

test("whoever may not read is told nothing, in problem details", async () => {
  for (const [path, key, status] of [
    ["/metrics", "wrong", 401],
    ["/ready", "wrong", 401],
    ["/metrics", "the-write-key", 403],
  ] as const) {
    const response = await ask(path, key);
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  }
});

test("a store that is away makes the API not ready, and the metrics say so instead of hanging", async () => {
  const ready = async () => {
    const response = await ask("/ready");
    return { status: response.status, body: await response.json() };
  };
  expect(await ready()).toEqual({ status: 200, body: { status: "ready", store: "ok", queues: "ok" } });
  await redis.kill();
  const [state, { text, value }] = await Promise.all([ready(), scrape()]);
  expect(state).toEqual({ status: 503, body: { status: "not ready", store: "away", queues: "away" } });
  expect(value("vcon_store_up")).toBe(0);
  expect(text).not.toMatch(/^vcon_queue_jobs\{/m);
  expect(value("vcon_steps_total", { type: "vcon-create", outcome: "done" })).toBe(4);
  await redis.start();
  await vi.waitFor(async () => expect(await ready()).toMatchObject({ status: 200 }), { timeout: 20_000 });
  expect((await scrape()).value("vcon_queue_jobs", { queue: "later", state: "waiting" })).toBe(1);
});

test("nobody listens where there is no API, and the next one goes on counting", async () => {
  expect(isListenedTo()).toEqual([true, true]);
  await deploy(storeNode);
  expect(isListenedTo()).toEqual([false, false]);
  await nodeRed.through("create", { payload: "refund" });
  await deploy(storeNode, api, { ...api, id: "second", path: "/second" });
  await vi.waitFor(() => expect(isListenedTo()).toEqual([true, true]));
  expect(await (await ask("/ready")).json()).toEqual({ status: "ready", store: "ok", queues: "ok" });
  await nodeRed.through("create", { payload: "refund" });
  expect((await scrape()).value("vcon_steps_total", { type: "vcon-create", outcome: "done" })).toBe(5);
});
