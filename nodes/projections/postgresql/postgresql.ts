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
import { createTable, upsert } from "./statements.ts";

interface Server {
  pool: Pool;
  host: string;
}

/** The tables that exist as far as this process knows, by server; a column more is a table anew. */
const known = new WeakMap<Server, Set<string>>();

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
    const server = await config.server();
    const write = async (signal: AbortSignal) => {
      try {
        await withClient(server.pool, signal, async (client) => {
          if (create) await createOnce(server, client, table, key, row);
          await client.query(upsert(table, key, row));
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
  try {
    await work(client);
  } finally {
    signal.removeEventListener("abort", giveUp);
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

async function createOnce(
  server: Server,
  client: PoolClient,
  table: string,
  key: string,
  row: Row,
): Promise<void> {
  const tables = known.get(server) ?? new Set();
  known.set(server, tables);
  const statement = createTable(table, key, row);
  if (tables.has(statement)) return;
  await client.query(statement).catch((error: { code?: string }) => {
    if (!ANOTHER_WAS_FIRST.has(error.code ?? "")) throw error;
    // Nothing of the statement was done; now that the other is done with its own, it finds the table.
    return client.query(statement);
  });
  tables.add(statement);
}
