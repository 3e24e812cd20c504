/** The homes of a store that are measured, each opened empty for every run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { KEY_PREFIX } from "../../core/delivery/redis/job.ts";
import { openStore } from "../../core/index.ts";
import { LAYOUT_KEY, trailKey } from "../../core/store/redis/keys.ts";
import { startRedis } from "../../test/support/redis.ts";
import { LeftOut } from "../measurement.ts";

export interface Home {
  name: string;
  /** @throws LeftOut */
  open(): Promise<OpenHome>;
}

export interface OpenHome {
  url: string;
  /** Removes these vCons and what the store made for itself. */
  remove(uuids: readonly string[]): Promise<void>;
}

const sqlite: Home = {
  name: "sqlite",
  async open() {
    const folder = mkdtempSync(join(tmpdir(), "vcon-bench-"));
    return {
      url: `sqlite:${join(folder, "bench.sqlite")}`,
      remove: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

const redisHash: Home = { name: "redis hash", open: () => ownRedis("--appendonly", "no") };

/** Every write is in a file within a second. The file is not rewritten meanwhile: that would be measured too. */
const redisHashOnDisk: Home = {
  name: "redis hash on disk",
  open: () => ownRedis("--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"),
};

async function ownRedis(...options: string[]): Promise<OpenHome> {
  const server = await startRedis(...options);
  return { url: server.url, remove: () => server.stop() };
}

/** On a server that others may use too, so that only what is ours is removed. */
const redisJson: Home = {
  name: "redis json",
  async open() {
    const url = process.env["VCON_TEST_REDIS_JSON_URL"];
    if (!url) throw new LeftOut("set VCON_TEST_REDIS_JSON_URL to the URL of a Redis that knows JSON");
    const client = new Redis(url);
    const isNew = (await client.exists(LAYOUT_KEY)) === 0;
    return {
      url,
      async remove(uuids) {
        await removeFrom(url, client, uuids);
        const queues = await client.keys(`${KEY_PREFIX}:{bench*`);
        if (queues.length > 0) await client.del(queues);
        if (isNew) await client.del(LAYOUT_KEY);
        await client.quit();
      },
    };
  },
};

async function removeFrom(url: string, client: Redis, uuids: readonly string[]): Promise<void> {
  const store = await openStore(url);
  for (const uuid of uuids) {
    await store.delete(uuid);
    // The trail outlives its vCon.
    await client.del(trailKey(uuid));
  }
  await store.close();
}

export const redisHomes: readonly Home[] = [redisHash, redisHashOnDisk, redisJson];
export const homes: readonly Home[] = [sqlite, ...redisHomes];
/** Those that nobody else can be using. */
export const ownHomes: readonly Home[] = [sqlite, redisHash, redisHashOnDisk];
