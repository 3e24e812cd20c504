/** The embedded store: one SQLite file, written by one or few processes of one machine. */
import type { Delivery } from "../../delivery/delivery.ts";
import { changedSince, noDialog, notFound, sealed } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import type { Form } from "../../vcon/form.ts";
import type { JsonObject } from "../../vcon/types.ts";
import { newUuid } from "../../vcon/uuid.ts";
import { incomingText, withMedia } from "../incoming-media.ts";
import type { Notes } from "../notes.ts";
import {
  currentHead,
  identify,
  identifyAs,
  putTogether,
  takeApart,
  toPart,
  withBody,
  withoutArrays,
} from "../parts.ts";
import { readAgain } from "../read-again.ts";
import { newRevision } from "../revision.ts";
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
import { type FoundParts, type Part, SECTIONS, type Section, VconView, wantedTypes } from "../view.ts";
import { Bodies, type BodyId, CHUNK_BYTES } from "./bodies.ts";
import { Database } from "./database.ts";
import { type ElementRow, Elements } from "./elements.ts";
import { Indexes } from "./indexes.ts";
import { SqliteNotes } from "./notes.ts";

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

export interface SqliteStoreOptions {
  /** Path of the file; it and its folder are made if they are missing. */
  file: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are. */
  country?: string | undefined;
}

export class SqliteStore implements VconStore {
  readonly notes: Notes;
  readonly #database: Database;
  readonly #bodies: Bodies;
  readonly #elements: Elements;
  readonly #indexes: Indexes;
  #delivery: Promise<Delivery> | undefined;

  constructor({ file, country }: SqliteStoreOptions) {
    this.#database = new Database(file);
    this.#bodies = new Bodies(this.#database);
    this.#elements = new Elements(this.#database, this.#bodies);
    this.#indexes = new Indexes(this.#database, country);
    this.notes = new SqliteNotes(this.#database);
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
      this.#elements.insert(id, apart.elements, bodies);
      this.#indexes.enter(id, parties);
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
      const rows = this.#elements.read(id, section, wanted);
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
    const rows = SECTIONS.flatMap((section) => this.#elements.read(id, section, "all"));
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
      this.#check(uuid, id, addition.revision);
      let added = false;
      elements.forEach((element, i) => {
        const original = addition.analysis?.[i];
        if (original !== undefined && this.#elements.countSame(id, original) > (addition.seen ?? 0)) {
          this.#bodies.drop([bodies[i]]);
          return;
        }
        this.#elements.append(id, element, bodies[i]);
        added = true;
      });
      if (this.#elements.addTags(id, addition.tags ?? [])) added = true;
      if (added) {
        this.#renew(id);
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
      this.#elements.drop(id);
      this.#database.run(
        `UPDATE vcon SET form = ?, head = ?, parties = ?, extensions = NULL, updated_at = NULL, revision = ?
         WHERE id = ?`,
        form,
        apart.head,
        apart.parties ?? null,
        newRevision(),
        id,
      );
      this.#elements.insert(id, apart.elements, bodies);
      this.#indexes.enter(id, parties);
      for (const event of events) this.#record(uuid, event);
      return true;
    });
  }

  async setMedia(
    uuid: string,
    position: number,
    media: IncomingMedia,
    { revision, events = [] }: { revision?: string | undefined; events?: readonly TrailEvent[] } = {},
  ): Promise<void> {
    this.#database.read(() => this.#dialog(uuid, position, revision));
    const text = await incomingText(media.bytes, CHUNK_BYTES);
    const isInline = typeof text === "string";
    const body = isInline ? undefined : await this.#bodies.stageOne("text", text);
    await this.#writeWith([body], () => {
      const { id, dialog } = this.#dialog(uuid, position, revision);
      this.#elements.setDialog(id, position, withMedia(dialog, media, isInline ? text : undefined), body);
      this.#renew(id);
      for (const event of events) this.#record(uuid, event);
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

  async delete(uuid: string, event?: TrailEvent, revision?: string): Promise<boolean> {
    return this.#database.write(() => {
      const row = this.#find(uuid);
      if (row === undefined) return false;
      this.#check(uuid, row.id, revision);
      this.#elements.drop(row.id);
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

  async list(options: ListOptions = {}): Promise<string[]> {
    return this.#indexes.list(options);
  }

  page(options: PageOptions = {}): Promise<Entry[]> {
    return this.#indexes.page(options, (uuid) => this.#parties(uuid));
  }

  async find(party: PartyQuery): Promise<string[]> {
    return this.#indexes.find(party, (uuid) => this.#parties(uuid));
  }

  reindex(): Promise<number> {
    return this.#indexes.reindex();
  }

  async record(uuid: string, events: readonly TrailEvent[]): Promise<void> {
    await this.#database.write(() => {
      for (const event of events) this.#record(uuid, event);
    });
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

  #parties(uuid: string): unknown[] | undefined {
    const row = this.#database.get<{ parties: string | null }>(
      "SELECT parties FROM vcon WHERE uuid = ?",
      uuid,
    );
    return row && JSON.parse(row.parties ?? "[]");
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

  /** A dialog that is there to be changed, of a vCon that has this revision if one is given. */
  #dialog(uuid: string, position: number, revision: string | undefined): { id: number; dialog: JsonObject } {
    const { id } = this.#open(uuid);
    this.#check(uuid, id, revision);
    const dialog = this.#elements.dialog(id, position);
    if (dialog === undefined) throw noDialog(uuid, position);
    return { id, dialog };
  }

  #check(uuid: string, id: number, revision: string | undefined): void {
    if (revision !== undefined && this.#revision(id) !== revision) throw changedSince(uuid);
  }

  #renew(id: number): void {
    this.#database.run(
      "UPDATE vcon SET updated_at = ?, revision = ? WHERE id = ?",
      new Date().toISOString(),
      newRevision(),
      id,
    );
  }

  #toElement(uuid: string, element: ElementRow): never {
    return withBody(element.json, this.#bodies.handle(uuid, element));
  }

  #addExtensions(id: number, extensions: readonly string[]): void {
    if (extensions.length === 0) return;
    const { extensions: known } = this.#head(id);
    const list = new Set<string>([...JSON.parse(known ?? "[]"), ...extensions]);
    this.#database.run("UPDATE vcon SET extensions = ? WHERE id = ?", JSON.stringify([...list]), id);
  }

  #record(uuid: string, event: TrailEvent): void {
    this.#database.run("INSERT INTO trail (uuid, event) VALUES (?, ?)", uuid, JSON.stringify(event));
  }
}
