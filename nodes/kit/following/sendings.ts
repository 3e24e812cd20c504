/** What a node has sent since a node last got a message: by it a message is known that was made of several. */
import type { Message } from "../runner.ts";
import type { FlowNode } from "./nodes.ts";
import type { Run } from "./run.ts";

export interface Sending {
  msg: Message;
  source: { node: FlowNode };
  destination: { node: FlowNode };
}

export class Sendings {
  #source: FlowNode | undefined;
  #last: Run | undefined;
  /** Those before the last one. */
  #others: Set<Run> | undefined;
  /** What a join node has sent that is of no run. */
  #unfollowed: Sending[] = [];

  /** A node got a message. */
  clear(): void {
    this.#source = undefined;
  }

  note(source: FlowNode, run: Run): void {
    this.#begin(source);
    if (this.#last === run) return;
    if (this.#last) this.#others = (this.#others ?? new Set()).add(this.#last);
    this.#last = run;
  }

  /** The last part that came may have been of no run, or of one that has ended. */
  noteUnfollowed(sending: Sending): void {
    if (sending.source.node.type !== "join") return;
    this.#begin(sending.source.node);
    this.#unfollowed.push(sending);
  }

  hasSent(source: FlowNode, run: Run): boolean {
    return this.#source === source && (this.#last === run || this.#others?.has(run) === true);
  }

  /** The run whose message this node has sent last. */
  lastOf(source: FlowNode): Run | undefined {
    return this.#source === source ? this.#last : undefined;
  }

  /** What this node has sent that is of no run; it is handed out once. */
  takeUnfollowed(source: FlowNode): Sending[] {
    return this.#source === source ? this.#unfollowed.splice(0) : [];
  }

  #begin(source: FlowNode): void {
    if (this.#source === source) return;
    this.#source = source;
    this.#last = undefined;
    this.#others = undefined;
    if (this.#unfollowed.length > 0) this.#unfollowed = [];
  }
}
