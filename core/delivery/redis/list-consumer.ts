/** Hands out what is on a conserver list, and settles it. */
import { setTimeout as pause } from "node:timers/promises";
import { VconError } from "../../errors.ts";
import { findUuid } from "../../vcon/uuid.ts";
import { MOST_BREAKS, restAfter } from "../broken-off.ts";
import { changesOnly, type TellFault } from "../changes-only.ts";
import { handOver } from "../hand-over.ts";
import { pauseAfter } from "../pause-after.ts";
import type { ConsumeOptions, Consumer, Outcome, TakenJob } from "../queue.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Claim, ListClaims, Pulse } from "./list-claims.ts";
import { RollCall } from "./roll-call.ts";

const BEAT_MS = 1250;
/** Nothing more is taken while so many wait out their pause. */
const MOST_PAUSED = 1000;
const TRY_AGAIN_MS = 200;

export class ListConsumer implements Consumer {
  readonly #claims: ListClaims;
  readonly #arrivals: Arrivals;
  readonly #options: ConsumeOptions;
  readonly #take: (job: TakenJob) => void;
  readonly #tellFault: TellFault;
  #faults: { taking?: Error; settling?: Error } = {};

  /** All that this consumer knows it has. */
  readonly #known = new Map<string, Claim>();
  /** Of that, what is to be tried again after a pause. */
  readonly #paused = new Map<string, NodeJS.Timeout>();
  /** Of that, what waits for nothing but one of `atOnce`. */
  #due: Claim[] = [];
  /** So many of `atOnce` are in use: by what is being taken, is in the taker's hands or is being settled. */
  #busy = 0;
  /** What Redis says that this consumer has, though it did not know so at the last beat. */
  #unknown = new Set<string>();
  readonly #rollCall = new RollCall();

  readonly #stopping = new AbortController();
  readonly #leaving = new AbortController();
  readonly #taking: Promise<void>;
  readonly #beating: Promise<void>;
  #stopped: Promise<void> | undefined;
  #wake = (): void => {};

  constructor(
    claims: ListClaims,
    arrivals: Arrivals,
    options: ConsumeOptions,
    take: (job: TakenJob) => void,
  ) {
    this.#claims = claims;
    this.#arrivals = arrivals;
    this.#options = options;
    this.#take = take;
    this.#tellFault = changesOnly(options.fault);
    this.#taking = this.#keepTaking();
    this.#beating = this.#keepBeating();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    this.#arrivals.close();
    this.#wake();
    await this.#taking;
    while (this.#busy > 0) await this.#change();
    for (const timer of this.#paused.values()) clearTimeout(timer);
    this.#leaving.abort();
    // Where this fails, the others find this consumer gone.
    await Promise.all([this.#beating, this.#claims.leave().catch(() => {})]);
  }

  async #keepTaking(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const free = this.#paused.size < MOST_PAUSED ? this.#options.atOnce - this.#busy : 0;
      if (free === 0) await this.#change();
      else if ((await this.#takeUpTo(free)) < free) await this.#arrivals.next();
    }
  }

  async #takeUpTo(free: number): Promise<number> {
    this.#busy += free;
    const claims = await this.#tryToTake(free);
    this.#busy -= free - claims.length;
    for (const claim of claims) this.#begin(claim);
    this.#handOutDue();
    return claims.length;
  }

  async #tryToTake(atMost: number): Promise<Claim[]> {
    try {
      const claims = await this.#claims.take(atMost);
      this.#report("taking", undefined);
      return claims;
    } catch (error) {
      this.#report("taking", error);
      // What is on the list already is no arrival to wait for.
      await pause(TRY_AGAIN_MS, undefined, this.#stopping).catch(() => {});
      return [];
    }
  }

  /** One of `atOnce` is this claim's until it is settled. Never rejects. */
  async #begin(claim: Claim): Promise<void> {
    this.#known.set(claim.id, claim);
    if (claim.endings >= MOST_BREAKS) return this.#end(claim, () => this.#claims.bury(claim));
    await this.#insist(() => this.#claims.hold(claim));
    const rest = claim.rested ? 0 : restAfter(claim.endings);
    claim.rested = true;
    // What nobody has begun goes back when this consumer leaves.
    if (this.#stopping.signal.aborted) this.#free();
    else if (rest === 0) this.#handOut(claim);
    else {
      this.#pause(claim, rest);
      this.#free();
    }
  }

  #handOut(claim: Claim): void {
    let settled: Promise<void> | undefined;
    const settle = (outcome: Outcome): Promise<void> => {
      settled ??= this.#settle(claim, outcome);
      return settled;
    };
    const { id, text: uuid, failures, takenAt: addedAt } = claim;
    const job = { id: `${this.#claims.consumer}:${id}`, uuid, attempt: failures + 1, addedAt, settle };
    handOver(job, this.#take);
  }

  #settle(claim: Claim, { is }: Outcome): Promise<void> {
    if (is === "done") return this.#end(claim, () => this.#claims.done(claim));
    if (is === "returned") return this.#end(claim, () => this.#claims.giveBack(claim));
    claim.failures++;
    // What names no vCon never will.
    const isLast = claim.failures >= this.#options.attempts || findUuid(claim.text) === undefined;
    if (isLast) return this.#end(claim, () => this.#claims.bury(claim));
    return this.#retry(claim);
  }

  async #end(claim: Claim, tellRedis: () => Promise<void>): Promise<void> {
    await this.#insist(tellRedis);
    this.#known.delete(claim.id);
    this.#free();
  }

  async #retry(claim: Claim): Promise<void> {
    const isStillOurs = await this.#insist(() => this.#claims.failed(claim));
    if (isStillOurs) this.#pause(claim, pauseAfter(claim.failures, this.#options.pause));
    else this.#known.delete(claim.id);
    this.#free();
  }

  #pause(claim: Claim, milliseconds: number): void {
    const due = () => {
      this.#paused.delete(claim.id);
      this.#due.push(claim);
      this.#handOutDue();
    };
    this.#paused.set(claim.id, setTimeout(due, milliseconds));
  }

  #free(): void {
    this.#busy--;
    this.#handOutDue();
  }

  #handOutDue(): void {
    while (this.#busy < this.#options.atOnce && this.#due.length > 0 && !this.#stopping.signal.aborted) {
      this.#busy++;
      this.#begin(this.#due.shift()!);
    }
    this.#wake();
  }

  async #keepBeating(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      try {
        const pulse = await this.#claims.beat();
        this.#forgetLost(pulse);
        await this.#adoptUnknown(pulse);
        this.#handOutDue();
        this.#lookAfterOthers(pulse);
      } catch {
        // The next one may be heard.
      }
      await pause(BEAT_MS, undefined, this.#leaving).catch(() => {});
    }
  }

  /** What another consumer has given back, because this one seemed to be gone, is not tried again here. */
  #forgetLost({ taken }: Pulse): void {
    for (const [id, timer] of this.#paused) {
      if (taken.has(id)) continue;
      clearTimeout(timer);
      this.#paused.delete(id);
      this.#known.delete(id);
    }
  }

  /** What Redis has handed out by an answer that never came. */
  async #adoptUnknown({ taken }: Pulse): Promise<void> {
    const unknown = [...taken].filter((id) => !this.#known.has(id));
    // One that is unknown only once is just being taken or has just been settled.
    const lost = unknown.filter((id) => this.#unknown.has(id));
    this.#unknown = new Set(unknown);
    if (lost.length === 0) return;
    for (const claim of await this.#claims.look(lost)) {
      this.#known.set(claim.id, claim);
      this.#due.push(claim);
    }
  }

  #lookAfterOthers({ beats }: Pulse): void {
    for (const [consumer, last] of this.#rollCall.missing(beats)) {
      if (consumer !== this.#claims.consumer) this.#claims.endOf(consumer, last).catch(() => {});
    }
  }

  /** Until it succeeds, can't succeed, or this consumer is being stopped and it has been tried since. Never rejects. */
  async #insist<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
    while (true) {
      const isLast = this.#stopping.signal.aborted;
      try {
        const answer = await call();
        this.#report("settling", undefined);
        return answer;
      } catch (error) {
        this.#report("settling", error);
        if (isLast || !(error instanceof VconError && error.transient)) return;
        await pause(TRY_AGAIN_MS, undefined, this.#stopping).catch(() => {});
      }
    }
  }

  #report(what: "taking" | "settling", error: unknown): void {
    this.#faults = { ...this.#faults, [what]: error };
    this.#tellFault(this.#faults.taking ?? this.#faults.settling);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
