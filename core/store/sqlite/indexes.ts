/** The indexes over all vCons of an SQLite store: by creation time, and by party. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Form } from "../../vcon/form.ts";
import { isObject, parseJson } from "../../vcon/json.ts";
import { newestFirst } from "../page-order.ts";
import { creationTime } from "../parts.ts";
import { indexKeysOf, partyCheck, searchKeys, withOneParty } from "../party-search.ts";
import type { Entry, ListOptions, PageOptions, PartyQuery } from "../store.ts";
import type { Database } from "./database.ts";

/** So many are entered anew in one transaction, or it would hold up the process. */
const REENTERED_AT_ONCE = 100;
/** So many entries are sought in one turn of the event loop. */
const SOUGHT_AT_ONCE = 100;

/** What a member of a query is found by: any of these kinds and values. */
type Keys = [string, string][];

/** Entries from this creation time on, and before another in the order of time and UUID. */
interface Range {
  since: number;
  below: Entry;
}

interface DocumentRow {
  head: string;
  parties: string | null;
  createdAt: number;
}

export class Indexes {
  readonly #database: Database;
  readonly #country: string | undefined;

  constructor(database: Database, country: string | undefined) {
    this.#database = database;
    this.#country = country;
  }

  /** Enters a vCon by its parties; in a transaction. */
  enter(id: number, parties: readonly unknown[]): void {
    for (const [kind, value] of indexKeysOf(parties, this.#country)) {
      this.#database.run(
        `INSERT INTO party (kind, value, created_at, uuid, vcon)
         SELECT ?, ?, created_at, uuid, id FROM vcon WHERE id = ? ON CONFLICT DO NOTHING`,
        kind,
        value,
        id,
      );
    }
  }

  list({ offset = 0, ...options }: ListOptions): string[] {
    return this.#newest(rangeOf(options), options.limit, offset).map(({ uuid }) => uuid);
  }

  /** @param partiesOf as {@link withOneParty} takes it */
  async page(
    { party, limit = 100, ...options }: PageOptions,
    partiesOf: (uuid: string) => unknown[] | undefined,
  ): Promise<Entry[]> {
    const range = rangeOf(options);
    if (party === undefined) return this.#newest(range, limit);
    const members = searchKeys(party, this.#country);
    const isThere = partyCheck(party, this.#country);
    const page: Entry[] = [];
    if (members.length === 0 || limit <= 0) return page;
    for await (const entry of this.#inCommon(members, range)) {
      const found = members.map(() => new Set([entry.uuid]));
      const fitting = await withOneParty(found, isThere, partiesOf);
      if (fitting.length > 0) page.push(entry);
      if (page.length === limit) break;
    }
    return page;
  }

  /** @param partiesOf as {@link withOneParty} takes it */
  find(party: PartyQuery, partiesOf: (uuid: string) => unknown[] | undefined): Promise<string[]> {
    const sets = searchKeys(party, this.#country).map((keys) => {
      const rows = this.#database.all<{ uuid: string }>(
        `SELECT DISTINCT uuid FROM party
         WHERE (kind, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`,
        JSON.stringify(keys),
      );
      return new Set(rows.map(({ uuid }) => uuid));
    });
    return withOneParty(sets, partyCheck(party, this.#country), partiesOf);
  }

  /**
   * Enters all vCons anew: a sealed one, which tells neither its time nor its parties, and the former parties of a
   * replaced one stay as they are entered.
   * @returns how many are entered: all but those that can't be read
   */
  async reindex(): Promise<number> {
    let entered = 0;
    for (let last: number | undefined = 0; last !== undefined; ) {
      const after: number = last;
      const rows = await this.#database.write(() => this.#reenterNext(after));
      entered += rows.filter(({ isEntered }) => isEntered).length;
      last = rows.at(-1)?.id;
    }
    return entered;
  }

  #reenterNext(after: number): { id: number; isEntered: boolean }[] {
    return this.#database
      .all<{ id: number; form: Form }>(
        "SELECT id, form FROM vcon WHERE id > ? ORDER BY id LIMIT ?",
        after,
        REENTERED_AT_ONCE,
      )
      .map(({ id, form }) => ({ id, isEntered: form !== "unsigned" || this.#reenter(id) }));
  }

  #reenter(id: number): boolean {
    const row = this.#database.get<DocumentRow>(
      "SELECT head, parties, created_at AS createdAt FROM vcon WHERE id = ?",
      id,
    )!;
    const head = parseJson(row.head, Number.POSITIVE_INFINITY);
    const parties = parseJson(row.parties ?? "[]", Number.POSITIVE_INFINITY);
    if (!isObject(head) || !Array.isArray(parties)) return false;
    const createdAt = creationTime(head["created_at"]) ?? row.createdAt;
    if (createdAt !== row.createdAt) this.#move(id, createdAt);
    this.enter(id, parties);
    return true;
  }

  #move(id: number, createdAt: number): void {
    this.#database.run("UPDATE vcon SET created_at = ? WHERE id = ?", createdAt, id);
    this.#database.run("UPDATE party SET created_at = ? WHERE vcon = ?", createdAt, id);
  }

  #newest({ since, below }: Range, limit = 100, offset = 0): Entry[] {
    return this.#database.all<Entry>(
      `SELECT uuid, created_at AS createdAt FROM vcon
       WHERE created_at >= ? AND (created_at, uuid) < (?, ?)
       ORDER BY created_at DESC, uuid DESC LIMIT ? OFFSET ?`,
      since,
      below.createdAt,
      below.uuid,
      Math.max(limit, 0),
      offset,
    );
  }

  /** Those that all members find. Each is sought from where the others are, so the rarest says what that costs. */
  async *#inCommon(members: readonly Keys[], { since, below }: Range): AsyncGenerator<Entry, void> {
    let entry = below;
    let agreeing = 0;
    for (let sought = 0; ; sought++) {
      if (sought % SOUGHT_AT_ONCE === SOUGHT_AT_ONCE - 1) await nextTurn();
      const keys = members[sought % members.length]!;
      const next = this.#next(keys, agreeing === 0 ? "<" : "<=", entry, since);
      if (next === undefined) return;
      agreeing = agreeing > 0 && newestFirst(next, entry) === 0 ? agreeing + 1 : 1;
      entry = next;
      if (agreeing < members.length) continue;
      yield entry;
      agreeing = 0;
    }
  }

  #next(keys: Keys, reach: "<" | "<=", from: Entry, since: number): Entry | undefined {
    return keys
      .flatMap(([kind, value]) => {
        const found = this.#database.get<Entry>(
          `SELECT uuid, created_at AS createdAt FROM party
           WHERE kind = ? AND value = ? AND created_at >= ? AND (created_at, uuid) ${reach} (?, ?)
           ORDER BY created_at DESC, uuid DESC LIMIT 1`,
          kind,
          value,
          since,
          from.createdAt,
          from.uuid,
        );
        return found ?? [];
      })
      .sort(newestFirst)
      .at(0);
  }
}

function rangeOf({ since, until, after }: PageOptions): Range {
  // No UUID stands before the empty text: all of the last moment are below.
  const end = { createdAt: until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(until) + 1, uuid: "" };
  return {
    since: since === undefined ? Number.MIN_SAFE_INTEGER : Date.parse(since),
    below: after !== undefined && newestFirst(after, end) > 0 ? after : end,
  };
}
