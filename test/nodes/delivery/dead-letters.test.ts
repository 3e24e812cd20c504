/** What a flow can do about the vCons that a queue has given up on. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeadLetter } from "../../../core/index.ts";
import { type FlowNode, type Message, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { caughtFrom, deadLetters, HOMES, PERSONAL, queueIn, storeFor } from "./flows.ts";
import { WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

/** A dead letters node for each thing that can be asked of it; the first one alerts. */
const askers = (queue: string): FlowNode[] => [
  deadLetters(queue),
  ...["start", "failed", "drop"].flatMap((action) => [
    deadLetters(queue, { id: action, action, which: "named", wires: [[], ["answer"]] }),
    deadLetters(queue, { id: `${action} all`, action, which: "all", wires: [[], ["answer"]] }),
  ]),
  sink("new"),
  sink("answer"),
];
const ASKERS = askers("").map(({ id }) => id);

const lettersIn = (message: Message) => message.payload as DeadLetter[];

describe.each(HOMES)("dead letters in $home", ({ home }) => {
  const here = storeFor(home, nodeRed);
  const counts = async () => (await here.open()).counts();
  const ask = async (id: string, message: Message = {}) => {
    const arrival = await nodeRed.through(id, message);
    expect(arrival.at).toBe("answer");
    return arrival.message;
  };

  const flow = (): FlowNode[] => [
    here.node,
    queueIn(here.queue, { attempts: 2 }),
    workNode(),
    sink("out"),
    ...askers(here.queue),
    caughtFrom(...ASKERS),
    sink("failure"),
  ];
  const add = async () => {
    const uuid = await here.vcon();
    await (await here.open()).add(uuid);
    return uuid;
  };
  /** So many vCons that the queue has given up on, and what the node told of each. */
  async function given(count: number): Promise<DeadLetter[]> {
    work.each((task) => task.fail("The service answered 418."));
    const uuids: string[] = [];
    while (uuids.length < count) uuids.push(await add());
    const told: DeadLetter[] = [];
    while (told.length < count) told.push((await nodeRed.next("new"))["deadLetter"] as DeadLetter);
    expect(told.map(({ uuid }) => uuid).sort()).toEqual(uuids.sort());
    return told;
  }

  beforeEach(() => nodeRed.deploy(flow()));
  afterEach(() => {
    expect(nodeRed.log.map(({ message }) => message).join("\n")).not.toMatch(PERSONAL);
  });

  it("are told with the vCon, the reason, the node, the attempts and the times", async () => {
    work.each((task) => task.fail("The service answered 418."));
    const uuid = await add();
    const { payload, deadLetter } = await nodeRed.next("new");
    expect(payload).toBe(uuid);
    expect(deadLetter).toMatchObject({
      uuid,
      queue: here.queue,
      reason: "The service answered 418.",
      node: { id: "work", type: "test-work", flow: "tab" },
      attempts: 2,
      resumable: true,
    });
    const { addedAt, begunAt, failedAt } = deadLetter as DeadLetter;
    const times = [addedAt, begunAt, failedAt].map((time) => Date.parse(time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("are told once, whatever is deployed, and to every node", async () => {
    const second = deadLetters(here.queue, { id: "second", wires: [["second new"], []] });
    await nodeRed.deploy([...flow(), second, sink("second new")]);
    const [first] = await given(1);
    expect((await nodeRed.next("second new"))["deadLetter"]).toEqual(first);
    await nodeRed.redeploy();
    const [next] = await given(1);
    expect(next!.uuid).not.toBe(first!.uuid);
    expect((await nodeRed.next("second new"))["deadLetter"]).toEqual(next);
    expect(nodeRed.received("new")).toEqual([]);
    expect(nodeRed.received("second new")).toEqual([]);
  });

  it("are told when the flow runs again, if they came while it did not", async () => {
    await given(1);
    await nodeRed.deploy(flow().filter(({ id }) => id !== "dead"));
    work.each((task) => task.fail("The service answered 418."));
    const uuid = await add();
    await vi.waitFor(async () => expect(await counts()).toMatchObject({ dead: 2 }), { timeout: 15_000 });
    await nodeRed.deploy(flow());
    expect(await nodeRed.next("new")).toMatchObject({ payload: uuid });
  });

  it("are listed in the order in which they came", async () => {
    expect(await ask("dead")).toMatchObject({ payload: [] });
    const [first] = await given(1);
    const [second] = await given(1);
    const message = await ask("dead", { topic: "a list" });
    expect(message["topic"]).toBe("a list");
    expect(lettersIn(message)).toEqual([first, second]);
  });

  it("are sent again from the start, with all attempts before them", async () => {
    const [letter, other] = await given(2);
    work.reset();
    expect(await ask("start", { deadLetter: letter })).toMatchObject({ payload: 1 });
    (await work.next()).fail("The service answered 503.");
    const task = await work.next();
    expect(task.message.payload).toBe(letter!.uuid);
    task.pass();
    expect(await nodeRed.next("out")).toMatchObject({ payload: letter!.uuid });
    expect(lettersIn(await ask("dead"))).toEqual([other]);
  });

  it("are named by themselves, by an id, or by a list of either", async () => {
    const letters = await given(4);
    const [one, two, three, four] = letters;
    expect(await ask("drop", { deadLetter: one })).toMatchObject({ payload: 1 });
    expect(await ask("drop", { deadLetter: two!.id })).toMatchObject({ payload: 1 });
    expect(await ask("drop", { deadLetter: [three, four!.id] })).toMatchObject({ payload: 2 });
    expect(await ask("drop", { deadLetter: letters })).toMatchObject({ payload: 0 });
    expect(await ask("drop", { deadLetter: ["x", "", "1-1"] })).toMatchObject({ payload: 0 });
    expect(await ask("drop", { deadLetter: [] })).toMatchObject({ payload: 0 });
  });

  it("are left alone by a message that names none", async () => {
    const [letter] = await given(1);
    for (const deadLetter of [undefined, null, 7, {}, { id: 7 }, [letter, undefined]]) {
      const { at, message } = await nodeRed.through("drop", { deadLetter });
      expect({ at, code: message.error?.code }).toEqual({ at: "failure", code: "NO_DEAD_LETTER" });
    }
    expect(lettersIn(await ask("dead"))).toEqual([letter]);
  });

  it("are dropped all together, and their vCons stay", async () => {
    const letters = await given(3);
    expect(await ask("drop all")).toMatchObject({ payload: 3 });
    expect(await counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
    for (const { uuid } of letters) expect(await here.store.get(uuid)).toMatchObject({ uuid });
  });

  it("are sent again all together", async () => {
    const letters = await given(3);
    work.each((task) => task.pass());
    expect(await ask("start all")).toMatchObject({ payload: 3 });
    const out: unknown[] = [];
    while (out.length < letters.length) out.push((await nodeRed.next("out")).payload);
    expect(out.sort()).toEqual(letters.map(({ uuid }) => uuid).sort());
  });

  describe("of a flow that draws a row and then fails", () => {
    const projection = {
      id: "project",
      type: "vcon-projection",
      store: "store",
      projection: "conversation",
      columns: [{ column: "agent", value: "", valueType: "agent" }],
      wires: [["read"]],
    };
    const read = {
      id: "read",
      type: "vcon-read",
      store: "store",
      parts: ["analysis"],
      property: "vcon",
      wires: [["work"]],
    };
    const row = { agent: "Alice Archer" };

    beforeEach(async () => {
      const nodes = flow().filter(({ id }) => id !== "take");
      const take = queueIn(here.queue, { attempts: 1, wires: [["project"]] });
      await nodeRed.deploy([...nodes, take, projection, read]);
    });

    it("begin again at the node that failed, with the row on the message", async () => {
      const [letter] = await given(1);
      expect(letter).toMatchObject({ resumable: true });
      const before = nodeRed.received("project").length;
      work.reset();
      await ask("failed", { deadLetter: letter });
      const task = await work.next();
      expect(task.message.payload).toBe(letter!.uuid);
      expect(JSON.stringify(task.message["vcon"])).toContain(row.agent);
      task.pass();
      expect(await nodeRed.next("out")).toMatchObject({ payload: letter!.uuid });
      expect(nodeRed.received("project")).toHaveLength(before);
      await vi.waitFor(async () => expect(await counts()).toMatchObject({ active: 0, dead: 0 }));
    });

    it("begin at the start where the node that failed is gone", async () => {
      const [letter] = await given(1);
      await nodeRed.deploy([
        ...flow().filter(({ id }) => id !== "take" && id !== "work"),
        queueIn(here.queue, { attempts: 1, wires: [["other"]] }),
        workNode([["out"]], "other"),
      ]);
      work.reset();
      await ask("failed all");
      const task = await work.next();
      expect(task.at).toBe("other");
      expect(task.message).not.toHaveProperty("vcon");
      task.pass();
      expect(await nodeRed.next("out")).toMatchObject({ payload: letter!.uuid });
    });
  });
});

describe("a dead letters node", () => {
  const store: FlowNode = { id: "store", type: "vcon-store", url: "sqlite:test.sqlite" };

  it("that is not configured says so, and fails every message", async () => {
    await nodeRed.deploy([
      store,
      deadLetters("a:b"),
      sink("new"),
      sink("answer"),
      caughtFrom("dead"),
      sink("failure"),
    ]);
    await vi.waitFor(() => expect(nodeRed.status("dead")).toMatchObject({ text: "not configured" }));
    expect(await nodeRed.through("dead", {})).toMatchObject({
      at: "failure",
      message: { error: { code: "DELIVERY_NAME_MALFORMED" } },
    });
  });
});
