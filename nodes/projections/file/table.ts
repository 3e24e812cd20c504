/** A file of rows, one a vCon: new ones are appended, known ones replaced, without reading it for each. */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { extname } from "node:path";
import type { Row } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import { csv } from "./csv.ts";
import { jsonLines } from "./json-lines.ts";
import { unfinishedName } from "./paths.ts";
import { type Records, recordsOf } from "./records.ts";
import { type RowFormat, UUID_COLUMN } from "./row-format.ts";
import { writeWhole } from "./whole-file.ts";

/** By the extension of the file's name. */
export const ROW_FORMATS: Record<string, RowFormat> = { ".csv": csv, ".jsonl": jsonLines };

/** What is remembered of so many files; the others are read again when they are written again. */
const MOST_REMEMBERED = 32;

/** What a file holds, and how to tell that nobody else has changed it since. */
interface Contents {
  stats: Stats;
  /** None in a format that names none. */
  columns: readonly string[];
  uuids: Set<string>;
}

/** By the UUID of its vCon, the row that there is to be; undefined for none. */
type Changes = ReadonlyMap<string, Row | undefined>;

const remembered = new Map<string, Table>();

/** @param path ends with one of the extensions; to be used in turn with all other work on it */
export function tableAt(path: string): Table {
  const table = remembered.get(path) ?? new Table(path, ROW_FORMATS[extname(path)]!);
  remembered.delete(path);
  remembered.set(path, table);
  if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
  return table;
}

class Table {
  readonly #path: string;
  readonly #format: RowFormat;
  #known: Contents | undefined;

  constructor(path: string, format: RowFormat) {
    this.#path = path;
    this.#format = format;
  }

  async has(uuid: string): Promise<boolean> {
    return (await this.#contents())?.uuids.has(uuid) ?? false;
  }

  /** Writes these rows by the UUIDs of their vCons: all of them, or none. */
  async write(rows: ReadonlyMap<string, Row>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const contents = await this.#contents();
    const columns = this.#columnsWith(contents, rows.values());
    const isOnlyMore = contents !== undefined && columns.length === contents.columns.length;
    if (isOnlyMore && [...rows.keys()].every((uuid) => !contents.uuids.has(uuid))) {
      await this.#append(contents, rows);
    } else {
      await this.#rewrite(contents, columns, rows, signal);
    }
  }

  /** Removes the row of this vCon, and what a crash may have left of a rewrite. */
  async erase(uuid: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await rm(unfinishedName(this.#path), { force: true });
    const contents = await this.#contents();
    if (!contents?.uuids.has(uuid)) return;
    await this.#rewrite(contents, contents.columns, new Map([[uuid, undefined]]), signal);
  }

  #columnsWith(contents: Contents | undefined, rows: Iterable<Row>): readonly string[] {
    if (this.#format.columnsIn === undefined) return [];
    const columns = new Set([...(contents?.columns ?? []), UUID_COLUMN]);
    for (const row of rows) for (const column of Object.keys(row)) columns.add(column);
    return [...columns];
  }

  /** In one write; what of it is there when it fails is taken back. */
  async #append(contents: Contents, rows: ReadonlyMap<string, Row>): Promise<void> {
    // Not made here: it would lack its first line, should somebody have removed the file just now.
    const file = await open(this.#path, constants.O_WRONLY | constants.O_APPEND);
    try {
      await appendWhole(file, this.#format.records(rows.values(), contents.columns), contents.stats.size);
      contents.stats = await file.stat();
      for (const uuid of rows.keys()) contents.uuids.add(uuid);
    } finally {
      await file.close();
    }
  }

  async #rewrite(
    contents: Contents | undefined,
    columns: readonly string[],
    changes: Changes,
    signal: AbortSignal,
  ): Promise<void> {
    const mode = contents && contents.stats.mode & 0o777;
    const content = this.#rewritten(contents, columns, changes);
    await writeWhole({ path: this.#path, content, mode, signal });
    const uuids = contents?.uuids ?? new Set();
    for (const [uuid, row] of changes) row ? uuids.add(uuid) : uuids.delete(uuid);
    this.#known = { stats: await stat(this.#path), columns, uuids };
  }

  /** The file anew: every record in its place, and the new ones behind them. */
  async *#rewritten(
    contents: Contents | undefined,
    columns: readonly string[],
    changes: Changes,
  ): AsyncGenerator<Buffer> {
    const format = this.#format;
    const left = new Map(changes);
    const more = columns.length - (contents?.columns.length ?? 0);
    const written = (rows: readonly (Row | undefined)[]) => {
      const there = rows.filter((row) => row !== undefined);
      return Buffer.from(format.records(there, columns));
    };
    const renewed = (record: Buffer): Buffer => {
      const uuid = format.uuidIn(record) ?? "";
      if (!changes.has(uuid)) return more > 0 ? format.widened(record, more) : record;
      const row = left.get(uuid);
      // Should the vCon have a second record, that one goes.
      left.delete(uuid);
      return written([row]);
    };

    let isHeader = format.columnsIn !== undefined;
    if (isHeader) yield Buffer.from(format.header(columns));
    for await (const { records } of contents ? this.#records() : []) {
      yield Buffer.concat(records.slice(isHeader ? 1 : 0).map(renewed));
      if (records.length > 0) isHeader = false;
    }
    yield written([...left.values()]);
  }

  /** What stands in the file; undefined where it is not there, or empty. */
  async #contents(): Promise<Contents | undefined> {
    const stats = await stat(this.#path).catch((error) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (stats === undefined || stats.size === 0) this.#known = undefined;
    else if (!isSame(stats, this.#known?.stats)) this.#known = await this.#read(stats);
    return this.#known;
  }

  async #read(stats: Stats): Promise<Contents> {
    const format = this.#format;
    const uuids = new Set<string>();
    let columns: readonly string[] | undefined = format.columnsIn ? undefined : [];
    let size = 0;
    for await (const { records, leftover } of this.#records()) {
      columns ??= records[0] && this.#columnsIn(records[0]);
      for (const record of records) {
        size += record.length;
        const uuid = format.uuidIn(record);
        if (uuid !== undefined) uuids.add(uuid);
      }
      if (leftover === undefined) continue;
      await this.#mend(leftover, size, columns ?? []);
      return this.#read(await stat(this.#path));
    }
    return { stats, columns: columns ?? this.#columnsIn(Buffer.alloc(0)), uuids };
  }

  #columnsIn(header: Buffer): readonly string[] {
    const columns = this.#format.columnsIn!(header);
    if (columns !== undefined) return columns;
    throw new StepError(
      `The file ${this.#path} has other content: its first line does not name columns, each once and "${UUID_COLUMN}" first. Move it away, or choose another folder.`,
      { code: "OTHER_CONTENT" },
    );
  }

  /** Ends a last row that lacks only its line end, and takes back what a crash has left of one. */
  async #mend(leftover: Buffer, start: number, columns: readonly string[]): Promise<void> {
    const isWhole = this.#format.isWhole(leftover, columns);
    if (!isWhole && !this.#format.isBegun(leftover)) {
      throw new StepError(
        `The file ${this.#path} ends in the middle of a row that this node has not written. Mend its end, or move it away.`,
        { code: "OTHER_CONTENT" },
      );
    }
    const file = await open(this.#path, "r+");
    try {
      if (isWhole) await file.write("\n", start + leftover.length);
      else await file.truncate(start);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #records(): AsyncGenerator<Records> {
    return recordsOf(this.#path, this.#format.hasQuotes);
  }
}

async function appendWhole(file: FileHandle, text: string, size: number): Promise<void> {
  try {
    await file.appendFile(text);
    await file.sync();
  } catch (error) {
    await file.truncate(size).catch(() => {});
    throw error;
  }
}

function isSame(stats: Stats, known: Stats | undefined): boolean {
  return (
    known !== undefined &&
    stats.ino === known.ino &&
    stats.size === known.size &&
    stats.mtimeMs === known.mtimeMs
  );
}
