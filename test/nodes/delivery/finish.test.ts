/** Flows that say themselves when a vCon of a queue is done. */
import { describe, expect, it, vi } from "vitest";
import { catcher, type FlowNode, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { queueIn, storeFor } from "./flows.ts";
import { type Task, WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

const finish = (more: object = {}): FlowNode => ({
  id: "finish",
  type: "vcon-finish",
  outcome: "done",
  ...more,
});
const failed = (more: object = {}) =>
  finish({ outcome: "failed", reason: "The customer is unknown.", reasonType: "str", ...more });

describe("a finish node", () => {
  const here = storeFor("SQLite", nodeRed);
  const becomes = (expected: object) =>
    vi.waitFor(async () => expect(await (await here.open()).counts()).toMatchObject(expected), {
      timeout: 15_000,
    });

  /** A flow of a queue with one vCon in it, which is at work. */
  async function begun(...nodes: FlowNode[]): Promise<Task> {
    await nodeRed.deploy([here.node, ...nodes, sink("out")]);
    await (await here.open()).add(await here.vcon());
    return work.next();
  }
  const letter = async () => (await (await here.open()).deadLetters())[0];

  it("ends the job, and no branch that ends does, where the flow is to wait for it", async () => {
    const task = await begun(
      queueIn(here.queue, { until: "finish", wires: [["work", "other"]] }),
      workNode([["finish"]]),
      workNode([[]], "other"),
      finish(),
    );
    const other = await work.next();
    expect(new Set([task.at, other.at])).toEqual(new Set(["work", "other"]));
    const [last, first] = task.at === "work" ? [task, other] : [other, task];
    first.pass();
    await nodeRed.next("other");
    await becomes({ active: 1 });
    last.pass();
    await becomes({ active: 0, dead: 0 });
  });

  it("ends the job before the rest of the flow, which no longer counts", async () => {
    const task = await begun(
      queueIn(here.queue, { attempts: 1, wires: [["finish", "work"]] }),
      finish(),
      workNode([["out"]]),
    );
    await becomes({ active: 0, dead: 0 });
    task.fail("Too late.");
    await nodeRed.next("finish");
    await becomes({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });

  it("fails the attempt, with the reason and itself as the node", async () => {
    const task = await begun(queueIn(here.queue, { attempts: 2 }), workNode([["finish"]]), failed());
    task.pass();
    (await work.next()).pass();
    await becomes({ dead: 1 });
    expect(await letter()).toMatchObject({
      reason: "The customer is unknown.",
      node: { id: "finish", type: "vcon-finish", flow: "tab" },
      attempts: 2,
      resumable: false,
    });
  });

  it("gives the reason of the error that a catch node took", async () => {
    const task = await begun(
      queueIn(here.queue, { attempts: 1 }),
      workNode(),
      { ...catcher, scope: ["work"], wires: [["finish"]] },
      finish({ outcome: "failed", reason: "error.message", reasonType: "msg" }),
    );
    task.fail("The service answered 418.");
    await becomes({ dead: 1 });
    expect(await letter()).toMatchObject({ reason: "The service answered 418." });
  });

  it.each([
    { of: "the message", reason: "why", reasonType: "msg", why: "Nobody spoke.", says: "Nobody spoke." },
    { of: "an expression", reason: '"Not " & why', reasonType: "jsonata", why: "now.", says: "Not now." },
    { of: "nothing", reason: "why", reasonType: "msg", why: undefined, says: "A finish node said so." },
    { of: "no text", reason: "why", reasonType: "msg", why: { a: 1 }, says: "A finish node said so." },
    { of: "a long text", reason: "why", reasonType: "msg", why: "x".repeat(9000), says: "x".repeat(500) },
  ])("takes the reason out of $of", async ({ reason, reasonType, why, says }) => {
    const task = await begun(
      queueIn(here.queue, { attempts: 1 }),
      workNode([["finish"]]),
      failed({ reason, reasonType }),
    );
    task.message["why"] = why;
    task.pass();
    await becomes({ dead: 1 });
    expect(await letter()).toMatchObject({ reason: says });
  });

  it("is heard once: the first word counts", async () => {
    const task = await begun(
      queueIn(here.queue, { attempts: 1, wires: [["finish", "work"]] }),
      finish(),
      workNode([["second"]]),
      failed({ id: "second" }),
    );
    task.pass();
    await nodeRed.next("second");
    await becomes({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });

  it("fails the attempt where its own reason can't be evaluated", async () => {
    const task = await begun(
      queueIn(here.queue, { attempts: 1 }),
      workNode([["finish"]]),
      failed({ reason: "$error('no')", reasonType: "jsonata" }),
    );
    task.pass();
    await becomes({ dead: 1 });
    expect(await letter()).toMatchObject({ code: "NOT_CONFIGURED", node: { id: "finish" } });
  });

  it("takes a message of no job without an error, with no store at all", async () => {
    nodeRed.log.length = 0;
    await nodeRed.deploy([finish(), failed({ id: "failed" })]);
    for (const payload of ["anything", undefined, { deep: [] }]) {
      nodeRed.send("finish", { payload });
      nodeRed.send("failed", { payload });
    }
    await vi.waitFor(() => {
      expect(nodeRed.status("finish")).toMatchObject({ fill: "green", text: "3 done" });
      expect(nodeRed.status("failed")).toMatchObject({ fill: "green", text: "3 done" });
    });
    expect(nodeRed.log).toEqual([]);
  });
});
