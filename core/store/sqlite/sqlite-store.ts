/** The embedded store: one SQLite file, written by one or few processes of one machine. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { notFound, sealed, VconError } from "../../errors.ts";
import type { TrailEvent } from "../../trail/event.ts";
import type { Form } from "../../vcon/form.ts";
import { formatTag, tagsAttachment } from "../../vcon/tags.ts";
import type { Analysis } from "../../vcon/types.ts";
import { newUuid } from "../../vcon/uuid.ts";
import { type EncodedBody, LargeBody } from "../body.ts";
import { sameIdentity } from "../identity.ts";
import {
  currentHead,
  type ElementPart,
  identify,
  putTogether,
  takeApart,
  toPart,
  withBody,
  withoutArrays,
} from "../parts.ts";
import { indexKeysOf, searchKeys, withOneParty } from "../party-search.ts";
import type { Addition, AnyVcon, ListOptions, PartyQuery, VconStore } from "../store.ts";
import { type FoundParts, type Part, SECTIONS, type Section, VconView, wantedTypes } from "../view.ts";
import { GroupCommit } from "./group-commit.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";

const TAGS = new Set(["tags"]);
const CHUNK_BYTES = 256 * 1024;
/** A body staged longer ago than this belongs to a process that died while it wrote. */
const STAGED_FOR_DEAD_MS = 60 * 60 * 1000;

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

interface ElementRow {
  section: Section;
  position: number;
  type: string;
  json: string;
  body: number | null;
  kind: "text" | "json" | null;
  size: number | null;
}

export interface SqliteStoreOptions {
  /** Path of the file; it and its folder are made if they are missing. */
  file: string;
  /** ISO 3166 code of the country in which telephone numbers without a country code are. */
  country?: string | undefined;
}

export class SqliteStore implements VconStore {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #country: string | undefined;
  readonly #statements = new Map<string, StatementSync>();

  constructor({ file, country }: SqliteStoreOptions) {
    this.#country = country;
    this.#database = openDatabase(file);
    this.#commits = new GroupCommit(this.#database);
    this.#run("DELETE FROM body WHERE staged < ?", Date.now() - STAGED_FOR_DEAD_MS);
  }

  async create(vcon: AnyVcon, event?: TrailEvent): Promise<boolean> {
    const { uuid, form, createdAt, parties } = identify(vcon);
    if (this.#find(uuid) !== undefined) return false;
    const apart = takeApart(vcon);
    const bodies = await this.#stageBodies(apart.elements);
    return this.#write(() => {
      if (this.#find(uuid) !== undefined) {
        this.#dropBodies(bodies);
        return false;
      }
      const id = this.#run(
        "INSERT INTO vcon (uuid, form, head, parties, created_at) VALUES (?, ?, ?, ?, ?)",
        uuid,
        form,
        apart.head,
        apart.parties ?? null,
        createdAt,
      );
      const next = { dialog: 0, attachments: 0, analysis: 0 };
      apart.elements.forEach((element, i) => {
        this.#insertElement(id, next[element.section]++, element, bodies[i]);
      });
      this.#index(id, parties);
      if (event) this.#record(uuid, event);
      return true;
    });
  }

  async read(uuid: string, parts: readonly Part[]): Promise<VconView> {
    const { id } = this.#open(uuid);
    const found: FoundParts = {};
    if (parts.includes("head")) found.head = withoutArrays(this.#headText(id));
    if (parts.includes("parties")) found.parties = JSON.parse(this.#head(id).parties ?? "[]");
    for (const section of SECTIONS) {
      const wanted = wantedTypes(parts, section);
      if (wanted === undefined) continue;
      const rows = this.#elements(id, section, wanted);
      found[section] = new Map(rows.map((element) => [element.position, this.#toElement(uuid, element)]));
    }
    return new VconView(uuid, found);
  }

  async get(uuid: string): Promise<AnyVcon> {
    const row = this.#find(uuid);
    if (row === undefined) throw notFound(uuid);
    if (row.form !== "unsigned") return JSON.parse(this.#head(row.id).head);
    const elements: { section: Section; value: unknown }[] = [];
    for (const section of SECTIONS) {
      for (const element of this.#elements(row.id, section, "all")) {
        const body = await this.#largeBody(uuid, element)?.value();
        elements.push({ section, value: withBody(element.json, body) });
      }
    }
    return putTogether(this.#headText(row.id), this.#head(row.id).parties ?? undefined, elements);
  }

  async append(uuid: string, addition: Addition, events: readonly TrailEvent[] = []): Promise<boolean> {
    const analysis = (addition.analysis ?? []).map((element) => toPart("analysis", element));
    const attachments = (addition.attachments ?? []).map((element) => toPart("attachments", element));
    const elements = [...analysis, ...attachments];
    const bodies = await this.#stageBodies(elements);
    const write = this.#write(() => {
      const { id } = this.#open(uuid);
      let added = false;
      elements.forEach((element, i) => {
        const original = addition.analysis?.[i];
        if (original !== undefined && this.#countSame(id, original) > (addition.seen ?? 0)) {
          this.#dropBodies([bodies[i]]);
          return;
        }
        this.#insertElement(id, this.#length(id, element.section), element, bodies[i]);
        added = true;
      });
      if (this.#addTags(id, addition.tags ?? [])) added = true;
      if (added) {
        this.#run("UPDATE vcon SET updated_at = ? WHERE id = ?", new Date().toISOString(), id);
        this.#addExtensions(id, addition.extensions ?? []);
      }
      for (const event of events) {
        if (added || event.event !== "vcon_enhanced") this.#record(uuid, event);
      }
      return added;
    });
    return write.catch(async (error) => {
      await this.#write(() => this.#dropBodies(bodies));
      throw error;
    });
  }

  async delete(uuid: string, event?: TrailEvent): Promise<boolean> {
    return this.#write(() => {
      const row = this.#find(uuid);
      if (row === undefined) return false;
      const bodies = this.#all<{ body: number }>(
        "SELECT body FROM element WHERE vcon = ? AND body NOT NULL",
        row.id,
      );
      this.#run("DELETE FROM vcon WHERE id = ?", row.id);
      this.#dropBodies(bodies.map(({ body }) => body));
      this.#run("DELETE FROM source WHERE uuid = ?", uuid);
      if (event) this.#record(uuid, event);
      return true;
    });
  }

  async uuidFor(source: string): Promise<string> {
    return this.#write(() => {
      this.#run("INSERT INTO source (name, uuid) VALUES (?, ?) ON CONFLICT DO NOTHING", source, newUuid());
      return this.#get<{ uuid: string }>("SELECT uuid FROM source WHERE name = ?", source)!.uuid;
    });
  }

  async list({ since, until, limit = 100, offset = 0 }: ListOptions = {}): Promise<string[]> {
    return this.#all<{ uuid: string }>(
      "SELECT uuid FROM vcon WHERE created_at BETWEEN ? AND ? ORDER BY created_at DESC, uuid DESC LIMIT ? OFFSET ?",
      since === undefined ? Number.MIN_SAFE_INTEGER : Date.parse(since),
      until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(until),
      limit,
      offset,
    ).map(({ uuid }) => uuid);
  }

  async find(party: PartyQuery): Promise<string[]> {
    const sets = searchKeys(party, this.#country).map((keys) => {
      const rows = this.#all<{ uuid: string }>(
        `SELECT DISTINCT uuid FROM party JOIN vcon ON vcon.id = party.vcon
         WHERE (kind, value) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))`,
        JSON.stringify(keys),
      );
      return new Set(rows.map(({ uuid }) => uuid));
    });
    return withOneParty(sets, party, this.#country, (uuid) => this.#parties(uuid));
  }

  async trail(uuid: string): Promise<TrailEvent[]> {
    return this.#all<{ event: string }>("SELECT event FROM trail WHERE uuid = ? ORDER BY id", uuid).map(
      ({ event }) => JSON.parse(event),
    );
  }

  async ping(): Promise<void> {
    this.#get("SELECT 1 FROM vcon LIMIT 1");
  }

  async close(): Promise<void> {
    this.#commits.flush();
    this.#statements.clear();
    this.#database.close();
  }

  #find(uuid: string): VconRow | undefined {
    return this.#get<VconRow>("SELECT id, form FROM vcon WHERE uuid = ?", uuid);
  }

  #head(id: number): HeadRow {
    return this.#get<HeadRow>("SELECT head, parties, extensions, updated_at FROM vcon WHERE id = ?", id)!;
  }

  #headText(id: number): string {
    const { head, extensions, updated_at } = this.#head(id);
    return currentHead(head, extensions, updated_at);
  }

  #parties(uuid: string): unknown[] {
    const row = this.#find(uuid);
    return row === undefined ? [] : JSON.parse(this.#head(row.id).parties ?? "[]");
  }

  #open(uuid: string): VconRow {
    const row = this.#find(uuid);
    if (row === undefined) throw notFound(uuid);
    if (row.form !== "unsigned") throw sealed(uuid, row.form);
    return row;
  }

  #elements(id: number, section: Section, wanted: Set<string> | "all"): ElementRow[] {
    const ofType = wanted === "all" ? "" : "AND type IN (SELECT value FROM json_each(?))";
    return this.#all<ElementRow>(
      `SELECT section, position, type, json, body, kind, size FROM element LEFT JOIN body ON body.id = element.body
       WHERE vcon = ? AND section = ? ${ofType} ORDER BY position`,
      id,
      section,
      ...(wanted === "all" ? [] : [JSON.stringify([...wanted])]),
    );
  }

  #toElement(uuid: string, element: ElementRow): never {
    return withBody(element.json, this.#largeBody(uuid, element));
  }

  #largeBody(uuid: string, { body, kind, size }: ElementRow): LargeBody | undefined {
    if (body === null || kind === null || size === null) return;
    return new LargeBody(size, kind, () => this.#chunks(uuid, body, size));
  }

  async *#chunks(uuid: string, body: number, size: number): AsyncGenerator<Uint8Array> {
    for (let position = 0; position * CHUNK_BYTES < size; position++) {
      const chunk = this.#get<{ bytes: Uint8Array }>(
        "SELECT bytes FROM chunk WHERE body = ? AND position = ?",
        body,
        position,
      );
      if (chunk === undefined) throw notFound(uuid);
      yield chunk.bytes;
      await nextTurn();
    }
  }

  #length(id: number, section: Section): number {
    return this.#get<{ length: number }>(
      "SELECT coalesce(max(position) + 1, 0) AS length FROM element WHERE vcon = ? AND section = ?",
      id,
      section,
    )!.length;
  }

  #countSame(id: number, analysis: Analysis): number {
    return this.#all<{ json: string }>(
      "SELECT json FROM element WHERE vcon = ? AND section = 'analysis' AND type = ?",
      id,
      analysis.type,
    ).filter(({ json }) => sameIdentity(JSON.parse(json), analysis)).length;
  }

  #insertElement(id: number, position: number, { section, type, json }: ElementPart, body?: number): void {
    this.#run(
      "INSERT INTO element (vcon, section, position, type, json, body) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      section,
      position,
      type,
      json,
      body ?? null,
    );
    if (body !== undefined) this.#run("UPDATE body SET staged = NULL WHERE id = ?", body);
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
      this.#run(
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
    this.#run("UPDATE vcon SET extensions = ? WHERE id = ?", JSON.stringify([...list]), id);
  }

  #index(id: number, parties: readonly unknown[]): void {
    for (const [kind, value] of indexKeysOf(parties, this.#country)) {
      this.#run("INSERT INTO party (kind, value, vcon) VALUES (?, ?, ?)", kind, value, id);
    }
  }

  #record(uuid: string, event: TrailEvent): void {
    this.#run("INSERT INTO trail (uuid, event) VALUES (?, ?)", uuid, JSON.stringify(event));
  }

  /** Writes the large bodies ahead of their elements, a chunk at a time so that the event loop stays free. */
  async #stageBodies(elements: readonly ElementPart[]): Promise<(number | undefined)[]> {
    const bodies: (number | undefined)[] = [];
    for (const { large } of elements) bodies.push(large && (await this.#stageBody(large)));
    return bodies;
  }

  async #stageBody({ kind, text, size }: EncodedBody): Promise<number> {
    const body = await this.#write(() =>
      this.#run("INSERT INTO body (kind, size, staged) VALUES (?, ?, ?)", kind, size, Date.now()),
    );
    const bytes = Buffer.from(text);
    for (let position = 0; position * CHUNK_BYTES < size; position++) {
      const chunk = bytes.subarray(position * CHUNK_BYTES, (position + 1) * CHUNK_BYTES);
      await this.#write(() =>
        this.#run("INSERT INTO chunk (body, position, bytes) VALUES (?, ?, ?)", body, position, chunk),
      );
    }
    return body;
  }

  #dropBodies(bodies: readonly (number | undefined)[]): void {
    for (const body of bodies) if (body !== undefined) this.#run("DELETE FROM body WHERE id = ?", body);
  }

  async #write<Result>(work: () => Result): Promise<Result> {
    return this.#commits.write(work).catch((error) => {
      throw asVconError(error);
    });
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  #get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

function openDatabase(file: string): DatabaseSync {
  makeFolder(dirname(file));
  try {
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: true, timeout: 5000 });
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    createTables(database, file);
    return database;
  } catch (error) {
    throw asVconError(error);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new VconError(
      "STORE_UNAVAILABLE",
      `The folder of the SQLite store can't be made (${code}). Check the store's URL and the rights of its folder.`,
      { cause: error },
    );
  }
}

function createTables(database: DatabaseSync, file: string): void {
  database.exec("BEGIN IMMEDIATE");
  const version = database.prepare("PRAGMA user_version").get()!["user_version"];
  if (version === 0) database.exec(`${SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec("COMMIT");
  if (version === 0 || version === SCHEMA_VERSION) return;
  database.close();
  throw new VconError(
    "STORE_MISMATCH",
    `${file} was written by another version of this package (layout ${version}, this one knows ${SCHEMA_VERSION}).`,
  );
}

/** SQLite's result codes for a file that is busy or locked, or a disk that is full or fails. */
const TRANSIENT = new Set([5, 6, 10, 13]);

function asVconError(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error;
  const code = Number(error.errcode) & 0xff;
  return new VconError("STORE_UNAVAILABLE", `The SQLite store answered: ${error.message}`, {
    cause: error,
    transient: TRANSIENT.has(code),
  });
}
