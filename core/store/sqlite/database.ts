/** An SQLite file: opened with its tables, its statements prepared once, its errors in our words. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { VconError } from "../../errors.ts";
import { GroupCommit } from "./group-commit.ts";
import { SCHEMA_VERSION, upgradeFrom } from "./schema.ts";

/** How long a write waits for another process that writes. */
const BUSY_MS = 5000;

export class Database {
  readonly #database: DatabaseSync;
  readonly #commits: GroupCommit;
  readonly #statements = new Map<string, StatementSync>();

  /** @param file made, with its folder, if it is missing */
  constructor(file: string) {
    this.#database = open(file);
    this.#commits = new GroupCommit(this.#database);
  }

  /** Runs `work`, which may only use this database and must not wait, in a transaction; settles once it is on disk. */
  write<Result>(work: () => Result): Promise<Result> {
    return this.#commits.write(work).catch((error) => {
      throw asVconError(error);
    });
  }

  /** Runs `work`, which may only read and must not wait, on one state of the file, whatever other processes write. */
  read<Result>(work: () => Result): Result {
    this.run("BEGIN");
    try {
      return work();
    } finally {
      this.run("COMMIT");
    }
  }

  /** @returns the row id of what was inserted */
  run(sql: string, ...values: SQLInputValue[]): number {
    return inOurWords(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  get<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return inOurWords(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return inOurWords(() => this.#statement(sql).all(...values) as Row[]);
  }

  close(): void {
    this.#commits.flush();
    this.#statements.clear();
    this.#database.close();
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

function open(file: string): DatabaseSync {
  makeFolder(dirname(file));
  return inOurWords(() => {
    const database = new DatabaseSync(file, { enableForeignKeyConstraints: true });
    // Not the constructor's option for it: Node 22.13 does not have that yet.
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL`);
    // What was deleted or encrypted would else stay in the file until its place is needed.
    database.exec("PRAGMA secure_delete = ON");
    upgrade(database, file);
    return database;
  });
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

/** Makes the tables, or brings those of an earlier version up to date. */
function upgrade(database: DatabaseSync, file: string): void {
  database.exec("BEGIN IMMEDIATE");
  const version = database.prepare("PRAGMA user_version").get()!["user_version"] as number;
  const sql = upgradeFrom(version);
  if (sql) database.exec(`${sql}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  database.exec("COMMIT");
  if (sql !== undefined) return;
  database.close();
  throw new VconError(
    "STORE_MISMATCH",
    `${file} was written by another version of this package (layout ${version}, this one knows ${SCHEMA_VERSION}).`,
  );
}

/** SQLite's result codes for a file that is busy or locked, or a disk that is full or fails. */
const TRANSIENT = new Set([5, 6, 10, 13]);

function inOurWords<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw asVconError(error);
  }
}

function asVconError(error: unknown): unknown {
  if (!(error instanceof Error) || !("errcode" in error)) return error;
  const code = Number(error.errcode) & 0xff;
  return new VconError("STORE_UNAVAILABLE", `The SQLite store answered: ${error.message}`, {
    cause: error,
    transient: TRANSIENT.has(code),
  });
}
