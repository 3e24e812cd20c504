/**
 * When a switch is done with a message, which it never says. It deals with its messages one after the other, and for
 * each it sends once, if only to no output, or reports an error. A sequence that it puts in order it holds until all
 * parts have come, and then deals with each of them.
 */
import type { Message } from "../runner.ts";
import type { FlowNode } from "./nodes.ts";

type Left = () => void;

export class Switches {
  readonly #lines = new WeakMap<FlowNode, Line>();

  /** The node got a message, of a run or not: they wait in one line. */
  got(node: FlowNode, message: Message, left: Left): void {
    let line = this.#lines.get(node);
    if (!line) {
      line = new Line(node);
      this.#lines.set(node, line);
    }
    line.got(message, left);
  }

  reportedError(node: FlowNode): void {
    this.#lines.get(node)?.dealt();
  }
}

class Line {
  readonly #holdsSequences: boolean;
  readonly #held = new Map<unknown, Left[]>();
  readonly #waiting: Left[] = [];

  constructor(node: FlowNode) {
    const { rules } = node as FlowNode & { rules?: { t: string }[] };
    const { repair } = (node._flow.flow.nodes?.[node.id] ?? {}) as { repair?: boolean };
    this.#holdsSequences = Boolean(repair || rules?.some(({ t }) => t === "tail"));
    this.#watch(node);
  }

  got({ parts }: Message, left: Left): void {
    if (this.#holdsSequences && isPart(parts)) this.#hold(parts, left);
    else this.#waiting.push(left);
  }

  dealt(): void {
    this.#waiting.shift()?.();
  }

  #hold({ id, count }: Part, left: Left): void {
    const parts = [...(this.#held.get(id) ?? []), left];
    this.#held.set(id, parts);
    if (parts.length !== count) return;
    this.#held.delete(id);
    this.#waiting.push(...parts);
  }

  /** Node-RED gives a node another `send` when its wires change. */
  #watch(node: FlowNode): void {
    let { send } = node;
    const dealt = () => this.dealt();
    const watched: typeof send = (message) => {
      send.call(node, message);
      dealt();
    };
    Object.defineProperty(node, "send", {
      configurable: true,
      get: () => watched,
      set: (other) => {
        send = other;
      },
    });
    const { warn } = node;
    node.warn = (text) => {
      warn.call(node, text);
      dealt();
    };
  }
}

interface Part {
  id: unknown;
  index: unknown;
  count?: number;
}

function isPart(parts: unknown): parts is Part {
  return typeof parts === "object" && parts !== null && "id" in parts && "index" in parts;
}
