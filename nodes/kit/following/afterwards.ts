/** What nodes still send of a message after they have said that they are done with it: a timer of theirs is running. */
import { AsyncResource } from "node:async_hooks";
import type { NodeAPI } from "node-red";
import type { Message } from "../runner.ts";
import type { FlowNode } from "./nodes.ts";

interface FunctionNode extends FlowNode {
  func: string;
  outstandingTimers?: NodeJS.Timeout[];
  outstandingIntervals?: NodeJS.Timeout[];
}

interface TriggerNode extends FlowNode {
  topics: Record<string, { tout?: NodeJS.Timeout | 0 }>;
  bytopic: string;
  topic: string;
  loop?: boolean;
  op2type: string;
}

/** How often they are looked at. */
const LOOK_MS = 100;

export class Afterwards {
  readonly #util: NodeAPI["util"];
  /** When Function nodes got their messages, by the ids that Node.js gives timers in their order. */
  readonly #since = new WeakMap<Message, number>();
  readonly #sendsByTimer = new WeakMap<FunctionNode, boolean>();
  /** Timers of triggers that a message is waited for by. */
  readonly #claimed = new WeakSet<NodeJS.Timeout>();
  readonly #pending = new Map<() => boolean, () => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ util }: NodeAPI) {
    this.#util = util;
  }

  /** A Function node got a message. */
  got(node: FlowNode, message: Message): void {
    if (this.#maySendByTimer(node as FunctionNode))
      this.#since.set(message, new AsyncResource("message").asyncId());
  }

  /**
   * A node has said that it is done with the message.
   * @param over is called later, if there is something to come
   * @returns whether there is
   */
  isToCome(node: FlowNode, message: Message, over: () => void): boolean {
    const isOver =
      node.type === "function"
        ? this.#timersOf(node as FunctionNode, message)
        : node.type === "trigger"
          ? this.#secondOf(node as TriggerNode, message)
          : undefined;
    if (!isOver) return false;
    this.#pending.set(isOver, over);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    return true;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#pending.clear();
  }

  #look(): void {
    for (const [isOver, over] of this.#pending) {
      if (!isOver()) continue;
      this.#pending.delete(isOver);
      over();
    }
    if (this.#pending.size === 0) this.stop();
  }

  /** Node-RED says for it that it is done, as long as its code does not. */
  #maySendByTimer(node: FunctionNode): boolean {
    const known = this.#sendsByTimer.get(node);
    if (known !== undefined) return known;
    const { func } = node;
    const may =
      /\bset(Timeout|Interval)\b/.test(func) && /\bnode\.send\b/.test(func) && !/\bnode\.done\b/.test(func);
    this.#sendsByTimer.set(node, may);
    return may;
  }

  /** Those that it has set since it got the message. */
  #timersOf(node: FunctionNode, message: Message): (() => boolean) | undefined {
    const since = this.#since.get(message);
    if (since === undefined) return undefined;
    this.#since.delete(message);
    const running = () => [...(node.outstandingTimers ?? []), ...(node.outstandingIntervals ?? [])];
    const timers = running().filter((timer) => Number(timer) > since);
    if (timers.length === 0) return undefined;
    return () => {
      const left = new Set(running());
      return !timers.some((timer) => left.has(timer));
    };
  }

  /** Of the messages that come meanwhile it sends only the last one, and only if it is set so. */
  #secondOf(node: TriggerNode, message: Message): (() => boolean) | undefined {
    const topic = this.#topicOf(node, message);
    const timer = node.topics[topic]?.tout;
    if (!timer || node.loop || node.op2type === "nul") return undefined;
    if (this.#claimed.has(timer) && node.op2type !== "payl") return undefined;
    this.#claimed.add(timer);
    return () => node.topics[topic]?.tout !== timer;
  }

  #topicOf({ bytopic, topic }: TriggerNode, message: Message): string {
    if (bytopic === "all") return "_none";
    return String(this.#util.getMessageProperty(message, topic) || "_none");
  }
}
