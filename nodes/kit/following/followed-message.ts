/** Where a message of a run is. It is the object itself that counts, since it is by it that nodes say they are done. */
import type { Message } from "../runner.ts";
import type { FlowNode } from "./nodes.ts";
import type { Run } from "./run.ts";

export class FollowedMessage {
  readonly run: Run;
  readonly object: Message;
  /** What the object was, and may still be, as a message of another run. */
  readonly earlier: FollowedMessage | undefined;
  /** The `_msgid` that it had when it was last sent. */
  id: string | undefined;
  /** The nodes that it was sent to and has not come to. */
  #coming: FlowNode[] | undefined;
  /** The nodes that have it. */
  #at: FlowNode[] | undefined;

  constructor(run: Run, object: Message, earlier: FollowedMessage | undefined) {
    this.run = run;
    this.object = object;
    this.earlier = earlier;
  }

  /** Where it is, or is about to be. */
  get nodes(): readonly FlowNode[] {
    return [...(this.#at ?? []), ...(this.#coming ?? [])];
  }

  isAt(node: FlowNode): boolean {
    return this.#at?.includes(node) === true;
  }

  isComingTo(node: FlowNode): boolean {
    return this.#coming?.includes(node) === true;
  }

  sentTo(node: FlowNode): void {
    if (this.#coming) this.#coming.push(node);
    else this.#coming = [node];
    this.run.opened();
  }

  /** It was sent there before. */
  cameTo(node: FlowNode): void {
    takeOne(this.#coming, node);
    if (this.#at) this.#at.push(node);
    else this.#at = [node];
  }

  /** The node is done with it; one that says so twice is heard once. */
  leftFrom(node: FlowNode): void {
    if (!takeOne(this.#at, node)) return;
    if (!this.#at?.length && !this.#coming?.length) this.run.lost(this);
    this.run.closed();
  }
}

function takeOne(nodes: FlowNode[] | undefined, node: FlowNode): boolean {
  if (nodes === undefined) return false;
  const index = nodes.lastIndexOf(node);
  if (index === -1) return false;
  if (index === nodes.length - 1) nodes.pop();
  else nodes.splice(index, 1);
  return true;
}
