/** Nodes of others, with and without `done`: what can be known of them is used, and the time limit knows the rest. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { FlowNode } from "../../support/node-red.ts";
import { catcher, Jobs, last } from "./jobs.ts";

let jobs: Jobs;
beforeAll(async () => {
  jobs = await Jobs.start();
});
afterAll(() => jobs.stop());

const first = (type: string, settings: object = {}): FlowNode => ({
  id: "first",
  type,
  wires: [["last"]],
  ...settings,
});
const fn = (func: string, wires = [["last"]]): FlowNode => first("function", { func, outputs: 1, wires });

describe("A node", () => {
  it.each<[string, string, number]>([
    ["without done that sends at once", "test-silent", 1],
    ["without done that sends a fresh message later", "test-silent-later", 1],
    ["that says twice that it is done", "test-twice", 1],
    ["that says that it is done before it sends", "test-done-first", 1],
    ["that sends fresh messages, one of them later", "test-late-sender", 2],
  ])("%s is followed", async (_, type, arrive) => {
    await jobs.deploy([first(type), last]);
    await jobs.add();
    await jobs.held(arrive);
    jobs.release(arrive - 1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("that says twice that it is done ends one message of two that it has", async () => {
    await jobs.deploy([
      fn("return [[msg, { payload: 2 }]];", [["held"]]),
      { id: "held", type: "test-holder", wires: [["last"]] },
      last,
    ]);
    await jobs.add();
    const [one] = await jobs.held(2, "held");
    one!.done();
    one!.done();
    await jobs.areRunning(1);
    jobs.release(2, "held");
    await jobs.areDone();
  });

  it("without done that gets two messages of a job, and sends one of them by two wires, has the other still", async () => {
    await jobs.deploy(
      [
        fn("return [[msg, { payload: 2 }]];", [["old"]]),
        { id: "old", type: "test-silent-second", wires: [["last", "last"]] },
        last,
      ],
      { timeLimit: 1 },
    );
    await jobs.add();
    await jobs.held(2);
    jobs.release();
    await jobs.areRunning(1);
    expect(await jobs.letters()).toMatchObject([{ code: "TIME_LIMIT" }]);
  });

  it("whose answers come by a connection that another job has opened belongs to its own", async () => {
    await jobs.deploy([first("test-connection"), last]);
    for (let round = 0; round < 3; round++) {
      await jobs.addMany(3);
      await jobs.held(3);
      jobs.release(2);
      await jobs.areRunning(1);
      jobs.release();
      await jobs.areDone();
    }
  });

  it.each<[string, string]>([
    ["that throws in its handler", "test-thrower"],
    ["that reports an error and never says that it is done", "test-error-only"],
    ["without done that reports an error", "test-silent-error"],
  ])("%s fails the job, or not where a Catch node handles it", async (_, type) => {
    await jobs.deploy([first(type), last]);
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([{ node: { id: "first", type } }]);
    await jobs.deploy([first(type), catcher(), last]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});

describe("The time limit", () => {
  it.each<[string, FlowNode[], RegExp]>([
    ["a node that never says that it is done", [first("test-never")], /test-never first/],
    [
      "a node without done that ends the flow",
      [first("test-silent-end", { name: "Old sink" })],
      /test-silent-end "Old sink"/,
    ],
    ["a function that forgets to say it", [fn("if (!msg) node.done();")], /function first/],
    ["a batch that is not full", [first("batch", { mode: "count", count: 5, overlap: 0 })], /batch first/],
    [
      "what a batch keeps for the next one",
      [first("batch", { mode: "count", count: 2, overlap: 1, wires: [[]] })],
      /batch first/,
    ],
    [
      "a join whose other parts do not come",
      [
        first("join", {
          mode: "custom",
          build: "array",
          property: "payload",
          propertyType: "msg",
          count: "5",
          joiner: "",
        }),
      ],
      /join first/,
    ],
    [
      "a subroutine that does not answer",
      [
        first("link call", { links: ["in2"], linkType: "static", timeout: "60" }),
        { id: "in2", type: "link in", wires: [[]] },
      ],
      /link call first/,
    ],
  ])("fails the attempt at %s, and names the node", async (_, nodes, name) => {
    await jobs.deploy([...nodes, last], { timeLimit: 1 });
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([
      { code: "TIME_LIMIT", reason: expect.stringMatching(name), attempts: 1 },
    ]);
  });

  it("takes the first error for the reason, where there is one", async () => {
    await jobs.deploy(
      [
        fn("return [[msg, { payload: 2 }]];", [["bad", "never"]]),
        { ...fn("throw new Error('no luck');"), id: "bad" },
        first("test-never", { id: "never" }),
        last,
      ],
      { timeLimit: 1 },
    );
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([
      { reason: expect.stringContaining("no luck"), node: { id: "bad" } },
    ]);
  });
});

describe("The editor", () => {
  const shows = (status: object) =>
    vi.waitFor(() => expect(jobs.nodeRed.status("in")).toMatchObject(status), { timeout: 10_000 });
  const warnings = () => jobs.nodeRed.log.filter(({ id, level }) => id === "in" && level === 30);

  it("shows at queue in that the flow ends in a node that never says that it is done, and goes on showing it", async () => {
    const before = warnings().length;
    await jobs.deploy(
      [fn("return msg;", [["sink"]]), first("test-silent-end", { id: "sink", name: "Old sink" })],
      {
        timeLimit: 1,
      },
    );
    await shows({ fill: "yellow", text: '0 done; never finishes at test-silent-end "Old sink"' });
    expect(warnings().slice(before)).toMatchObject([{ message: expect.stringContaining('"Old sink"') }]);
    await jobs.add();
    await jobs.letters();
    await shows({ fill: "red", text: '0 done, 1 failed; never finishes at test-silent-end "Old sink"' });
  });

  it("shows it where the node is in a subroutine or a subflow, too", async () => {
    await jobs.deploy([
      first("subflow:sub", { wires: [["call"]] }),
      {
        id: "sub",
        type: "subflow",
        name: "sub",
        in: [{ x: 0, y: 0, wires: [{ id: "a" }, { id: "b" }] }],
        out: [{ x: 0, y: 0, wires: [{ id: "b", port: 0 }] }],
      },
      { id: "a", type: "test-silent-end", name: "A", z: "sub", wires: [] },
      { id: "b", type: "junction", z: "sub", wires: [[]] },
      first("link call", { id: "call", links: ["in2"], linkType: "static" }),
      { id: "in2", type: "link in", wires: [["c"]] },
      { id: "c", type: "test-silent-end", name: "C", wires: [] },
      last,
    ]);
    await shows({ text: '0 done; never finishes at test-silent-end "A", test-silent-end "C"' });
  });

  it("shows nothing of the kind for core nodes, nor where a finish node says when it is done", async () => {
    const before = warnings().length;
    await jobs.deploy([
      fn("return msg;", [["switch", "rbe", "door"]]),
      { id: "switch", type: "switch", property: "payload", rules: [], wires: [[]] },
      { id: "rbe", type: "rbe", func: "rbe", property: "payload", wires: [[]] },
      { id: "sub", type: "subflow", name: "sub", in: [{ x: 0, y: 0, wires: [] }], out: [] },
      { id: "door", type: "subflow:sub", wires: [] },
    ]);
    await jobs.add();
    await jobs.areDone();
    await shows({ fill: "green", text: "1 done" });
    await jobs.deploy([first("test-silent-end")], { until: "finish" });
    expect(warnings().slice(before)).toEqual([]);
  });
});

describe("A function that sends later in a way that nobody can see coming", () => {
  // A promise of the engine's own, that the function does not wait for.
  const later = "Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 80).value";

  it("counts as done before, and is told once to say when it is", async () => {
    const before = jobs.nodeRed.log.length;
    await jobs.deploy([fn(`${later}.then(() => node.send(msg));`), last]);
    await jobs.addMany(3);
    await jobs.areDone();
    await jobs.held(3);
    expect(jobs.nodeRed.log.slice(before)).toMatchObject([
      { id: "first", level: 30, message: expect.stringContaining("node.done()") },
    ]);
  });

  it("that puts messages aside, and sends them together with that of a later job, is told so too", async () => {
    const aside =
      "const all = [...(flow.get('all') ?? []), msg]; flow.set('all', all); return all.length === 2 ? [all] : null;";
    await jobs.deploy([fn(aside), last]);
    await jobs.add();
    await jobs.areDone();
    await jobs.add();
    await jobs.held(2);
    expect(jobs.nodeRed.log).toContainEqual({
      id: "first",
      level: 30,
      message: expect.stringContaining("join or batch"),
    });
    jobs.release();
    await jobs.areDone();
  });

  it("is followed once it does, and told nothing", async () => {
    const before = jobs.nodeRed.log.length;
    await jobs.deploy([fn(`${later}.then(() => { node.send(msg); node.done(); });`), last]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
    expect(jobs.nodeRed.log.slice(before)).toEqual([]);
  });
});
