/** Writes the row that a projection drew into a table: a new row, or over the one of the same vCon. */
import type { Pool, PoolClient } from "pg";
import type { Row } from "../../../core/index.ts";
import { destination, StepError, service, text, toggle } from "../../kit/index.ts";
import { projectionField, ROWS, rowOf } from "../row.ts";
import { databaseError, isMissing } from "./database-error.ts";
import { columnsOf, createTable, erase, upserts } from "./statements.ts";

interface Server {
  pool: Pool;
  host: string;
  /** With its server, and without user and password. */
  database: string;
}

/** More are hardly faster, and those that wait lie in memory, each with a transcript maybe. */
const ROWS_TOGETHER = 100;

/** The columns that exist as far as this process knows, by server and table. */
const known = new WeakMap<Server, Map<string, Set<string>>>();

/**
 * What the server answers to one of two that create the same table at the same moment: a key twice in its catalogue,
 * a table, type or column that is there.
 */
const ANOTHER_WAS_FIRST = new Set(["23505", "42P07", "42710", "42701"]);

/** What the server answers where the table or its schema is gone. */
const GONE = new Set(["42P01", "3F000"]);

export default destination({
  type: "vcon-postgresql",
  label: "PostgreSQL",
  icon: "vcon-postgresql.svg",
  fields: {
    server: service<Server>("vcon-postgresql-server", { label: "Server", icon: "server" }),
    table: text({ label: "Table", icon: "table", required: true, placeholder: "conversations" }),
    projection: projectionField,
    key: text({
      label: "Key column",
      icon: "key",
      default: "uuid",
      required: true,
      hint: "holds the vCon's UUID",
    }),
    create: toggle({
      label: "Create",
      icon: "magic",
      default: true,
      hint: "the table and columns that are missing",
    }),
  },
  reads: [ROWS],
  system: "PostgreSQL",
  batch: { most: ROWS_TOGETHER },
  draw: async ({ vcon, config }) => {
    const { table, key } = config;
    const content: Row = { ...(await rowOf(vcon, config.projection)).row, [key]: vcon.uuid };
    // What can't be written is refused before anything leaves.
    upserts(table, key, [content]);
    const { host, database } = await config.server();
    return {
      content,
      recipient: { vendor: "PostgreSQL", product: table, host, categories: ["projection"] },
      handle: { database, table, column: key },
    };
  },
  send: async ({ config, items, signal }) => {
    const { table, key, create } = config;
    const server = await config.server();
    const rows = items.map(({ content }) => content);
    try {
      await withClient(server.pool, signal, async (client) => {
        const fitting = create ? await fitted(server, client, table, key, rows) : rows;
        for (const statement of upserts(table, key, fitting)) await client.query(statement);
      });
    } catch (error) {
      // It may have been dropped since; the next attempt looks anew.
      if (isMissing(error)) known.delete(server);
      throw databaseError(error, create);
    }
  },
  erase: async ({ config, uuid, handle, signal }) => {
    const { pool, database } = await config.server();
    if (handle["database"] !== database) throw elsewhere();
    await withClient(pool, signal, async (client) => {
      await client.query(erase(String(handle["table"]), String(handle["column"]), uuid));
    }).catch((error) => {
      if (!GONE.has(error.code)) throw databaseError(error, false);
    });
  },
});

function elsewhere(): StepError {
  return new StepError(
    "The row was written into another database than the node has now, so this one can't erase it. Set the server as it was.",
    { code: "OTHER_DATABASE" },
  );
}

/** A connection for some queries; when they are given up on, it is closed, which ends them at the server too. */
async function withClient(
  pool: Pool,
  signal: AbortSignal,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  const giveUp = () => client.release(true);
  if (signal.aborted) return giveUp();
  signal.addEventListener("abort", giveUp, { once: true });
  // The query that a broken connection was for fails by itself; an error that nobody hears ends the process.
  const heard = () => {};
  client.on("error", heard);
  try {
    await work(client);
  } finally {
    signal.removeEventListener("abort", giveUp);
    client.off("error", heard);
    if (!signal.aborted) client.release();
  }
}

/**
 * Makes what the table lacks, and gives the rows without the nulls that have no column yet. Such a null asks for the
 * columns every time: another process may have made its column since, and there it overwrites what was.
 */
async function fitted(
  server: Server,
  client: PoolClient,
  table: string,
  key: string,
  rows: readonly Row[],
): Promise<Row[]> {
  const columns = columnsKnown(server, table);
  const missing = rows.flatMap((row) => Object.entries(row).filter(([column]) => !columns.has(column)));
  if (missing.length === 0) return [...rows];
  const columnsToMake = new Map<string, Row[string]>();
  for (const [column, value] of missing) {
    // The first value of a column says its type.
    if (value !== null && !columnsToMake.has(column)) columnsToMake.set(column, value);
  }
  if (columnsToMake.size > 0) await make(client, createTable(table, key, Object.fromEntries(columnsToMake)));
  const found = await client.query<{ name: string }>(columnsOf(table));
  for (const { name } of found.rows) columns.add(name);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).filter(([column, value]) => value !== null || columns.has(column)),
    ),
  );
}

function columnsKnown(server: Server, table: string): Set<string> {
  const tables = known.get(server) ?? new Map<string, Set<string>>();
  known.set(server, tables);
  const columns = tables.get(table) ?? new Set();
  tables.set(table, columns);
  return columns;
}

async function make(client: PoolClient, statement: string): Promise<void> {
  await client.query(statement).catch((error: { code?: string }) => {
    if (!ANOTHER_WAS_FIRST.has(error.code ?? "")) throw error;
    // Nothing of the statement was done; now that the other is done with its own, it finds the table.
    return client.query(statement);
  });
}
