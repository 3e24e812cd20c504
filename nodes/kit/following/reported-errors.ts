/** Hears every error that a node reports, with the message that it is about: Node-RED has no hook for it. */
import type { Message } from "../runner.ts";
import type { FlowNode } from "./nodes.ts";

/** @param report hands the error on to Node-RED: to the Catch nodes, else to the log */
export type Hear = (node: FlowNode, error: unknown, message: Message | undefined, report: () => void) => void;

/** @param some any node: all have their methods in common. @returns what ends it */
export function hearErrors(some: FlowNode, hear: Hear): () => void {
  const methods = methodsOf(some);
  const { error } = methods;
  let isOver = false;
  function heard(this: FlowNode, reported: unknown, message?: Message): void {
    const report = () => error.call(this, reported as Error, message as Message);
    if (isOver) report();
    else hear(this, reported, message, report);
  }
  methods.error = heard;
  return () => {
    isOver = true;
    // Unless somebody has put something of theirs before it.
    if (methods.error === heard) methods.error = error;
  };
}

/** What all types of nodes inherit from. */
function methodsOf(node: FlowNode): FlowNode {
  let methods = node;
  while (!Object.hasOwn(methods, "_complete")) methods = Object.getPrototypeOf(methods);
  return methods;
}
