/**
 * How many rows a second the PostgreSQL node writes, with the server on the same machine: when many wait, and one at
 * a time. Beside them what the bare client manages with one row a statement, one at a time.
 */
import type pg from "pg";
import { openStore } from "../core/index.ts";
import { makePostgres, password, type TestPostgres } from "../test/support/postgres.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { homes } from "./support/homes.ts";
import { type BenchNodeRed, line, payloads, withNodeRed } from "./support/node-red.ts";
import { withRow } from "./support/vcons.ts";

const RUNS = 5;
const MANY = 20_000;
const FEW = 2000;
const WAITING = 5000;

const server = { id: "server", type: "vcon-postgresql-server" };
const write = {
  type: "vcon-postgresql",
  store: "store",
  server: "server",
  table: "rows",
  projection: "conversation",
  key: "uuid",
  create: true,
  atOnce: 4,
  timeLimit: 60,
};

export const rows: Measurement = {
  name: "rows to postgresql",
  measure: async () => {
    const postgres = await makePostgres({ fsync: "on" });
    try {
      await postgres.start();
      return await withNodeRed((nodeRed) => measure(nodeRed, postgres));
    } finally {
      await postgres.remove();
    }
  },
};

async function measure(nodeRed: BenchNodeRed, postgres: TestPostgres): Promise<Figure[]> {
  const place = await homes[0]!.open();
  const store = await openStore(place.url);
  const uuids: string[] = [];
  for (let index = 0; index < MANY; index++) {
    const vcon = withRow();
    await store.create(vcon);
    uuids.push(vcon.uuid);
  }
  const nodes = [
    { id: "store", type: "vcon-store", url: place.url },
    { ...server, url: postgres.url },
    ...line("rows", [write]),
  ];
  await nodeRed.deploy(nodes, { server: { password } });
  const drive = (chosen: readonly string[], inFlight: number) =>
    nodeRed.drive({ from: "rows source", to: "rows sink", next: payloads(chosen), inFlight });

  const [many, single, bare]: number[][] = [[], [], []];
  for (let run = 0; run <= RUNS; run++) {
    await postgres.query("DROP TABLE IF EXISTS rows");
    const figures = [
      await drive(uuids, WAITING),
      await drive(uuids.slice(0, FEW), 1),
      await bareRows(postgres),
    ];
    // The first run warms up.
    if (run > 0) for (const [index, list] of [many, single, bare].entries()) list!.push(figures[index]!);
  }
  await store.close();
  await nodeRed.deploy([]);
  await place.remove(uuids);
  return [
    figure("rows to postgresql, many waiting", "rows/s", many!),
    figure("rows to postgresql, one at a time", "rows/s", single!),
    figure("rows to postgresql, bare client one at a time", "rows/s", bare!),
  ];
}

async function bareRows(postgres: TestPostgres): Promise<number> {
  const client: pg.Client = await postgres.connect();
  await client.query(
    "CREATE TABLE IF NOT EXISTS bare (uuid uuid PRIMARY KEY, agent text, created_at timestamptz)",
  );
  await client.query("TRUNCATE bare");
  const began = performance.now();
  for (let index = 0; index < FEW; index++) {
    await client.query(
      "INSERT INTO bare VALUES ($1, $2, $3) ON CONFLICT (uuid) DO UPDATE SET agent = EXCLUDED.agent",
      [crypto.randomUUID(), "Alice Archer", "2026-11-02T10:00:00Z"],
    );
  }
  const perSecond = (FEW * 1000) / (performance.now() - began);
  await client.end();
  return perSecond;
}
