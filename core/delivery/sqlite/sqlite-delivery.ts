/** Delivery in the embedded store: queues in its file, channels within the process. */
import { VconError } from "../../errors.ts";
import type { Database } from "../../store/sqlite/database.ts";
import type { Channel, ConserverList, Delivery } from "../delivery.ts";
import { InProcessChannel } from "../in-process-channel.ts";
import { channelName, listName, queueName } from "../names.ts";
import type { Queue } from "../queue.ts";
import { Jobs } from "./jobs.ts";
import { Lease } from "./lease.ts";
import { Letters } from "./letters.ts";
import { SqliteQueue } from "./sqlite-queue.ts";

export class SqliteDelivery implements Delivery {
  readonly #lease: Lease;
  readonly #letters: Letters;
  readonly #jobs: Jobs;
  readonly #channels = new Map<string, Channel>();
  readonly #closed = new AbortController();

  constructor(database: Database) {
    this.#lease = new Lease(database);
    this.#letters = new Letters(database);
    this.#jobs = new Jobs(database, this.#letters, this.#lease);
  }

  queue(name: string): Queue {
    return new SqliteQueue(queueName(name), this.#jobs, this.#letters, this.#closed.signal);
  }

  channel(name: string): Channel {
    const key = channelName(name);
    const channel = this.#channels.get(key) ?? new InProcessChannel();
    this.#channels.set(key, channel);
    return channel;
  }

  conserverList(name: string): ConserverList {
    throw new VconError(
      "DELIVERY_UNSUPPORTED",
      `The list ${listName(name)} can't be reached: a conserver's lists are in its Redis, and this store is an SQLite file. ` +
        "Use a store with the URL of that Redis, such as redis://127.0.0.1:6379.",
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#lease.end();
  }
}
