/** Gives a job to its taker. */
import type { Failure, TakenJob } from "./queue.ts";

const THROWN: Failure = { reason: "What takes these jobs threw an error before it had begun." };

/** One whose taker throws has failed: nobody else would ever settle it. */
export function handOver(job: TakenJob, take: (job: TakenJob) => void): void {
  try {
    take(job);
  } catch {
    void job.settle({ is: "failed", failure: THROWN });
  }
}
