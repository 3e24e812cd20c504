/** Publish and subscribe by a Redis channel of exactly the given name, which any other program can share. */
import { type Connection, script } from "../../store/redis/connection.ts";
import type { Channel, SubscribeOptions, Subscription } from "../delivery.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * A channel has no slot: a client of a cluster gives each message to any server, and they overtake each other. One that
 * is asked by a key is always the same. KEYS: the channel. ARGV: the message.
 */
const PUBLISH = script("return redis.call('PUBLISH', KEYS[1], ARGV[1])");

export class RedisChannel implements Channel {
  readonly #connection: Connection;
  readonly #subscriber: Subscriber;
  readonly #name: string;

  /** @param subscriber the one of the store, for all its channels */
  constructor(connection: Connection, subscriber: Subscriber, name: string) {
    this.#connection = connection;
    this.#subscriber = subscriber;
    this.#name = name;
  }

  async publish(uuid: string): Promise<void> {
    if (this.#connection.isCluster) await this.#connection.run(PUBLISH, [this.#name], [uuid]);
    else await this.#connection.call((client) => client.publish(this.#name, uuid));
  }

  subscribe(options: SubscribeOptions): Subscription {
    return this.#subscriber.subscribe(this.#name, options);
  }
}
