/** One piece of work at a time for each place, also from several nodes: two at once would undo each other's. */

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
