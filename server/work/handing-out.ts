/** Writes into the trail who gets to see a vCon over the API. */
import type { TrailEvent, VconView } from "../../core/index.ts";
import type { Call } from "../call.ts";
import { eventBy } from "./events.ts";

/** Who asks again within this time for the same is not written down again. */
const FORGET_MS = 60 * 60 * 1000;
const MOST_REMEMBERED = 100_000;

/** Who has seen what of which state of which vCon, and when that was written; the oldest first. */
const remembered = new WeakMap<object, Map<string, number>>();

/**
 * To be called before anything of the vCon leaves. HEAD shows nothing of it.
 * @param view read with "sealed"
 * @param categories as in the trail: "parties", "recording", "transcript", ...
 * @throws VconError `VCON_NOT_FOUND` if it was deleted since it was read: then nobody may see it any more
 */
export async function handedOut(
  call: Call,
  { uuid, revision }: VconView,
  categories: readonly string[],
): Promise<void> {
  if (call.request.method === "HEAD") return;
  const store = await call.api.store();
  const known = remembered.get(store) ?? new Map<string, number>();
  remembered.set(store, known);
  const what = JSON.stringify([call.holder.name, call.address, uuid, revision, ...categories]);
  const before = known.get(what);
  if (before !== undefined && Date.now() - before < FORGET_MS) return;
  await store.append(uuid, {}, [sentEvent(call, categories)]);
  known.delete(what);
  known.set(what, Date.now());
  if (known.size > MOST_REMEMBERED) known.delete(known.keys().next().value!);
}

function sentEvent(call: Call, categories: readonly string[]): TrailEvent {
  const recipient = {
    vendor: call.holder.name,
    product: "vCon API",
    host: call.address,
    categories: [...categories],
  };
  return { ...eventBy(call, "vcon_sent"), recipient };
}
