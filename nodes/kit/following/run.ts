/** One job's way through the flow: where its messages are, what failed, and how it ended. */
import type { Failure, Outcome } from "../../../core/index.ts";
import type { Message } from "../runner.ts";
import { FollowedMessage } from "./followed-message.ts";
import { type FlowNode, nameOf } from "./nodes.ts";

/** What ends a job: all its messages have ended, or a finish node says so. */
export type Until = "branches" | "finish";

export interface RunOptions {
  /** Id of the job; the same at its next attempt. */
  job: string;
  until: Until;
  /** Seconds. */
  timeLimit: number;
  settle(outcome: Outcome): void;
}

/** Whoever follows runs. */
export interface Home {
  /** Does the work as a part of the run, now or once flows have started. */
  within(run: Run, work: () => void): void;
  settled(run: Run, options: RunOptions, outcome: Outcome): void;
}

const NONE: readonly Run[] = [];
const NO_IDS: readonly string[] = [];

export class Run {
  readonly id: string;
  /** In the milliseconds of `performance.now()`. */
  readonly deadline: number;
  readonly #options: RunOptions;
  readonly #home: Home;
  /** Other names than its own by which its messages are known. */
  #ids: string[] | undefined;
  /** Those that are somewhere; most runs never have more than one. */
  #message: FollowedMessage | undefined;
  #moreMessages: Map<Message, FollowedMessage> | undefined;
  /** How many nodes have a message of it, or are about to get one. */
  #open = 0;
  /** The first error that no Catch node took. */
  #failure: Failure | undefined;
  #isStranded = false;
  #isDue = false;
  #outcome: Outcome | undefined;
  #hasRunOut = false;
  /** The runs that have to end before it, and those that wait for it. */
  #before: Set<Run> | undefined;
  #after: Set<Run> | undefined;

  constructor(id: string, options: RunOptions, home: Home) {
    this.id = id;
    this.#options = options;
    this.#home = home;
    this.deadline = performance.now() + options.timeLimit * 1000;
  }

  get job(): string {
    return this.#options.job;
  }

  get isSettled(): boolean {
    return this.#outcome !== undefined;
  }

  get isStranded(): boolean {
    return this.#isStranded;
  }

  /** Whether it ended because there was nothing left to wait for. */
  get hasRunOut(): boolean {
    return this.#hasRunOut;
  }

  get ids(): readonly string[] {
    return this.#ids ?? NO_IDS;
  }

  /** @param begin sends the first message */
  start(begin: () => void): void {
    this.opened();
    this.#home.within(this, () => {
      begin();
      this.closed();
    });
  }

  known(id: string): void {
    this.#ids ??= [];
    this.#ids.push(id);
  }

  /** What is known of the object as a message of this run, if it is anywhere. */
  get(object: Message): FollowedMessage | undefined {
    return this.#message?.object === object ? this.#message : this.#moreMessages?.get(object);
  }

  /** The object is about to be somewhere as a message of this run, which `get` does not know yet. */
  follow(object: Message, earlier: FollowedMessage | undefined): FollowedMessage {
    const message = new FollowedMessage(this, object, earlier);
    if (this.#message) this.#moreMessages = (this.#moreMessages ?? new Map()).set(object, message);
    else this.#message = message;
    return message;
  }

  /** The message is nowhere any more. */
  lost(message: FollowedMessage): void {
    if (this.#message === message) this.#message = undefined;
    else this.#moreMessages?.delete(message.object);
  }

  /** Its message at the node, of this `_msgid` if one is given. */
  messageAt(node: FlowNode, id?: string): FollowedMessage | undefined {
    return this.#messages().find((message) => (id === undefined || message.id === id) && message.isAt(node));
  }

  /** There is one thing more to end. */
  opened(): void {
    this.#open++;
  }

  closed(): void {
    if (--this.#open === 0) this.#checkSoon();
  }

  failed(failure: Failure): void {
    this.#failure ??= failure;
  }

  /** A message can't go on because the flow is being stopped: the job is for those who come after. */
  strand(): void {
    this.#isStranded = true;
  }

  /**
   * Returns the job if all that is left of it is at nodes that were stopped.
   * @param hasLost whether nothing will come of what the node has
   */
  returnIfStranded(hasLost: (node: FlowNode) => boolean): void {
    const nodes = this.#nodes();
    const lost = nodes.filter(hasLost).length;
    if (lost > 0) this.strand();
    if (this.#isStranded && lost === nodes.length) this.settle({ is: "returned" });
  }

  /** A message of this run went on as one with a message of the other, so that they end alike. */
  waitFor(other: Run): void {
    this.#before = (this.#before ?? new Set()).add(other);
    other.#after = (other.#after ?? new Set()).add(this);
  }

  settle(outcome: Outcome): void {
    if (this.#outcome) return;
    this.#outcome = outcome;
    this.#home.settled(this, this.#options, outcome);
    for (const run of this.#after ?? []) run.#checkSoon();
    this.#after = undefined;
    this.#before = undefined;
    this.#message = undefined;
    this.#moreMessages = undefined;
  }

  /** The time limit has passed. */
  giveUp(): void {
    if (this.#isStranded) this.settle({ is: "returned" });
    else this.settle({ is: "failed", failure: this.#failure ?? this.#tooLate() });
  }

  static readonly #due: Run[] = [];

  /** A turn later: a node may say that it is done before it sends what it has made of the message. */
  #checkSoon(): void {
    if (this.#isDue || this.#outcome) return;
    this.#isDue = true;
    if (Run.#due.push(this) === 1) setImmediate(Run.#checkDue);
  }

  static readonly #checkDue = (): void => {
    for (const run of Run.#due.splice(0)) run.#check();
  };

  /** It ends alike with all those that it waits for, once none of them has anything open. */
  #check(): void {
    this.#isDue = false;
    if (this.#outcome || this.#open > 0) return;
    const others = this.#before ? this.#allBefore() : NONE;
    if (others.every((run) => run.#isOver)) this.#settleLike(others);
  }

  /** They may wait for each other. */
  #allBefore(): Run[] {
    const all = new Set<Run>([this]);
    for (const run of all) for (const other of run.#before ?? NONE) all.add(other);
    all.delete(this);
    return [...all];
  }

  get #isOver(): boolean {
    if (this.#outcome) return true;
    if (this.#open > 0) return false;
    return this.#options.until === "branches" || this.#isStranded || this.#failure !== undefined;
  }

  #settleLike(others: readonly Run[]): void {
    const failure = this.#failure ?? others.map((run) => run.#sharedFailure).find((shared) => shared);
    if (this.#isStranded || others.some((run) => run.#isReturned)) this.settle({ is: "returned" });
    else if (failure) this.settle({ is: "failed", failure });
    else if (this.#options.until === "branches") {
      this.#hasRunOut = true;
      this.settle({ is: "done" });
    }
  }

  get #isReturned(): boolean {
    return this.#isStranded || this.#outcome?.is === "returned";
  }

  /** Without the message: it is this run's, and so would be its UUID. */
  get #sharedFailure(): Failure | undefined {
    const failure = this.#outcome?.is === "failed" ? this.#outcome.failure : this.#failure;
    if (!failure) return undefined;
    const { message: _, ...shared } = failure;
    return shared;
  }

  #messages(): FollowedMessage[] {
    return [...(this.#message ? [this.#message] : []), ...(this.#moreMessages?.values() ?? [])];
  }

  #nodes(): FlowNode[] {
    return this.#messages().flatMap(({ nodes }) => nodes);
  }

  #tooLate(): Failure {
    const { timeLimit, until } = this.#options;
    const limit = `The flow had not finished within the time limit of ${timeLimit} s`;
    const names = new Set(this.#nodes().map(nameOf));
    if (names.size > 0)
      return {
        code: "TIME_LIMIT",
        reason: `${limit}: ${[...names].join(", ")} had not said that it was done. Raise the limit, or wire a finish node.`,
      };
    const reason = `${limit}: no finish node was reached.`;
    return { code: "TIME_LIMIT", reason: until === "finish" ? reason : `${limit}.` };
  }
}
