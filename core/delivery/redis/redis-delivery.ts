/** Delivery by the Redis in which the vCons are. */
import type { Connection } from "../../store/redis/connection.ts";
import type { VconStore } from "../../store/store.ts";
import type { Channel, ConserverList, Delivery } from "../delivery.ts";
import { channelName, listName, queueName } from "../names.ts";
import type { Queue } from "../queue.ts";
import { RedisChannel } from "./channel.ts";
import { RedisConserverList } from "./conserver-list.ts";
import { type Bull, RedisQueue } from "./redis-queue.ts";
import { Subscriber } from "./subscriber.ts";

export class RedisDelivery implements Delivery {
  readonly #connection: Connection;
  readonly #store: VconStore;
  readonly #subscriber: Subscriber;
  /** One for each name, since it has listeners at the connection. */
  readonly #bulls = new Map<string, Bull>();
  readonly #closed = new AbortController();

  constructor(connection: Connection, store: VconStore) {
    this.#connection = connection;
    this.#store = store;
    this.#subscriber = new Subscriber(connection);
  }

  queue(name: string): Queue {
    return new RedisQueue(this.#connection, this.#store, queueName(name), this.#bulls, this.#closed.signal);
  }

  channel(name: string): Channel {
    return new RedisChannel(this.#connection, this.#subscriber, channelName(name));
  }

  conserverList(name: string): ConserverList {
    return new RedisConserverList(this.#connection, this.#store, listName(name));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#bulls.values()].map((bull) => bull.close()));
  }
}
