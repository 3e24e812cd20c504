/** The notes in an SQLite store: a table that is cleared, as it is written to, of what is no longer kept. */
import type { Notes } from "../notes.ts";
import type { Database } from "./database.ts";

/** So many that are no longer kept go with each new one: more than come, and too few to hold up the process. */
const DROPPED_AT_ONCE = 100;

export class SqliteNotes implements Notes {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
    database.run("DELETE FROM note WHERE until <= ?", Date.now());
  }

  add(key: string, text: string, seconds: number): Promise<string | undefined> {
    return this.#database.write(() => {
      const known = this.#known(key);
      if (known === undefined) this.#put(key, text, seconds);
      return known;
    });
  }

  async get(key: string): Promise<string | undefined> {
    return this.#known(key);
  }

  set(key: string, text: string, seconds: number): Promise<void> {
    return this.#database.write(() => this.#put(key, text, seconds));
  }

  async drop(key: string): Promise<void> {
    await this.#database.write(() => this.#database.run("DELETE FROM note WHERE key = ?", key));
  }

  #known(key: string): string | undefined {
    const note = this.#database.get<{ text: string }>(
      "SELECT text FROM note WHERE key = ? AND until > ?",
      key,
      Date.now(),
    );
    return note?.text;
  }

  #put(key: string, text: string, seconds: number): void {
    const now = Date.now();
    this.#database.run(
      "DELETE FROM note WHERE rowid IN (SELECT rowid FROM note WHERE until <= ? LIMIT ?)",
      now,
      DROPPED_AT_ONCE,
    );
    this.#database.run(
      `INSERT INTO note (key, text, until) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET text = excluded.text, until = excluded.until`,
      key,
      text,
      Math.ceil(now + seconds * 1000),
    );
  }
}
