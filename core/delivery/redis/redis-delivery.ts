/** Delivery by the Redis in which the vCons are. */
import type { Connection } from "../../store/redis/connection.ts";
import type { VconStore } from "../../store/store.ts";
import type { Channel, ConserverList, Delivery } from "../delivery.ts";
import { channelName, listName, queueName } from "../names.ts";
import type { Queue } from "../queue.ts";
import { RedisChannel } from "./channel.ts";
import { RedisConserverList } from "./conserver-list.ts";
import { RedisQueue } from "./redis-queue.ts";
import { Subscriber } from "./subscriber.ts";

export class RedisDelivery implements Delivery {
  readonly #connection: Connection;
  readonly #store: VconStore;
  readonly #subscriber: Subscriber;
  /** One for each name, since a queue has listeners at the connection. */
  readonly #queues = new Map<string, RedisQueue>();

  constructor(connection: Connection, store: VconStore) {
    this.#connection = connection;
    this.#store = store;
    this.#subscriber = new Subscriber(connection);
  }

  queue(name: string): Queue {
    const checked = queueName(name);
    let queue = this.#queues.get(checked);
    if (queue === undefined) {
      queue = new RedisQueue(this.#connection, this.#store, checked);
      this.#queues.set(checked, queue);
    }
    return queue;
  }

  channel(name: string): Channel {
    return new RedisChannel(this.#connection, this.#subscriber, channelName(name));
  }

  conserverList(name: string): ConserverList {
    return new RedisConserverList(this.#connection, this.#store, listName(name));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}
