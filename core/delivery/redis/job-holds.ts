/** Keeps the vCons of jobs that would expire. Each job has a hold of its own, so that no other one can end it. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { VconError } from "../../errors.ts";
import type { Connection } from "../../store/redis/connection.ts";
import type { VconStore } from "../../store/store.ts";
import { type JobData, KEY_PREFIX, nameForBull } from "./job.ts";

const TRY_AGAIN_MS = 1000;

export class JobHolds {
  readonly #connection: Connection;
  readonly #store: Pick<VconStore, "hold" | "release">;
  readonly #queue: string;

  constructor(connection: Connection, store: Pick<VconStore, "hold" | "release">, queue: string) {
    this.#connection = connection;
    this.#store = store;
    this.#queue = queue;
  }

  /** @returns the data of the job that is to be added. @throws VconError `VCON_NOT_FOUND`, `STORE_UNAVAILABLE` */
  async begin(uuid: string): Promise<JobData> {
    const holder = `queue:${this.#queue}:${randomUUID()}`;
    return (await this.#store.hold(uuid, holder)) ? { uuid, holder } : { uuid };
  }

  /** As {@link endUnlessNeeded}, tried until Redis answers or the signal comes. Never rejects. */
  async endWhenPossible(id: string, data: JobData, giveUp: AbortSignal): Promise<void> {
    while (!giveUp.aborted) {
      try {
        return await this.endUnlessNeeded(id, data);
      } catch (error) {
        if (!(error instanceof VconError && error.transient)) return;
        await pause(TRY_AGAIN_MS, undefined, { signal: giveUp }).catch(() => {});
      }
    }
  }

  /** Ends the hold of a job that is gone or never came to be. */
  async endUnlessNeeded(id: string, { uuid, holder }: JobData): Promise<void> {
    if (holder === undefined) return;
    const key = `${KEY_PREFIX}:${nameForBull(this.#queue)}:${id}`;
    const data = await this.#connection.call((client) => client.hget(key, "data"));
    if (data !== null && (JSON.parse(data) as JobData).holder === holder) return;
    await this.#store.release(uuid, holder);
  }

  /** Ends the hold of a job that is known to be gone. */
  async end({ uuid, holder }: JobData): Promise<void> {
    if (holder !== undefined) await this.#store.release(uuid, holder);
  }
}
