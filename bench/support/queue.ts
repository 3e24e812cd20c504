/** A queue full of jobs, and how fast it empties. */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { openStore, type Queue } from "../../core/index.ts";

export const QUEUE = "bench";

/** So many are added at once. */
const ADD_AT_ONCE = 500;
const LOOK_MS = 5;

/** Works with a queue of the home at this URL. */
export async function withQueue<Result>(
  url: string,
  work: (queue: Queue) => Promise<Result>,
  name = QUEUE,
): Promise<Result> {
  const store = await openStore(url);
  try {
    return await work((await store.delivery()).queue(name));
  } finally {
    await store.close();
  }
}

/** A job for each of these vCons. @returns how many a second */
export async function addJobs(queue: Queue, uuids: readonly string[]): Promise<number> {
  const limit = pLimit(ADD_AT_ONCE);
  const began = performance.now();
  await Promise.all(uuids.map((uuid) => limit(() => queue.add(uuid))));
  return (uuids.length * 1000) / (performance.now() - began);
}

/** Resolves when nothing is left of the queue. */
export async function untilEmpty(queue: Queue): Promise<void> {
  for (;;) {
    const { waiting, delayed, active, dead } = await queue.counts();
    if (dead > 0) throw new Error("A job failed, so what was measured means nothing.");
    if (waiting + delayed + active === 0) return;
    await sleep(LOOK_MS);
  }
}
