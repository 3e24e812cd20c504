/** When all flows have started: before, the nodes that one is wired to may not be there. */
import type { NodeAPI } from "node-red";

type Events = NodeAPI["events"];

/** One listener for all nodes: Node-RED's log warns of more than ten. */
const waiting = new WeakMap<Events, Set<() => void>>();

/** Begins once, at the next start of flows. @returns what to call if it is not to begin any more */
export function onceFlowsStarted({ events }: NodeAPI, begin: () => void): () => void {
  const begins = waiting.get(events) ?? listen(events);
  begins.add(begin);
  return () => begins.delete(begin);
}

function listen(events: Events): Set<() => void> {
  const begins = new Set<() => void>();
  waiting.set(events, begins);
  events.on("flows:started", () => {
    const now = [...begins];
    begins.clear();
    for (const begin of now) begin();
  });
  return begins;
}
