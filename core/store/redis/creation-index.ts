/** The index by creation time, as it is read: a sorted set that a conserver writes, too. */
import { inBatches } from "../in-batches.ts";
import { newestFirst } from "../page-order.ts";
import type { Entry, PageOptions } from "../store.ts";
import type { Connection } from "./connection.ts";
import { FOLLOWING } from "./index-scripts.ts";
import { CREATION_INDEX, vconKey } from "./keys.ts";

/** So many are asked for in one call. */
export const BATCH = 1000;

/** Which part of the order. */
export type Range = Pick<PageOptions, "since" | "until" | "after">;

export class CreationIndex {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * What is entered, whether it is there or not, newest first.
   * @param count at most so many; fewer come only at the end
   */
  async next({ since, until, after }: Range, count: number): Promise<Entry[]> {
    const values = [
      count,
      since === undefined ? "-inf" : Date.parse(since) / 1000,
      until === undefined ? "+inf" : (Date.parse(until) + 1) / 1000,
      after === undefined ? "" : after.createdAt / 1000,
      after === undefined ? "" : vconKey(after.uuid),
    ];
    let found: string[] | null = null;
    while (found === null) {
      found = await this.#connection.run<string[] | null>(FOLLOWING, [CREATION_INDEX], values);
    }
    return entriesIn(found);
  }

  /** How many are entered, whether they are there or not. */
  size(): Promise<number> {
    return this.#connection.call((client) => client.zcard(CREATION_INDEX));
  }

  /** Those of the vCons that are entered, in any order. */
  async entriesOf(uuids: readonly string[]): Promise<Entry[]> {
    const entries = await this.#entriesOf(uuids, vconKey);
    if (entries.length === uuids.length) return entries;
    const known = new Set(entries.map(({ uuid }) => uuid));
    const others = uuids.filter((uuid) => !known.has(uuid));
    return [...entries, ...(await this.#entriesOf(others, (uuid) => uuid))];
  }

  /** @param memberOf under which name they are entered */
  async #entriesOf(uuids: readonly string[], memberOf: (uuid: string) => string): Promise<Entry[]> {
    const batches = await Promise.all(
      inBatches(uuids, BATCH).map(async (batch) => {
        const members = batch.map(memberOf);
        const scores = await this.#connection.call((client) => client.zmscore(CREATION_INDEX, members));
        return batch.flatMap((uuid, i) => (scores[i] ? { uuid, createdAt: momentOf(scores[i]) } : []));
      }),
    );
    return batches.flat();
  }
}

export function isIn({ since, until, after }: Range, entry: Entry): boolean {
  return (
    (since === undefined || entry.createdAt >= Date.parse(since)) &&
    (until === undefined || entry.createdAt <= Date.parse(until)) &&
    (after === undefined || newestFirst(after, entry) < 0)
  );
}

function entriesIn(found: readonly string[]): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < found.length; i += 2) {
    entries.push({ uuid: found[i]!.slice("vcon:".length), createdAt: momentOf(found[i + 1]!) });
  }
  return entries;
}

/** The millisecond that a score, in seconds, lies in; as {@link FOLLOWING} has it. */
function momentOf(score: string): number {
  const seconds = Number(score);
  let moment = Math.floor(seconds * 1000) + 1;
  while (moment / 1000 > seconds) moment--;
  return moment;
}
