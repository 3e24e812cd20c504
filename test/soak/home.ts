/** Where the vCons and the queue of a soak are. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "../support/redis.ts";

export interface SoakHome {
  url: string;
  /** Ends its server at once and starts it again after so many milliseconds. */
  restart(pause: number): Promise<void>;
  remove(): Promise<void>;
}

export const HOMES = { redis: onRedis, sqlite: embedded };

/** A server of its own, which writes every change to disk before it answers. */
async function onRedis(): Promise<SoakHome> {
  const server = await startRedis();
  return {
    url: server.url,
    async restart(pause) {
      await server.kill();
      await new Promise((resolve) => setTimeout(resolve, pause));
      await server.start();
    },
    remove: () => server.stop(),
  };
}

async function embedded(): Promise<SoakHome> {
  const folder = mkdtempSync(join(tmpdir(), "vcon-soak-"));
  return {
    url: `sqlite:${join(folder, "soak.sqlite")}`,
    async restart() {
      throw new Error("The embedded store has no server.");
    },
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
