/** A durable queue as rows of an SQLite store. */
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
import { SqliteConsumer } from "./consumer.ts";
import type { Jobs } from "./jobs.ts";
import type { Letters } from "./letters.ts";
import { LetterWatcher } from "./watcher.ts";

export class SqliteQueue implements Queue {
  readonly name: string;
  readonly #jobs: Jobs;
  readonly #letters: Letters;
  readonly #closed: AbortSignal;

  /** @param closed ends whoever consumes or watches still */
  constructor(name: string, jobs: Jobs, letters: Letters, closed: AbortSignal) {
    this.name = name;
    this.#jobs = jobs;
    this.#letters = letters;
    this.#closed = closed;
  }

  add(uuid: string, options: AddOptions = {}): Promise<void> {
    return this.#jobs.add(this.name, uuid, options);
  }

  consume(options: ConsumeOptions, take: (job: TakenJob) => void): Consumer {
    return new SqliteConsumer(this.name, this.#jobs, options, take, this.#closed);
  }

  pull(limit: number): Promise<string[]> {
    return this.#jobs.pull(this.name, limit);
  }

  async counts(): Promise<QueueCounts> {
    return this.#jobs.counts(this.name);
  }

  async deadLetters({ limit = 100, offset = 0 } = {}): Promise<DeadLetter[]> {
    return this.#letters.list(this.name, limit, offset);
  }

  async replay(which: readonly string[] | "all", from: ReplayFrom): Promise<number> {
    const count = await this.#letters.replay(this.name, which, from);
    this.#jobs.bell.ring(this.name);
    return count;
  }

  drop(which: readonly string[] | "all"): Promise<number> {
    return this.#letters.drop(this.name, which);
  }

  watchDead(reader: string, options: WatchOptions): Consumer {
    return new LetterWatcher(this.name, this.#letters, reader, options, this.#closed);
  }
}
