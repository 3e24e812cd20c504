/** Which queues and conserver lists the running flows use on the API's own store. */
import type { ApiContext } from "../call.ts";
import { type WayOfNode, wayOfNode } from "./way-of-node.ts";

export interface WaysInUse {
  queues: string[];
  lists: string[];
}

/** Their names, each once, as far as the settings say them: a message may name others. */
export function waysInUse({ flows, node }: Pick<ApiContext, "flows" | "node">): WaysInUse {
  const nodes = flows.nodes();
  const store = nodes.find(({ id }) => id === node.id)?.["store"];
  const ways = nodes.flatMap((other) => (other["store"] === store && wayOfNode(other)) || []);
  return { queues: namesOf(ways, "queue"), lists: namesOf(ways, "conserver-list") };
}

function namesOf(ways: readonly WayOfNode[], kind: WayOfNode["kind"]): string[] {
  const names = ways.filter((way) => way.kind === kind && way.name !== "").map(({ name }) => name);
  return [...new Set(names)].sort();
}
