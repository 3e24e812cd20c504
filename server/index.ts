/** The REST API over a store, for whoever has an HTTP server to offer it on. */
export { type ApiOptions, type ServedSettings, VconApi } from "./api.ts";
export type { RunningFlows, RunningNode } from "./call.ts";
