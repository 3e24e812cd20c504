/** Which errors count as handled, and which messages that a node causes are followed: Catch, Complete, Status. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FlowNode } from "../../support/node-red.ts";
import { catcher, holder, Jobs, last } from "./jobs.ts";

let jobs: Jobs;
beforeAll(async () => {
  jobs = await Jobs.start();
});
afterAll(() => jobs.stop());

const fn = (id: string, func: string, settings: object = {}): FlowNode => ({
  id,
  type: "function",
  func,
  outputs: 1,
  wires: [["last"]],
  ...settings,
});
const bad = (id = "first", settings: object = {}) => fn(id, "throw new Error('no luck');", settings);

describe("A Catch node", () => {
  it.each<[string, FlowNode[]]>([
    ["for the whole flow", [bad(), catcher()]],
    ["for this node", [bad(), catcher({ scope: ["first"] })]],
    ["for what nobody else has handled", [bad(), catcher({ uncaught: true })]],
    [
      "of the node's group",
      [
        { id: "group", type: "group", nodes: ["first", "catcher"] },
        bad("first", { g: "group" }),
        catcher({ scope: "group", g: "group" }),
      ],
    ],
  ])("%s handles an error, and is waited for", async (_, nodes) => {
    await jobs.deploy([...nodes, last]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it.each<[string, FlowNode[]]>([
    ["for another node", [bad(), fn("other", ""), catcher({ scope: ["other"] })]],
    [
      "of another group",
      [{ id: "group", type: "group", nodes: ["catcher"] }, bad(), catcher({ scope: "group", g: "group" })],
    ],
    ["that is disabled", [bad(), catcher({ d: true })]],
  ])("%s does not", async (_, nodes) => {
    await jobs.deploy([...nodes, last]);
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([{ node: { id: "first" } }]);
    expect(holder("last")).toEqual([]);
  });

  it("in a subflow handles what fails there", async () => {
    await jobs.deploy([
      {
        id: "sub",
        type: "subflow",
        name: "sub",
        in: [{ x: 0, y: 0, wires: [{ id: "a" }] }],
        out: [{ x: 0, y: 0, wires: [{ id: "handled", port: 0 }] }],
      },
      bad("a", { z: "sub", wires: [[]] }),
      catcher({ z: "sub", wires: [["handled"]] }),
      { id: "handled", type: "junction", z: "sub", wires: [[]] },
      { id: "first", type: "subflow:sub", wires: [["last"]] },
      last,
    ]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("outside a subflow handles what nobody handles within", async () => {
    await jobs.deploy([
      {
        id: "sub",
        type: "subflow",
        name: "sub",
        in: [{ x: 0, y: 0, wires: [{ id: "a" }] }],
        out: [{ x: 0, y: 0, wires: [{ id: "a", port: 0 }] }],
      },
      bad("a", { z: "sub", wires: [[]] }),
      { id: "first", type: "subflow:sub", wires: [["last"]] },
      catcher(),
      last,
    ]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("beside another: both are waited for, also where other messages are still at the node that failed", async () => {
    await jobs.deploy([
      fn("first", "return [[msg, { payload: 'bad' }]];", { wires: [["call"]] }),
      { id: "call", type: "link call", links: ["in2"], linkType: "static", timeout: "30", wires: [["last"]] },
      { id: "in2", type: "link in", wires: [["odd"]] },
      // The one gets no answer at all, the other one later.
      fn("odd", "if (msg.payload === 'bad') throw new Error('no luck'); return msg;", { wires: [["wait"]] }),
      { id: "wait", type: "test-holder", wires: [["return"]] },
      { id: "return", type: "link out", mode: "return", wires: [] },
      catcher(),
      catcher({ id: "catch2" }),
      last,
    ]);
    await jobs.add();
    await jobs.held(2);
    const [waiting] = await jobs.held(1, "wait");
    jobs.release();
    await jobs.areRunning(1);
    waiting!.send(waiting!.msg);
    waiting!.done();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    // The subroutine never answered for the other message: only the time limit of the call could tell.
    await jobs.areRunning(1);
  });

  it("behind which it fails again leaves the job failed, with the second error", async () => {
    await jobs.deploy([
      bad(),
      catcher({ scope: ["first"], wires: [["worse"]] }),
      fn("worse", "throw new Error('worse luck');"),
      last,
    ]);
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([
      { node: { id: "worse" }, reason: expect.stringContaining("worse luck") },
    ]);
  });

  it("that catches its own failures ends when Node-RED ends the loop", async () => {
    const rules = [{ t: "set", p: "topic", pt: "msg", to: "$number('x')", tot: "jsonata" }];
    await jobs.deploy([bad(), catcher({ wires: [["worse"]] }), { id: "worse", type: "change", rules }, last]);
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([{ node: { id: "worse" } }]);
  });

  it("handles one branch, while another that fails unhandled fails the job", async () => {
    await jobs.deploy([
      fn("first", "return [msg, msg];", { outputs: 2, wires: [["a"], ["b"]] }),
      bad("a"),
      bad("b"),
      catcher({ scope: ["a"] }),
      last,
    ]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    expect(await jobs.letters()).toMatchObject([{ node: { id: "b" } }]);
  });
});

describe("An error without a message, which no Catch node can take,", () => {
  it("fails the job that the node has a message of", async () => {
    await jobs.deploy([fn("first", "node.error('no luck'); return msg;"), catcher(), last]);
    await jobs.add();
    await jobs.held(1);
    jobs.release();
    expect(await jobs.letters()).toMatchObject([{ node: { id: "first" }, reason: "no luck" }]);
  });

  it("fails no job where it comes from a node that has nothing of it", async () => {
    await jobs.deploy([{ id: "first", type: "test-grumbler", about: "last", wires: [["last"]] }, last]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});

describe("A Complete node", () => {
  it("is waited for, and so is what it begins", async () => {
    await jobs.deploy([
      { id: "first", type: "junction", wires: [["last"]] },
      { id: "complete", type: "complete", scope: ["first"], uncaught: false, wires: [["later"]] },
      fn("later", "await new Promise((go) => setTimeout(go, 30)); return { payload: 'complete' };"),
      last,
    ]);
    await jobs.add();
    await jobs.held(2);
    jobs.release(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});

describe("A Status node", () => {
  const flow = [
    fn("first", "node.status('busy'); return { payload: 'fresh' };"),
    { id: "status", type: "status", scope: ["first"], wires: [["fresh"]] },
    fn("fresh", "await null; return { payload: 'status' };", { wires: [["watched"]] }),
    { id: "watched", type: "test-holder" },
    last,
  ];

  it("tells of no job: nobody waits for what it begins", async () => {
    await jobs.deploy(flow);
    await jobs.add();
    await jobs.held(1);
    await jobs.held(1, "watched");
    jobs.release();
    await jobs.areDone();
    expect(holder("watched")[0]!.msg).not.toHaveProperty("_vconRun");
  });

  it("does not hide the message that its node sends after it has shown the status", async () => {
    await jobs.deploy([{ id: "first", type: "test-busy", wires: [["last"]] }, ...flow.slice(1)]);
    await jobs.add();
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});
