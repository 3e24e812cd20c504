/** One piece of work at a time for each place, also from several nodes: two at once would undo each other's. */
import type { Node } from "node-red";

/** By place, the last work in its line. */
const last = new Map<string, Promise<unknown>>();

/** Does the work when all that came before it for the same place has ended, well or not. */
export async function inTurn<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  const before = last.get(place) ?? Promise.resolve();
  const mine = before.then(work, work);
  last.set(place, mine);
  try {
    return await mine;
  } finally {
    if (last.get(place) === mine) last.delete(place);
  }
}

/** What a node does about a vCon at a system outside: one thing after the other, as its trail then tells it. */
export function inTurnOn<Result>({ id }: Node, uuid: string, work: () => Promise<Result>): Promise<Result> {
  return inTurn(`${id} ${uuid}`, work);
}
