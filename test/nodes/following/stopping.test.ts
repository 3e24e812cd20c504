/** What becomes of a job whose flow is stopped under it: it goes back, uncounted, and is done by the flow that comes after. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startDeepgramStandIn } from "../../../flows/stand-ins/deepgram.ts";
import type { StandIn } from "../../../flows/stand-ins/stand-in.ts";
import { Taker } from "../../delivery/taker.ts";
import { recordingFile, transcripts } from "../../stand-ins/conversations.ts";
import { type Gate, startGate } from "../../support/gate.ts";
import type { FlowNode } from "../../support/node-red.ts";
import { call, inline, stored } from "../../support/vcons.ts";
import { Jobs, last, letSlowNodesClose, nodeRedItself } from "./jobs.ts";

let jobs: Jobs;
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(() => {
    // Never answers.
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  jobs = await Jobs.start();
});
afterAll(async () => {
  await jobs.stop();
  server.close();
  server.closeAllConnections();
});

const first = (type: string, settings: object = {}): FlowNode => ({
  id: "first",
  type,
  name: "before",
  wires: [["last"]],
  ...settings,
});
const fn = (func: string): FlowNode => first("function", { func, outputs: 1 });
const after: FlowNode = first("junction");

/** By each of them a message is held, and no other deployment gets it back. */
const holding = (): [string, FlowNode[]][] => [
  ["a delay", [first("delay", { pauseType: "delay", timeout: "60", timeoutUnits: "seconds" })]],
  [
    "a rate limit",
    [first("delay", { pauseType: "queue", timeout: "60", rate: "1", nbRateUnits: "1", rateUnits: "hour" })],
  ],
  ["a function that waits", [fn("await new Promise(() => {}); return msg;")]],
  ["a function with a timer", [fn("setTimeout(() => node.send(msg), 60000);")]],
  [
    "a trigger",
    [
      first("trigger", {
        op1: "",
        op1type: "nul",
        op2: "",
        op2type: "payl",
        duration: "60",
        units: "s",
        extend: "true",
        bytopic: "all",
        topic: "topic",
        outputs: 1,
      }),
    ],
  ],
  ["an http request", [first("http request", { method: "GET", ret: "txt", url })]],
  ["an exec", [first("exec", { command: "sleep 60", addpay: "", append: "", useSpawn: "false", timer: "" })]],
  [
    "a link call",
    [
      first("link call", { links: ["in2"], linkType: "static", timeout: "60" }),
      { id: "in2", type: "link in", name: "before", wires: [[]] },
    ],
  ],
  [
    "a join",
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
  ],
  ["a batch", [first("batch", { mode: "count", count: 5, overlap: 0 })]],
  ["a node of others that never says that it is done", [first("test-never")]],
  ["a node of others without done", [first("test-silent-end")]],
];

async function middleOf(nodes: FlowNode[]): Promise<void> {
  await jobs.deploy([...nodes, last]);
  await jobs.add();
  await jobs.areRunning(1);
}

async function isDoneOnce(): Promise<void> {
  await jobs.held(1);
  await jobs.areRunning(1);
  expect(jobs.release()).toHaveLength(1);
  // It was attempted once: had the first attempt counted, it would be a dead letter.
  await jobs.areDone();
}

describe.each<["full" | "nodes", string]>([
  ["full", "A full deployment"],
  ["nodes", "A deployment of the changed nodes"],
])("%s: %s returns the job that waits at", (kind) => {
  it.each(holding().map(([name]) => name))("%s", async (name) => {
    const [, nodes] = holding().find(([other]) => other === name)!;
    await middleOf(nodes);
    await jobs.deployAs(kind, [after, last]);
    await isDoneOnce();
  });
});

describe("A deployment of the changed nodes", () => {
  it("leaves a job alone whose messages are somewhere else", async () => {
    const other = (name: string): FlowNode => ({ id: "other", type: "junction", name, wires: [[]] });
    await jobs.deploy([first("junction"), other("before"), last]);
    await jobs.add();
    await jobs.held(1);
    await jobs.deployAs("nodes", [first("junction"), other("after"), last]);
    await isDoneOnce();
  });

  it("lets a job finish that can, when queue in itself is changed", async () => {
    await jobs.deploy([first("junction"), last]);
    await jobs.add();
    await jobs.held(1);
    const deployed = jobs.deployAs("nodes", [first("junction"), last], { atOnce: 5 });
    expect(jobs.release()).toHaveLength(1);
    await deployed;
    await jobs.areDone();
  });

  it("returns a job of which one message is held where nothing comes of it, once the others have ended", async () => {
    await jobs.deploy([
      first("junction", { wires: [["last", "delay"]] }),
      { id: "delay", type: "delay", pauseType: "delay", timeout: "60", timeoutUnits: "seconds", wires: [[]] },
      last,
    ]);
    await jobs.add();
    await jobs.held(1);
    await jobs.deployAs("nodes", [first("junction", { wires: [["last"]] }), last]);
    await jobs.areRunning(1);
    jobs.release();
    await isDoneOnce();
  });

  it("returns it also where the node that was taken out would never have said so", async () => {
    await jobs.deploy([
      first("junction", { wires: [["last", "never"]] }),
      { id: "never", type: "test-never", wires: [] },
      last,
    ]);
    await jobs.add();
    await jobs.held(1);
    await jobs.deployAs("nodes", [first("junction", { wires: [["last"]] }), last]);
    await jobs.areRunning(1);
    jobs.release();
    await isDoneOnce();
  });

  it("does not hold up a job that comes after it", async () => {
    await middleOf([first("test-never")]);
    await jobs.deployAs("nodes", [after, last]);
    await isDoneOnce();
    await jobs.add();
    await isDoneOnce();
  });
});

describe("A step of ours that is under way", () => {
  let deepgram: StandIn;
  let gate: Gate;
  let uuid: string;
  let flow: (name: string) => FlowNode[];
  beforeAll(async () => {
    deepgram = await startDeepgramStandIn({ transcripts });
    gate = await startGate(deepgram.url);
    process.env["DEEPGRAM_API_KEY"] = "key";
    flow = (name) => [
      { id: "account", type: "vcon-deepgram", url: gate.url },
      first("vcon-transcribe", { name, store: "store", vendor: "deepgram", deepgram: "account" }),
      last,
    ];
  });
  afterAll(async () => {
    await gate.close();
    await deepgram.close();
  });
  beforeEach(async () => {
    gate.hold();
    await jobs.deploy(flow("before"));
    uuid = await stored(jobs.store, call(inline(recordingFile("01-kettle-recall.mp3"))));
    deepgram.requests.length = 0;
    await jobs.add(uuid);
    await gate.waiting(1);
  });

  const isPaidForOnce = async () => {
    expect(deepgram.requests).toHaveLength(1);
    const sent = (await jobs.store.trail(uuid)).filter(({ event }) => event === "vcon_sent");
    expect(sent).toHaveLength(1);
  };

  it.each(["full", "nodes"] as const)(
    "ends, and its result counts: the job goes back, and the step is not paid for twice (%s)",
    async (kind) => {
      const deployed = jobs.deployAs(kind, flow("after"));
      gate.open();
      await deployed;
      await isDoneOnce();
      await isPaidForOnce();
    },
  );

  it("keeps the job from others until it has ended", async () => {
    const deployed = jobs.deployAs("full", []);
    const elsewhere = new Taker(jobs.queue);
    // Longer than others take to see what has come back.
    await pause(1200);
    expect(elsewhere.taken).toEqual([]);
    gate.open();
    await deployed;
    expect((await elsewhere.nth(1)).uuid).toBe(uuid);
    await elsewhere.end();
    await jobs.areDone();
    await isPaidForOnce();
  });
});

describe("While nodes are being stopped, and one of them takes its time,", () => {
  it("a queue in that stays takes what comes, and begins with it when the flow is whole again", async () => {
    const slow = (name: string): FlowNode => ({ id: "slow", type: "test-slow-to-close", name, wires: [] });
    await jobs.deploy([first("junction"), slow("before"), last]);
    let sent = 0;
    const { hooks } = nodeRedItself();
    hooks.add("onSend.stopping", (events: { source: { id: string } }[]) => {
      for (const { source } of events) if (source.id === "in") sent++;
    });
    const deployed = jobs.deployAs("nodes", [first("junction", { name: "after" }), slow("after"), last]);
    await jobs.addFromElsewhere();
    await jobs.areRunning(1);
    expect(sent).toBe(0);
    letSlowNodesClose();
    await deployed;
    await isDoneOnce();
    expect(sent).toBe(1);
    hooks.remove("onSend.stopping");
  });
});
