/** A list of UUIDs that a Python conserver reads or writes: `RPUSH` at the one end, taken from the other. */
import type { Connection } from "../../store/redis/connection.ts";
import type { ConserverList } from "../delivery.ts";
import type { ConsumeOptions, Consumer, TakenJob } from "../queue.ts";
import { Arrivals } from "./arrivals.ts";
import { DeadList } from "./dead-list.ts";
import { type Holder, ListClaims } from "./list-claims.ts";
import { ListConsumer } from "./list-consumer.ts";

export class RedisConserverList implements ConserverList {
  readonly #connection: Connection;
  readonly #holder: Holder;
  readonly #name: string;
  readonly #dead: DeadList;

  /** @param holder keeps the bodies of what is taken: the store */
  constructor(connection: Connection, holder: Holder, name: string) {
    this.#connection = connection;
    this.#holder = holder;
    this.#name = name;
    this.#dead = new DeadList(connection, name);
  }

  get host(): string {
    return this.#connection.hosts;
  }

  async push(uuid: string): Promise<void> {
    await this.#connection.call((client) => client.rpush(this.#name, uuid));
  }

  consume(options: ConsumeOptions, take: (job: TakenJob) => void): Consumer {
    const claims = new ListClaims(this.#connection, this.#holder, this.#name);
    return new ListConsumer(claims, new Arrivals(this.#connection, this.#name), options, take);
  }

  length(): Promise<number> {
    return this.#connection.call((client) => client.llen(this.#name));
  }

  async pull(limit: number): Promise<string[]> {
    if (limit <= 0) return [];
    return (await this.#connection.call((client) => client.lpop(this.#name, limit))) ?? [];
  }

  dead(options?: { limit?: number; offset?: number }): Promise<string[]> {
    return this.#dead.dead(options);
  }

  replay(limit: number): Promise<number> {
    return this.#dead.replay(limit);
  }
}
