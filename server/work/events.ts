/** The trail's events of what is done over the API. */
import type { TrailEvent } from "../../core/index.ts";
import type { Call } from "../call.ts";

export function eventBy(
  { api, holder }: Pick<Call, "api" | "holder">,
  event: TrailEvent["event"],
): TrailEvent {
  return { event, at: new Date().toISOString(), node: api.node, key: holder.name };
}
