/** What a dead letter is to tell of an error at a node. */
import type { Node } from "node-red";
import type { FailedNode, Failure, JsonObject } from "../../../core/index.ts";
import type { Message } from "../runner.ts";

/** Enough to understand it; what a foreign node says may be long. */
const MOST_CHARACTERS = 500;

/** So much of a message is kept, so that its job can begin again at the node that failed. */
const MOST_BYTES = 16_384;

/** @param message that the node failed on */
export function failureOf(node: Node, error: unknown, message: Message): Failure {
  const kept = smallCopy(message);
  return { ...failureAt(node, error), ...(kept && { message: kept }) };
}

export function failureAt(node: Node, error: unknown): Failure {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return {
    reason: String(message ?? error).slice(0, MOST_CHARACTERS),
    ...(typeof code === "string" && { code }),
    node: toFailedNode(node),
  };
}

function toFailedNode({ id, type, name, z }: Node & { z?: string }): FailedNode {
  return { id, type, ...(name && { name }), ...(z && { flow: z }) };
}

/** The message without what can't be kept; undefined for one that is too large or is no JSON. */
function smallCopy({ req: _req, res: _res, ...message }: Message): JsonObject | undefined {
  try {
    const text = JSON.stringify(message);
    return Buffer.byteLength(text) <= MOST_BYTES ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
