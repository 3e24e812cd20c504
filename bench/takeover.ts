/**
 * How long the jobs of a killed process wait until another has begun them, with what is set by default: two Node-REDs,
 * one of which is killed with SIGKILL while it works on jobs that never end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Instance, makeInstance } from "../test/soak/instance.ts";
import { type Figure, type Measurement, percentile95 } from "./measurement.ts";
import { type Home, ownHomes } from "./support/homes.ts";
import { addJobs, QUEUE, withQueue } from "./support/queue.ts";
import { storeCalls } from "./support/vcons.ts";

const KILLS = 10;
const JOBS = 50;
/** Claims are renewed in a rhythm of their own; the kill comes anywhere in it. */
const RHYTHM_MS = 5000;

export const takeover: readonly Measurement[] = ownHomes.slice(0, 2).map((home) => ({
  name: `takeover ${home.name}`,
  measure: () => measure(home),
}));

async function measure(home: Home): Promise<Figure[]> {
  const place = await home.open();
  const uuids = await storeCalls(place.url, JOBS, 1000);
  await withQueue(place.url, (jobs) => addJobs(jobs, uuids));
  /** By UUID, which of the two has it. */
  const holders = new Map<string, number>();
  const takenAt = new Map<string, number>();
  const instanceOf = (index: number) =>
    makeInstance(
      flowAt(place.url),
      {},
      {
        begun: (uuid) => {
          holders.set(uuid, index);
          takenAt.set(uuid, performance.now());
        },
        finished: () => {},
        failed: () => {},
      },
    );
  const instances = await Promise.all([instanceOf(0), instanceOf(1)]);
  await Promise.all(instances.map((instance) => instance.start()));
  const waits: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    while (takenAt.size < JOBS) await sleep(20);
    await sleep(Math.random() * RHYTHM_MS);
    const victim = kill % 2;
    waits.push(...(await waitsAfterKill(instances[victim]!, victim, holders, takenAt)));
    await instances[victim]!.start();
  }
  await Promise.all(instances.map((instance) => instance.remove()));
  await place.remove(uuids);
  return [percentile95(`takeover ${home.name}, 95th percentile`, "s", waits)];
}

async function waitsAfterKill(
  victim: Instance,
  index: number,
  holders: Map<string, number>,
  takenAt: Map<string, number>,
): Promise<number[]> {
  const orphans = [...holders].filter(([, holder]) => holder === index).map(([uuid]) => uuid);
  for (const uuid of orphans) takenAt.delete(uuid);
  const killed = performance.now();
  await victim.kill();
  while (takenAt.size < JOBS) await sleep(20);
  return orphans.map((uuid) => (takenAt.get(uuid)! - killed) / 1000);
}

function flowAt(url: string) {
  const store = "store";
  const limits = { atOnce: JOBS, attempts: 8, pause: 5, timeLimit: 86_400 };
  return [
    { id: store, type: "vcon-store", url },
    { ...limits, id: "take", type: "vcon-queue-in", store, queue: QUEUE, wires: [["first"]] },
    { id: "first", type: "delay", pauseType: "delay", timeout: "1", timeoutUnits: "days" },
  ];
}
