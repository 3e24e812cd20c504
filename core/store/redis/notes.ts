/** The notes in Redis: strings that expire. */
import type { Notes } from "../notes.ts";
import type { Connection } from "./connection.ts";
import { noteKey } from "./keys.ts";

export class RedisNotes implements Notes {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async add(key: string, text: string, seconds: number): Promise<string | undefined> {
    // In one call only since Redis 7.
    const isNew = await this.#connection.call((client) =>
      client.set(noteKey(key), text, "PX", milliseconds(seconds), "NX"),
    );
    if (isNew) return undefined;
    return (await this.get(key)) ?? this.add(key, text, seconds);
  }

  async get(key: string): Promise<string | undefined> {
    const known = await this.#connection.call((client) => client.get(noteKey(key)));
    return known ?? undefined;
  }

  async set(key: string, text: string, seconds: number): Promise<void> {
    await this.#connection.call((client) => client.set(noteKey(key), text, "PX", milliseconds(seconds)));
  }

  async drop(key: string): Promise<void> {
    await this.#connection.call((client) => client.unlink(noteKey(key)));
  }
}

function milliseconds(seconds: number): number {
  return Math.ceil(seconds * 1000);
}
