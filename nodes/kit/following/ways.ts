/** Where the wires of a node lead. */
import type { Node, NodeAPI } from "node-red";
import { nameOf, neverReports } from "./nodes.ts";
import { isPrompt } from "./prompt-nodes.ts";

type Wired = Node & { wires: string[][] };

/** Whether there is a node at the end of a wire of its first output. */
export function leadsSomewhere({ RED, node }: { RED: NodeAPI; node: Node }): boolean {
  return (node as Wired).wires
    .slice(0, 1)
    .flat()
    .some((id) => RED.nodes.getNode(id));
}

/** The names of the nodes that the flow behind this one ends in, and that never say when they are done. */
export function silentEnds(RED: NodeAPI, start: Node): string[] {
  const seen = new Set([start.id]);
  const silent: string[] = [];
  const ahead = [...(start as Wired).wires.flat()];
  for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const node = RED.nodes.getNode(id) as Wired | null;
    if (!node) continue;
    const next = (node.wires ?? []).flat();
    if (next.length === 0 && neverReports(node) && !isPrompt(node)) silent.push(nameOf(RED, id));
    ahead.push(...next);
  }
  return silent;
}
