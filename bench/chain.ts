/**
 * How many vCons a second go through a chain of three tag nodes, from the first one's input to the last one's output,
 * for each home of the store and each size of audio in the vCon. Every run has vCons of its own, stored before it.
 */
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type Home, homes } from "./support/homes.ts";
import { type BenchNodeRed, withNodeRed } from "./support/node-red.ts";
import { deployTags, type Size, sizes } from "./support/tag-chain.ts";

const RUNS = 5;
const [smallest, , , largest] = sizes;
/** The ratio compares runs with as many small vCons as large ones: a short run spends more of itself on its ends. */
const beside: Size = { ...largest, bytes: smallest.bytes };

export const chain: readonly Measurement[] = homes.map((home) => ({
  name: `chain ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const runs = new Map<Size, number[]>([...sizes, beside].map((size) => [size, []]));
  const runOnce = async (size: Size): Promise<number> => {
    const tags = await deployTags(nodeRed, await home.open(), size, { length: 3 });
    const perSecond = await tags.drive();
    await tags.close();
    return perSecond;
  };

  await runOnce(smallest);
  for (let run = 0; run < RUNS; run++) {
    // There and back, because what a run removes from the disk keeps it busy in the next.
    const order = run % 2 === 0 ? [...runs] : [...runs].reverse();
    for (const [size, found] of order) found.push(await runOnce(size));
  }
  return [
    ...sizes.map((size) => figure(`chain ${home.name} ${size.label}`, "vCons/s", runs.get(size)!)),
    ratio(`chain ${home.name} ${largest.label} / ${smallest.label}`, runs.get(largest)!, runs.get(beside)!),
  ];
}
