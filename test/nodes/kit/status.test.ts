/** What stands below a node: how many vCons it has done, redrawn at most once a second. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startDeepgramStandIn } from "../../../flows/stand-ins/deepgram.ts";
import type { StandIn } from "../../../flows/stand-ins/stand-in.ts";
import { recordingFile, transcripts } from "../../stand-ins/conversations.ts";
import { type Gate, startGate } from "../../support/gate.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, inline, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let deepgram: StandIn;
let gate: Gate;
beforeAll(async () => {
  deepgram = await startDeepgramStandIn({ transcripts });
  gate = await startGate(deepgram.url);
  process.env["DEEPGRAM_API_KEY"] = "key";
});
afterAll(async () => {
  await gate.close();
  await deepgram.close();
});

const read = (id: string): FlowNode => ({
  id,
  type: "vcon-read",
  store: "store",
  parts: ["head"],
  wires: [["out"]],
});
const flow = (): FlowNode[] => [
  storeNode,
  { id: "account", type: "vcon-deepgram", url: gate.url },
  {
    id: "find",
    type: "vcon-find-text",
    store: "store",
    words: ["recall"],
    where: "anything",
    wires: [["out"], ["out"]],
  },
  {
    id: "transcribe",
    type: "vcon-transcribe",
    store: "store",
    vendor: "deepgram",
    deepgram: "account",
    wires: [["out"]],
  },
  ...["read", "failing", "busy"].map(read),
  ...ends,
];

const green = (text: string) => ({ fill: "green", shape: "dot", text });
/** Waits until the node shows this. */
const shows = (id: string, status: object) =>
  vi.waitFor(() => expect(nodeRed.status(id)).toEqual(status), { timeout: 5000 });

/** Each test has a node of its own, so that their seconds pass at the same time. */
describe.concurrent("the status", () => {
  let about: string;
  let other: string;
  beforeAll(async () => {
    await nodeRed.deploy(flow());
    about = await stored(store, chat("A recall."));
    other = await stored(store, chat("Good morning."));
  });

  it("of a filter counts by output", async () => {
    for (const payload of [about, other, about]) await nodeRed.through("find", { payload });
    await shows("find", green("2 found, 1 not found"));
  });

  it("shows what is running, then what is done", async () => {
    const audio = recordingFile("01-kettle-recall.mp3");
    const payload = await stored(store, call(inline(audio)));
    gate.hold();
    const arrival = nodeRed.through("transcribe", { payload });
    await shows("transcribe", { fill: "blue", shape: "dot", text: "1 running, 0 done" });
    gate.open();
    await arrival;
    await shows("transcribe", green("1 done"));
  });

  it("is red after a failure, until the next success", async () => {
    await nodeRed.through("failing", { payload: about });
    await nodeRed.through("failing", { payload: "none" });
    await shows("failing", { fill: "red", shape: "ring", text: "1 done, 1 failed" });
    await nodeRed.through("failing", { payload: about });
    await shows("failing", green("2 done, 1 failed"));
  });

  it("is drawn at most once a second, and counts every vCon", async () => {
    const begun = performance.now();
    let sent = 0;
    while (performance.now() - begun < 1500) {
      await nodeRed.through("busy", { payload: about });
      sent++;
    }
    await shows("busy", green(`${sent} done`));
    const times = nodeRed.statuses("busy").map(({ at }) => at);
    const pauses = times.slice(1).map((at, index) => at - times[index]!);
    expect(pauses.length).toBeGreaterThan(0);
    for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(990);
  });
});

describe("the status after a deploy", () => {
  it("starts anew, and nothing of the old node is drawn over it", async () => {
    await nodeRed.deploy(flow());
    const payload = await stored(store, chat("A recall."));
    await nodeRed.through("read", { payload });
    await nodeRed.deploy(flow());
    await nodeRed.through("read", { payload });
    await shows("read", green("1 done"));
  });
});
