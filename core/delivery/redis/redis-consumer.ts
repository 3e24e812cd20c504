/** Takes jobs from a queue by a worker of BullMQ, and settles them. */
import { setTimeout as pause } from "node:timers/promises";
import { DelayedError, WaitingError } from "bullmq";
import type { Connection, RedisClient } from "../../store/redis/connection.ts";
import { restAfter } from "../broken-off.ts";
import { changesOnly } from "../changes-only.ts";
import { handOver } from "../hand-over.ts";
import { pauseAfter } from "../pause-after.ts";
import type { ConsumeOptions, Consumer, Failure, TakenJob } from "../queue.ts";
import { Claim } from "./claim.ts";
import { evictionFault } from "./eviction.ts";
import { AttemptFailed, CLAIMS, nameForBull, type QueuedJob } from "./job.ts";
import type { JobHolds } from "./job-holds.ts";
import { PatientWorker } from "./worker.ts";
import { workerFault } from "./worker-fault.ts";

/** After a call has failed. */
const TRY_AGAIN_MS = 1000;
/** A Redis that is away is waited for so long when everything is settled and the consumer stops. */
const LEAVE_MS = 5000;

/** As for the store's calls, but that these wait for as long as Redis is away. */
const PATIENT = { enableOfflineQueue: true, maxRetriesPerRequest: null };
/** More than BullMQ lets Redis wait for a job before it answers that there is none. */
const WAITING = { ...PATIENT, socketTimeout: 30_000 };

/** What keeps jobs from being taken or settled, and what is wrong with a server that does as it is told. */
interface Faults {
  calls?: Error | undefined;
  server?: Error | undefined;
}

export class RedisConsumer implements Consumer {
  readonly #holds: JobHolds;
  readonly #options: ConsumeOptions;
  readonly #take: (job: TakenJob) => void;
  readonly #tellFault: (error: Error | undefined) => void;
  #faults: Faults = {};

  readonly #calling: RedisClient;
  readonly #waiting: RedisClient;
  readonly #worker: PatientWorker;
  readonly #claims = new Map<QueuedJob, Claim>();
  /** No job is taken any more. */
  readonly #stopping = new AbortController();
  /** Redis is not waited for any more. */
  readonly #leaving = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(
    queue: string,
    connection: Connection,
    holds: JobHolds,
    options: ConsumeOptions,
    take: (job: TakenJob) => void,
  ) {
    this.#holds = holds;
    this.#options = options;
    this.#take = take;
    this.#tellFault = changesOnly(options.fault);
    this.#calling = this.#open(connection, PATIENT, this.#leaving.signal);
    this.#waiting = this.#open(connection, WAITING, this.#stopping.signal);
    this.#worker = new PatientWorker(
      nameForBull(queue),
      (job, token) => this.#process(job, token!),
      { calling: this.#calling, waiting: this.#waiting },
      {
        concurrency: options.atOnce,
        ...CLAIMS,
        runRetryDelay: TRY_AGAIN_MS,
        settings: { backoffStrategy: (_, __, error) => pauseBeforeNext(error) },
      },
      {
        answered: () => this.#works(),
        failed: (error) => this.#report({ calls: workerFault(error) }),
        over: (job) => this.#end(job),
      },
      this.#stopping.signal,
    );
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#worker.pause(true);
    const claims = [...this.#claims.values()];
    await Promise.all(claims.map((claim) => claim.outcome));
    const away = pause(LEAVE_MS, undefined, { signal: this.#leaving.signal }).catch(() => {});
    await Promise.race([Promise.all(claims.map((claim) => claim.isOver)), away]);
    const closed = this.#close();
    await Promise.race([closed, away]);
    this.#leaving.abort();
    // One that is about to connect again finds by itself that it is not to.
    if (this.#calling.status !== "reconnecting") this.#calling.disconnect();
    await closed;
    for (const claim of claims) claim.end();
  }

  async #close(): Promise<void> {
    // BullMQ would wait for ever for a client that is about to connect again.
    while (this.#waiting.status === "reconnecting") await pause(TRY_AGAIN_MS / 50);
    await this.#worker.close();
  }

  #open(connection: Connection, options: typeof PATIENT, end: AbortSignal): RedisClient {
    const client = connection.another({
      ...options,
      retryStrategy: (attempt) => (end.aborted ? null : Math.min(attempt * 50, 1000)),
    });
    client.on("error", () => {});
    client.on("ready", () => this.#greet());
    // A cluster's client may take itself for closing after its end, and would keep every call for ever.
    client.once("end", () => client.on("close", () => Object.assign(client, { status: "end" })));
    return client;
  }

  /** Never rejects. */
  async #greet(): Promise<void> {
    if (this.#calling.status !== "ready" || this.#waiting.status !== "ready") return;
    this.#works();
    const server = await evictionFault(this.#calling).catch(() => undefined);
    this.#report({ server });
  }

  async #process(job: QueuedJob, token: string): Promise<void> {
    this.#works();
    await this.#letRest(job, token);
    if (this.#stopping.signal.aborted) return this.#giveBack(job, token);
    const claim = new Claim(job);
    this.#claims.set(job, claim);
    handOver(claim, this.#take);
    const outcome = await claim.outcome;
    if (outcome.is === "returned") await this.#giveBack(job, token);
    if (outcome.is === "failed") throw this.#failed(job, outcome.failure);
  }

  /** @throws WaitingError always, for BullMQ to know that the job is no longer here */
  async #giveBack(job: QueuedJob, token: string): Promise<never> {
    await job.moveToWait(token);
    // BullMQ wakes nobody for a job with a priority that comes back.
    await this.#calling.zadd(this.#worker.toKey("marker"), 0, "0");
    throw new WaitingError();
  }

  /** @throws DelayedError, for BullMQ to know that the job is no longer here, if it is to rest before it is begun again */
  async #letRest(job: QueuedJob, token: string): Promise<void> {
    const { stalledCounter: breaks, data } = job;
    const rest = restAfter(breaks);
    if (rest === 0 || data.restedAfter === breaks) return;
    await job.updateData({ ...data, restedAfter: breaks });
    await job.moveToDelayed(Date.now() + rest, token);
    throw new DelayedError();
  }

  #failed(job: QueuedJob, failure: Failure): AttemptFailed {
    const failures = job.attemptsMade + 1;
    return failures < this.#options.attempts
      ? AttemptFailed.toBeRepeated(pauseAfter(failures, this.#options.pause))
      : AttemptFailed.forGood(failure);
  }

  /** Never rejects. */
  async #end(job: QueuedJob): Promise<void> {
    const claim = this.#claims.get(job);
    if (claim === undefined) return;
    // Only after BullMQ has acknowledged the job: a crash in between leaves a vCon that stays, and no job without one.
    if ((await claim.outcome).is === "done")
      await this.#holds.endWhenPossible(job.id!, job.data, this.#leaving.signal);
    this.#claims.delete(job);
    claim.end();
  }

  #works(): void {
    if (this.#faults.calls !== undefined) this.#report({ calls: undefined });
  }

  #report(faults: Faults): void {
    if (this.#leaving.signal.aborted) return;
    const wasFailing = this.#faults.calls !== undefined;
    this.#faults = { ...this.#faults, ...faults };
    // What is wrong with the server is told once more after it was away.
    if (wasFailing && this.#faults.calls === undefined) this.#tellFault(undefined);
    this.#tellFault(this.#faults.calls ?? this.#faults.server);
  }
}

/** BullMQ has errors of its own where it could not write down what became of a job. */
function pauseBeforeNext(error: unknown): number {
  return error instanceof AttemptFailed ? error.pause : TRY_AGAIN_MS;
}
