/** Redis servers that a test file starts for itself, on free ports and in folders of their own. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);

export interface TestRedis {
  port: number;
  url: string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again with the data it had. */
  start(): Promise<void>;
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>;
}

/** A redis-server that writes every change to disk before it answers. */
export async function startRedis(...options: string[]): Promise<TestRedis> {
  const folder = mkdtempSync(join(tmpdir(), "vcon-redis-"));
  const port = await freePort();
  let process: ChildProcess | undefined;
  const server: TestRedis = {
    port,
    url: `redis://127.0.0.1:${port}`,
    start: async () => {
      process = spawn(
        "redis-server",
        `--port ${port} --bind 127.0.0.1 --dir ${folder} --save --appendonly yes --appendfsync always`
          .split(" ")
          .concat(options),
        { stdio: "ignore" },
      );
      process.on("error", () => {
        throw new Error("redis-server does not start: install it (Debian: apt-get install redis-server).");
      });
      await untilReady(port);
    },
    kill: async () => {
      if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
      process.kill("SIGKILL");
      await once(process, "exit");
    },
    stop: async () => {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

/** Three servers that share the slots of a cluster. */
export async function startCluster(): Promise<{ servers: TestRedis[]; url: string }> {
  const servers = await Promise.all(
    [1, 2, 3].map(async () => {
      const busPort = await freePort();
      return startRedis("--cluster-enabled", "yes", "--cluster-port", String(busPort));
    }),
  );
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`);
  await run("redis-cli", ["--cluster", "create", ...hosts, "--cluster-yes"]);
  for (const { port } of servers) await untilClusterIsUp(port);
  return { servers, url: `redis+cluster://${hosts.join(",")}` };
}

async function untilReady(port: number): Promise<void> {
  await until(async (client) => (await client.info("persistence")).includes("loading:0"), port);
}

async function untilClusterIsUp(port: number): Promise<void> {
  await until(async (client) => (await client.cluster("INFO")).includes("cluster_state:ok"), port);
}

async function until(isSo: (client: Redis) => Promise<boolean>, port: number): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50 });
  client.on("error", () => {});
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isSo(client).catch(() => false)) return client.disconnect();
    await pause(50);
  }
  client.disconnect();
  throw new Error(`The redis-server on port ${port} did not become ready.`);
}
