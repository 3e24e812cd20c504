/** One job's way through the flow: which nodes have its messages, what failed, and how it ended. */
import type { Failure, Outcome } from "../../../core/index.ts";

/** What ends a job: all its messages have ended, or a finish node says so. */
export type Until = "branches" | "finish";

export interface RunOptions {
  /** Id of the job; the same at its next attempt. */
  job: string;
  until: Until;
  /** Seconds. */
  timeLimit: number;
  settle(outcome: Outcome): void;
  /** Names the nodes that have not said that they are done. */
  describe(nodes: readonly string[]): string;
}

/** An error that no Catch node has taken yet. */
interface Open {
  node: string;
  failure: Failure;
}

export class Run {
  readonly id: string;
  /** In the milliseconds of `performance.now()`. */
  readonly deadline: number;
  readonly #options: RunOptions;
  #firstMessageId: string | undefined;
  #otherMessageIds: Set<string> | undefined;
  /** By node, how many of its messages it has or is about to get. */
  readonly #at = new Map<string, number>();
  /** By node, how many of these were sent and have not come. */
  readonly #underWay = new Map<string, number>();
  /** Everything that is still to end: messages at nodes, the start, other runs that took over a message of this one. */
  #open = 0;
  #errors: Open[] = [];
  #isStranded = false;
  #isChecking = false;
  #isSettled = false;
  /** Runs of which a message went on together with one of this run. */
  #joined: Run[] | undefined;

  constructor(id: string, options: RunOptions) {
    this.id = id;
    this.#options = options;
    this.deadline = performance.now() + options.timeLimit * 1000;
  }

  get job(): string {
    return this.#options.job;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** The ids of its messages, under which it can be found. */
  *messageIds(): Iterable<string> {
    if (this.#firstMessageId !== undefined) yield this.#firstMessageId;
    if (this.#otherMessageIds) yield* this.#otherMessageIds;
  }

  /** @returns whether the id is a new one */
  takesId(id: string): boolean {
    if (id === this.#firstMessageId || this.#otherMessageIds?.has(id)) return false;
    if (this.#firstMessageId === undefined) this.#firstMessageId = id;
    else this.#otherMessageIds = (this.#otherMessageIds ?? new Set()).add(id);
    return true;
  }

  /** @param begin sends the first message */
  start(begin: () => void): void {
    this.#open++;
    begin();
    this.#end();
  }

  /** A message was sent to the node. */
  sentTo(node: string): void {
    this.#open++;
    add(this.#at, node);
    add(this.#underWay, node);
  }

  /** The node got a message, also one that was not sent to it but handed over. */
  arrivedAt(node: string): void {
    if (takeOne(this.#underWay, node)) return;
    this.#open++;
    add(this.#at, node);
  }

  /** The node is done with a message; a node that says so twice is heard once. */
  leftFrom(node: string): void {
    if (takeOne(this.#at, node)) this.#end();
  }

  hasFailedAt(node: string): boolean {
    return this.#errors.some((error) => error.node === node);
  }

  failedAt(node: string, failure: Failure): void {
    this.#errors.push({ node, failure });
  }

  /** A Catch node took the node's last error. @returns whether it was known */
  caughtFrom(node: string): boolean {
    const index = this.#errors.findLastIndex((error) => error.node === node);
    if (index !== -1) this.#errors.splice(index, 1);
    return index !== -1;
  }

  /** A message can't go on because the flow is being stopped: the job is for those who come after. */
  strand(): void {
    this.#isStranded = true;
  }

  /** Another run's message went on as one with a message of this run, so that they end alike. */
  join(other: Run): void {
    if (this.#isSettled) return;
    other.#open++;
    this.#joined = [...(this.#joined ?? []), other];
  }

  settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#options.settle(outcome);
    for (const other of this.#joined ?? []) other.#endLike(outcome);
  }

  #endLike(outcome: Outcome): void {
    if (outcome.is === "returned") this.strand();
    // The message is the other run's, and so would be its UUID.
    if (outcome.is === "failed") {
      const { message: _, ...failure } = outcome.failure;
      this.#errors.push({ node: failure.node?.id ?? "", failure });
    }
    this.#end();
  }

  #end(): void {
    this.#open--;
    if (this.#open > 0 || this.#isChecking || this.#isSettled) return;
    this.#isChecking = true;
    // A turn later: a node that fails is done before its Catch node gets the message.
    setImmediate(() => {
      this.#isChecking = false;
      if (this.#open === 0) this.#settleByItself();
    });
  }

  #settleByItself(): void {
    const [first] = this.#errors;
    if (this.#isStranded) this.settle({ is: "returned" });
    else if (first) this.settle({ is: "failed", failure: first.failure });
    else if (this.#options.until === "branches") this.settle({ is: "done" });
  }

  /** The time limit has passed. */
  giveUp(): void {
    const [first] = this.#errors;
    if (this.#isStranded) this.settle({ is: "returned" });
    else this.settle({ is: "failed", failure: first?.failure ?? this.#tooLate() });
  }

  #tooLate(): Failure {
    const { timeLimit, until, describe } = this.#options;
    const limit = `The flow had not finished within the time limit of ${timeLimit} s`;
    const nodes = [...this.#at.keys()];
    if (nodes.length > 0)
      return {
        code: "TIME_LIMIT",
        reason: `${limit}: ${describe(nodes)} had not said that it was done. Raise the limit, or wire a finish node.`,
      };
    const reason = `${limit}: no finish node was reached.`;
    return { code: "TIME_LIMIT", reason: until === "finish" ? reason : `${limit}.` };
  }
}

function add(counts: Map<string, number>, node: string): void {
  counts.set(node, (counts.get(node) ?? 0) + 1);
}

function takeOne(counts: Map<string, number>, node: string): boolean {
  const count = counts.get(node);
  if (count === undefined) return false;
  if (count === 1) counts.delete(node);
  else counts.set(node, count - 1);
  return true;
}
