/** A connection to Redis that waits a little while Redis is away, and runs the store's scripts. */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import { VconError } from "../../errors.ts";
import { parseRedisUrl, type RedisAddress } from "./address.ts";
import { asVconError, codeOf } from "./errors.ts";

export type RedisClient = Redis | Cluster;
export type Argument = string | number | Buffer;

/** A call waits so long for a Redis that is away. */
const WAIT_MS = 5000;

/**
 * Calls are never queued inside the client, or one whose caller has given up would still be sent once Redis is back.
 * Nor are they pipelined: a pipeline answers none of its calls before the last, and Node and Redis would take turns.
 */
const SENDING = { enableOfflineQueue: false };

/**
 * A call that was under way when the connection broke fails, since nobody knows whether it was done; and so does one
 * that gets no answer from a Redis that is connected but silent.
 */
const GIVING_UP = { maxRetriesPerRequest: 0, connectTimeout: 3000, socketTimeout: 10_000 };

/** One that reads its data after a restart guesses how long that takes, up to 10 s where it takes a moment. */
const LOADING = { maxLoadingRetryTime: 100 };

/** A scan looks at so many keys in one call. */
const SCAN_COUNT = 1000;

/** A Lua script and the hash by which Redis knows it. */
export interface Script {
  lua: string;
  sha: string;
}

export function script(...parts: string[]): Script {
  const lua = parts.join("\n");
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

export class Connection {
  readonly isCluster: boolean;
  readonly #address: RedisAddress;
  readonly #client: RedisClient;
  #waiting: Promise<void> | undefined;
  /** Why Redis could not be reached when it was last tried. */
  #lastError: Error | undefined;

  /** @param password in place of one in the URL. @throws VconError `STORE_URL_MALFORMED` */
  constructor(url: string, password?: string) {
    const address = parseRedisUrl(url);
    if (password !== undefined) address.password = password;
    this.isCluster = address.kind === "cluster";
    this.#address = address;
    this.#client = makeClient(address);
    const remember = (error: Error & { lastNodeError?: Error }): void => {
      this.#lastError = error.lastNodeError ?? error;
    };
    this.#client.on("error", remember);
    this.#client.on("node error", remember);
    this.#client.on("ready", () => {
      this.#lastError = undefined;
    });
  }

  /** Host and port, of a Sentinel or Cluster several with commas between them, as the URL has them. */
  get hosts(): string {
    return this.#address.hosts.map(({ host, port }) => `${host}:${port}`).join(",");
  }

  /** Waits for Redis if it is away. @throws VconError `STORE_UNAVAILABLE` */
  async call<Reply>(command: (client: RedisClient) => Promise<Reply>): Promise<Reply> {
    const deadline = Date.now() + WAIT_MS;
    while (true) {
      if (this.#client.status !== "ready") await this.#ready();
      try {
        return await command(this.#client);
      } catch (error) {
        if (!wasNeverSent(error) || Date.now() > deadline) throw asVconError(error);
        // The client has yet to notice that the connection is gone.
        await pause(20);
      }
    }
  }

  /** Runs a script that touches only `keys`, which lie in one slot if this is a cluster. */
  run<Reply>(script: Script, keys: string[], values: Argument[]): Promise<Reply> {
    return this.#run(script, (client, command, text) =>
      client[command](text, keys.length, keys as never, values as never),
    ) as Promise<Reply>;
  }

  /** As {@link run}; texts are answered as bytes. */
  runForBytes<Reply>(script: Script, keys: string[], values: Argument[]): Promise<Reply> {
    return this.#run(script, (client, command, text) =>
      client.callBuffer(command, [text, keys.length, ...keys, ...values]),
    ) as Promise<Reply>;
  }

  #run(
    { sha, lua }: Script,
    send: (client: RedisClient, command: "evalsha" | "eval", text: string) => Promise<unknown>,
  ): Promise<unknown> {
    return this.call(async (client) => {
      try {
        return await send(client, "evalsha", sha);
      } catch (error) {
        if (!(error instanceof Error) || codeOf(error) !== "NOSCRIPT") throw error;
        return send(client, "eval", lua);
      }
    });
  }

  /** The keys that fit the pattern, of a cluster those of all its servers; a key may come twice. */
  async *scan(pattern: string): AsyncGenerator<string[], void> {
    for (const server of await this.call(async (client) => mastersOf(client))) {
      let cursor = "0";
      do {
        const [next, keys] = await this.call(() =>
          server.scan(cursor, "MATCH", pattern, "COUNT", SCAN_COUNT),
        );
        yield keys;
        cursor = next;
      } while (cursor !== "0");
    }
  }

  /**
   * Another client of the same Redis, for what would hold up the calls of the others. Whoever asks for it closes it.
   * @param options in place of those of the store's own client
   */
  another(options: RedisOptions = {}): RedisClient {
    return makeClient(this.#address, options);
  }

  /** As {@link another}; of a cluster the client of one server, another one each time. */
  anotherOfOne(options: RedisOptions = {}): Redis {
    if (!(this.#client instanceof Cluster)) return this.another(options) as Redis;
    const known = this.#client.nodes().map((node) => node.options as { host: string; port: number });
    const hosts = known.length > 0 ? known : this.#address.hosts;
    const { host, port } = hosts[Math.floor(Math.random() * hosts.length)]!;
    return makeClient({ ...this.#address, kind: "single", hosts: [{ host, port }] }, options) as Redis;
  }

  async close(): Promise<void> {
    await this.#client.quit().catch(() => this.#client.disconnect());
  }

  #ready(): Promise<void> {
    this.#waiting ??= this.#becomeReady().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  #becomeReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const onReady = () => settle(resolve);
      const onEnd = () => settle(() => reject(closed()));
      const onError = () => {
        if (!this.#whyAway().transient) settle(() => reject(this.#whyAway()));
      };
      const timer = setTimeout(() => settle(() => reject(this.#whyAway())), WAIT_MS);
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        this.#client.off("ready", onReady).off("end", onEnd).off("error", onError);
        then();
      };
      this.#client.on("ready", onReady).on("end", onEnd).on("error", onError);
      if (this.#client.status === "ready") onReady();
      if (this.#client.status === "end") onEnd();
    });
  }

  #whyAway(): VconError {
    return asVconError(this.#lastError ?? new Error("It does not answer.")) as VconError;
  }
}

function mastersOf(client: RedisClient): Redis[] {
  return client instanceof Cluster ? client.nodes("master") : [client];
}

/** What the client says of a call that it would have to queue. */
function wasNeverSent(error: unknown): boolean {
  return error instanceof Error && error.message.includes("enableOfflineQueue");
}

function closed(): VconError {
  return new VconError("STORE_UNAVAILABLE", "The store was closed.", { transient: true });
}

function makeClient(
  { kind, tls, hosts, username, password, database, master }: RedisAddress,
  overrides: RedisOptions = {},
): RedisClient {
  const { enableOfflineQueue, ...options }: RedisOptions = {
    ...SENDING,
    ...GIVING_UP,
    ...LOADING,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: {} }),
    retryStrategy: (attempt) => Math.min(attempt * 50, 1000),
    ...overrides,
  };
  if (kind === "cluster") {
    const { retryStrategy, ...redisOptions } = options;
    return new Cluster(hosts, {
      enableOfflineQueue: enableOfflineQueue!,
      clusterRetryStrategy: retryStrategy as (attempt: number) => number,
      redisOptions,
      // Managed clusters hold certificates for their names, not for the addresses behind them.
      ...(tls && { dnsLookup: (host, found) => found(null, host) }),
    });
  }
  return new Redis({
    ...options,
    enableOfflineQueue: enableOfflineQueue!,
    ...(kind === "sentinel"
      ? {
          sentinels: hosts,
          name: master,
          enableTLSForSentinelMode: tls,
          sentinelRetryStrategy: options.retryStrategy!,
        }
      : hosts[0]!),
    db: database,
  });
}
