/** Writes the row that a projection drew into a table: a new row, or the one of the same vCon. */
import type { Pool, PoolClient } from "pg";
import {
  bodyValue,
  PROJECTION_TYPE,
  projectionsNamed,
  type Row,
  rowIn,
  type VconView,
} from "../../../core/index.ts";
import { projection, StepError, service, text, toggle } from "../../kit/index.ts";
import { databaseError } from "./database-error.ts";
import { columnsOf, createTable, upsert } from "./statements.ts";

interface Server {
  pool: Pool;
  host: string;
}

/** The columns that exist as far as this process knows, by server and table. */
const known = new WeakMap<Server, Map<string, Set<string>>>();

/**
 * What the server answers to one of two that create the same table at the same moment: a key twice in its catalogue,
 * a table, type or column that is there.
 */
const ANOTHER_WAS_FIRST = new Set(["23505", "42P07", "42710", "42701"]);

export default projection({
  type: "vcon-postgresql",
  label: "PostgreSQL",
  icon: "vcon-postgresql.svg",
  outside: true,
  fields: {
    server: service<Server>("vcon-postgresql-server", { label: "Server", icon: "server" }),
    table: text({ label: "Table", icon: "table", required: true, placeholder: "conversations" }),
    projection: text({ label: "Projection", icon: "columns", default: "conversation", required: true }),
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
  reads: [`analysis:${PROJECTION_TYPE}`],
  run: async ({ vcon, config, outside }) => {
    const { table, key, create } = config;
    const row: Row = { ...(await rowOf(vcon, config.projection)), [key]: vcon.uuid };
    // What can't be written is refused before anything leaves.
    upsert(table, key, row);
    const server = await config.server();
    const write = async (signal: AbortSignal) => {
      try {
        await withClient(server.pool, signal, async (client) => {
          const fitting = create ? await fitted(server, client, table, key, row) : row;
          await client.query(upsert(table, key, fitting));
        });
      } catch (error) {
        // The table may have been dropped since; the next attempt looks anew.
        known.delete(server);
        throw databaseError(error, create);
      }
    };
    await outside("PostgreSQL", write, {
      vendor: "PostgreSQL",
      product: table,
      host: server.host,
      categories: ["projection"],
    });
    return undefined;
  },
});

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

async function rowOf({ analysis }: VconView, name: string): Promise<Row> {
  const newest = projectionsNamed(analysis.values(), name).at(-1);
  const row = newest && rowIn(await bodyValue(newest));
  if (row !== undefined) return row;
  throw new StepError(
    `It has no projection "${name}". Wire a projection node of that name before this one.`,
    {
      code: "NO_PROJECTION",
    },
  );
}

/**
 * Makes what the table lacks, and gives the row without the nulls that have no column yet. Such a null asks for the
 * columns every time: another process may have made its column since, and there it overwrites what was.
 */
async function fitted(
  server: Server,
  client: PoolClient,
  table: string,
  key: string,
  row: Row,
): Promise<Row> {
  const columns = columnsKnown(server, table);
  const missing = Object.keys(row).filter((column) => !columns.has(column));
  if (missing.length === 0) return row;
  if (missing.some((column) => row[column] !== null)) await make(client, createTable(table, key, row));
  const { rows } = await client.query<{ name: string }>(columnsOf(table));
  for (const { name } of rows) columns.add(name);
  return Object.fromEntries(
    Object.entries(row).filter(([column, value]) => value !== null || columns.has(column)),
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
