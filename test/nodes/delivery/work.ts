/** The work of a flow that ends when the test says so, and how. */
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { type FlowNode, type Message, root } from "../../support/node-red.ts";

/** The package of nodes to be installed in Node-RED. */
export const WORK_NODE = join(root, "test/nodes/delivery/work-node");

export interface Task {
  /** The id of the node that it is at. */
  at: string;
  message: Message;
  /** It is done, and the message goes on. */
  pass(): void;
  fail(reason: string): void;
}

const tasks = new EventEmitter<{ task: [Task] }>();
(globalThis as unknown as { vconTestWork: typeof tasks }).vconTestWork = tasks;

let waiting: Task[] = [];
let byItself: ((task: Task) => void) | undefined;
tasks.on("task", (task) => (byItself ? byItself(task) : waiting.push(task)));

export const work = {
  /** The oldest that nobody has taken; waits for it. */
  async next(): Promise<Task> {
    while (waiting.length === 0) await once(tasks, "task", { signal: AbortSignal.timeout(20_000) });
    return waiting.shift()!;
  },
  get waiting(): number {
    return waiting.length;
  },
  /** From now on, and those that wait. */
  each(does: (task: Task) => void): void {
    byItself = does;
    for (const task of waiting.splice(0)) does(task);
  },
  /** For the next test. */
  reset(): void {
    waiting = [];
    byItself = undefined;
  },
};

export const workNode = (wires: string[][] = [["out"]], id = "work"): FlowNode => ({
  id,
  type: "test-work",
  wires,
});
