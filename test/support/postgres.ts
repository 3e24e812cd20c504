/** A real PostgreSQL server for the time of a test file: its own folder, a free port, and a password. */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "./free-port.ts";

/** With signs that mean something in a URL. */
export const password = "p@ss:w/rd%20?é";

export interface TestPostgres {
  port: number;
  /** Without the password. */
  url: string;
  /** Runs a statement as the owner and gives its rows. */
  query(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** A connection of the test's own, for what a transaction holds. */
  connect(): Promise<pg.Client>;
  /** Starts the server; does nothing if it runs. */
  start(): Promise<void>;
  /** Ends every connection at once, as a crash does. */
  kill(): Promise<void>;
  /** Ends the server and removes its folder. */
  remove(): Promise<void>;
}

/** Makes the server, without starting it. What it is told to have on disk may be lost unless `fsync` is on. */
export async function makePostgres({ fsync = "off" } = {}): Promise<TestPostgres> {
  const programs = findPrograms();
  const folder = mkdtempSync(join(tmpdir(), "vcon-postgres-"));
  const data = join(folder, "data");
  const port = await freePort();
  const user = notRoot(folder);
  const env = { ...process.env, LC_ALL: "C" };

  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, `${password}\n`);
  if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid!);
  execFileSync(
    join(programs, "initdb"),
    [
      "-D",
      data,
      "-U",
      "owner",
      "-E",
      "UTF8",
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--no-sync",
    ],
    { ...user, cwd: folder, env, stdio: "pipe" },
  );

  let server: ReturnType<typeof spawn> | undefined;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    fsync,
    max_connections: "20",
    shared_buffers: "16MB",
  };

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = server;
    server = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await ended;
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "owner", password, database: "postgres" });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  }

  return {
    port,
    url: `postgres://owner@127.0.0.1:${port}/postgres`,
    connect,
    async query(statement, values) {
      const client = await connect();
      try {
        return (await client.query(statement, values)).rows;
      } finally {
        await client.end();
      }
    },
    async start() {
      if (server) return;
      const words = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      server = spawn(join(programs, "postgres"), ["-D", data, ...words], {
        ...user,
        cwd: folder,
        env,
        stdio: "ignore",
      });
      for (;;) {
        if (server.exitCode !== null) throw new Error("postgres ended by itself");
        const client = await connect().catch(() => undefined);
        if (client) return client.end();
        await sleep(50);
      }
    },
    // PostgreSQL's "immediate shutdown": no farewell to clients, recovery at the next start.
    kill: () => end("SIGQUIT"),
    async remove() {
      await end("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findPrograms(): string {
  const found = globSync([
    "/usr/lib/postgresql/*/bin/initdb",
    "/usr/local/*/bin/initdb",
    "/opt/homebrew/*/bin/initdb",
  ]);
  const onPath = (process.env["PATH"] ?? "").split(":").flatMap((folder) => globSync(join(folder, "initdb")));
  const program = [...found.sort().reverse(), ...onPath][0];
  if (program === undefined) {
    throw new Error("These tests need PostgreSQL. On Debian: sudo apt-get install postgresql");
  }
  return dirname(program);
}

/** PostgreSQL refuses to run as root, so that it then runs as the user that its package makes. */
function notRoot(folder: string): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ["-u", "-g"].map((flag) =>
    Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" })),
  ) as [number, number];
  chownSync(folder, uid, gid);
  chmodSync(folder, 0o700);
  return { uid, gid };
}
