/**
 * What following costs the messages that are not followed: a line of five trivial nodes, with a queue in elsewhere in
 * the same Node-RED, which listens at all nodes, and without one.
 */
import { newUuid } from "../core/index.ts";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type BenchNodeRed, forSeconds, line, withNodeRed } from "./support/node-red.ts";
import { QUEUE } from "./support/queue.ts";

const RUNS = 15;
const SECONDS = 0.7;
const NODES = 5;

const store = { id: "store", type: "vcon-store", url: "sqlite:bench.sqlite" };
const flow = line("plain", Array(NODES).fill({ type: "vcon-bench-pass", store: "store" }));
const listener = {
  id: "take",
  type: "vcon-queue-in",
  store: "store",
  queue: QUEUE,
  atOnce: 10,
  attempts: 8,
  pause: 5,
  timeLimit: 600,
  wires: [["elsewhere"]],
};

export const following: Measurement = {
  name: "following",
  measure: () => withNodeRed(measure),
};

async function measure(nodeRed: BenchNodeRed): Promise<Figure[]> {
  const beside: number[] = [];
  const alone: number[] = [];
  const both: [number[], { id: string; type: string }[]][] = [
    [beside, [listener, { id: "elsewhere", type: "bench-sink" }]],
    [alone, []],
  ];
  for (const [, others] of both) await perSecond(nodeRed, others);
  for (let run = 0; run < RUNS; run++) {
    // There and back, since neither is to profit from its place.
    const order = run % 2 === 0 ? both : both.toReversed();
    for (const [found, others] of order) found.push(await perSecond(nodeRed, others));
  }
  return [
    figure("following, other messages beside it", "msg/s", beside),
    figure("following, none in this Node-RED", "msg/s", alone),
    ratio("following, other messages / none", beside, alone),
  ];
}

async function perSecond(nodeRed: BenchNodeRed, others: { id: string; type: string }[]): Promise<number> {
  await nodeRed.deploy([store, ...flow, ...others]);
  const payload = newUuid();
  const next = forSeconds(SECONDS, () => ({ payload }));
  return nodeRed.drive({ from: "plain source", to: "plain sink", next });
}
