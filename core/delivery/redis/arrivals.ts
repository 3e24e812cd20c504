/** Waits for something to come onto a list, by a connection of its own, since the wait holds up all other calls. */
import { setTimeout as pause } from "node:timers/promises";
import type { Connection, RedisClient } from "../../store/redis/connection.ts";

/** Less than a client waits for the answer to any call. */
const WAIT_SECONDS = 5;
const TRY_AGAIN_MS = 200;

export class Arrivals {
  readonly #connection: Connection;
  readonly #list: string;
  readonly #closed = new AbortController();
  #client: RedisClient | undefined;

  constructor(connection: Connection, list: string) {
    this.#connection = connection;
    this.#list = list;
  }

  /** Resolves when there may be something on the list, or after a while; never rejects. */
  async next(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#client ??= this.#open();
    try {
      // From the head to the head: it moves nothing. What a blocked call really moved would be lost where the call is
      // served for a consumer that Redis does not yet know to be gone.
      await this.#client.blmove(this.#list, this.#list, "LEFT", "LEFT", WAIT_SECONDS);
    } catch {
      // Whether Redis is away is told by those who take; without this connection they look every so often.
      await pause(TRY_AGAIN_MS, undefined, this.#closed).catch(() => {});
    }
  }

  /** Ends the wait. */
  close(): void {
    this.#closed.abort();
    this.#client?.disconnect();
  }

  #open(): RedisClient {
    return this.#connection.another().on("error", () => {});
  }
}
