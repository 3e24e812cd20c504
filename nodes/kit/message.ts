/** What the kit takes from a message and puts on it. */
import type { NodeAPI, NodeMessage } from "node-red";
import { findUuid } from "../../core/index.ts";
import { StepError } from "./errors.ts";

/** The UUID in the message. @throws StepError saying what came instead, without quoting it */
export function uuidIn(value: unknown, property: string): string {
  const uuid = findUuid(value);
  if (uuid !== undefined) return uuid;
  throw new StepError(
    `msg.${property} holds ${describe(value)} where the UUID of a vCon is expected. Wire this node behind one that sends a UUID, or set "UUID in".`,
    { code: "NO_UUID" },
  );
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string")
    return value === "" ? "an empty text" : `a text of ${value.length} characters`;
  if (Array.isArray(value)) return "a list";
  if (Buffer.isBuffer(value)) return "a buffer";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The property, also a nested one; undefined where what it lies in is missing, for which Node-RED throws. */
export function propertyOf(RED: NodeAPI, message: object, property: string): unknown {
  try {
    return RED.util.getMessageProperty(message as NodeMessage, property);
  } catch {
    return undefined;
  }
}

/** @throws StepError for one that nests too deep to be copied */
export function copyOf<M extends NodeMessage>(RED: NodeAPI, message: M): M {
  try {
    return RED.util.cloneMessage(message);
  } catch {
    throw new StepError("The message can't be copied for each vCon: something on it nests too deep.", {
      code: "BAD_INPUT",
    });
  }
}

/**
 * Sets properties, also nested ones, on the message that goes on.
 * @throws StepError for a name that can't be one, or that lies below a text
 */
export function setOnMessage(RED: NodeAPI, message: NodeMessage, properties: Record<string, unknown>): void {
  for (const [property, value] of Object.entries(properties)) {
    if (isSet(RED, message, property, value)) continue;
    throw new StepError(`msg.${property} can't be set. Open the node and choose another property.`, {
      code: "NOT_CONFIGURED",
    });
  }
}

function isSet(RED: NodeAPI, message: NodeMessage, property: string, value: unknown): boolean {
  try {
    return RED.util.setMessageProperty(message, property, value as never, true);
  } catch {
    return false;
  }
}
