/** Stores a vCon that is new. One that is there already is never overwritten: it may have been worked on since. */
import type { AnyVcon } from "../../core/index.ts";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";
import { holds, present, readSent } from "../work/deposit.ts";
import { eventBy } from "../work/events.ts";
import { type Way, wayOf } from "../work/ways.ts";

export interface Stored {
  uuid: string;
  vcon: AnyVcon;
  /** Of the one that was there with all that was sent; undefined if it is stored now. */
  revision: string | undefined;
}

/** @throws VconError, ApiError 409 where another one of the same UUID is there, 422 */
export async function storeNew(call: Call, sent: Uint8Array): Promise<Stored> {
  const { uuid, vcon } = readSent(call, sent);
  const store = await call.api.store();
  while (!(await store.create(vcon, eventBy(call, "vcon_received")))) {
    const there = await present(store, uuid);
    if (there === undefined) continue;
    if (holds(there.vcon, vcon)) return { uuid, vcon, revision: there.revision };
    throw new ApiError(
      409,
      "VCON_EXISTS",
      `vCon ${uuid} is in the store and differs from what was sent. Read it, and replace it by PUT with If-Match if that is meant.`,
    );
  }
  return { uuid, vcon, revision: undefined };
}

/** The queues that are named, all of them looked up before anything is stored. @throws VconError as `wayOf` */
export function queuesNamed({ api, query }: Call<unknown, { queue?: string[] }>): Promise<Way[]> {
  return Promise.all((query.queue ?? []).map((name) => wayOf(api, name)));
}

/** Also one that was there: whoever sends it again may not know whether the first time came to this. */
export async function handOnTo(queues: readonly Way[], uuid: string): Promise<void> {
  for (const queue of queues) await queue.add(uuid);
}
