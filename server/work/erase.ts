/** Deletes a vCon here and at every destination that has a copy of it, as far as the trail knows. */
import type { Handle, TrailEvent } from "../../core/index.ts";
import type { Call } from "../call.ts";
import { eventBy } from "./events.ts";

/** A copy that could not be erased. */
export interface LeftCopy {
  /** Who has it. */
  vendor: string;
  host: string;
  /** Why it is still there, without anything personal. */
  reason: string;
}

interface Copy {
  node: NonNullable<TrailEvent["node"]>;
  recipient: NonNullable<TrailEvent["recipient"]>;
  handle: Handle;
}

/**
 * @param revision delete only the vCon that the view with this revision shows
 * @returns whether there was anything to delete, here or elsewhere, and the copies that are left: deleting it again
 *   tries these again
 * @throws VconError `VCON_CHANGED`, before anything is deleted anywhere
 */
export async function eraseEverywhere(
  call: Call,
  uuid: string,
  revision?: string,
): Promise<{ found: boolean; left: LeftCopy[] }> {
  const store = await call.api.store();
  const wasThere = await store.delete(uuid, eventBy(call, "vcon_deleted"), revision);
  // Read behind the deletion, which ends the trail: of what was sent until then nothing is missed.
  const copies = copiesIn(await store.trail(uuid));
  const left = await Promise.all(copies.map((copy) => erase(call, uuid, copy)));
  return { found: wasThere || copies.length > 0, left: left.filter((copy) => copy !== undefined) };
}

async function erase({ api }: Call, uuid: string, copy: Copy): Promise<LeftCopy | undefined> {
  const { node, recipient, handle } = copy;
  try {
    if (await api.flows.erase(node.id, uuid, handle)) return undefined;
    return leftAt(recipient, "The node that has sent it is not in the running flows any more.");
  } catch (error) {
    return leftAt(recipient, (error as Error).message);
  }
}

function leftAt({ vendor, host }: Copy["recipient"], reason: string): LeftCopy {
  return { vendor, host, reason };
}

/** Each place once, by the last that is known of it; those that were erased since are none any more. */
function copiesIn(trail: readonly TrailEvent[]): Copy[] {
  const copies = new Map<string, Copy>();
  for (const { event, node, recipient, handle } of trail) {
    if (!node || !handle) continue;
    const place = JSON.stringify([node.id, handle]);
    if (event === "vcon_deleted") copies.delete(place);
    if (event === "vcon_sent" && recipient) copies.set(place, { node, recipient, handle });
  }
  return [...copies.values()];
}
