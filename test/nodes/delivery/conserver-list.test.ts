/** A flow as a link in the chain of a Python conserver, whose part the tests play with the same commands. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { newUuid } from "../../../core/index.ts";
import { type FlowNode, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { caughtFrom, PERSONAL, storeFor } from "./flows.ts";
import { WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

const listIn = (list: string, more: object = {}): FlowNode => ({
  id: "take",
  type: "vcon-conserver-list-in",
  store: "store",
  list,
  attempts: 2,
  pause: 0,
  wires: [["work"]],
  ...more,
});
const listOut = (list: string, more: object = {}): FlowNode => ({
  id: "hand",
  type: "vcon-conserver-list-out",
  store: "store",
  list,
  listType: "str",
  wires: [["out"]],
  ...more,
});

describe("a flow in a conserver's chain", () => {
  const here = storeFor("Redis", nodeRed);
  let conserver: Redis;
  beforeAll(() => {
    conserver = new Redis(here.redis!.url, { retryStrategy: () => 50 });
    conserver.on("error", () => {});
  });
  afterAll(() => conserver.disconnect());
  beforeEach(async () => {
    await nodeRed.deploy([]);
    await conserver.del("transcribed", "DLQ:transcribed", "tagged");
  });

  const deploy = (...nodes: FlowNode[]) =>
    nodeRed.deploy([here.node, ...nodes, sink("out"), caughtFrom("hand"), sink("failure")]);
  const holds = (list: string, expected: (string | Buffer)[]) =>
    vi.waitFor(async () => expect(await conserver.lrange(list, 0, -1)).toEqual(expected), {
      timeout: 15_000,
    });

  it("takes what the one chain hands over, and hands it to the next one", async () => {
    const tag = {
      id: "work",
      type: "vcon-tag",
      store: "store",
      tags: [{ name: "seen by", nameType: "str", value: "Node-RED", valueType: "str" }],
      wires: [["hand"]],
    };
    await deploy(listIn("transcribed"), tag, listOut("tagged"));
    const uuids = [await here.vcon(), await here.vcon(), await here.vcon()];
    await conserver.rpush("transcribed", ...uuids);
    await vi.waitFor(async () => expect(await conserver.llen("tagged")).toBe(3), { timeout: 15_000 });
    expect((await conserver.lrange("tagged", 0, -1)).sort()).toEqual(uuids.sort());
    await holds("transcribed", []);
    await holds("DLQ:transcribed", []);
    for (const uuid of uuids) {
      const { attachments } = await here.store.read(uuid, ["attachments:tags"]);
      expect([...attachments.values()].map(({ body }) => body)).toEqual([["seen by:Node-RED"]]);
    }
  });

  it("enters in the trail that the conserver can read the vCon, and where", async () => {
    await deploy(listOut("tagged"));
    const uuid = await here.vcon();
    expect(await nodeRed.through("hand", { payload: `vcon:${uuid}` })).toMatchObject({ at: "out" });
    await holds("tagged", [uuid]);
    expect(await here.store.trail(uuid)).toMatchObject([
      {
        event: "vcon_sent",
        node: { id: "hand", type: "vcon-conserver-list-out", flow: "tab" },
        recipient: {
          vendor: "Conserver",
          host: `127.0.0.1:${here.redis!.port}`,
          categories: ["whole vCon"],
        },
      },
    ]);
  });

  it("keeps a vCon out of the list until the flow has finished, and puts it back at the head after a deploy", async () => {
    await deploy(listIn("transcribed", { atOnce: 1 }), workNode());
    const [first, second] = [await here.vcon(), await here.vcon()];
    await conserver.rpush("transcribed", first, second);
    const task = await work.next();
    expect(task.message.payload).toBe(first);
    expect(await conserver.lrange("transcribed", 0, -1)).toEqual([second]);
    await nodeRed.deploy([]);
    expect(await conserver.lrange("transcribed", 0, -1)).toEqual([first, second]);
    await deploy(listIn("transcribed"), workNode());
    work.each((again) => again.pass());
    expect(new Set([(await nodeRed.next("out")).payload, (await nodeRed.next("out")).payload])).toEqual(
      new Set([first, second]),
    );
    await holds("transcribed", []);
  });

  it("puts what has failed for good where the conserver puts its own failures", async () => {
    nodeRed.log.length = 0;
    await deploy(listIn("transcribed"), workNode());
    const uuid = await here.vcon();
    await conserver.rpush("transcribed", uuid);
    (await work.next()).fail("The service answered 418.");
    (await work.next()).fail("The service answered 418.");
    await holds("DLQ:transcribed", [uuid]);
    await vi.waitFor(() =>
      expect(nodeRed.log).toContainEqual({
        id: "take",
        level: 20,
        message: `vCon ${uuid} is now a dead letter, after attempt 2 of 2. The service answered 418.`,
      }),
    );
    expect(nodeRed.log.map(({ message }) => message).join()).not.toMatch(PERSONAL);
  });

  it("sends what is no UUID to the failures, and not into the flow; nobody is held up, and nothing is quoted", async () => {
    nodeRed.log.length = 0;
    await deploy(listIn("transcribed", { atOnce: 2 }), workNode());
    const uuid = newUuid();
    const hostile = ["", "Carol Carter", `${uuid} or so`, "{}", "\u001b[2J", "x".repeat(100_000), "0 0 1"];
    const good = await here.vcon();
    await conserver.rpush("transcribed", ...hostile, `vcon:${good}`);
    work.each((task) => task.pass());
    expect((await nodeRed.next("out")).payload).toBe(good);
    await vi.waitFor(
      async () => expect((await conserver.lrange("DLQ:transcribed", 0, -1)).sort()).toEqual(hostile.sort()),
      { timeout: 15_000 },
    );
    await holds("transcribed", []);
    expect(nodeRed.received("work")).toHaveLength(1);
    // Whoever can write on the list could fill the log.
    expect(nodeRed.log).toEqual([{ id: "take", level: 20, message: "What came is no UUID of a vCon." }]);
  });

  it("takes a vCon that is not in the store, and says so where the flow reads it", async () => {
    nodeRed.log.length = 0;
    const read = { id: "work", type: "vcon-read", store: "store", parts: ["head"], wires: [["out"]] };
    await deploy(listIn("transcribed"), read);
    const uuid = newUuid();
    await conserver.rpush("transcribed", uuid);
    await holds("DLQ:transcribed", [uuid]);
    const said = nodeRed.log.map(({ message }) => message);
    expect(said).toContainEqual(expect.stringContaining(`vCon ${uuid} is not in the store`));
  });

  it("waits for a Redis that is away, and goes on by itself; what is to be handed over fails meanwhile", async () => {
    await deploy(listIn("transcribed"), workNode(), listOut("tagged"));
    work.each((task) => task.pass());
    const uuids = [await here.vcon(), await here.vcon()];
    await conserver.rpush("transcribed", uuids[0]!);
    expect(await nodeRed.next("out")).toMatchObject({ payload: uuids[0] });
    await here.redis!.kill();
    await vi.waitFor(() => expect(nodeRed.status("take")).toMatchObject({ fill: "red" }), {
      timeout: 15_000,
    });
    expect(await nodeRed.through("hand", { payload: uuids[1] })).toMatchObject({
      at: "failure",
      message: { payload: uuids[1], error: { code: "STORE_UNAVAILABLE" } },
    });
    await here.redis!.start();
    await conserver.rpush("transcribed", uuids[1]!);
    expect(await nodeRed.next("out")).toMatchObject({ payload: uuids[1] });
    await vi.waitFor(() => expect(nodeRed.status("take")).toMatchObject({ fill: "green" }), {
      timeout: 15_000,
    });
  });
});

describe("a conserver list in an SQLite store", () => {
  const here = storeFor("SQLite", nodeRed);

  it("can't be: the node that takes says so at once, and once, and the one that hands over to every message", async () => {
    nodeRed.log.length = 0;
    await nodeRed.deploy([
      here.node,
      listIn("transcribed", { wires: [["out"]] }),
      listOut("tagged"),
      sink("out"),
      caughtFrom("hand"),
      sink("failure"),
    ]);
    await vi.waitFor(() =>
      expect(nodeRed.status("take")).toEqual({ fill: "red", shape: "ring", text: "not configured" }),
    );
    const advice = /SQLite file. Use a store with the URL of that Redis/;
    expect(nodeRed.log).toEqual([{ id: "take", level: 20, message: expect.stringMatching(advice) }]);
    const { at, message } = await nodeRed.through("hand", { payload: await here.vcon() });
    expect({ at, code: message.error?.code }).toEqual({ at: "failure", code: "DELIVERY_UNSUPPORTED" });
    expect(message.error?.message).toMatch(advice);
  });
});
