/** The name of a queue, a channel or a list, as the nodes ask for it. */
import { StepError, text, typed } from "../kit/index.ts";

const WAYS = {
  queue: { label: "Queue", icon: "list-ol", placeholder: "recordings" },
  channel: { label: "Channel", icon: "bullhorn", placeholder: "new-vcons" },
  list: { label: "List", icon: "link", placeholder: "ingress", hint: "on the conserver's own Redis" },
};
type Way = keyof typeof WAYS;

/** Of a node that vCons come from. */
export const nameToTake = (way: Way) => text({ ...WAYS[way], required: true });

/** Of a node that sends vCons on, where each message may choose. */
export function nameToSend(way: Way) {
  const { placeholder: _, ...options } = WAYS[way];
  return typed({ ...options, types: ["str", "msg", "jsonata"], required: true });
}

/** @throws StepError where the message gave something else */
export function nameIn(value: unknown, way: Way): string {
  if (typeof value === "string") return value;
  throw new StepError(
    `The message gives no name for the ${way}: it has to be a text. Open the node and set "${WAYS[way].label}".`,
    { code: "NO_NAME" },
  );
}
