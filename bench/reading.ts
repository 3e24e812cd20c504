/**
 * What a filter costs that reads: find text over the messages of vCons in SQLite, in microseconds a hop, beside one
 * plain `store.read` of the same parts.
 */
import { openStore, type VconStore } from "../core/index.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { type BenchNodeRed, forSeconds, line, withNodeRed } from "./support/node-red.ts";
import { chat } from "./support/vcons.ts";

const RUNS = 5;
const SECONDS = 2;
const HOPS = 5;
const VCONS = 1000;

const findText = { type: "vcon-find-text", store: "store", words: ["recall"], where: "messages" };

export const reading: Measurement = {
  name: "reading",
  measure: () => withNodeRed(measure),
};

async function measure(nodeRed: BenchNodeRed): Promise<Figure[]> {
  const url = "sqlite:bench.sqlite";
  const store = await openStore(url, { folder: nodeRed.userFolder });
  const uuids = await Promise.all(Array.from({ length: VCONS }, () => fill(store)));
  await nodeRed.deploy([
    { id: "store", type: "vcon-store", url },
    ...line("none", []),
    ...line("find", Array(HOPS).fill(findText), 2),
  ]);
  let turn = 0;
  const nextUuid = (): string => uuids[turn++ % uuids.length]!;
  const drive = async (name: string, seconds: number): Promise<number> => {
    const next = forSeconds(seconds, () => ({ payload: nextUuid() }));
    return 1e6 / (await nodeRed.drive({ from: `${name} source`, to: `${name} sink`, next }));
  };

  const hops: number[] = [];
  const reads: number[] = [];
  for (const name of ["none", "find"]) await drive(name, SECONDS / 4);
  for (let run = 0; run < RUNS; run++) {
    const none = await drive("none", SECONDS / 2);
    hops.push(((await drive("find", SECONDS)) - none) / HOPS);
    reads.push(await readFor(store, nextUuid, SECONDS));
  }
  await store.close();
  return [figure("reading find text", "µs", hops), figure("reading store.read", "µs", reads)];
}

async function fill(store: VconStore): Promise<string> {
  const vcon = chat();
  await store.create(vcon);
  return vcon.uuid;
}

/** Microseconds of one read, one after the other. */
async function readFor(store: VconStore, nextUuid: () => string, seconds: number): Promise<number> {
  const began = performance.now();
  let reads = 0;
  for (; performance.now() < began + seconds * 1000; reads++) await store.read(nextUuid(), ["dialog:text"]);
  return ((performance.now() - began) * 1000) / reads;
}
