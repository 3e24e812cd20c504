/** A job of BullMQ in the hands of a taker. */
import type { Outcome, ResumePoint, TakenJob } from "../queue.ts";
import { type QueuedJob, timeOf } from "./job.ts";

export class Claim implements TakenJob {
  readonly id: string;
  readonly uuid: string;
  readonly attempt: number;
  readonly resume?: ResumePoint;
  readonly #outcome = Promise.withResolvers<Outcome>();
  readonly #timestamp: number;
  readonly #over = Promise.withResolvers<void>();

  constructor({ id, data, attemptsMade, timestamp }: QueuedJob) {
    this.id = id!;
    this.uuid = data.uuid;
    this.attempt = attemptsMade + 1;
    this.#timestamp = timestamp;
    if (data.resume) this.resume = data.resume;
  }

  get addedAt(): string {
    return timeOf(this.#timestamp);
  }

  settle(outcome: Outcome): Promise<void> {
    this.#outcome.resolve(outcome);
    return this.#over.promise;
  }

  /** What the taker has said first. */
  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  /** Resolves when Redis knows the outcome, or will not learn it. */
  get isOver(): Promise<void> {
    return this.#over.promise;
  }

  end(): void {
    this.#over.resolve();
  }
}
