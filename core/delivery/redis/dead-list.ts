/** What has failed of a conserver list: it stands on a list of its own, as a conserver leaves it. */
import type { Connection } from "../../store/redis/connection.ts";
import type { ConserverList } from "../delivery.ts";
import { REPLAY } from "./list-scripts.ts";

/** So many are moved in one call, so that Redis does not stand still for all of them. */
const AT_ONCE = 1000;

/** The conserver's name of it. */
export function deadListKey(list: string): string {
  return `DLQ:${list}`;
}

export class DeadList implements Pick<ConserverList, "dead" | "replay"> {
  readonly #connection: Connection;
  readonly #list: string;
  readonly #dead: string;

  constructor(connection: Connection, list: string) {
    this.#connection = connection;
    this.#list = list;
    this.#dead = deadListKey(list);
  }

  async dead({ limit, offset = 0 }: { limit?: number; offset?: number } = {}): Promise<string[]> {
    if (limit !== undefined && limit <= 0) return [];
    const last = limit === undefined ? -1 : offset + limit - 1;
    return this.#connection.call((client) => client.lrange(this.#dead, offset, last));
  }

  /** Moves what stands there now: some of it may fail again at once, and is there again. */
  async replay(limit: number): Promise<number> {
    const there = await this.#connection.call((client) => client.llen(this.#dead));
    let moved = 0;
    for (let left = Math.min(limit, there); left > 0; left -= AT_ONCE) {
      moved += await this.#move(Math.min(left, AT_ONCE));
    }
    return moved;
  }

  #move(atMost: number): Promise<number> {
    return this.#connection.isCluster
      ? this.#moveBetweenSlots(atMost)
      : this.#connection.run(REPLAY, [this.#dead, this.#list], [atMost]);
  }

  async #moveBetweenSlots(atMost: number): Promise<number> {
    let moved = 0;
    for (let tried = 0; tried < atMost; tried++) if (await this.#moveOne()) moved++;
    return moved;
  }

  async #moveOne(): Promise<boolean> {
    const item = await this.#connection.call((client) => client.lindexBuffer(this.#dead, 0));
    if (item === null) return false;
    await this.#connection.call((client) => client.rpush(this.#list, item));
    const removed = await this.#connection.call((client) => client.lrem(this.#dead, 1, item));
    // Another was at the same item.
    if (removed === 0) await this.#connection.call((client) => client.lrem(this.#list, -1, item));
    return removed === 1;
  }
}
