/**
 * The demo's database: PGlite, PostgreSQL compiled to WebAssembly, behind its socket on 127.0.0.1. Its data lie in
 * the folder named by the first argument. Prints its URL, and ends with SIGTERM or when its standard input ends.
 */
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

const database = await PGlite.create(process.argv[2]);
// With the default of one connection every pool of connections is refused.
const server = new PGLiteSocketServer({ db: database, port: 0, host: "127.0.0.1", maxConnections: 20 });
await server.start();

async function end() {
  await server.stop();
  await database.close();
  process.exit();
}
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.stdin.once("end", end).resume();

console.log(`PostgreSQL at postgres://postgres@${server.getServerConn()}/postgres`);
