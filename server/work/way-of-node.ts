/** The queue or conserver list that a node of the running flows takes from, adds to or watches. */
import type { RunningNode } from "../call.ts";

export interface WayOfNode {
  name: string;
  kind: "queue" | "conserver-list";
  /** Whether vCons come into the flow by it or leave it, or only what became of them is told. */
  leads: "in" | "out" | "nowhere";
}

const WAYS: Record<string, { kind: WayOfNode["kind"]; leads: WayOfNode["leads"]; setting: string }> = {
  "vcon-queue-in": { kind: "queue", leads: "in", setting: "queue" },
  "vcon-queue-out": { kind: "queue", leads: "out", setting: "queue" },
  "vcon-dead-letters": { kind: "queue", leads: "nowhere", setting: "queue" },
  "vcon-conserver-list-in": { kind: "conserver-list", leads: "in", setting: "list" },
  "vcon-conserver-list-out": { kind: "conserver-list", leads: "out", setting: "list" },
};

/** Undefined for another node; the name is empty where each message names the list, or nobody does. */
export function wayOfNode(node: RunningNode): WayOfNode | undefined {
  if (!Object.hasOwn(WAYS, node.type)) return undefined;
  const { setting, ...way } = WAYS[node.type]!;
  const isFixed = (node[`${setting}Type`] ?? "str") === "str";
  return { ...way, name: isFixed ? String(node[setting] ?? "").trim() : "" };
}
