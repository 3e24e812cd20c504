/** The indexes over all vCons: by creation time, by party, by source. */
import type { Form } from "../../vcon/form.ts";
import { findUuid, newUuid } from "../../vcon/uuid.ts";
import type { Identified } from "../parts.ts";
import { indexKeysOf, searchKeys, withOneParty } from "../party-search.ts";
import type { ListOptions, PartyQuery } from "../store.ts";
import type { Connection } from "./connection.ts";
import { CREATION_INDEX, elsewhereKey, isOwnKey, partyKey, sourceKey, vconKey } from "./keys.ts";
import { SETTLED } from "./shared-scripts.ts";
import { waitingKey, waitingKeys } from "./waiting.ts";

const SWEEP_EVERY_MS = 5 * 60 * 1000;
/** So many lists are looked at together. */
const SWEEP_BATCH = 256;

/** Where a vCon is to be entered when it is created or replaced. */
export interface IndexEntry {
  uuid: string;
  form: Form;
  /** Seconds since 1970. */
  createdAt: number;
  /** The names of the indexes. */
  names: string[];
  /** The keys to hand to the script that writes the vCon: the indexes or, in a cluster, the slot's waiting list. */
  keys: string[];
}

export class Indexes {
  readonly #connection: Connection;
  readonly #country: string | undefined;
  readonly #sweeping: NodeJS.Timeout | undefined;

  constructor(connection: Connection, country: string | undefined) {
    this.#connection = connection;
    this.#country = country;
    if (!connection.isCluster) return;
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_EVERY_MS).unref();
    this.#sweep();
  }

  entry(identified: Identified): IndexEntry {
    return this.#entry(identified, [CREATION_INDEX, ...this.#partyKeys(identified)]);
  }

  /** Of a document that replaces another: the place by creation time stays. */
  replacementEntry(identified: Identified): IndexEntry {
    return this.#entry(identified, this.#partyKeys(identified));
  }

  #partyKeys({ parties }: Pick<Identified, "parties">): string[] {
    return indexKeysOf(parties, this.#country).map(([kind, value]) => partyKey(kind, value));
  }

  #entry({ uuid, form, createdAt }: Identified, names: string[]): IndexEntry {
    return { uuid, form, createdAt: createdAt / 1000, names, keys: this.keysToWrite(uuid, names) };
  }

  /** Of the keys in which a vCon is or will be entered those that its script can write. */
  keysToWrite(uuid: string, names: string[]): string[] {
    return this.#connection.isCluster ? [waitingKey(vconKey(uuid))] : names;
  }

  /** Writes down where others have entered a vCon, for as long as they keep it or until it is deleted. */
  async adopt(uuid: string, parties: readonly unknown[]): Promise<void> {
    const [score, lifetime] = await Promise.all([
      this.#connection.call((client) => client.zscore(CREATION_INDEX, vconKey(uuid))),
      this.#connection.call((client) => client.pttl(vconKey(uuid))),
    ]);
    const fields = new Map(this.#partyKeys({ parties }).map((name) => [name, ""]));
    fields.set(CREATION_INDEX, score ?? String(Date.now() / 1000));
    await this.#connection.call((client) => client.hset(elsewhereKey(uuid), fields));
    if (lifetime > 0) await this.#connection.call((client) => client.pexpire(elsewhereKey(uuid), lifetime));
  }

  /** In a cluster brings the indexes into line with a vCon that was just created, replaced or deleted. */
  async settle(uuid: string): Promise<void> {
    if (!this.#connection.isCluster) return;
    // If this fails, the vCon stays on the waiting list and a sweep will do it.
    await this.#settle(uuid).catch(() => {});
  }

  async list({ since, until, limit = 100, offset = 0 }: ListOptions): Promise<string[]> {
    const from = since === undefined ? "-inf" : Date.parse(since) / 1000;
    const to = until === undefined ? "+inf" : Date.parse(until) / 1000;
    const members = await this.#connection.call((client) =>
      client.zrevrangebyscore(CREATION_INDEX, to, from, "LIMIT", offset, limit),
    );
    return members.map((member) => findUuid(member)).filter((uuid) => uuid !== undefined);
  }

  /** @param partiesOf as {@link withOneParty} takes it */
  async find(
    query: PartyQuery,
    partiesOf: (uuid: string) => Promise<unknown[] | undefined>,
  ): Promise<string[]> {
    const found = await Promise.all(
      searchKeys(query, this.#country).map(async (keys) => {
        const sets = await Promise.all(keys.map(([kind, value]) => this.#members(partyKey(kind, value))));
        return new Set(sets.flat());
      }),
    );
    return withOneParty(found, query, this.#country, partiesOf);
  }

  async uuidFor(source: string): Promise<string> {
    const key = sourceKey(source);
    const known = await this.#connection.call((client) => client.get(key));
    if (known !== null) return known;
    // Remembered first, so that a crash leaves no source that a delete would not find.
    const uuid = newUuid();
    await this.#connection.call((client) => client.hset(elsewhereKey(uuid), key, ""));
    const isFirst = await this.#connection.call((client) => client.setnx(key, uuid));
    if (isFirst === 1) return uuid;
    await this.#connection.call((client) => client.unlink(elsewhereKey(uuid)));
    return this.uuidFor(source);
  }

  close(): void {
    clearInterval(this.#sweeping);
  }

  #members(key: string): Promise<string[]> {
    return this.#connection.call((client) => client.smembers(key));
  }

  async #settle(uuid: string): Promise<void> {
    for (let settled = 0; settled === 0; ) {
      const [isThere, elsewhere] = await Promise.all([
        this.#connection.call((client) => client.exists(vconKey(uuid))),
        this.#connection.call((client) => client.hgetall(elsewhereKey(uuid))),
      ]);
      const update = isThere === 1 ? this.#enter : this.#leave;
      await Promise.all(Object.entries(elsewhere).map(([key, score]) => update.call(this, uuid, key, score)));
      const keys = [vconKey(uuid), elsewhereKey(uuid), waitingKey(vconKey(uuid))];
      settled = await this.#connection.run(SETTLED, keys, [uuid, isThere]);
    }
  }

  async #enter(uuid: string, key: string, score: string): Promise<void> {
    if (isOwnKey(key)) return;
    await this.#connection.call<unknown>((client) =>
      key === CREATION_INDEX ? client.zadd(key, score, vconKey(uuid)) : client.sadd(key, uuid),
    );
  }

  async #leave(uuid: string, key: string): Promise<void> {
    await this.#connection.call((client) => {
      if (isOwnKey(key)) return client.unlink(key);
      return key === CREATION_INDEX ? client.zrem(key, vconKey(uuid)) : client.srem(key, uuid);
    });
  }

  /** Finishes what processes that died have left on the waiting lists. */
  async #sweep(): Promise<void> {
    const keys = waitingKeys();
    try {
      while (keys.length > 0) {
        const lists = await Promise.all(keys.splice(0, SWEEP_BATCH).map((key) => this.#members(key)));
        for (const uuid of lists.flat()) await this.#settle(uuid);
      }
    } catch {
      // The next sweep tries again.
    }
  }
}
