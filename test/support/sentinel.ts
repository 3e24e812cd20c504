/** A Redis with a replica and a sentinel that puts the replica in its place when it dies. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import { startRedis, type TestRedis } from "./redis.ts";

const MASTER = "main";

export interface TestSentinel {
  url: string;
  master: TestRedis;
  replica: TestRedis;
  stop(): Promise<void>;
}

/** Answers once the sentinel knows both servers. */
export async function startSentinel(): Promise<TestSentinel> {
  const master = await startRedis();
  const replica = await startRedis("--replicaof", "127.0.0.1", String(master.port));
  const folder = mkdtempSync(join(tmpdir(), "vcon-sentinel-"));
  const file = join(folder, "sentinel.conf");
  const port = await freePort();
  writeFileSync(
    file,
    [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${folder}`,
      `sentinel monitor ${MASTER} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${MASTER} 1000`,
      `sentinel failover-timeout ${MASTER} 5000`,
    ].join("\n"),
  );
  const sentinel = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
  await untilReplicaIsKnown(port);
  return {
    url: `redis+sentinel://127.0.0.1:${port}/${MASTER}`,
    master,
    replica,
    stop: async () => {
      const gone = once(sentinel, "exit");
      sentinel.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
      for (const server of [master, replica]) await server.stop();
    },
  };
}

async function untilReplicaIsKnown(port: number): Promise<void> {
  const client = new Redis(port, "127.0.0.1", { retryStrategy: () => 50, protocol: 2 });
  client.on("error", () => {});
  for (let attempt = 0; attempt < 400; attempt++) {
    const replicas = await client.call("SENTINEL", "REPLICAS", MASTER).catch(() => []);
    // Flags such as "s_down,slave,disconnected" come before it is of use.
    if ((replicas as string[][]).some((fields) => fields[fields.indexOf("flags") + 1] === "slave")) {
      return client.disconnect();
    }
    await pause(50);
  }
  client.disconnect();
  throw new Error("The sentinel does not find the replica.");
}
