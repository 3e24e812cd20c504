/** The store in Redis: one server or many machines' cluster, its vCons JSON documents or hashes. */
import type { Delivery } from "../../delivery/delivery.ts";
import { changedSince, noDialog, notFound, VconError } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import { findUuid } from "../../vcon/uuid.ts";
import { inBatches } from "../in-batches.ts";
import type { Notes } from "../notes.ts";
import { creationTime, identify, identifyAs } from "../parts.ts";
import type {
  Addition,
  AnyVcon,
  Entry,
  IncomingMedia,
  ListOptions,
  PageOptions,
  PartyQuery,
  VconStore,
} from "../store.ts";
import { type FoundParts, type Part, VconView } from "../view.ts";
import { Connection } from "./connection.ts";
import { Finder } from "./finder.ts";
import { HashLayout } from "./hash-layout.ts";
import { Indexes } from "./indexes.ts";
import { JsonLayout } from "./json-layout.ts";
import {
  CREATION_INDEX,
  elsewhereKey,
  heldKey,
  isBodyKey,
  replacementKey,
  trailKey,
  vconKey,
} from "./keys.ts";
import { expecting, findLayout, isThere, type Layout } from "./layout.ts";
import { RedisNotes } from "./notes.ts";
import { DELETE, HOLD, RELEASE } from "./shared-scripts.ts";

/** So many are read and entered anew at the same time. */
const REENTERED_AT_ONCE = 64;

export interface RedisStoreOptions {
  /** One of the forms that address.ts reads. */
  url: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are. */
  country?: string | undefined;
  /** In place of one in the URL. */
  password?: string | undefined;
}

export class RedisStore implements VconStore {
  readonly notes: Notes;
  readonly #connection: Connection;
  readonly #layout: Layout;
  readonly #indexes: Indexes;
  readonly #finder: Finder;
  #delivery: Promise<Delivery> | undefined;

  private constructor(connection: Connection, layout: Layout, country: string | undefined) {
    this.#connection = connection;
    this.#layout = layout;
    this.#indexes = new Indexes(connection, country);
    this.#finder = new Finder(connection, this.#indexes, country, (uuid) => this.#partiesOf(uuid));
    this.notes = new RedisNotes(connection);
  }

  /** @throws VconError `STORE_URL_MALFORMED`, `STORE_MISMATCH` or `STORE_UNAVAILABLE` */
  static async open({ url, country, password }: RedisStoreOptions): Promise<RedisStore> {
    const connection = new Connection(url, password);
    try {
      const layout = await findLayout(connection);
      const Home = layout === "json" ? JsonLayout : HashLayout;
      return new RedisStore(connection, new Home(connection), country);
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean> {
    const entry = this.#indexes.entry(identify(vcon));
    const created = await this.#layout.create(vcon, entry, event);
    if (created) await this.#indexes.settle(entry.uuid);
    return created;
  }

  async read(uuid: string, parts: readonly Part[]): Promise<VconView> {
    return new VconView(uuid, await this.#layout.read(uuid, parts));
  }

  get(uuid: string): Promise<AnyVcon> {
    return this.#layout.get(uuid);
  }

  append(uuid: string, addition: Addition, events: readonly TrailEvent[] = []): Promise<boolean> {
    return this.#layout.append(uuid, addition, events);
  }

  async replace(
    uuid: string,
    revision: string,
    vcon: AnyVcon,
    events: readonly TrailEvent[] = [],
  ): Promise<boolean> {
    const entry = this.#indexes.replacementEntry(identifyAs(uuid, vcon));
    // What is read here holds for as long as the revision does.
    const known = await this.#connection.call((client) => client.hkeys(elsewhereKey(uuid)));
    if (!known.includes(CREATION_INDEX)) await this.#adopt(uuid);
    const oldBodies = known.filter(isBodyKey);
    const replaced = await this.#layout.replace({ vcon, entry, revision, oldBodies, events });
    if (replaced) await this.#indexes.settle(uuid);
    return replaced;
  }

  async setMedia(
    uuid: string,
    dialog: number,
    media: IncomingMedia,
    { revision, events = [] }: { revision?: string | undefined; events?: readonly TrailEvent[] } = {},
  ): Promise<void> {
    if (!Number.isSafeInteger(dialog) || dialog < 0) throw noDialog(uuid, dialog);
    const isKnown = await this.#connection.call((client) =>
      client.hexists(elsewhereKey(uuid), CREATION_INDEX),
    );
    if (isKnown === 0) await this.#adopt(uuid);
    return this.#layout.setMedia({ uuid, dialog, media, revision, events });
  }

  async delete(uuid: string, event?: TrailEvent, revision?: string): Promise<boolean> {
    const known = await this.#connection.call((client) => client.hkeys(elsewhereKey(uuid)));
    if (!known.includes(CREATION_INDEX) && (await this.#adopt(uuid))) {
      return this.delete(uuid, event, revision);
    }
    const answer = await this.#connection.run<string>(
      revision === undefined ? DELETE : this.#layout.deleteAtRevision,
      [
        vconKey(uuid),
        trailKey(uuid),
        elsewhereKey(uuid),
        heldKey(uuid),
        replacementKey(uuid),
        ...this.#indexes.keysToWrite(uuid, known),
      ],
      [
        ...(revision === undefined ? [] : expecting(revision)),
        uuid,
        event ? JSON.stringify(event) : "",
        known.length,
        this.#connection.isCluster ? "later" : "now",
      ],
    );
    if (answer === "again") return this.delete(uuid, event, revision);
    if (answer === "changed") throw changedSince(uuid);
    if (answer === "deleted") await this.#indexes.settle(uuid);
    return answer === "deleted";
  }

  uuidFor(source: string): Promise<string> {
    return this.#indexes.uuidFor(source);
  }

  list(options?: ListOptions): Promise<string[]> {
    return this.#finder.list(options);
  }

  page(options?: PageOptions): Promise<Entry[]> {
    return this.#finder.page(options);
  }

  find(party: PartyQuery): Promise<string[]> {
    return this.#finder.find(party);
  }

  async reindex(): Promise<number> {
    let entered = 0;
    for await (const keys of this.#connection.scan(vconKey("*"))) {
      for (const batch of inBatches(keys, REENTERED_AT_ONCE)) {
        const answers = await Promise.all(batch.map((key) => this.#reenter(key)));
        entered += answers.filter(Boolean).length;
      }
    }
    await this.#finder.weed();
    return entered;
  }

  async record(uuid: string, events: readonly TrailEvent[]): Promise<void> {
    if (events.length === 0) return;
    const texts = events.map((event) => JSON.stringify(event));
    await this.#connection.call((client) => client.rpush(trailKey(uuid), ...texts));
  }

  async trail(uuid: string): Promise<TrailEvent[]> {
    const events = await this.#connection.call((client) => client.lrange(trailKey(uuid), 0, -1));
    return events.map((event) => JSON.parse(event));
  }

  async hold(uuid: string, holder: string): Promise<boolean> {
    const answer = await this.#connection.run<string>(HOLD, keysToHold(uuid), [holder]);
    if (answer === "missing") throw notFound(uuid);
    return answer === "held";
  }

  async release(uuid: string, holder: string): Promise<void> {
    await this.#connection.run(RELEASE, keysToHold(uuid), [holder]);
  }

  delivery(): Promise<Delivery> {
    this.#delivery ??= this.#openDelivery();
    return this.#delivery;
  }

  async ping(): Promise<void> {
    await this.#connection.call((client) => client.ping());
  }

  async close(): Promise<void> {
    await (await this.#delivery)?.close();
    this.#indexes.close();
    await this.#connection.close();
  }

  /** Loaded here because it costs memory that a flow without it should not pay. */
  async #openDelivery(): Promise<Delivery> {
    const { RedisDelivery } = await import("../../delivery/redis/redis-delivery.ts");
    return new RedisDelivery(this.#connection, this);
  }

  /** Remembers what a conserver has indexed of a vCon that it made. @returns whether there is such a vCon */
  async #adopt(uuid: string): Promise<boolean> {
    if (!(await isThere(this.#connection, uuid))) return false;
    const parties = (await this.#partiesOf(uuid)) ?? [];
    await this.#indexes.adopt(uuid, parties);
    return true;
  }

  /** @returns whether there is a vCon under this key that can be read */
  async #reenter(key: string): Promise<boolean> {
    const uuid = findUuid(key);
    if (uuid === undefined || key !== vconKey(uuid)) return false;
    try {
      const { head, parties = [] } = await this.#layout.read(uuid, ["head", "parties"]).catch(noneOfSealed);
      if (head !== undefined && findUuid(head.uuid) !== uuid) return false;
      return await this.#indexes.reenter(uuid, creationTime(head?.created_at), parties);
    } catch (error) {
      if (error instanceof VconError && !error.transient) return false;
      throw error;
    }
  }

  /** None of a sealed vCon, undefined if it is gone. */
  async #partiesOf(uuid: string): Promise<unknown[] | undefined> {
    try {
      const { parties = [] } = await this.#layout.read(uuid, ["parties"]).catch(noneOfSealed);
      return parties;
    } catch (error) {
      if (error instanceof VconError && error.code === "VCON_NOT_FOUND") return;
      throw error;
    }
  }
}

/** What can be read of a vCon that turns out to be sealed. */
function noneOfSealed(error: unknown): FoundParts {
  if (error instanceof VconError && error.code === "VCON_SEALED") return {};
  throw error;
}

/** The holders, the vCon and what expires with it where a conserver has made it. */
function keysToHold(uuid: string): string[] {
  return [heldKey(uuid), vconKey(uuid), elsewhereKey(uuid), replacementKey(uuid)];
}
