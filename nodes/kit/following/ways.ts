/** Where the wires of a node lead. */
import type { Node, NodeAPI } from "node-red";
import { endsAtOnce, type FlowNode, isSwitch, nameOf, neverReports } from "./nodes.ts";

/** Whether there is a node at the end of a wire of its first output. */
export function leadsSomewhere({ RED, node }: { RED: NodeAPI; node: Node }): boolean {
  const [first = []] = (node as FlowNode).wires ?? [];
  return first.some((id) => RED.nodes.getNode(id));
}

/** The names of the nodes that the flow behind this one ends in, and that never say when they are done. */
export function silentEnds(RED: NodeAPI, start: Node): string[] {
  const nodes = new Set(behind(RED, start as FlowNode));
  const silent: string[] = [];
  for (const node of nodes) {
    const next = behind(RED, node);
    for (const other of next) nodes.add(other);
    if (next.length === 0 && isSilent(node)) silent.push(nameOf(node));
  }
  return silent;
}

function isSilent(node: FlowNode): boolean {
  return neverReports(node) && !isSwitch(node) && !endsAtOnce(node);
}

/** The nodes next to it. A Link Call also leads to where its subroutine begins, as far as that is set. */
function behind(RED: NodeAPI, node: FlowNode): FlowNode[] {
  const { links = [] } = (node._flow.flow.nodes?.[node.id] ?? {}) as { links?: string[] };
  const ids = [...(node.wires ?? []).flat(), ...(node.type === "link call" ? links : [])];
  return ids.flatMap((id) => (RED.nodes.getNode(id) as FlowNode | null) ?? []);
}
