/**
 * Nodes that never say when they are done with a message, but are soon: core's switch and filter, and the door of a
 * subflow. A message is taken as ended some turns of the event loop after it came, since some go no further.
 */
import type { Node } from "node-red";
import { neverReports } from "./nodes.ts";

/** The switch node takes one message from its line in each turn; so much later it has sent it, too. */
const MARGIN_TURNS = 3;

export function isPrompt(node: Node): boolean {
  const { type } = node;
  return (type === "switch" || type === "rbe" || type.startsWith("subflow:")) && neverReports(node);
}

export class PromptNodes {
  /** By node, what is to be done for each message that it has, in their order. */
  readonly #lines = new Map<string, (() => void)[]>();

  /** The node got a message, of a run or not: they wait in one line. */
  got(node: string, left: () => void): void {
    const line = this.#lines.get(node);
    if (line) line.push(left);
    else this.#begin(node, [left]);
  }

  #begin(node: string, line: (() => void)[]): void {
    this.#lines.set(node, line);
    let turn = 0;
    const next = () => {
      turn++;
      if (turn >= MARGIN_TURNS) line.shift()!();
      if (line.length > 0) setImmediate(next);
      else this.#lines.delete(node);
    };
    setImmediate(next);
  }
}
