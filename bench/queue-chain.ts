/**
 * How many vCons a second go from a queue through three tag nodes into another queue, each acknowledged, for each home of
 * the store and for little and much audio in the vCon. Every run has vCons of its own.
 */
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type Home, homes } from "./support/homes.ts";
import { type BenchNodeRed, line, withNodeRed } from "./support/node-red.ts";
import { addJobs, QUEUE, untilEmpty, withQueue } from "./support/queue.ts";
import { type Size, sizes } from "./support/tag-chain.ts";
import { storeCalls } from "./support/vcons.ts";

const RUNS = 5;
const AT_ONCE = 100;
/** Jobs that come first, so that connections are open, statements prepared and scripts known. */
const AHEAD = 200;

const [small, , , large] = sizes;
/** The ratio compares runs with as many small vCons as large ones, each of which comes as often. */
const few: Size = { ...large, visits: 40 };
const beside: Size = { ...few, bytes: small.bytes };

export const queueChain: readonly Measurement[] = homes.map((home) => ({
  name: `queue chain ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const runs = new Map<Size, number[]>([small, few, beside].map((size) => [size, []]));
  await perSecond(nodeRed, home, small);
  for (let run = 0; run < RUNS; run++) {
    // There and back, because what a run removes from the disk keeps it busy in the next.
    const order = run % 2 === 0 ? [...runs] : [...runs].reverse();
    for (const [size, found] of order) found.push(await perSecond(nodeRed, home, size));
  }
  const name = `queue chain ${home.name}`;
  return [
    figure(`${name} ${small.label}`, "vCons/s", runs.get(small)!),
    figure(`${name} ${few.label}`, "vCons/s", runs.get(few)!),
    ratio(`${name} ${few.label} / ${small.label}`, runs.get(few)!, runs.get(beside)!),
  ];
}

async function perSecond(nodeRed: BenchNodeRed, home: Home, { bytes, vCons, visits }: Size): Promise<number> {
  const place = await home.open();
  const ahead = await storeCalls(place.url, AHEAD, 1000);
  const uuids = await storeCalls(place.url, vCons, bytes);
  const count = vCons * visits;
  const found = await withQueue(place.url, async (jobs) => {
    await addJobs(jobs, ahead);
    for (let visit = 0; visit < visits; visit++) await addJobs(jobs, uuids);
    await nodeRed.deploy(flowAt(place.url));
    let seen = 0;
    let began = 0;
    nodeRed.node("begun").arrived = () => {
      if (++seen === AHEAD + 1) began = performance.now();
    };
    await untilEmpty(jobs);
    return (count * 1000) / (performance.now() - began);
  });
  await nodeRed.deploy([]);
  await place.remove([...ahead, ...uuids]);
  return found;
}

function flowAt(url: string) {
  const store = "store";
  const limits = { atOnce: AT_ONCE, attempts: 1, pause: 1, timeLimit: 600 };
  const [, ...tags] = line("tag", ["one", "two", "three"].map(tag)).slice(0, -1);
  const out = {
    id: "tag sink",
    type: "vcon-queue-out",
    store,
    queue: `${QUEUE} next`,
    priority: "normal",
    delay: 0,
  };
  return [
    { id: store, type: "vcon-store", url },
    { ...limits, id: "take", type: "vcon-queue-in", store, queue: QUEUE, wires: [["begun"]] },
    { id: "begun", type: "bench-tap", wires: [[tags[0]!.id]] },
    ...tags,
    out,
  ];
}

/** Another value at each visit. */
function tag(name: string) {
  return {
    type: "vcon-tag",
    store: "store",
    tags: [{ name, nameType: "str", value: "_msgid", valueType: "msg" }],
  };
}
