/** Keeps the indexes over all vCons: by creation time, by party, by source. */
import type { Form } from "../../vcon/form.ts";
import { newUuid } from "../../vcon/uuid.ts";
import type { Identified } from "../parts.ts";
import { indexKeysOf } from "../party-search.ts";
import type { Connection } from "./connection.ts";
import { CreationIndex } from "./creation-index.ts";
import { ENTER } from "./index-scripts.ts";
import { CREATION_INDEX, elsewhereKey, isOwnKey, partyKey, sourceKey, vconKey } from "./keys.ts";
import { isThere, list } from "./layout.ts";
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
  readonly #creation: CreationIndex;
  readonly #country: string | undefined;
  readonly #sweeping: NodeJS.Timeout | undefined;

  constructor(connection: Connection, country: string | undefined) {
    this.#connection = connection;
    this.#creation = new CreationIndex(connection);
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

  /**
   * Enters a vCon that may be entered already.
   * @param createdAt in milliseconds since 1970; if undefined it stays where it is entered, or it is entered now
   * @returns whether it is there
   */
  async reenter(uuid: string, createdAt: number | undefined, parties: readonly unknown[]): Promise<boolean> {
    const moment = createdAt ?? (await this.#creation.entriesOf([uuid]))[0]?.createdAt ?? Date.now();
    const names = [CREATION_INDEX, ...this.#partyKeys({ parties })];
    const keys = [vconKey(uuid), elsewhereKey(uuid), ...this.keysToWrite(uuid, names)];
    const entered = await this.#connection.run<number>(ENTER, keys, [uuid, moment / 1000, ...list(names)]);
    if (entered === 1) await this.settle(uuid);
    return entered === 1;
  }

  /** Takes a vCon that is gone out of these indexes of a cluster. @returns whether it is there */
  async leaveIfGone(uuid: string, indexes: readonly string[]): Promise<boolean> {
    if (await isThere(this.#connection, uuid)) return true;
    await Promise.all(indexes.map((key) => this.#leave(uuid, key)));
    if (!(await isThere(this.#connection, uuid))) return false;
    // It was created meanwhile, and may just have been entered.
    await this.settle(uuid);
    return true;
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
      const [exists, elsewhere] = await Promise.all([
        this.#connection.call((client) => client.exists(vconKey(uuid))),
        this.#connection.call((client) => client.hgetall(elsewhereKey(uuid))),
      ]);
      const update = exists === 1 ? this.#enter : this.#leave;
      await Promise.all(Object.entries(elsewhere).map(([key, score]) => update.call(this, uuid, key, score)));
      const keys = [vconKey(uuid), elsewhereKey(uuid), waitingKey(vconKey(uuid))];
      settled = await this.#connection.run(SETTLED, keys, [uuid, exists]);
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
