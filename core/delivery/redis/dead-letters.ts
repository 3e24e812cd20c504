/** The jobs of a queue that have failed for good: BullMQ's failed ones. */
import { type Connection, script } from "../../store/redis/connection.ts";
import type { DeadLetter, ReplayFrom } from "../queue.ts";
import { isJobId, type JobData, letterOf, type QueuedJob, resumePointOf } from "./job.ts";
import type { JobHolds } from "./job-holds.ts";
import type { RedisQueue } from "./redis-queue.ts";

/** So many are dealt with together: neither Redis nor this process stands still for all of them. */
const BATCH = 100;
/** So many ids are read together. */
const IDS = 10_000;

/**
 * Writes new data into those jobs that are dead letters, and forgets how often processes ended at work on them.
 *
 * KEYS: the dead letters, then the jobs. ARGV: the data of each job, then the id of each. Answers the ids.
 */
const PREPARE = script(`
local dead, jobs = KEYS[1], #KEYS - 1
local prepared = {}
for i = 1, jobs do
  local job, data, id = KEYS[i + 1], ARGV[i], ARGV[jobs + i]
  if redis.call('ZSCORE', dead, id) then
    redis.call('HSET', job, 'data', data)
    redis.call('HDEL', job, 'stc')
    table.insert(prepared, id)
  end
end
return prepared
`);

/**
 * Removes those jobs that are dead letters, and BullMQ's record of events, which may still tell what they failed on.
 *
 * KEYS: the dead letters, the record, then the jobs. ARGV: the ids. Answers their data.
 */
const DROP = script(`
local dead, events = KEYS[1], KEYS[2]
local dropped = {}
for i, id in ipairs(ARGV) do
  local job = KEYS[i + 2]
  if redis.call('ZREM', dead, id) == 1 then
    table.insert(dropped, redis.call('HGET', job, 'data'))
    redis.call('UNLINK', job)
  end
end
redis.call('UNLINK', events)
return dropped
`);

export class DeadLetters {
  readonly #queue: RedisQueue;
  readonly #connection: Connection;
  readonly #holds: JobHolds;

  constructor(queue: RedisQueue, connection: Connection, holds: JobHolds) {
    this.#queue = queue;
    this.#connection = connection;
    this.#holds = holds;
  }

  async list({ limit = 100, offset = 0 }: { limit?: number; offset?: number } = {}): Promise<DeadLetter[]> {
    if (limit <= 0) return [];
    const jobs = await this.#queue.call((bull) => bull.getJobs(["failed"], offset, offset + limit - 1, true));
    return jobs.filter(isDead).map((job) => letterOf(this.#queue.name, job));
  }

  replay(which: readonly string[] | "all", from: ReplayFrom): Promise<number> {
    return this.#inBatches(which, (ids) => this.#replayBatch(ids, from));
  }

  drop(which: readonly string[] | "all"): Promise<number> {
    return this.#inBatches(which, (ids) => this.#dropBatch(ids));
  }

  async #replayBatch(ids: string[], from: ReplayFrom): Promise<number> {
    const jobs = await jobsOf(this.#queue, ids);
    const prepared = await this.#prepare(jobs, from);
    const replayed = await Promise.all(
      jobs.filter(({ id }) => prepared.has(id!)).map((job) => this.#replayOne(job)),
    );
    return replayed.filter(Boolean).length;
  }

  async #prepare(jobs: QueuedJob[], from: ReplayFrom): Promise<Set<string>> {
    if (jobs.length === 0) return new Set();
    const data = jobs.map((job) => JSON.stringify(dataToReplay(job, from)));
    const ids = jobs.map(({ id }) => id!);
    const keys = await this.#keysOf("failed", ...ids);
    return new Set(await this.#connection.run<string[]>(PREPARE, keys, [...data, ...ids]));
  }

  /** @returns false if it was replayed or dropped meanwhile */
  async #replayOne(job: QueuedJob): Promise<boolean> {
    try {
      await this.#queue.call(() => job.retry("failed", { resetAttemptsMade: true }));
      return true;
    } catch (error) {
      if (await this.#isDead(job)) throw error;
      return false;
    }
  }

  async #isDead({ id }: QueuedJob): Promise<boolean> {
    return this.#queue.call(
      async (bull, client) => (await client.zscore(bull.toKey("failed"), id!)) !== null,
    );
  }

  async #dropBatch(ids: string[]): Promise<number> {
    const keys = await this.#keysOf("failed", "events", ...ids);
    const dropped = await this.#connection.run<string[]>(DROP, keys, ids);
    await Promise.all(dropped.map((data) => this.#holds.end(JSON.parse(data) as JobData)));
    return dropped.length;
  }

  #keysOf(...names: string[]): Promise<string[]> {
    return this.#queue.call(async (bull) => names.map((name) => bull.toKey(name)));
  }

  async #inBatches(
    which: readonly string[] | "all",
    deal: (ids: string[]) => Promise<number>,
  ): Promise<number> {
    const ids = which === "all" ? await this.#allIds() : [...new Set(which)].filter(isJobId);
    let count = 0;
    for (let start = 0; start < ids.length; start += BATCH) {
      count += await deal(ids.slice(start, start + BATCH));
    }
    return count;
  }

  /** Read before the first of them is dealt with, since one that fails again at once is there again. */
  async #allIds(): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length % IDS === 0) {
      const page = await this.#queue.call((bull) =>
        bull.getRanges(["failed"], ids.length, ids.length + IDS - 1, true),
      );
      if (page.length === 0) break;
      for (const id of page) ids.push(id);
    }
    return ids;
  }
}

/** Those of these jobs that are there and dead. */
export async function jobsOf(queue: RedisQueue, ids: readonly string[]): Promise<QueuedJob[]> {
  const jobs = await queue.call((bull) => Promise.all(ids.map((id) => bull.getJob(id))));
  return jobs.filter((job) => job !== undefined).filter(isDead);
}

function isDead(job: QueuedJob): boolean {
  return job.finishedOn !== undefined && job.failedReason !== undefined;
}

function dataToReplay(job: QueuedJob, from: ReplayFrom): JobData {
  const { resume: _, ...data } = job.data;
  const resume = from === "failed" ? resumePointOf(job) : undefined;
  return resume === undefined ? data : { ...data, resume };
}
