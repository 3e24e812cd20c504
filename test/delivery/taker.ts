/** Takes jobs in a test: settles them as it is told, or keeps them in its hands until the test settles them. */
import { vi } from "vitest";
import type { ConsumeOptions, Consumer, Outcome, Queue, TakenJob } from "../../core/index.ts";

export type Decision = Outcome | undefined | Promise<Outcome>;

/** What it asks for, and how it settles a job: undefined keeps it. */
export type Taking = [options?: Partial<ConsumeOptions>, decide?: (job: TakenJob) => Decision];

export class Taker {
  /** In the order in which they came. */
  readonly taken: TakenJob[] = [];
  /** How many were in its hands at the same time, at most. */
  most = 0;
  /** What the consumer told, undefined for "over". */
  readonly faults: (Error | undefined)[] = [];
  readonly #inHands = new Set<TakenJob>();
  readonly #consumer: Consumer;

  constructor(queue: Pick<Queue, "consume">, ...[options = {}, decide = () => undefined]: Taking) {
    const fault = (error: Error | undefined) => this.faults.push(error);
    this.#consumer = queue.consume({ atOnce: 10, attempts: 3, pause: 20, fault, ...options }, async (job) => {
      this.taken.push(job);
      this.#inHands.add(job);
      this.most = Math.max(this.most, this.#inHands.size);
      const decided = decide(job);
      const outcome = decided instanceof Promise ? await decided : decided;
      if (outcome !== undefined) await this.settle(job, outcome);
    });
  }

  get uuids(): string[] {
    return this.taken.map(({ uuid }) => uuid);
  }

  /** What is in its hands now. */
  get held(): TakenJob[] {
    return [...this.#inHands];
  }

  settle(job: TakenJob, outcome: Outcome = { is: "done" }): Promise<void> {
    this.#inHands.delete(job);
    return job.settle(outcome);
  }

  /** The job that came as this one, counted from 1; waits for it. */
  async nth(count: number): Promise<TakenJob> {
    await until(() => this.taken.length >= count);
    return this.taken[count - 1]!;
  }

  stop(): Promise<void> {
    return this.#consumer.stop();
  }

  /** Settles what is in its hands, and stops. */
  async end(): Promise<void> {
    const stopped = this.stop();
    await Promise.all(this.held.map((job) => this.settle(job)));
    await stopped;
  }
}

/** Waits until it is so; the test's own time limit ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 55_000, interval: 5 });
}
