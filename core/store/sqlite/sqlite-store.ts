/** The embedded store: one SQLite file, written by one or few processes of one machine. */
import type { Delivery } from "../../delivery/delivery.ts";
import { notFound, sealed } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import type { Form } from "../../vcon/form.ts";
import { formatTag, tagsAttachment } from "../../vcon/tags.ts";
import type { Analysis } from "../../vcon/types.ts";
import { newUuid } from "../../vcon/uuid.ts";
import { sameIdentity } from "../identity.ts";
import {
  currentHead,
  type ElementPart,
  identify,
  identifyAs,
  putTogether,
  takeApart,
  toPart,
  withBody,
  withoutArrays,
} from "../parts.ts";
import { indexKeysOf, searchKeys, withOneParty } from "../party-search.ts";
import { readAgain } from "../read-again.ts";
import { newRevision } from "../revision.ts";
import type { Addition, AnyVcon, ListOptions, PartyQuery, VconStore } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, VconView, wantedTypes } from "../view.ts";
import { Bodies, type BodyId, type BodyRow } from "./bodies.ts";
import { Database } from "./database.ts";

const TAGS = new Set(["tags"]);

interface VconRow {
  id: number;
  form: Form;
}

interface HeadRow {
  head: string;
  parties: string | null;
  extensions: string | null;
  updated_at: string | null;
}

interface ElementRow extends BodyRow {
  section: Section;
  position: number;
  type: string;
  json: string;
}

export interface SqliteStoreOptions {
  /** Path of the file; it and its folder are made if they are missing. */
  file: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are. */
  country?: string | undefined;
}

export class SqliteStore implements VconStore {
  readonly #database: Database;
  readonly #bodies: Bodies;
  readonly #country: string | undefined;
  #delivery: Promise<Delivery> | undefined;

  constructor({ file, country }: SqliteStoreOptions) {
    this.#country = country;
    this.#database = new Database(file);
    this.#bodies = new Bodies(this.#database);
  }

  async create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean> {
    const { uuid, form, createdAt, parties } = identify(vcon);
    if (this.#find(uuid) !== undefined) return false;
    const apart = takeApart(vcon);
    const bodies = await this.#bodies.stage(apart.elements);
    return this.#writeWith(bodies, () => {
      if (this.#find(uuid) !== undefined) {
        this.#bodies.drop(bodies);
        return false;
      }
      const id = this.#database.run(
        "INSERT INTO vcon (uuid, form, head, parties, created_at, revision) VALUES (?, ?, ?, ?, ?, ?)",
        uuid,
        form,
        apart.head,
        apart.parties ?? null,
        createdAt,
        newRevision(),
      );
      this.#insertElements(id, apart.elements, bodies);
      this.#index(id, parties);
      if (event) this.#record(uuid, event);
      return true;
    });
  }

  async read(uuid: string, parts: readonly Part[]): Promise<VconView> {
    return new VconView(
      uuid,
      this.#database.read(() => this.#parts(uuid, parts)),
    );
  }

  #parts(uuid: string, parts: readonly Part[]): FoundParts {
    const { id, form } = this.#row(uuid);
    const found: FoundParts = parts.includes("sealed") ? { revision: this.#revision(id) } : {};
    if (form !== "unsigned") {
      if (!parts.includes("sealed")) throw sealed(uuid, form);
      return { ...found, sealed: JSON.parse(this.#head(id).head) };
    }
    if (parts.includes("head")) found.head = withoutArrays(this.#headText(id));
    if (parts.includes("parties")) found.parties = JSON.parse(this.#head(id).parties ?? "[]");
    for (const section of SECTIONS) {
      const wanted = wantedTypes(parts, section);
      if (wanted === undefined) continue;
      const rows = this.#elements(id, section, wanted);
      found[section] = new Map(rows.map((element) => [element.position, this.#toElement(uuid, element)]));
    }
    return found;
  }

  get(uuid: string): Promise<AnyVcon> {
    return readAgain(async () => {
      const { head, parties, rows } = this.#database.read(() => this.#whole(uuid));
      const elements: { section: Section; value: unknown }[] = [];
      for (const row of rows) {
        const body = await this.#bodies.handle(uuid, row)?.value();
        elements.push({ section: row.section, value: withBody(row.json, body) });
      }
      return putTogether(head, parties, elements);
    });
  }

  /** A sealed vCon is all head. */
  #whole(uuid: string): { head: string; parties: string | undefined; rows: ElementRow[] } {
    const { id } = this.#row(uuid);
    const rows = SECTIONS.flatMap((section) => this.#elements(id, section, "all"));
    return { head: this.#headText(id), parties: this.#head(id).parties ?? undefined, rows };
  }

  async append(uuid: string, addition: Addition, events: readonly TrailEvent[] = []): Promise<boolean> {
    const analysis = (addition.analysis ?? []).map((element) => toPart("analysis", element));
    const attachments = (addition.attachments ?? []).map((element) => toPart("attachments", element));
    const elements = [...analysis, ...attachments];
    const bodies = await this.#bodies.stage(elements);
    return this.#writeWith(bodies, () => {
      const isEmpty = elements.length === 0 && (addition.tags ?? []).length === 0;
      const { id } = isEmpty ? this.#row(uuid) : this.#open(uuid);
      let added = false;
      elements.forEach((element, i) => {
        const original = addition.analysis?.[i];
        if (original !== undefined && this.#countSame(id, original) > (addition.seen ?? 0)) {
          this.#bodies.drop([bodies[i]]);
          return;
        }
        this.#insertElement(id, this.#length(id, element.section), element, bodies[i]);
        added = true;
      });
      if (this.#addTags(id, addition.tags ?? [])) added = true;
      if (added) {
        this.#database.run(
          "UPDATE vcon SET updated_at = ?, revision = ? WHERE id = ?",
          new Date().toISOString(),
          newRevision(),
          id,
        );
        this.#addExtensions(id, addition.extensions ?? []);
      }
      for (const event of events) {
        if (added || event.event !== "vcon_enhanced") this.#record(uuid, event);
      }
      return added;
    });
  }

  async replace(
    uuid: string,
    revision: string,
    vcon: AnyVcon,
    events: readonly TrailEvent[] = [],
  ): Promise<boolean> {
    const { form, parties } = identifyAs(uuid, vcon);
    const apart = takeApart(vcon);
    const bodies = await this.#bodies.stage(apart.elements);
    return this.#writeWith(bodies, () => {
      const { id } = this.#row(uuid);
      if (this.#revision(id) !== revision) {
        this.#bodies.drop(bodies);
        return false;
      }
      this.#dropElements(id);
      this.#database.run(
        `UPDATE vcon SET form = ?, head = ?, parties = ?, extensions = NULL, updated_at = NULL, revision = ?
         WHERE id = ?`,
        form,
        apart.head,
        apart.parties ?? null,
        newRevision(),
        id,
      );
      this.#insertElements(id, apart.elements, bodies);
      this.#index(id, parties);
      for (const event of events) this.#record(uuid, event);
      return true;
    });
  }

  /** A write that takes over staged bodies; if it fails, they go, or stay for the clean-up at the next start. */
  async #writeWith<Result>(bodies: readonly BodyId[], work: () => Result): Promise<Result> {
    try {
      return await this.#database.write(work);
    } catch (error) {
      const staged = bodies.some((body) => body !== undefined);
      if (staged) await this.#database.write(() => this.#bodies.drop(bodies)).catch(() => {});
      throw error;
    }
  }

  async delete(uuid: string, event?: TrailEvent): Promise<boolean> {
    return this.#database.write(() => {
      const row = this.#find(uuid);
      if (row === undefined) return false;
      this.#dropElements(row.id);
      this.#database.run("DELETE FROM vcon WHERE id = ?", row.id);
      this.#database.run("DELETE FROM source WHERE uuid = ?", uuid);
      if (event) this.#record(uuid, event);
      return true;
    });
  }

  async uuidFor(source: string): Promise<string> {
    return this.#database.write(() => {
      this.#database.run(
        "INSERT INTO source (name, uuid) VALUES (?, ?) ON CONFLICT DO NOTHING",
        source,
        newUuid(),
      );
      return this.#database.get<{ uuid: string }>("SELECT uuid FROM source WHERE name = ?", source)!.uuid;
    });
  }

  async list({ since, until, limit = 100, offset = 0 }: ListOptions = {}): Promise<string[]> {
    return this.#database
      .all<{ uuid: string }>(
        "SELECT uuid FROM vcon WHERE created_at BETWEEN ? AND ? ORDER BY created_at DESC, uuid DESC LIMIT ? OFFSET ?",
        since === undefined ? Number.MIN_SAFE_INTEGER : Date.parse(since),
        until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(until),
        limit,
        offset,
      )
      .map(({ uuid }) => uuid);
  }

  async find(party: PartyQuery): Promise<string[]> {
    const sets = searchKeys(party, this.#country).map((keys) => {
      const rows = this.#database.all<{ uuid: string }>(
        `SELECT DISTINCT uuid FROM party JOIN vcon ON vcon.id = party.vcon
         WHERE (kind, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`,
        JSON.stringify(keys),
      );
      return new Set(rows.map(({ uuid }) => uuid));
    });
    return withOneParty(sets, party, this.#country, (uuid) => this.#parties(uuid));
  }

  async trail(uuid: string): Promise<TrailEvent[]> {
    return this.#database
      .all<{ event: string }>("SELECT event FROM trail WHERE uuid = ? ORDER BY id", uuid)
      .map(({ event }) => JSON.parse(event));
  }

  /** Nothing expires here. */
  async hold(uuid: string): Promise<boolean> {
    this.#row(uuid);
    return false;
  }

  async release(): Promise<void> {}

  delivery(): Promise<Delivery> {
    this.#delivery ??= this.#openDelivery();
    return this.#delivery;
  }

  async #openDelivery(): Promise<Delivery> {
    const { SqliteDelivery } = await import("../../delivery/sqlite/sqlite-delivery.ts");
    return new SqliteDelivery(this.#database);
  }

  async ping(): Promise<void> {
    this.#database.get("SELECT 1 FROM vcon LIMIT 1");
  }

  async close(): Promise<void> {
    await (await this.#delivery)?.close();
    this.#database.close();
  }

  #find(uuid: string): VconRow | undefined {
    return this.#database.get<VconRow>("SELECT id, form FROM vcon WHERE uuid = ?", uuid);
  }

  /** Asked for by itself: the column comes after the head, and a sealed one is long. */
  #revision(id: number): string {
    return (
      this.#database.get<{ revision: string | null }>("SELECT revision FROM vcon WHERE id = ?", id)!
        .revision ?? ""
    );
  }

  #head(id: number): HeadRow {
    return this.#database.get<HeadRow>(
      "SELECT head, parties, extensions, updated_at FROM vcon WHERE id = ?",
      id,
    )!;
  }

  #headText(id: number): string {
    const { head, extensions, updated_at } = this.#head(id);
    return currentHead(head, extensions, updated_at);
  }

  #parties(uuid: string): unknown[] {
    const row = this.#find(uuid);
    return row === undefined ? [] : JSON.parse(this.#head(row.id).parties ?? "[]");
  }

  #row(uuid: string): VconRow {
    const row = this.#find(uuid);
    if (row === undefined) throw notFound(uuid);
    return row;
  }

  #open(uuid: string): VconRow {
    const row = this.#row(uuid);
    if (row.form !== "unsigned") throw sealed(uuid, row.form);
    return row;
  }

  #elements(id: number, section: Section, wanted: Set<string> | "all"): ElementRow[] {
    const ofType = wanted === "all" ? "" : "AND type IN (SELECT value FROM json_each(?))";
    return this.#database.all<ElementRow>(
      `SELECT section, position, type, json, body, kind, size FROM element LEFT JOIN body ON body.id = element.body
       WHERE vcon = ? AND section = ? ${ofType} ORDER BY position`,
      id,
      section,
      ...(wanted === "all" ? [] : [JSON.stringify([...wanted])]),
    );
  }

  #toElement(uuid: string, element: ElementRow): never {
    return withBody(element.json, this.#bodies.handle(uuid, element));
  }

  #length(id: number, section: Section): number {
    return this.#database.get<{ length: number }>(
      "SELECT coalesce(max(position) + 1, 0) AS length FROM element WHERE vcon = ? AND section = ?",
      id,
      section,
    )!.length;
  }

  #countSame(id: number, analysis: Analysis): number {
    return this.#database
      .all<{ json: string }>(
        "SELECT json FROM element WHERE vcon = ? AND section = 'analysis' AND type = ?",
        id,
        analysis.type,
      )
      .filter(({ json }) => sameIdentity(JSON.parse(json), analysis)).length;
  }

  #insertElements(id: number, elements: readonly ElementPart[], bodies: readonly BodyId[]): void {
    const next = { dialog: 0, attachments: 0, analysis: 0 };
    elements.forEach((element, i) => {
      this.#insertElement(id, next[element.section]++, element, bodies[i]);
    });
  }

  #insertElement(id: number, position: number, { section, type, json }: ElementPart, body?: BodyId): void {
    this.#database.run(
      "INSERT INTO element (vcon, section, position, type, json, body) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      section,
      position,
      type,
      json,
      body ?? null,
    );
    this.#bodies.keep(body);
  }

  #dropElements(id: number): void {
    const bodies = this.#database.all<{ body: number }>(
      "SELECT body FROM element WHERE vcon = ? AND body NOT NULL",
      id,
    );
    this.#database.run("DELETE FROM element WHERE vcon = ?", id);
    this.#bodies.drop(bodies.map(({ body }) => body));
  }

  /** Adds to the first tags attachment that holds a list, or makes one. */
  #addTags(id: number, tags: Addition["tags"] & object): boolean {
    if (tags.length === 0) return false;
    const rows = this.#elements(id, "attachments", TAGS).filter(({ body }) => body === null);
    const lists = rows.map(({ position, json }) => ({ position, attachment: JSON.parse(json) }));
    const list = lists.find(({ attachment }) => Array.isArray(attachment.body));
    const known = new Set(lists.flatMap(({ attachment }) => attachment.body));
    const missing = tags.filter((tag) => {
      const isNew = !known.has(formatTag(tag));
      known.add(formatTag(tag));
      return isNew;
    });
    if (missing.length === 0) return false;
    if (list === undefined) {
      const attachment = tagsAttachment(missing, new Date().toISOString());
      this.#insertElement(id, this.#length(id, "attachments"), toPart("attachments", attachment));
    } else {
      list.attachment.body.push(...missing.map(formatTag));
      this.#database.run(
        "UPDATE element SET json = ? WHERE vcon = ? AND section = 'attachments' AND position = ?",
        JSON.stringify(list.attachment),
        id,
        list.position,
      );
    }
    return true;
  }

  #addExtensions(id: number, extensions: readonly string[]): void {
    if (extensions.length === 0) return;
    const { extensions: known } = this.#head(id);
    const list = new Set<string>([...JSON.parse(known ?? "[]"), ...extensions]);
    this.#database.run("UPDATE vcon SET extensions = ? WHERE id = ?", JSON.stringify([...list]), id);
  }

  #index(id: number, parties: readonly unknown[]): void {
    for (const [kind, value] of indexKeysOf(parties, this.#country)) {
      this.#database.run(
        "INSERT INTO party (kind, value, vcon) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        kind,
        value,
        id,
      );
    }
  }

  #record(uuid: string, event: TrailEvent): void {
    this.#database.run("INSERT INTO trail (uuid, event) VALUES (?, ?)", uuid, JSON.stringify(event));
  }
}
