/** How the API's store and the queues of the flows are at this moment, for Prometheus. */
import { Gauge, Registry } from "prom-client";
import type { State } from "./state.ts";

/** In Prometheus' text format. What does not answer is left out. */
export function gaugesText({ isUp, depths }: State): Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const up = new Gauge({
    name: "vcon_store_up",
    help: "Whether the store of this API answers: 1 or 0.",
    registers,
  });
  const jobs = new Gauge({
    name: "vcon_queue_jobs",
    help: "Jobs in the queues that the running flows use, of all processes that share the store.",
    labelNames: ["queue", "state"],
    registers,
  });
  const letters = new Gauge({
    name: "vcon_dead_letters",
    help: "Jobs of these queues that have failed for good.",
    labelNames: ["queue"],
    registers,
  });
  const items = new Gauge({
    name: "vcon_conserver_list_items",
    help: "vCons that wait in the conserver lists that the running flows use.",
    labelNames: ["list"],
    registers,
  });
  up.set(isUp ? 1 : 0);
  for (const [queue, { dead, ...states }] of depths?.queues ?? []) {
    for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count);
    letters.set({ queue }, dead);
  }
  for (const [list, waiting] of depths?.lists ?? []) items.set({ list }, waiting);
  return registry.metrics();
}
