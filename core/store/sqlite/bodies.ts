/** Large bodies in an SQLite store: in chunks of their own, written ahead of the elements that they belong to. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { changed, notFound } from "../../errors.ts";
import { bytesOf, type EncodedBody, LargeBody } from "../body.ts";
import type { ElementPart } from "../parts.ts";
import type { Database } from "./database.ts";

/** Of the bytes of a body; its last chunk may have fewer. */
export const CHUNK_BYTES = 256 * 1024;
/** A body staged longer ago than this belongs to a process that died while it wrote. */
const STAGED_FOR_DEAD_MS = 60 * 60 * 1000;

/** What the table of bodies says of one; all null for an element that has none. */
export interface BodyRow {
  body: number | null;
  kind: "text" | "json" | null;
  size: number | null;
}

/** The id of an element's large body, if it has one. */
export type BodyId = number | undefined;

export class Bodies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.run("DELETE FROM body WHERE staged < ?", Date.now() - STAGED_FOR_DEAD_MS);
  }

  /** Writes the elements' large bodies, a chunk a turn so that the event loop stays free. */
  async stage(elements: readonly ElementPart[]): Promise<BodyId[]> {
    const ids: BodyId[] = [];
    for (const { large } of elements) ids.push(large && (await this.stageOne(large.kind, chunksOf(large))));
    return ids;
  }

  /** @param chunks written as they come; if that fails or they do, none of them stays */
  async stageOne(
    kind: "text" | "json",
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<number> {
    const database = this.#database;
    const id = await database.write(() =>
      database.run("INSERT INTO body (kind, size, staged) VALUES (?, 0, ?)", kind, Date.now()),
    );
    try {
      let count = 0;
      for await (const chunk of chunks) {
        const position = count++;
        await database.write(() => this.#insert(id, position, chunk));
      }
      return id;
    } catch (error) {
      await database.write(() => this.drop([id])).catch(() => {});
      throw error;
    }
  }

  /** The body is staged anew: its media may come slowly. */
  #insert(id: number, position: number, chunk: Uint8Array): void {
    this.#database.run("INSERT INTO chunk (body, position, bytes) VALUES (?, ?, ?)", id, position, chunk);
    this.#database.run(
      "UPDATE body SET size = size + ?, staged = ? WHERE id = ?",
      chunk.byteLength,
      Date.now(),
      id,
    );
  }

  /** From now on the body belongs to an element; in a transaction. */
  keep(id: BodyId): void {
    if (id !== undefined) this.#database.run("UPDATE body SET staged = NULL WHERE id = ?", id);
  }

  /** In a transaction. */
  drop(ids: readonly BodyId[]): void {
    for (const id of ids) if (id !== undefined) this.#database.run("DELETE FROM body WHERE id = ?", id);
  }

  handle(uuid: string, { body, kind, size }: BodyRow): LargeBody | undefined {
    if (body === null || kind === null || size === null) return;
    return new LargeBody(size, kind, (start, end) => this.#chunks(uuid, body, start, end));
  }

  #isThere(uuid: string): boolean {
    return this.#database.get("SELECT 1 FROM vcon WHERE uuid = ?", uuid) !== undefined;
  }

  async *#chunks(uuid: string, body: number, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (start >= end) return;
    for (let position = Math.floor(start / CHUNK_BYTES); position * CHUNK_BYTES < end; position++) {
      const chunk = this.#database.get<{ bytes: Uint8Array }>(
        "SELECT bytes FROM chunk WHERE body = ? AND position = ?",
        body,
        position,
      );
      if (chunk === undefined) throw this.#isThere(uuid) ? changed(uuid) : notFound(uuid);
      const offset = position * CHUNK_BYTES;
      yield chunk.bytes.subarray(Math.max(start - offset, 0), end - offset);
      await nextTurn();
    }
  }
}

function* chunksOf(body: EncodedBody): Generator<Uint8Array, void> {
  const bytes = bytesOf(body);
  for (let offset = 0; offset < body.size; offset += CHUNK_BYTES)
    yield bytes(offset, Math.min(offset + CHUNK_BYTES, body.size));
}
