/** How UUIDs travel between flows, processes and machines: one contract, in Redis and embedded. */
import type { ConsumeOptions, Consumer, Queue, TakenJob } from "./queue.ts";

/** All ways of one store. Its connections are opened at first use. */
export interface Delivery {
  /** Durable: every job is done by one who takes it. @throws VconError `DELIVERY_NAME_MALFORMED` */
  queue(name: string): Queue;

  /** Every listener gets it, nobody keeps it. @throws VconError `DELIVERY_NAME_MALFORMED` */
  channel(name: string): Channel;

  /**
   * A list that a Python conserver reads or writes on the same Redis.
   * @throws VconError `DELIVERY_NAME_MALFORMED`; `DELIVERY_UNSUPPORTED` where the store is no Redis
   */
  conserverList(name: string): ConserverList;

  /** Whoever consumes or listens must have been stopped. */
  close(): Promise<void>;
}

/** On Redis a channel of exactly this name; embedded, all that listen by the same store in the same process. */
export interface Channel {
  /** The message is the UUID and nothing else. @throws VconError `STORE_UNAVAILABLE` (transient) */
  publish(uuid: string): Promise<void>;
  subscribe(options: SubscribeOptions): Subscription;
}

export interface SubscribeOptions {
  /** Gets the text as it came: other programs can speak on the channel too. */
  hear(text: string): void;
  /** Is told why nothing can be heard for the time being, and undefined once that is over. */
  fault(error: Error | undefined): void;
}

export interface Subscription {
  stop(): Promise<void>;
}

/** The conserver's own names: the list is a Redis list of UUIDs, and what has failed goes to `DLQ:<list>`. */
export interface ConserverList {
  /** Host and port of the Redis, or several with commas between them: for the trail. */
  readonly host: string;
  /** @throws VconError `STORE_UNAVAILABLE` (transient) */
  push(uuid: string): Promise<void>;
  /**
   * Takes the oldest first. What is taken is kept beside the list until it is settled, and goes back to the head of the
   * list where the process that took it is gone. What would be a dead letter of a queue goes to `DLQ:<list>`.
   */
  consume(options: ConsumeOptions, take: (job: TakenJob) => void): Consumer;

  /** How many wait. */
  length(): Promise<number>;

  /** Takes the oldest for good, at most so many. @returns what stood on the list */
  pull(limit: number): Promise<string[]>;

  /** What has failed, the one that has been there longest first; all if no limit is given. */
  dead(options?: { limit?: number; offset?: number }): Promise<string[]>;

  /**
   * Puts what has failed, the one that has been there longest first, back to the end of the list; in a cluster a crash
   * in between leaves an item in both.
   * @returns how many
   */
  replay(limit: number): Promise<number>;
}
