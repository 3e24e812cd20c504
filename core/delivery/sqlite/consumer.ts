/** Hands out the jobs of a queue, never more than its taker can finish. */
import { setTimeout as pause } from "node:timers/promises";
import { changesOnly } from "../changes-only.ts";
import { handOver } from "../hand-over.ts";
import type { ConsumeOptions, Consumer, Outcome, TakenJob } from "../queue.ts";
import { idOf, rfc3339 } from "./job-id.ts";
import type { Claim, Jobs } from "./jobs.ts";
import { ROUND_MS, Rounds } from "./rounds.ts";

export class SqliteConsumer implements Consumer {
  readonly #queue: string;
  readonly #jobs: Jobs;
  readonly #options: ConsumeOptions;
  readonly #take: (job: TakenJob) => void;
  readonly #closed: AbortSignal;
  readonly #tellFault: (error: Error | undefined) => void;
  readonly #rounds: Rounds;
  readonly #stopListening: () => void;
  #isFaulty = false;
  #inHands = 0;
  /** Taken, and the file does not know of its end yet. */
  #open = 0;
  #stopping: Promise<void> | undefined;
  #tellEmpty = () => {};

  constructor(
    queue: string,
    jobs: Jobs,
    options: ConsumeOptions,
    take: (job: TakenJob) => void,
    closed: AbortSignal,
  ) {
    this.#queue = queue;
    this.#jobs = jobs;
    this.#options = options;
    this.#take = take;
    this.#closed = closed;
    this.#tellFault = changesOnly(options.fault);
    this.#rounds = new Rounds(() => this.#round(), this.#fault, closed);
    this.#stopListening = jobs.bell.listen(queue, this.#rounds.ring);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopListening();
    await this.#rounds.stop();
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#tellEmpty = resolve;
    });
  }

  #isStopped(): boolean {
    return this.#stopping !== undefined || this.#closed.aborted;
  }

  #free(): number {
    return this.#isStopped() ? 0 : this.#options.atOnce - this.#inHands;
  }

  async #round(): Promise<number> {
    // Whoever settles rings.
    if (this.#free() <= 0) return ROUND_MS;
    const wait = this.#jobs.nextIn(this.#queue);
    // After a fault, only a write shows that it is over.
    if (wait > 0 && !this.#isFaulty) return wait;
    const claims = await this.#jobs.claim(this.#queue, () => this.#free());
    this.#fault(undefined);
    for (const claim of claims) this.#handOut(claim);
    return wait;
  }

  #handOut(claim: Claim): void {
    this.#inHands++;
    this.#open++;
    let settled: Promise<void> | undefined;
    const job: TakenJob = {
      id: idOf(claim.id, claim.added_at),
      uuid: claim.uuid,
      attempt: claim.failures + 1,
      addedAt: rfc3339(claim.added_at),
      ...(claim.resume !== null && { resume: JSON.parse(claim.resume) }),
      settle: (outcome) => {
        settled ??= this.#settle(claim, outcome);
        return settled;
      },
    };
    if (this.#isStopped()) void job.settle({ is: "returned" });
    else handOver(job, this.#take);
  }

  /** Tries until the file knows: meanwhile the job keeps its place, and nobody else gets it. */
  async #settle(claim: Claim, outcome: Outcome): Promise<void> {
    while (!this.#closed.aborted && !(await this.#trySettle(claim, outcome))) {
      await pause(ROUND_MS, undefined, { signal: this.#closed }).catch(() => {});
    }
    this.#open--;
    if (this.#open === 0) this.#tellEmpty();
  }

  async #trySettle(claim: Claim, outcome: Outcome): Promise<boolean> {
    // Its place is free at once, so that the next job is taken in the same transaction.
    this.#inHands--;
    const settling = this.#jobs.settle(claim, outcome, this.#options);
    this.#rounds.ring();
    try {
      await settling;
      this.#fault(undefined);
      return true;
    } catch (error) {
      this.#inHands++;
      this.#fault(error as Error);
      return false;
    }
  }

  readonly #fault = (error: Error | undefined): void => {
    this.#isFaulty = error !== undefined;
    this.#tellFault(error);
  };
}
