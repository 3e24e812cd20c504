/** Lists and finds vCons by the indexes. What it meets there of vCons that are gone it takes out. */
import { findUuid } from "../../vcon/uuid.ts";
import { inBatches } from "../in-batches.ts";
import { newestFirst } from "../page-order.ts";
import { partyCheck, searchKeys, withOneParty } from "../party-search.ts";
import type { Entry, ListOptions, PageOptions, PartyQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import { BATCH, CreationIndex, isIn, type Range } from "./creation-index.ts";
import { WEED } from "./index-scripts.ts";
import type { Indexes } from "./indexes.ts";
import { CREATION_INDEX, partyKey, vconKey } from "./keys.ts";

/** So few are looked at together where few are wanted. */
const SMALL_BATCH = 100;
/** So many times as many as would do, if a party's vCons were spread evenly, are asked whether they are its. */
const MANY_TIMES = 10;

/** For each member of a query the sets of those that it finds. */
type Groups = string[][];

/** As {@link withOneParty} takes it. */
type PartiesOf = (uuid: string) => Promise<unknown[] | undefined>;

export class Finder {
  readonly #connection: Connection;
  readonly #indexes: Indexes;
  readonly #creation: CreationIndex;
  readonly #country: string | undefined;
  readonly #partiesOf: PartiesOf;

  constructor(connection: Connection, indexes: Indexes, country: string | undefined, partiesOf: PartiesOf) {
    this.#connection = connection;
    this.#indexes = indexes;
    this.#creation = new CreationIndex(connection);
    this.#country = country;
    this.#partiesOf = partiesOf;
  }

  async list({ limit = 100, offset = 0, ...range }: ListOptions = {}): Promise<string[]> {
    if (limit <= 0) return [];
    const entries = await taken(this.#all(range, batchFor(offset + limit)), limit, offset);
    return entries.map(({ uuid }) => uuid);
  }

  async page({ limit = 100, party, ...range }: PageOptions = {}): Promise<Entry[]> {
    if (limit <= 0) return [];
    const size = batchFor(limit);
    return taken(party ? this.#ofParty(party, range, size) : this.#all(range, size), limit);
  }

  async find(query: PartyQuery): Promise<string[]> {
    const groups = this.#groups(query);
    const found = await Promise.all(groups.map((keys) => this.#members(keys)));
    const [first = new Set<string>(), ...others] = found;
    const candidates = [...first].filter((uuid) => others.every((set) => set.has(uuid)));
    return this.#confirmed(candidates, groups.flat(), query);
  }

  /** Takes all that is gone out of the index by creation time. */
  async weed(): Promise<void> {
    for await (const _ of this.#all({}, BATCH));
  }

  async *#all(range: Range, size: number): AsyncGenerator<Entry[], void> {
    for (let { after } = range; ; ) {
      const entries = await this.#creation.next({ ...range, after }, size);
      const uuids = entries.map(({ uuid }) => uuid);
      const there = new Set(await this.#there(uuids, [CREATION_INDEX]));
      // Others may keep what is no vCon under such a name.
      yield entries.filter(({ uuid }) => there.has(uuid) && findUuid(uuid) === uuid);
      if (entries.length < size) return;
      after = entries.at(-1);
    }
  }

  /**
   * To ask of vCon after vCon whether it is one of the party's is quicker than to sort all of these where they are many,
   * unless the party has none of the vCons of that time.
   */
  async *#ofParty(query: PartyQuery, range: Range, size: number): AsyncGenerator<Entry[], void> {
    const groups = this.#groups(query);
    const [all, ...sizes] = await Promise.all([
      this.#creation.size(),
      ...groups.map((keys) => this.#size(keys)),
    ]);
    const fewest = Math.min(...sizes);
    if (groups.length === 0 || fewest === 0) return;
    const expected = (all * size) / fewest;
    let { after } = range;
    for (let toAsk = expected < fewest ? MANY_TIMES * expected : 0; toAsk > 0; toAsk -= BATCH) {
      const entries = await this.#creation.next({ ...range, after }, BATCH);
      yield* this.#fitting(entries, groups, query, size);
      if (entries.length < BATCH) return;
      after = entries.at(-1);
    }
    const members = await this.#members(groups[sizes.indexOf(fewest)]!);
    const entries = await this.#creation.entriesOf([...members]);
    const rest = entries.filter((entry) => isIn({ ...range, after }, entry)).sort(newestFirst);
    yield* this.#fitting(rest, groups, query, size);
  }

  /** Of these entries those that a query finds, looked at a few at a time, for as long as they are wanted. */
  async *#fitting(
    entries: readonly Entry[],
    groups: Groups,
    query: PartyQuery,
    size: number,
  ): AsyncGenerator<Entry[], void> {
    for (const batch of inBatches(entries, BATCH)) {
      const members = await this.#inAll(batch, groups);
      for (const some of inBatches(members, size)) {
        const uuids = some.map(({ uuid }) => uuid);
        const indexes = [CREATION_INDEX, ...groups.flat()];
        const confirmed = new Set(await this.#confirmed(uuids, indexes, query));
        yield some.filter(({ uuid }) => confirmed.has(uuid));
      }
    }
  }

  /** Those that are in at least one set of each group. */
  async #inAll(entries: readonly Entry[], groups: Groups): Promise<Entry[]> {
    if (entries.length === 0) return [];
    const uuids = entries.map(({ uuid }) => uuid);
    const answers = await Promise.all(
      groups.map((keys) =>
        Promise.all(keys.map((key) => this.#connection.call((client) => client.smismember(key, uuids)))),
      ),
    );
    return entries.filter((_, i) => answers.every((sets) => sets.some((isMember) => isMember[i] === 1)));
  }

  /** Of those that are in all that a query names, those that are there and have one party that fits. */
  async #confirmed(uuids: readonly string[], indexes: string[], query: PartyQuery): Promise<string[]> {
    const there = new Set(await this.#there(uuids, indexes));
    const found = Object.keys(query).map(() => there);
    return withOneParty(found, partyCheck(query, this.#country), this.#partiesOf);
  }

  /** Those that are there. The others are taken out of these indexes. */
  async #there(uuids: readonly string[], indexes: readonly string[]): Promise<string[]> {
    const there: string[] = [];
    for (const batch of inBatches(uuids, BATCH)) {
      const answers = await (this.#connection.isCluster
        ? Promise.all(batch.map((uuid) => this.#indexes.leaveIfGone(uuid, indexes)))
        : this.#weed(batch, indexes));
      there.push(...batch.filter((_, i) => answers[i]));
    }
    return there;
  }

  async #weed(uuids: string[], indexes: readonly string[]): Promise<(boolean | number)[]> {
    const keys = uuids.map(vconKey);
    const there = await this.#connection.call((client) => client.exists(keys));
    if (there === keys.length) return keys.map(() => true);
    return this.#connection.run(WEED, [...indexes, ...keys], [indexes.length]);
  }

  #groups(query: PartyQuery): Groups {
    return searchKeys(query, this.#country).map((keys) => keys.map(([kind, value]) => partyKey(kind, value)));
  }

  async #members(keys: readonly string[]): Promise<Set<string>> {
    const sets = await Promise.all(
      keys.map((key) => this.#connection.call((client) => client.smembers(key))),
    );
    return new Set(sets.flat());
  }

  async #size(keys: readonly string[]): Promise<number> {
    const sizes = await Promise.all(keys.map((key) => this.#connection.call((client) => client.scard(key))));
    return sizes.reduce((sum, size) => sum + size, 0);
  }
}

function batchFor(wanted: number): number {
  return Math.min(Math.max(wanted, SMALL_BATCH), BATCH);
}

/** At most `limit` of the entries behind the first ones; these are not gathered, since they may be a million. */
async function taken(batches: AsyncIterable<Entry[]>, limit: number, offset = 0): Promise<Entry[]> {
  const entries: Entry[] = [];
  let toSkip = offset;
  for await (const batch of batches) {
    entries.push(...batch.slice(toSkip));
    toSkip = Math.max(toSkip - batch.length, 0);
    if (entries.length >= limit) break;
  }
  return entries.slice(0, limit);
}
