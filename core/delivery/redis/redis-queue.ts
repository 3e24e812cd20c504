/** A queue kept by BullMQ. */
import { Queue as BullQueue } from "bullmq";
import type { Connection, RedisClient } from "../../store/redis/connection.ts";
import type { VconStore } from "../../store/store.ts";
import type {
  AddOptions,
  ConsumeOptions,
  Consumer,
  DeadLetter,
  Queue,
  QueueCounts,
  ReplayFrom,
  TakenJob,
  WatchOptions,
} from "../queue.ts";
import { DeadLetterWatch } from "./dead-letter-watch.ts";
import { DeadLetters } from "./dead-letters.ts";
import { CLAIMS, type JobData, jobOptions, KEY_PREFIX, nameForBull } from "./job.ts";
import { JobHolds } from "./job-holds.ts";
import { pullJobs } from "./pull-jobs.ts";
import { RedisConsumer } from "./redis-consumer.ts";

/** BullMQ writes down what happens in a queue. Nobody here reads it, and it tells what a job has failed on. */
const KEPT_EVENTS = 0;

const EMPTY: QueueCounts = { waiting: 0, delayed: 0, active: 0, dead: 0 };

export type Bull = BullQueue<JobData, void>;

export class RedisQueue implements Queue {
  readonly name: string;
  readonly #connection: Connection;
  readonly #holds: JobHolds;
  readonly #dead: DeadLetters;
  readonly #bulls: Map<string, Bull>;
  readonly #closed: AbortSignal;

  /**
   * @param name a checked one
   * @param store keeps the bodies of the jobs
   * @param bulls those of all queues, by name, for the delivery to close
   * @param closed aborts when the delivery is closed
   */
  constructor(
    connection: Connection,
    store: VconStore,
    name: string,
    bulls: Map<string, Bull>,
    closed: AbortSignal,
  ) {
    this.name = name;
    this.#connection = connection;
    this.#bulls = bulls;
    this.#closed = closed;
    this.#holds = new JobHolds(connection, store, name);
    this.#dead = new DeadLetters(this, connection, this.#holds);
  }

  async add(uuid: string, options: AddOptions = {}): Promise<void> {
    const { jobId, ...others } = jobOptions(options);
    const data = await this.#holds.begin(uuid);
    try {
      await this.call((bull) => bull.add("vcon", data, { jobId, ...others }));
    } catch (error) {
      // It may have been added though no answer came. Nobody waits for this: Redis is probably away.
      this.#endHoldLater(jobId, data);
      throw error;
    }
    // A job of this key may have been there already, with a hold of its own.
    if (options.key !== undefined) await this.#endHold(jobId, data);
  }

  consume(options: ConsumeOptions, take: (job: TakenJob) => void): Consumer {
    return new RedisConsumer(this.name, this.#connection, this.#holds, options, take);
  }

  async pull(limit: number): Promise<string[]> {
    if (!(await this.#isThere())) return [];
    const jobs = await pullJobs(this, limit);
    await Promise.all(jobs.map(({ id, data }) => this.#endHold(id!, data)));
    return jobs.map(({ data }) => data.uuid);
  }

  async counts(): Promise<QueueCounts> {
    if (!(await this.#isThere())) return EMPTY;
    const counts = await this.call((bull) =>
      bull.getJobCounts("wait", "prioritized", "delayed", "active", "failed"),
    );
    const { wait = 0, prioritized = 0, delayed = 0, active = 0, failed = 0 } = counts;
    return { waiting: wait + prioritized, delayed, active, dead: failed };
  }

  deadLetters(options?: { limit?: number; offset?: number }): Promise<DeadLetter[]> {
    return this.#dead.list(options);
  }

  replay(which: readonly string[] | "all", from: ReplayFrom): Promise<number> {
    return this.#dead.replay(which, from);
  }

  drop(which: readonly string[] | "all"): Promise<number> {
    return this.#dead.drop(which);
  }

  watchDead(reader: string, options: WatchOptions): Consumer {
    return new DeadLetterWatch(this, this.#connection, reader, options);
  }

  /** Waits for Redis if it is away, but not for long. @throws VconError `STORE_UNAVAILABLE` */
  call<Reply>(command: (bull: Bull, client: RedisClient) => Promise<Reply>): Promise<Reply> {
    return this.#connection.call((client) => command(this.#open(client), client));
  }

  /** Now, or later if Redis is away. Never rejects. */
  async #endHold(id: string, data: JobData): Promise<void> {
    await this.#holds.endUnlessNeeded(id, data).catch(() => this.#endHoldLater(id, data));
  }

  #endHoldLater(id: string, data: JobData): void {
    void this.#holds.endWhenPossible(id, data, this.#closed);
  }

  /** BullMQ makes whatever it opens: who asks for names that there are not must not fill Redis and this process. */
  async #isThere(): Promise<boolean> {
    if (this.#bulls.has(this.name)) return true;
    const meta = `${KEY_PREFIX}:${nameForBull(this.name)}:meta`;
    return (await this.#connection.call((client) => client.exists(meta))) > 0;
  }

  /** @param client is connected, so that BullMQ has nothing to wait for */
  #open(client: RedisClient): Bull {
    const known = this.#bulls.get(this.name);
    if (known !== undefined) return known;
    const bull = new BullQueue<JobData, void>(nameForBull(this.name), {
      connection: client,
      prefix: KEY_PREFIX,
      streams: { events: { maxLen: KEPT_EVENTS } },
      // A worker has these. A queue hands them on to the same calls, by which it pulls.
      ...CLAIMS,
      // BullMQ would write to the console what it thinks of the server.
      skipVersionCheck: true,
    }).on("error", () => {});
    this.#bulls.set(this.name, bull);
    return bull;
  }
}
