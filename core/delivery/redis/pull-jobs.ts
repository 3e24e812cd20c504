/** Takes jobs out of a queue for one who will not settle them: with the calls of BullMQ's worker, but without running one. */
import { randomUUID } from "node:crypto";
import { Job } from "bullmq";
import type { JobData, QueuedJob } from "./job.ts";
import type { Bull, RedisQueue } from "./redis-queue.ts";
import { hasLostClaim } from "./worker-fault.ts";

/** So many are claimed before the first of them is removed: in far less time than a claim lasts. */
const BATCH = 100;

/** @returns what is out of the queue. @throws VconError `STORE_UNAVAILABLE`, if that is nothing */
export async function pullJobs(queue: RedisQueue, limit: number): Promise<QueuedJob[]> {
  const pulled: QueuedJob[] = [];
  try {
    for (let wanted = limit; wanted > 0; wanted = limit - pulled.length) {
      const atMost = Math.min(wanted, BATCH);
      const token = randomUUID();
      const jobs = await claim(queue, atMost, token);
      const isOut = await Promise.all(jobs.map((job) => remove(queue, job, token)));
      pulled.push(...jobs.filter((_, i) => isOut[i]));
      if (jobs.length < atMost) break;
    }
  } catch (error) {
    if (pulled.length === 0) throw error;
  }
  return pulled;
}

/** What is claimed and never removed, because this process ends or Redis does not answer, is handed out again. */
async function claim(queue: RedisQueue, atMost: number, token: string): Promise<QueuedJob[]> {
  // Where nobody consumes, nobody else does this.
  await queue.call((bull) => bull.backend.moveStalledJobsToWait());
  const jobs: QueuedJob[] = [];
  while (jobs.length < atMost) {
    const job = await claimNext(queue, token);
    if (job === undefined) break;
    jobs.push(job);
  }
  return jobs;
}

function claimNext(queue: RedisQueue, token: string): Promise<QueuedJob | undefined> {
  return queue.call(async (bull) => {
    const [json, id] = await bull.backend.moveToActive(token);
    return json ? Job.fromJSON<JobData, void>(bull, json, id) : undefined;
  });
}

/** @returns false if another has the job. Without an answer it is given out all the same: rather twice than not at all. */
function remove(queue: RedisQueue, job: QueuedJob, token: string): Promise<boolean> {
  const complete = ({ backend }: Bull) =>
    backend.moveToCompleted(job, undefined, true, token, false).then(
      () => true,
      (error) => {
        if (hasLostClaim(error)) return false;
        throw error;
      },
    );
  return queue.call(complete).catch(() => true);
}
