/** A process that takes jobs and tells its parent of each; started by {@link startWorker}. */
import { setTimeout as pause } from "node:timers/promises";
import { openStore } from "../../core/store/open.ts";
import type { WorkerOrder } from "./worker-process.ts";

// It never outlives its parent.
process.on("disconnect", () => process.exit());

const {
  url,
  options,
  queue,
  isList,
  atOnce,
  settles,
  after = 0,
  diesOf,
  fails,
}: WorkerOrder = JSON.parse(process.argv[2]!);
const store = await openStore(url, options);
const delivery = await store.delivery();
const home = isList ? delivery.conserverList(queue) : delivery.queue(queue);
home.consume({ atOnce, attempts: fails ? 10 : 1, pause: 60_000, fault: tellFault }, async (job) => {
  await tell({ id: job.id, uuid: job.uuid, attempt: job.attempt });
  if (job.uuid === diesOf) process.kill(process.pid, "SIGKILL");
  if (!settles) return;
  if (after > 0) await pause(after);
  await job.settle(fails ? { is: "failed", failure: { reason: "Told to fail." } } : { is: "done" });
  await tell({ settled: job.id });
});
process.send!("ready");

/** Resolves when the parent will get it, though this process be killed. */
function tell(message: object): Promise<void> {
  return new Promise((resolve) => process.send!(message, undefined, undefined, () => resolve()));
}

function tellFault(error: Error | undefined): void {
  process.send!({ fault: error?.message ?? "over" });
}
