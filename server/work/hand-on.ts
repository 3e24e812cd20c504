/** Hands a vCon that was sent on to its lists; where it is sent again with its Idempotency-Key, once to each of them. */
import type { Call } from "../call.ts";
import type { Deposit } from "./deposit.ts";
import { digestOf, idempotencyKeyIn, KEPT_SECONDS } from "./idempotency-key.ts";
import { wayOf } from "./ways.ts";

/**
 * What is the same each time when the same holder sends the same bytes with the same key; undefined without a key. The
 * conserver heeds none, so one that can't be used is as good as none.
 */
export function sendingOf(call: Call, sent: Uint8Array): string | undefined {
  const key = idempotencyKeyIn(call.header("idempotency-key") ?? "");
  return key && digestOf([call.holder.name, key], sent);
}

/**
 * A list is passed over that was noted for this sending, unless the vCon was deleted or changed since: what is in the
 * store now has been on no list. It is noted last, so that a list is never passed over for a process that has ended too
 * early: it is tried again by a job key that the queue knows while the job is there.
 * @throws VconError
 */
export async function handOn(
  { api }: Call,
  { uuid, outcome }: Pick<Deposit, "uuid" | "outcome">,
  lists: readonly string[],
  sending: string | undefined,
): Promise<void> {
  const { notes } = await api.store();
  for (const list of lists) {
    const way = await wayOf(api, list);
    if (sending === undefined) {
      await way.add(uuid);
      continue;
    }
    const key = `handed-on:${digestOf([sending, list])}`;
    if (outcome === "kept" && (await notes.get(key)) !== undefined) continue;
    await way.add(uuid, key);
    // That it could not be noted is no reason to say that it is not on the list.
    await notes.set(key, "", KEPT_SECONDS).catch(() => {});
  }
}
