/** Flows that hear of vCons by a channel. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { newUuid } from "../../../core/index.ts";
import { type FlowNode, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { caughtFrom, HOMES, queueIn, storeFor } from "./flows.ts";
import { WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

const publish = (more: object = {}): FlowNode => ({
  id: "publish",
  type: "vcon-publish",
  store: "store",
  channel: "new vcons",
  channelType: "str",
  wires: [["out"]],
  ...more,
});
const subscribe = (id: string, more: object = {}): FlowNode => ({
  id,
  type: "vcon-subscribe",
  store: "store",
  channel: "new vcons",
  wires: [[`${id} heard`]],
  ...more,
});
const sinks = ["one heard", "two heard", "other heard", "out", "failure"].map(sink);

/** Until the subscriptions stand, nobody hears: what is published before is of no interest. */
async function untilHeard(ids: string[], tell: (uuid: string) => Promise<unknown>): Promise<void> {
  const told = new Set<unknown>();
  await vi.waitFor(
    async () => {
      const uuid = newUuid();
      told.add(uuid);
      await tell(uuid);
      for (const id of ids) expect(nodeRed.received(id).some(({ payload }) => told.has(payload))).toBe(true);
    },
    { timeout: 15_000 },
  );
}

describe.each(HOMES)("a channel in $home", ({ home }) => {
  const here = storeFor(home, nodeRed);
  const deploy = (...nodes: FlowNode[]) =>
    nodeRed.deploy([here.node, ...nodes, caughtFrom("publish"), ...sinks]);
  const listening = (...ids: string[]) =>
    untilHeard(ids, (payload) => nodeRed.through("publish", { payload }));
  const heard = (id: string) => nodeRed.received(id).map(({ payload }) => payload);

  it("tells every flow that listens on it, and no other; and the message goes on", async () => {
    await deploy(publish(), subscribe("one"), subscribe("two"), subscribe("other", { channel: "others" }));
    await listening("one heard", "two heard");
    const uuids = Array.from({ length: 5 }, newUuid);
    for (const payload of uuids) {
      const arrival = await nodeRed.through("publish", { payload: `vcon:${payload}`, topic: "a chat" });
      expect(arrival).toMatchObject({ at: "out", message: { topic: "a chat" } });
    }
    for (const id of ["one heard", "two heard"]) {
      await vi.waitFor(() => expect(heard(id).slice(-5)).toEqual(uuids));
    }
    expect(heard("other heard")).toEqual([]);
  });

  it("keeps nothing for those who come later", async () => {
    await deploy(publish());
    const payload = newUuid();
    await nodeRed.through("publish", { payload });
    await deploy(publish(), subscribe("one"));
    await listening("one heard");
    expect(heard("one heard")).not.toContain(payload);
  });

  it("is chosen by the message, where the node says so", async () => {
    await deploy(publish({ channel: "topic", channelType: "msg" }), subscribe("one"));
    const payload = newUuid();
    await vi.waitFor(
      async () => {
        await nodeRed.through("publish", { payload, topic: "new vcons" });
        expect(heard("one heard")).toContain(payload);
      },
      { timeout: 15_000 },
    );
    for (const [topic, code] of [
      [undefined, "NO_NAME"],
      ["", "DELIVERY_NAME_MALFORMED"],
      ["a\nb", "DELIVERY_NAME_MALFORMED"],
      ["x".repeat(201), "DELIVERY_NAME_MALFORMED"],
    ]) {
      const arrival = await nodeRed.through("publish", { payload, topic });
      expect(arrival).toMatchObject({ at: "failure", message: { error: { code } } });
    }
  });

  it("begins nothing again where the flow behind it fails", async () => {
    await deploy(publish(), subscribe("one", { wires: [["work", "one heard"]] }), workNode());
    await listening("one heard");
    const came: unknown[] = [];
    work.each((task) => {
      came.push(task.message.payload);
      task.fail("The service answered 503.");
    });
    const payloads = [newUuid(), newUuid()];
    for (const payload of payloads) await nodeRed.through("publish", { payload });
    await vi.waitFor(() => expect(came).toContain(payloads[1]));
    expect(came.slice(-2)).toEqual(payloads);
    expect(new Set(came).size).toBe(came.length);
  });

  it("makes what comes of it no part of the job whose flow publishes", async () => {
    const take = queueIn(here.queue, { attempts: 1, wires: [["publish"]] });
    await deploy(publish(), subscribe("one", { wires: [["one heard", "work"]] }), workNode(), take);
    await listening("one heard");
    const queue = await here.open();
    const uuid = await here.vcon();
    await queue.add(uuid);
    let task = await work.next();
    while (task.message.payload !== uuid) task = await work.next();
    await vi.waitFor(
      async () => expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 }),
      { timeout: 5000 },
    );
    expect(task.message).not.toHaveProperty("_vconRun");
  });

  it("is not listened on by a node that is wired to nothing, or has no name", async () => {
    await deploy(subscribe("one", { wires: [[]] }), subscribe("two", { channel: "" }));
    expect(nodeRed.status("one")).toMatchObject({ fill: "yellow", text: "not wired" });
    expect(nodeRed.status("two")).toMatchObject({ fill: "red", text: "not configured" });
  });
});

describe("a channel that other programs share", () => {
  const here = storeFor("Redis", nodeRed);
  let client: Redis;
  beforeAll(() => {
    client = new Redis(here.redis!.url, { retryStrategy: () => 50 });
    client.on("error", () => {});
  });
  afterAll(() => client.disconnect());

  async function listening(): Promise<void> {
    await nodeRed.deploy([here.node, publish(), subscribe("one"), caughtFrom("publish"), ...sinks]);
    await untilHeard(["one heard"], (uuid) => client.publish("new vcons", uuid));
  }
  const hears = (...uuids: string[]) =>
    vi.waitFor(
      () => {
        const heard = nodeRed.received("one heard").map(({ payload }) => payload);
        expect(heard.slice(-uuids.length)).toEqual(uuids);
      },
      { timeout: 5000 },
    );

  it("tells them the UUID and nothing else", async () => {
    await listening();
    const other = new Redis(here.redis!.url);
    await other.subscribe("new vcons");
    const said = new Promise((resolve) => other.once("message", (...message) => resolve(message)));
    const payload = newUuid();
    await nodeRed.through("publish", { payload, topic: "a chat" });
    expect(await said).toEqual(["new vcons", payload]);
    other.disconnect();
  });

  it("hears what they publish, and passes over what is no UUID, without filling the log or quoting it", async () => {
    await listening();
    nodeRed.log.length = 0;
    const uuids = [newUuid(), newUuid()] as [string, string];
    const hostile = [
      "",
      "Carol Carter",
      "{}",
      `${uuids[0]} or so`,
      `../${uuids[0]}`,
      "\0",
      "\u001b[2J",
      "x".repeat(1_000_000),
      '{"__proto__":{"polluted":true}}',
      Buffer.from([0xff, 0xfe, 0x00]),
    ];
    await client.publish("new vcons", `vcon:${uuids[0]}`);
    for (let round = 0; round < 20; round++)
      for (const text of hostile) await client.publish("new vcons", text);
    await client.publish("new vcons", ` ${uuids[1].toUpperCase()}\n`);
    await hears(...uuids);
    const failed = 20 * hostile.length;
    await vi.waitFor(() => expect(nodeRed.status("one")?.text).toMatch(`${failed} failed`), {
      timeout: 5000,
    });
    expect(nodeRed.log).toEqual([
      { id: "one", level: 20, message: expect.stringMatching(/no UUID of a vCon. It was passed over/) },
    ]);
  });

  it("is listened on again once a Redis that was away is back; meanwhile publishing fails", async () => {
    await listening();
    await here.redis!.kill();
    await vi.waitFor(() => expect(nodeRed.status("one")).toMatchObject({ fill: "red" }), { timeout: 15_000 });
    const payload = newUuid();
    expect(await nodeRed.through("publish", { payload })).toMatchObject({
      at: "failure",
      message: { payload, error: { code: "STORE_UNAVAILABLE" } },
    });
    await here.redis!.start();
    await vi.waitFor(() => expect(nodeRed.status("one")).toMatchObject({ fill: "green" }), {
      timeout: 15_000,
    });
    expect(await nodeRed.through("publish", { payload })).toMatchObject({ at: "out" });
    await hears(payload);
  });
});
