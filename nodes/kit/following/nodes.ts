/** What the follower has to know of Node-RED's nodes. */
import type { Node } from "node-red";

export type FlowNode = Node & {
  z?: string;
  wires?: string[][];
  /** How many of its handlers say that they are done with a message. */
  _expectedDoneCount: number;
  _inputCallback?: unknown;
  _inputCallbacks?: unknown;
  _flow: {
    /** The configurations of its nodes. */
    flow: { nodes?: Record<string, object> };
    getNode(id: string, isHereAlone?: boolean): unknown;
    /** Of a subflow's instance: its door. */
    node?: unknown;
  };
};

/**
 * Whether the node takes messages and never says when it is done with one: its handler takes no `done`. Some have no
 * handler until their connection stands.
 */
export function neverReports(node: FlowNode): boolean {
  return node._expectedDoneCount === 0 && Boolean(node._inputCallback ?? node._inputCallbacks);
}

/** Whether a node that never reports is done with a message as soon as its handler returns. */
export function endsAtOnce(node: FlowNode): boolean {
  return node.type === "rbe" || node.type === "subflow-status" || isDoor(node);
}

/** Whether a node that never reports deals with its messages one after the other: see Switches. */
export function isSwitch(node: FlowNode): boolean {
  return node.type === "switch";
}

/** Whether the node is one of this package. */
export function isOurs(node: FlowNode): boolean {
  return node.type.startsWith("vcon-");
}

/** Whether the node was stopped: another one may be in its place. */
export function isGone(node: FlowNode): boolean {
  return !isDoor(node) && node._flow.getNode(node.id, true) !== node;
}

/** Whether nothing will come of what the node has: of ours, each ends what it has begun, and the result counts. */
export function hasLost(node: FlowNode): boolean {
  return !isOurs(node) && isGone(node);
}

/** Node-RED hands messages for a subflow that is just starting to the subflow instead of its node, and they are lost. */
export function isNode(destination: object): boolean {
  return "_expectedDoneCount" in destination;
}

/** For people: `function "Add price"`. */
export function nameOf({ name, type, id }: FlowNode): string {
  return name ? `${type} "${name}"` : `${type} ${id}`;
}

/** What messages enter a subflow by; its flow does not know it as one of its nodes. */
function isDoor(node: FlowNode): boolean {
  return node._flow.node === node;
}
