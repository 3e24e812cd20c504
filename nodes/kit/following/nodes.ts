/** What the follower has to know of nodes. */
import type { Node, NodeAPI } from "node-red";

/** Whether the node takes messages and never says when it is done with one: its handler takes no `done`. */
export function neverReports(node: Node): boolean {
  return (node as Node & { _expectedDoneCount?: number })._expectedDoneCount === 0;
}

/** For people: `function "Add price"`. */
export function nameOf(RED: NodeAPI, id: string): string {
  const node = RED.nodes.getNode(id);
  if (!node) return `node ${id}`;
  return node.name ? `${node.type} "${node.name}"` : `${node.type} ${id}`;
}
