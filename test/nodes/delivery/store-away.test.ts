/** Queues whose Redis is away, in the middle or from the start. */
import { describe, expect, it, vi } from "vitest";
import { type FlowNode, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { caughtFrom, deadLetters, queueIn, queueOut, storeFor } from "./flows.ts";
import { WORK_NODE, work, workNode } from "./work.ts";

const { nodeRed } = await nodeRedForFile(WORK_NODE);

describe("a queue whose Redis is away", () => {
  const here = storeFor("Redis", nodeRed);
  const becomes = (id: string, status: object) =>
    vi.waitFor(() => expect(nodeRed.status(id)).toMatchObject(status), { timeout: 30_000 });
  const counts = async () => (await here.open()).counts();
  const flow = (): FlowNode[] => [
    here.node,
    queueOut(here.queue),
    queueIn(here.queue),
    workNode(),
    deadLetters(here.queue),
    ...["added", "out", "new", "answer", "failure"].map(sink),
    caughtFrom("add", "dead"),
  ];
  const said = (id: string) => nodeRed.log.filter((line) => line.id === id).map(({ message }) => message);

  it("fails what is to be added, with the message as it was; takes nothing, and goes on by itself", async () => {
    await nodeRed.deploy(flow());
    const uuids = [await here.vcon(), await here.vcon(), await here.vcon()];
    await nodeRed.through("add", { payload: uuids[0] });
    const task = await work.next();
    nodeRed.log.length = 0;
    await here.redis!.kill();
    await becomes("take", { fill: "red", shape: "ring" });
    const message = { payload: uuids[1], topic: "a chat" };
    expect(await nodeRed.through("add", message)).toMatchObject({
      at: "failure",
      message: { ...message, error: { code: "STORE_UNAVAILABLE" } },
    });
    expect(await nodeRed.through("dead", {})).toMatchObject({
      at: "failure",
      message: { error: { code: "STORE_UNAVAILABLE" } },
    });
    // What was under way is done, though nobody can be told yet.
    task.pass();
    await nodeRed.next("out");
    await here.redis!.start();
    work.each((next) => next.pass());
    for (const payload of uuids.slice(1)) {
      expect(await nodeRed.through("add", { payload })).toMatchObject({ at: "added" });
    }
    const out = new Set<unknown>();
    while (out.size < 2) {
      const { payload } = await nodeRed.next("out");
      if (payload !== uuids[0]) out.add(payload);
    }
    expect([...out].sort()).toEqual(uuids.slice(1).sort());
    await vi.waitFor(
      async () => expect(await counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 }),
      { timeout: 30_000 },
    );
    await becomes("take", { fill: "green" });
    for (const line of said("take")) expect(line).toMatch(/Redis/);
    expect(said("take").length).toBeLessThan(5);
  });

  it("is taken from once a Redis that was down at the start is up; the log has told why, once", async () => {
    await (await here.open()).add(await here.vcon());
    await nodeRed.deploy([]);
    await here.redis!.kill();
    nodeRed.log.length = 0;
    await nodeRed.deploy(flow());
    work.each((task) => task.pass());
    await becomes("take", { fill: "red", shape: "ring" });
    await becomes("dead", { fill: "red", shape: "ring" });
    expect(said("take")).toEqual([expect.stringMatching(/Redis/)]);
    await here.redis!.start();
    await nodeRed.next("out");
    await becomes("take", { fill: "green" });
    await becomes("dead", { fill: "green" });
    expect(said("take")).toHaveLength(1);
  });
});
