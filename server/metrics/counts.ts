/** What this process has done, counted for Prometheus while there is an API that can tell it. */
import { Counter, collectDefaultMetrics, Histogram, Registry } from "prom-client";
import { stepEnded, storeCalled, type TrailEvent } from "../../core/index.ts";

/** All APIs of the process share it, and it goes on counting where a deploy opens them anew. */
const registry = new Registry();
const registers = [registry];

const STORE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30];
/** From a filter that reads nothing to a job whose flow transcribes an hour. */
const STEP_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600];

const steps = new Counter({
  name: "vcon_steps_total",
  help: "Steps that have ended, by the type of the node and the output that they led to, or failed.",
  labelNames: ["type", "outcome"],
  registers,
});
const stepDurations = new Histogram({
  name: "vcon_step_duration_seconds",
  help: "How long a step took from its turn on; for a job of a queue, until its whole flow had ended.",
  labelNames: ["type"],
  buckets: STEP_SECONDS,
  registers,
});
const events = new Counter({
  name: "vcon_events_total",
  help: "Events written into the trails of vCons. vcon_deleted also tells of copies erased at a destination.",
  labelNames: ["event"],
  registers,
});
const storeDurations = new Histogram({
  name: "vcon_store_duration_seconds",
  help: "How long the store took to answer a call, well or not.",
  labelNames: ["operation"],
  buckets: STORE_SECONDS,
  registers,
});
const storeErrors = new Counter({
  name: "vcon_store_errors_total",
  help: "Calls of the store that failed, by the code of the error: VCON_NOT_FOUND is no fault of the store.",
  labelNames: ["operation", "code"],
  registers,
});
const requests = new Counter({
  name: "vcon_api_requests_total",
  help: "Requests to the API, by route, method and status.",
  labelNames: ["route", "method", "status"],
  registers,
});
const requestDurations = new Histogram({
  name: "vcon_api_request_duration_seconds",
  help: "How long a request took until all of its answer was written.",
  labelNames: ["route", "method"],
  buckets: REQUEST_SECONDS,
  registers,
});

const EVENTS: Record<TrailEvent["event"], true> = {
  vcon_created: true,
  vcon_enhanced: true,
  vcon_sent: true,
  vcon_received: true,
  vcon_deleted: true,
};
// A counter that begins with its first event would hide that one from the rate.
for (const event of Object.keys(EVENTS)) events.inc({ event }, 0);

const users = new Set<object>();
let stopListening = (): void => {};

/** Counts until everybody who has called it has ended it. @returns what ends it */
export function countMeanwhile(): () => void {
  const user = {};
  if (users.size === 0) stopListening = listen();
  users.add(user);
  return () => {
    if (users.delete(user) && users.size === 0) stopListening();
  };
}

function listen(): () => void {
  const ends = [
    stepEnded.listen(({ type, outcome, seconds }) => {
      steps.inc({ type, outcome });
      stepDurations.observe({ type }, seconds);
    }),
    storeCalled.listen(({ operation, code, events: written, seconds }) => {
      storeDurations.observe({ operation }, seconds);
      if (code !== undefined) storeErrors.inc({ operation, code });
      for (const event of written) events.inc({ event });
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

export interface ServedRequest {
  /** The path as the route declares it; undefined where there is no such route. */
  route: string | undefined;
  method: string;
  /** Undefined where the other end was gone before there was one: counted as 499, as others do. */
  status: number | undefined;
  seconds: number;
}

export function countRequest({ route = "unknown", method, status = 499, seconds }: ServedRequest): void {
  requests.inc({ route, method, status });
  requestDurations.observe({ route, method }, seconds);
}

let hasProcessMetrics = false;

/** All of it in Prometheus' text format. */
export function countedText(): Promise<string> {
  // Those of the process can't be ended once they are begun, and cost something: only one who is asked begins with them.
  if (!hasProcessMetrics) collectDefaultMetrics({ register: registry });
  hasProcessMetrics = true;
  return registry.metrics();
}
