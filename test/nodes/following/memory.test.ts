/** What is left of jobs that have ended, and of queue in nodes that were taken out: nothing. */
import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { followerOf, RUN_PROPERTY } from "../../../nodes/kit/following/follower.ts";
import { until } from "../../delivery/taker.ts";
import type { FlowNode, Message } from "../../support/node-red.ts";
import { Jobs, last, nodeRedItself } from "./jobs.ts";

let jobs: Jobs;
beforeAll(async () => {
  jobs = await Jobs.start();
});
afterAll(() => jobs.stop());

const junction: FlowNode = { id: "first", type: "junction", wires: [["last"]] };

describe("After 100,000 jobs", () => {
  const RUNS = 100_000;
  const AT_ONCE = 300;
  const flow: FlowNode[] = [
    { id: "start", type: "junction", wires: [["switch"]] },
    {
      id: "switch",
      type: "switch",
      property: "payload",
      propertyType: "msg",
      rules: [{ t: "nnull", v: "", vt: "str" }],
      checkall: "true",
      wires: [["change", "split"]],
    },
    {
      id: "change",
      type: "change",
      rules: [{ t: "set", p: "topic", pt: "msg", to: "x", tot: "str" }],
      wires: [["rbe"]],
    },
    { id: "rbe", type: "rbe", func: "rbe", property: "payload", wires: [[]] },
    { id: "split", type: "split", arraySplt: 1, splt: ",", spltType: "str", wires: [["join"]] },
    { id: "join", type: "join", mode: "auto", wires: [["end"]] },
    { id: "end", type: "junction", wires: [] },
  ];

  it("each has ended, and neither its run nor its message is kept", async () => {
    setFlagsFromString("--expose_gc");
    const collect = runInNewContext("gc") as () => void;
    await jobs.nodeRed.deploy(flow);
    const RED = nodeRedItself();
    // The test's own, which keeps all messages.
    RED.hooks.remove("*.test");
    const start = RED.nodes.getNode("start");
    const follower = followerOf(RED);
    const stop = follower.listen(start);
    const seen: WeakRef<object>[] = [];
    let begun = 0;
    let ended = 0;
    const settle = () => {
      ended++;
      if (begun < RUNS) begin();
    };
    function begin(): void {
      begun++;
      const run = follower.begin({ job: "job", until: "branches", timeLimit: 600, settle });
      const message: Message = { payload: "a,b", [RUN_PROPERTY]: run.id };
      if (begun % 1000 === 1) seen.push(new WeakRef(run), new WeakRef(message));
      run.start(() => start.receive(message));
    }
    const heap = async () => {
      for (let turns = 0; turns < 5; turns++) await turn();
      collect();
      return process.memoryUsage().heapUsed;
    };
    for (let first = 0; first < AT_ONCE; first++) begin();
    await until(() => ended > RUNS / 10);
    const before = await heap();
    await until(() => ended === RUNS);
    const after = await heap();
    stop();
    expect(seen.filter((reference) => reference.deref() !== undefined)).toEqual([]);
    // Any 10 bytes that were kept of each would show.
    expect(after - before).toBeLessThan(RUNS * 10);
  });
});

describe("A queue in node that is taken out", () => {
  const RED = () => nodeRedItself();
  const methods = () => Object.getPrototypeOf(Object.getPrototypeOf(RED().nodes.getNode("first")));
  const traces = () => ({
    hooks: ["preDeliver", "onReceive", "onComplete", "onSend"].filter((hook) =>
      RED().hooks.has(`${hook}.vcon-following`),
    ),
    error: methods().error,
    signals: process.listeners("SIGTERM"),
  });

  it("leaves Node-RED and the process as they were, however often it is put in", async () => {
    await jobs.nodeRed.deploy([junction, last]);
    const before = traces();
    expect(before.hooks).toEqual([]);
    for (let round = 0; round < 12; round++) {
      await jobs.deploy([junction, last]);
      expect(traces().hooks).toEqual(["preDeliver", "onReceive", "onComplete"]);
      expect(traces().error).not.toBe(before.error);
    }
    const events = RED().events.listenerCount("flows:started");
    await jobs.deploy([junction, last]);
    expect(RED().events.listenerCount("flows:started")).toBe(events);
    await jobs.add();
    await jobs.held(1);
    jobs.release();
    await jobs.areDone();
    await jobs.nodeRed.deploy([junction, last]);
    expect(traces()).toEqual(before);
  });
});
