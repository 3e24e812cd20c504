/**
 * The demo's database: PGlite, PostgreSQL compiled to WebAssembly, behind its socket on 127.0.0.1. Its data lie in
 * the folder named by the first argument; the port that it first had is kept beside them, since the trail of a vCon
 * names the database by it. Prints its URL, and ends with SIGTERM or when its standard input ends.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

const [folder] = process.argv.slice(2);
const portFile = `${folder}.port`;
const keptPort = existsSync(portFile) ? Number(readFileSync(portFile, "utf8")) : 0;

const database = await PGlite.create(folder);
const server = await listen(keptPort).catch(() => listen(0));
const address = server.getServerConn();
writeFileSync(portFile, address.split(":").at(-1));

async function listen(port) {
  // With the default of one connection every pool of connections is refused.
  const options = { db: database, port, host: "127.0.0.1", maxConnections: 20 };
  const listening = new PGLiteSocketServer(options);
  await listening.start();
  return listening;
}

async function end() {
  await server.stop();
  await database.close();
  process.exit();
}
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.stdin.once("end", end).resume();

console.log(`PostgreSQL at postgres://postgres@${address}/postgres`);
