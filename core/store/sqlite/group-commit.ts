/** Commits together all writes of one turn of the event loop: one flush to disk serves them all. */
import type { DatabaseSync } from "node:sqlite";

interface Write {
  work: () => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #database: DatabaseSync;
  #waiting: Write[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Runs `work` in the next transaction; settles once that is on disk. A write that throws leaves nothing. */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({ work, resolve, reject });
    });
  }

  /** Commits what waits now; the database may be closed after it. */
  flush(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    if (writes.length === 0) return;
    const settle: (() => void)[] = [];
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const write of writes) settle.push(this.#attempt(write));
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      for (const { reject } of writes) reject(error);
      return;
    }
    for (const tell of settle) tell();
  }

  /** SQLite may have rolled back by itself, and then refuses to. */
  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {}
  }

  #attempt({ work, resolve, reject }: Write): () => void {
    this.#database.exec("SAVEPOINT step");
    try {
      const value = work();
      this.#database.exec("RELEASE step");
      return () => resolve(value as never);
    } catch (error) {
      this.#database.exec("ROLLBACK TO step");
      this.#database.exec("RELEASE step");
      return () => reject(error);
    }
  }
}
