/**
 * What one node in the way costs a message: our simplest filter, which reads nothing, beside a core Function node
 * that says `return msg`. Microseconds a hop: a line of so many nodes, less a line of none.
 */
import { newUuid } from "../core/index.ts";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type BenchNodeRed, forSeconds, line, withNodeRed } from "./support/node-red.ts";

const RUNS = 5;
const SECONDS = 2;
const HOPS = 20;

const ours = { type: "vcon-bench-pass", store: "store" };
const core = { type: "function", func: "return msg;", outputs: 1, libs: [] };

export const hop: Measurement = {
  name: "hop",
  measure: () => withNodeRed(measure),
};

async function measure(nodeRed: BenchNodeRed): Promise<Figure[]> {
  await nodeRed.deploy([
    { id: "store", type: "vcon-store", url: "sqlite:bench.sqlite" },
    ...line("none", []),
    ...line("filter", Array(HOPS).fill(ours)),
    ...line("function", Array(HOPS).fill(core)),
  ]);
  const filters: number[] = [];
  const functions: number[] = [];
  for (const name of ["none", "filter", "function"]) await microseconds(nodeRed, name, SECONDS / 4);
  for (let run = 0; run < RUNS; run++) {
    const none = await microseconds(nodeRed, "none", SECONDS);
    filters.push(((await microseconds(nodeRed, "filter", SECONDS)) - none) / HOPS);
    functions.push(((await microseconds(nodeRed, "function", SECONDS)) - none) / HOPS);
  }
  return [
    figure("hop filter", "µs", filters),
    figure("hop Function node", "µs", functions),
    ratio("hop filter / Function node", filters, functions),
  ];
}

/** A message's share of the time, from the source to the sink. */
async function microseconds(nodeRed: BenchNodeRed, name: string, seconds: number): Promise<number> {
  const payload = newUuid();
  const next = forSeconds(seconds, () => ({ payload }));
  return 1e6 / (await nodeRed.drive({ from: `${name} source`, to: `${name} sink`, next }));
}
