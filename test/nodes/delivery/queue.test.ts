/** A queue between two flows, in each of its homes. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { newUuid, type QueueCounts } from "../../../core/index.ts";
import { type FlowNode, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { caughtFrom, HOMES, PERSONAL, queueIn, queueOut, storeFor } from "./flows.ts";
import { WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

/** A system outside that answers nobody until it is to. */
async function startSlowSystem() {
  let hasAnswers = false;
  const server = createServer((_, response) => {
    if (hasAnswers) response.writeHead(204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: () => once(server, "request"),
    answer: () => {
      hasAnswers = true;
    },
    close: () => server[Symbol.asyncDispose](),
  };
}

const EMPTY: QueueCounts = { waiting: 0, delayed: 0, active: 0, dead: 0 };

describe.each(HOMES)("a queue in $home", ({ home }) => {
  const here = storeFor(home, nodeRed);
  const counts = async () => (await here.open()).counts();
  const becomes = (expected: Partial<QueueCounts>) =>
    vi.waitFor(async () => expect(await counts()).toEqual({ ...EMPTY, ...expected }), { timeout: 15_000 });
  const shows = (id: string, status: object) =>
    vi.waitFor(() => expect(nodeRed.status(id)).toMatchObject(status), { timeout: 15_000 });

  /** With what every flow here has. An error that is caught would be no failure of the job. */
  const deploy = (...nodes: FlowNode[]) =>
    nodeRed.deploy([here.node, ...nodes, sink("added"), sink("out"), caughtFrom("add"), sink("failure")]);
  const both = (more: object = {}) => deploy(queueOut(here.queue), queueIn(here.queue, more), workNode());

  async function added(count: number): Promise<string[]> {
    const uuids: string[] = [];
    while (uuids.length < count) {
      const payload = await here.vcon();
      expect(await nodeRed.through("add", { payload })).toMatchObject({ at: "added" });
      uuids.push(payload);
    }
    return uuids;
  }

  let logged: number;
  beforeEach(() => {
    logged = nodeRed.log.length;
  });
  const log = () => nodeRed.log.slice(logged);

  it("passes a message on once the vCon is in it, with all that was on it", async () => {
    await deploy(queueOut(here.queue));
    const payload = await here.vcon();
    const { at, message } = await nodeRed.through("add", { payload: `vcon:${payload}`, topic: "a chat" });
    expect({ at, message }).toMatchObject({ at: "added", message: { topic: "a chat" } });
    expect(await counts()).toEqual({ ...EMPTY, waiting: 1 });
  });

  it("keeps a vCon until the flow that took it has finished", async () => {
    await both();
    const [uuid] = await added(1);
    const task = await work.next();
    expect(task.message.payload).toBe(uuid);
    expect(await counts()).toEqual({ ...EMPTY, active: 1 });
    task.pass();
    expect(await nodeRed.next("out")).toMatchObject({ payload: uuid });
    await becomes(EMPTY);
    await shows("add", { fill: "green", text: "1 done" });
    await shows("take", { fill: "green", text: "1 done" });
  });

  it("has no more vCons in the flow than it is to", async () => {
    await both({ atOnce: 2 });
    const uuids = await added(5);
    await becomes({ waiting: 3, active: 2 });
    expect(work.waiting).toBe(2);
    const done: unknown[] = [];
    for (let left = 5; left > 0; left--) {
      const task = await work.next();
      done.push(task.message.payload);
      expect(work.waiting).toBeLessThan(2);
      expect((await counts()).active).toBeLessThanOrEqual(2);
      task.pass();
    }
    expect(done.sort()).toEqual(uuids.sort());
    await becomes(EMPTY);
  });

  it("gives a vCon to the flow again when an attempt fails, and then goes on", async () => {
    await both();
    const [uuid] = await added(1);
    (await work.next()).fail("The service answered 503.");
    const second = await work.next();
    expect(second.message.payload).toBe(uuid);
    second.pass();
    await becomes(EMPTY);
    await shows("take", { fill: "green", text: "1 done, 1 failed" });
  });

  it("gives a vCon up after its attempts, holds nobody up by it, and says so in the log", async () => {
    await both({ atOnce: 1 });
    const [poison] = await added(1);
    work.each((task) => {
      if (task.message.payload === poison) task.fail("The service answered 418.");
      else task.pass();
    });
    const [other] = await added(1);
    expect(await nodeRed.next("out")).toMatchObject({ payload: other });
    await becomes({ dead: 1 });
    const [letter] = await (await here.open()).deadLetters();
    expect(letter).toMatchObject({
      uuid: poison,
      queue: here.queue,
      reason: "The service answered 418.",
      node: { id: "work", type: "test-work", flow: "tab" },
      attempts: 3,
    });
    await vi.waitFor(() =>
      expect(log()).toContainEqual({
        id: "take",
        level: 20,
        message: `vCon ${poison} is now a dead letter, after attempt 3 of 3. The service answered 418.`,
      }),
    );
    expect(
      log()
        .map(({ message }) => message)
        .join(),
    ).not.toMatch(PERSONAL);
  });

  it("waits longer between the attempts than the pause says, and takes others meanwhile", async () => {
    await both({ atOnce: 1, pause: 1 });
    const [first] = await added(1);
    const task = await work.next();
    const failedAt = performance.now();
    task.fail("The service answered 503.");
    await becomes({ delayed: 1 });
    const [other] = await added(1);
    const between = await work.next();
    expect(between.message.payload).toBe(other);
    between.pass();
    const again = await work.next();
    expect(again.message.payload).toBe(first);
    expect(performance.now() - failedAt).toBeGreaterThan(990);
    again.pass();
    await becomes(EMPTY);
  });

  it("gives high priority before normal, normal before low, and the oldest of each first", async () => {
    const priorities = ["low", "normal", "high", "low", "high"];
    await deploy(
      ...["low", "normal", "high"].map((priority) => queueOut(here.queue, { id: priority, priority })),
    );
    const uuids: [priority: string, uuid: string][] = [];
    for (const priority of priorities) {
      const payload = await here.vcon();
      await nodeRed.through(priority, { payload });
      uuids.push([priority, payload]);
    }
    const of = (wanted: string) => uuids.flatMap(([priority, uuid]) => (priority === wanted ? uuid : []));
    await deploy(queueIn(here.queue, { atOnce: 1 }), workNode());
    const order: unknown[] = [];
    while (order.length < uuids.length) {
      const task = await work.next();
      order.push(task.message.payload);
      task.pass();
    }
    expect(order).toEqual([...of("high"), ...of("normal"), ...of("low")]);
    await becomes(EMPTY);
  });

  it("holds a vCon back for as long as its delay", async () => {
    await deploy(queueOut(here.queue, { delay: 1 }), queueIn(here.queue), workNode());
    const before = performance.now();
    const [uuid] = await added(1);
    expect(await counts()).toEqual({ ...EMPTY, delayed: 1 });
    const task = await work.next();
    expect(performance.now() - before).toBeGreaterThan(990);
    expect(task.message.payload).toBe(uuid);
    task.pass();
    await becomes(EMPTY);
  });

  it("is chosen by the message, where the node says so", async () => {
    await deploy(queueOut("topic", { queueType: "msg" }));
    const payload = await here.vcon();
    expect(await nodeRed.through("add", { payload, topic: here.queue })).toMatchObject({ at: "added" });
    expect(await counts()).toEqual({ ...EMPTY, waiting: 1 });
    for (const [topic, code] of [
      [undefined, "NO_NAME"],
      [{ queue: here.queue }, "NO_NAME"],
      ["", "DELIVERY_NAME_MALFORMED"],
      ["a:b", "DELIVERY_NAME_MALFORMED"],
      ["{a}", "DELIVERY_NAME_MALFORMED"],
    ]) {
      const arrival = await nodeRed.through("add", { payload, topic });
      expect(arrival).toMatchObject({ at: "failure", message: { payload, topic, error: { code } } });
    }
  });

  it("takes no vCon that is not in the store", async () => {
    await deploy(queueOut(here.queue));
    const payload = newUuid();
    const { at, message } = await nodeRed.through("add", { payload });
    expect({ at, code: message.error?.code }).toEqual({ at: "failure", code: "VCON_NOT_FOUND" });
    expect(message.error?.message).toContain(payload);
    expect(await counts()).toEqual(EMPTY);
  });

  it("gives up a vCon that was deleted since, with that as the reason", async () => {
    await deploy(queueOut(here.queue));
    const [uuid] = await added(1);
    await here.store.delete(uuid!);
    const read = { id: "work", type: "vcon-read", store: "store", parts: ["head"], wires: [["out"]] };
    await nodeRed.deploy([here.node, queueIn(here.queue, { attempts: 2 }), read, sink("out")]);
    await becomes({ dead: 1 });
    const [letter] = await (await here.open()).deadLetters();
    expect(letter).toMatchObject({ uuid, code: "VCON_NOT_FOUND", node: { id: "work" }, attempts: 2 });
  });

  it("gets a vCon once from a flow of another queue that begins again", async () => {
    const first = `${here.queue} first`;
    const chain = () => [
      queueIn(first, { wires: [["add"]] }),
      queueOut(here.queue, { wires: [["work"]] }),
      workNode(),
    ];
    await deploy(...chain());
    const payload = await here.vcon();
    await (await here.store.delivery()).queue(first).add(payload);
    (await work.next()).fail("The service answered 503.");
    (await work.next()).pass();
    await nodeRed.next("out");
    await vi.waitFor(async () =>
      expect(await (await here.store.delivery()).queue(first).counts()).toEqual(EMPTY),
    );
    expect(await counts()).toEqual({ ...EMPTY, waiting: 1 });
  });

  it("gives nothing to a node that is wired to nothing", async () => {
    await deploy(queueOut(here.queue), queueIn(here.queue, { wires: [[]] }));
    await added(1);
    expect(nodeRed.status("take")).toEqual({ fill: "yellow", shape: "ring", text: "not wired" });
    expect(await counts()).toEqual({ ...EMPTY, waiting: 1 });
  });

  it("loses no vCon by a deploy in the middle: what has not ended begins again", {
    timeout: 90_000,
  }, async () => {
    const slow = await startSlowSystem();
    const call: FlowNode = {
      id: "call",
      type: "vcon-webhook",
      store: "store",
      url: slow.url,
      send: "uuid",
      wires: [["out"]],
    };
    await deploy(queueOut(here.queue), queueIn(here.queue, { atOnce: 4 }), workNode([["call"]]), call);
    const uuids = await added(6);
    const tasks = [await work.next(), await work.next(), await work.next(), await work.next()];
    tasks[0]!.pass();
    await slow.asked();
    const deployed = nodeRed.redeploy();
    // One ends while the flow is being stopped, and its message leads nowhere; one fails, and two hang.
    tasks[1]!.pass();
    tasks[2]!.fail("The service answered 503.");
    await deployed;
    // Whoever did so would do it twice.
    for (const { message } of log()) expect(message).not.toMatch(/Send again/);
    slow.answer();
    work.each((task) => task.pass());
    const out = new Set<unknown>();
    while (out.size < uuids.length) out.add((await nodeRed.next("out")).payload);
    expect([...out].sort()).toEqual(uuids.sort());
    await becomes(EMPTY);
    await slow.close();
  });
});

describe("a queue node that is not configured", () => {
  const store: FlowNode = { id: "store", type: "vcon-store", url: "sqlite:test.sqlite" };
  const said = (id: string) => nodeRed.log.filter((line) => line.id === id).map(({ message }) => message);

  it.each([
    { what: "without a store", nodes: [], queue: "calls", reason: /"Store" is not set/ },
    { what: "without a name", nodes: [store], queue: "", reason: /"Queue" is not set/ },
    { what: "with a name that can't be one", nodes: [store], queue: "a:b", reason: /colon or a brace/ },
    {
      what: "whose store can't be one",
      nodes: [{ ...store, url: "mysql://x" }],
      queue: "calls",
      reason: /URL can't be used/,
    },
    {
      what: "that names a variable nobody set",
      nodes: [store],
      queue: "$" + "{NO_SUCH_QUEUE}",
      reason: /NO_SUCH_QUEUE/,
    },
  ])("says so at once, and once, $what", async ({ nodes, queue, reason }) => {
    nodeRed.log.length = 0;
    await nodeRed.deploy([...nodes, queueIn(queue), workNode()]);
    await vi.waitFor(() =>
      expect(nodeRed.status("take")).toEqual({ fill: "red", shape: "ring", text: "not configured" }),
    );
    expect(said("take")).toEqual([expect.stringMatching(reason)]);
  });

  it("fails every message, so that none is taken for queued", async () => {
    await nodeRed.deploy([queueOut("calls"), sink("added"), caughtFrom("add"), sink("failure")]);
    const payload = newUuid();
    expect(await nodeRed.through("add", { payload })).toMatchObject({
      at: "failure",
      message: { payload, error: { code: "NOT_CONFIGURED" } },
    });
  });
});
