/** The running flows as a conserver would call them: chains, each from a list to where its vCons end up. */
import type { RunningNode } from "../call.ts";
import { wayOfNode } from "../work/way-of-node.ts";

export interface Chain {
  /** Takes the vCons from the list. */
  begins: RunningNode;
  /** Those after it that work on vCons, the nearest first. */
  links: RunningNode[];
  /** Those after it that make copies of vCons elsewhere. */
  storages: RunningNode[];
  ingress: string;
  egress: string[];
}

/** What has no node that takes from a list is no chain. */
export function chainsIn(nodes: readonly RunningNode[]): Chain[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return nodes.flatMap((begins) => {
    const way = wayOfNode(begins);
    return way?.leads === "in" && way.name !== "" ? [chainFrom(begins, way.name, byId)] : [];
  });
}

function chainFrom(begins: RunningNode, ingress: string, byId: ReadonlyMap<string, RunningNode>): Chain {
  const steps = nodesBehind(begins, byId).filter(({ type }) => type.startsWith("vcon-"));
  const ways = steps.map(wayOfNode);
  return {
    begins,
    ingress,
    links: steps.filter(({ isDestination }, index) => !isDestination && ways[index] === undefined),
    storages: steps.filter(({ isDestination }) => isDestination),
    egress: [...new Set(ways.flatMap((way) => (way?.leads === "out" && way.name) || []))],
  };
}

/** Through nodes of any type; what is inside of a subflow is not looked at. */
function nodesBehind(begins: RunningNode, byId: ReadonlyMap<string, RunningNode>): RunningNode[] {
  const reached = new Set([begins]);
  for (const node of reached) {
    for (const id of nextOf(node)) {
      const next = byId.get(id);
      if (next) reached.add(next);
    }
  }
  return [...reached].slice(1);
}

/** "link in" lists its links, too, but those lead to it. */
function nextOf({ type, wires = [], links }: RunningNode): string[] {
  const linked = type === "link out" || type === "link call" ? ((links ?? []) as string[]) : [];
  return [...wires.flat(), ...linked];
}
