/** The one connection by which a store hears what is published: open while anybody listens, and opened again if it breaks. */
import { setTimeout as pause } from "node:timers/promises";
import type { Redis } from "ioredis";
import type { Connection } from "../../store/redis/connection.ts";
import { asVconError } from "../../store/redis/errors.ts";
import { changesOnly, type TellFault, undisturbed } from "../changes-only.ts";
import type { SubscribeOptions, Subscription } from "../delivery.ts";

const TRY_AGAIN_MS = 500;

/** A connection on which nothing is published would never notice that the other side is gone. */
const PING_EVERY_MS = 5000;

interface Listener {
  hear(text: string): void;
  fault: TellFault;
}

export class Subscriber {
  readonly #connection: Connection;
  /** By channel; none is empty. */
  readonly #listeners = new Map<string, Set<Listener>>();
  #client: Redis | undefined;
  #running: Promise<void> | undefined;
  /** Ends the pause between two connections. */
  #nobodyListens = new AbortController();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  subscribe(channel: string, { hear, fault }: SubscribeOptions): Subscription {
    const listener: Listener = { hear, fault: changesOnly(fault) };
    this.#add(channel, listener);
    return { stop: () => this.#remove(channel, listener) };
  }

  #add(channel: string, listener: Listener): void {
    const others = this.#listeners.get(channel);
    if (others) others.add(listener);
    else this.#listeners.set(channel, new Set([listener]));
    if (!others) this.#ask((client) => client.subscribe(channel));
    this.#running ??= this.#run();
  }

  async #remove(channel: string, listener: Listener): Promise<void> {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#listeners.delete(channel);
    this.#ask((client) => client.unsubscribe(channel));
    if (this.#listeners.size > 0) return;
    const client = this.#client;
    this.#nobodyListens.abort();
    if (client === undefined) return;
    const ended = hasEnded(client);
    client.disconnect();
    await ended;
  }

  async #run(): Promise<void> {
    while (this.#listeners.size > 0) {
      this.#nobodyListens = new AbortController();
      await this.#listen();
      if (this.#listeners.size === 0) break;
      await pause(TRY_AGAIN_MS, undefined, this.#nobodyListens).catch(() => {});
    }
    this.#running = undefined;
  }

  /** Resolves once the connection has ended. */
  async #listen(): Promise<void> {
    // It never connects a second time: the client's own way to subscribe again leaves a rejected promise unhandled
    // where the connection breaks meanwhile, and in a cluster tells nobody.
    const client = this.#connection.anotherOfOne({ lazyConnect: true, retryStrategy: () => null });
    let reason: Error = new Error("The connection has ended.");
    client.on("error", (error: Error) => {
      reason = error;
      this.#tell(error);
    });
    client.on("message", (channel: string, text: string) => this.#hand(channel, text));
    const pinging = setInterval(() => this.#ask((open) => open.ping()), PING_EVERY_MS);
    this.#client = client;
    try {
      const ended = hasEnded(client);
      await client.connect();
      await client.subscribe(...this.#listeners.keys());
      this.#tell(undefined);
      await ended;
    } catch (error) {
      if (error instanceof Error && error.name === "ReplyError") reason = error;
      client.disconnect();
      await hasEnded(client);
    }
    clearInterval(pinging);
    this.#client = undefined;
    if (!this.#nobodyListens.signal.aborted) this.#tell(reason);
  }

  /** One that can't be asked is given up, so that a new connection begins with all channels. */
  #ask(command: (client: Redis) => Promise<unknown>): void {
    const client = this.#client;
    if (client?.status === "ready") command(client).catch(() => client.disconnect());
  }

  #hand(channel: string, text: string): void {
    for (const { hear } of this.#listeners.get(channel) ?? []) undisturbed(() => hear(text));
  }

  #tell(error: Error | undefined): void {
    const reason = asVconError(error) as Error | undefined;
    for (const listeners of this.#listeners.values()) {
      for (const { fault } of listeners) fault(reason);
    }
  }
}

async function hasEnded(client: Redis): Promise<void> {
  if (client.status !== "end") await new Promise((resolve) => client.once("end", resolve));
}
