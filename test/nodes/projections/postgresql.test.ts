import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { addAnalysis, type JsonObject, newUuid } from "../../../core/index.ts";
import { keepsTheContract } from "../../support/destination.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { makePostgres, password, type TestPostgres } from "../../support/postgres.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await makePostgres();
  await postgres.start();
});
afterAll(async () => {
  await postgres.remove();
});

/** Every test has a table of its own. */
let table: string;
let count = 0;
beforeEach(() => {
  table = `calls_${count++}`;
});

async function deploy(settings: object = {}, server: object = {}, credentials: object = { password }) {
  const node: FlowNode = {
    id: "node",
    type: "vcon-postgresql",
    store: "store",
    server: "server",
    table,
    projection: "calls",
    key: "uuid",
    create: true,
    timeLimit: 60,
    atOnce: 4,
    wires: [["out"]],
    ...settings,
  };
  await nodeRed.deploy(
    [
      storeNode,
      { id: "server", type: "vcon-postgresql-server", url: postgres.url, ...server },
      node,
      ...ends,
    ],
    { server: credentials },
  );
}

/** A vCon with this projection, and what a node adds when the vCon has changed. */
function projected(body: unknown, product = "calls") {
  const vcon = chat("Good morning.");
  addAnalysis(vcon, projection(body, product));
  return stored(store, vcon);
}
const projection = (body: unknown, product = "calls") => ({
  type: "projection",
  vendor: "vcon-node-red",
  product,
  dialog: [0],
  encoding: "json",
  body: body as JsonObject,
});

/** Sends the vCon through, which must work. */
async function written(payload: string): Promise<string> {
  const { at, message } = await nodeRed.through("node", { payload, topic: "kept" });
  expect(at, message.error?.message ?? "").toBe("out");
  expect(message).toMatchObject({ payload, topic: "kept" });
  return payload;
}

/** The error that comes of the vCon, which stays as it is. */
async function refused(payload: string) {
  const before = await store.get(payload);
  const { at, message } = await nodeRed.through("node", { payload });
  expect(at).toBe("failure");
  expect(message.payload).toBe(payload);
  expect(await store.get(payload)).toEqual(before);
  const trail = await store.trail(payload);
  // It may have been seen outside, but nothing was added, and nobody confirmed.
  for (const event of trail) expect(event).toMatchObject({ event: "vcon_sent", failed: true });
  return message.error!;
}

const rows = (name = `"${table}"`) => postgres.query(`SELECT * FROM ${name}`);
const columns = async () =>
  Object.fromEntries(
    (
      await postgres.query(
        `SELECT column_name, data_type FROM information_schema.columns WHERE table_name = $1
         ORDER BY ordinal_position`,
        [table],
      )
    ).map((column) => [column["column_name"], column["data_type"]]),
  );

keepsTheContract(() => ({
  nodeRed,
  store,
  vendor: "PostgreSQL",
  deploy: async () => {
    await postgres.query(`CREATE TABLE "${table}" (uuid uuid PRIMARY KEY, text text, value text)`);
    await deploy();
  },
  copies: (uuid) => postgres.query(`SELECT * FROM "${table}" WHERE uuid = $1`, [uuid]),
  // Rows that one statement wrote have its transaction in common.
  requests: async () => {
    const [counted] = await postgres.query(`SELECT count(DISTINCT xmin::text) AS count FROM "${table}"`);
    return Number(counted!["count"]);
  },
  held: (value) => (value === null ? null : String(value)),
}));

describe("a row to be erased", () => {
  const erased = async (uuid: string) => {
    const [event] = await store.trail(uuid);
    return nodeRed.erase("node", uuid, event!.handle!);
  };

  it("is found where it was written, also after the node was given another table", async () => {
    await deploy();
    const uuid = await written(await projected({ text: "x" }));
    await deploy({ table: "other calls" });
    await erased(uuid);
    expect(await rows()).toEqual([]);
  });

  it("is gone with its table", async () => {
    await deploy();
    const uuid = await written(await projected({ text: "x" }));
    await postgres.query(`DROP TABLE "${table}"`);
    await erased(uuid);
  });

  it("is not looked for in another database, which would say that it is gone", async () => {
    await deploy();
    const uuid = await written(await projected({ text: "x" }));
    await deploy({}, { url: postgres.url.replace("/postgres", "/template1") });
    await expect(erased(uuid)).rejects.toMatchObject({ code: "OTHER_DATABASE" });
    expect(await rows()).toHaveLength(1);
  });
});

describe("a row", () => {
  it("is written into a table that the node makes, with a column for each member", async () => {
    await deploy();
    const uuid = await written(
      await projected({
        text: "Good morning.",
        seconds: 26,
        share: 0.5,
        recall: true,
        created_at: "2026-11-02T10:00:00Z",
      }),
    );
    expect(await rows()).toEqual([
      {
        uuid,
        text: "Good morning.",
        seconds: 26,
        share: 0.5,
        recall: true,
        created_at: new Date("2026-11-02T10:00:00Z"),
      },
    ]);
    expect(await columns()).toEqual({
      uuid: "uuid",
      text: "text",
      seconds: "double precision",
      share: "double precision",
      recall: "boolean",
      created_at: "timestamp with time zone",
    });
    expect(Object.keys(await columns())).toEqual([
      "uuid",
      "text",
      "seconds",
      "share",
      "recall",
      "created_at",
    ]);
  });

  it("is one row however often the vCon comes, and has the newest values", async () => {
    await deploy();
    const uuid = await projected({ text: "first" });
    await written(uuid);
    await written(uuid);
    await store.append(uuid, { analysis: [projection({ text: "second", more: 1 })], seen: 1 });
    await written(uuid);
    expect(await rows()).toEqual([{ uuid, text: "second", more: 1 }]);
  });

  it("that says nothing in a column leaves its type to a later row", async () => {
    await deploy();
    const silent = await written(await projected({ seconds: null }));
    expect(await columns()).toEqual({ uuid: "uuid" });
    const uuid = await written(await projected({ seconds: 26 }));
    expect(await columns()).toMatchObject({ seconds: "double precision" });
    expect(await rows()).toEqual([
      { uuid: silent, seconds: null },
      { uuid, seconds: 26 },
    ]);
  });

  it("that says nothing any more overwrites what it said, also in a column that others made", async () => {
    await deploy();
    const uuid = await projected({ seconds: 26, mood: null });
    await written(uuid);
    await postgres.query(`ALTER TABLE "${table}" ADD COLUMN mood text DEFAULT 'fine'`);
    await store.append(uuid, {
      analysis: [projection({ seconds: null, mood: null, never: null })],
      seen: 1,
    });
    await written(uuid);
    expect(await rows()).toEqual([{ uuid, seconds: null, mood: null }]);
  });

  it("may be the key alone", async () => {
    await deploy();
    const uuid = await projected({});
    await written(uuid);
    await written(uuid);
    expect(await rows()).toEqual([{ uuid }]);
  });

  it("does not let the projection name another vCon", async () => {
    await deploy();
    const uuid = await written(await projected({ uuid: newUuid(), text: "x" }));
    expect(await rows()).toEqual([{ uuid, text: "x" }]);
  });

  it("is told in the trail, with the host and without the password", async () => {
    await deploy();
    const uuid = await written(await projected({ text: "x" }));
    const trail = await store.trail(uuid);
    expect(trail).toMatchObject([
      {
        event: "vcon_sent",
        node: { id: "node", type: "vcon-postgresql" },
        recipient: {
          vendor: "PostgreSQL",
          product: table,
          host: `127.0.0.1:${postgres.port}`,
          categories: ["projection"],
        },
      },
    ]);
    expect(JSON.stringify([trail, nodeRed.log])).not.toContain("p@ss");
  });

  it("is one of many that come at once into a table that is not there yet", async () => {
    await deploy({ atOnce: 8 });
    const uuids = await Promise.all(
      Array.from({ length: 40 }, (_, n) => projected({ n, [`column_${n % 5}`]: n })),
    );
    await Promise.all(uuids.map(written));
    const found = await rows();
    expect(found.map(({ uuid }) => uuid).sort()).toEqual([...uuids].sort());
    for (const { uuid, n, ...rest } of found) {
      expect(uuids[n as number]).toBe(uuid);
      expect(rest[`column_${(n as number) % 5}`]).toBe(n);
    }
  });
});

describe("a value", () => {
  it.each([0, -1, 0.1, 1e300, 5e-324, Number.MAX_SAFE_INTEGER])(
    "comes out as it went in: %d",
    async (number) => {
      await deploy();
      await written(await projected({ number }));
      expect(await rows()).toMatchObject([{ number }]);
    },
  );

  it("with a NUL is refused, naming the column and quoting nothing", async () => {
    await deploy();
    const error = await refused(await projected({ text: "secret\0" }));
    expect(error).toMatchObject({
      code: "BAD_VALUE",
      message: expect.stringContaining('"text" holds a NUL'),
    });
    expect(JSON.stringify(error)).not.toContain("secret");
  });

  it.each(["5", "Room 12", "soon", "2026-13-45T00:00:00Z", "", "1793613600"])(
    "makes a column of text where it is no time, whatever the column's name: %s",
    async (looked_at) => {
      await deploy();
      await written(await projected({ looked_at }));
      expect(await columns()).toMatchObject({ looked_at: "text" });
      expect(await rows()).toMatchObject([{ looked_at }]);
    },
  );

  it("that does not fit its column is refused, without quoting it", async () => {
    await deploy();
    await written(await projected({ seconds: 26 }));
    const error = await refused(await projected({ seconds: "secret" }));
    expect(error).toMatchObject({ code: "22P02", message: expect.stringContaining("does not fit") });
    expect(JSON.stringify([error, nodeRed.log])).not.toContain("secret");
  });

  it("that does not fit its column fails its own row, and none of those that go with it", async () => {
    await postgres.query(`CREATE TABLE "${table}" (uuid uuid PRIMARY KEY, seconds double precision)`);
    await deploy();
    const rowsOfValues = Array.from({ length: 30 }, (_, n) => ({ seconds: n === 17 ? "many" : n }));
    const uuids = await Promise.all(rowsOfValues.map((row) => projected(row)));
    const arrivals = await Promise.all(uuids.map((payload) => nodeRed.through("node", { payload })));
    expect(arrivals.flatMap(({ at }, n) => (at === "failure" ? [n] : []))).toEqual([17]);
    expect(arrivals[17]!.message.error!.message).toContain(uuids[17]);
    expect((await rows()).map(({ uuid }) => uuid).sort()).toEqual(uuids.toSpliced(17, 1).sort());
  });

  it("may be null in a column of any type", async () => {
    await deploy();
    await written(await projected({ seconds: 26, recall: true, created_at: "2026-11-02T10:00:00Z" }));
    const uuid = await written(await projected({ seconds: null, recall: null, created_at: null }));
    expect(await rows()).toContainEqual({ uuid, seconds: null, recall: null, created_at: null });
  });
});

describe("a name", () => {
  it.each([
    ["quotes", 'a "quoted" name'],
    ["a semicolon", "x; DROP TABLE calls; --"],
    ["a word of SQL", "select"],
    ["capitals and spaces", "My Calls"],
    ["other letters", "Anrufe für 召回"],
    ["the most bytes that PostgreSQL keeps", "ü".repeat(31)],
  ])("may have %s", async (_, name) => {
    table = `${name}`;
    await deploy({ key: `key ${name.slice(0, 20)}` });
    const uuid = await written(await projected({ [name]: "x" }));
    const quoted = `"${name.replaceAll('"', '""')}"`;
    expect(await rows(quoted)).toEqual([{ [`key ${name.slice(0, 20)}`]: uuid, [name]: "x" }]);
    await postgres.query(`DROP TABLE ${quoted}`);
  });

  it.each([
    ["too long", "x".repeat(64)],
    ["too long in bytes", "ü".repeat(32)],
    ["empty", ""],
    ["with a NUL", "a\0b"],
  ])("of a column is refused: %s", async (_, name) => {
    await deploy();
    expect(await refused(await projected({ [name]: "x" }))).toMatchObject({ code: "BAD_NAME" });
  });

  it("of a table may have a schema before it", async () => {
    await postgres.query("CREATE SCHEMA IF NOT EXISTS reports");
    await deploy({ table: `reports.${table}` });
    const uuid = await written(await projected({ text: "x" }));
    expect(await rows(`reports."${table}"`)).toEqual([{ uuid, text: "x" }]);
  });

  it("of a schema that does not exist is an error that says so", async () => {
    await deploy({ table: `nowhere.${table}` });
    expect(await refused(await projected({ text: "x" }))).toMatchObject({
      code: "3F000",
      message: expect.stringContaining("schema does not exist"),
    });
  });
});

describe("a table that is there", () => {
  it("is used as it is, without Create", async () => {
    await postgres.query(
      `CREATE TABLE "${table}" (id text PRIMARY KEY, text varchar(20), at date, data jsonb, n int)`,
    );
    await deploy({ create: false, key: "id" });
    const id = await written(
      await projected({ text: "x", at: "2026-11-02T10:00:00Z", data: '{"a":[1]}', n: 3 }),
    );
    expect(await rows()).toMatchObject([{ id, text: "x", data: { a: [1] }, n: 3 }]);
  });

  it("gets the columns that it lacks, with Create, and keeps its rows", async () => {
    await postgres.query(`CREATE TABLE "${table}" (uuid uuid PRIMARY KEY, text text)`);
    const old = newUuid();
    await postgres.query(`INSERT INTO "${table}" VALUES ('${old}', 'old')`);
    await deploy();
    const uuid = await written(await projected({ text: "new", seconds: 26 }));
    expect(await rows()).toEqual([
      { uuid: old, text: "old", seconds: null },
      { uuid, text: "new", seconds: 26 },
    ]);
  });

  it.each<[string, string | undefined, string, RegExp]>([
    ["is missing", undefined, "42P01", /table does not exist/],
    ["lacks a column", "(uuid uuid PRIMARY KEY)", "42703", /lacks a column/],
    ["has no unique key", "(uuid uuid, text text)", "42P10", /no unique index/],
    ["has a key of another type", "(uuid int PRIMARY KEY, text text)", "22P02", /does not fit/],
    ["has a column that is too short", "(uuid uuid PRIMARY KEY, text varchar(3))", "22001", /does not fit/],
    [
      "wants a column that the row lacks",
      "(uuid uuid PRIMARY KEY, text text, x int NOT NULL)",
      "23502",
      /rule/,
    ],
    ["forbids the row", "(uuid uuid PRIMARY KEY, text text CHECK (text = ''))", "23514", /rule/],
  ])("is not fit without Create: it %s", async (_, definition, code, words) => {
    if (definition) await postgres.query(`CREATE TABLE "${table}" ${definition}`);
    await deploy({ create: false });
    const error = await refused(await projected({ text: "secret" }));
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(JSON.stringify([error, nodeRed.log])).not.toContain("secret");
  });

  it("is made again when it is dropped while the flow runs", async () => {
    await deploy();
    await written(await projected({ text: "x" }));
    await postgres.query(`DROP TABLE "${table}"`);
    const uuid = await written(await projected({ text: "y" }));
    expect(await rows()).toEqual([{ uuid, text: "y" }]);
  });

  it("gets its column again when that is dropped while the flow runs", async () => {
    await deploy();
    await written(await projected({ text: "x" }));
    await postgres.query(`ALTER TABLE "${table}" DROP COLUMN text`);
    const uuid = await written(await projected({ text: "y" }));
    expect(await rows()).toContainEqual({ uuid, text: "y" });
  });

  it("may not be written by this user: the error says so", async () => {
    await postgres.query(`CREATE ROLE "reader ${table}" LOGIN PASSWORD 'secret'`);
    await postgres.query(`CREATE TABLE "${table}" (uuid uuid PRIMARY KEY, text text)`);
    const url = postgres.url.replace("owner", encodeURIComponent(`reader ${table}`));
    await deploy({ create: false }, { url }, { password: "secret" });
    expect(await refused(await projected({ text: "x" }))).toMatchObject({
      code: "42501",
      message: expect.stringContaining("may not write"),
    });
  });
});

describe("a vCon without the projection", () => {
  it.each<[string, () => Promise<string>]>([
    ["has none at all", () => stored(store, chat("Good morning."))],
    ["has one of another name", () => projected({ text: "x" }, "billing")],
    ["has one whose body was removed", () => projected(undefined)],
    ["has one that is no row", () => projected(["x"])],
  ])("is refused, with what to do: it %s", async (_, make) => {
    await deploy();
    expect(await refused(await make())).toMatchObject({
      code: "NO_PROJECTION",
      message: expect.stringMatching(/no projection "calls"\. Wire a projection node/),
    });
  });

  it("is not one whose row is larger than 64 kB", async () => {
    await deploy();
    const text = "Good morning. ".repeat(10_000);
    await written(await projected({ text }));
    expect(await rows()).toMatchObject([{ text }]);
  });
});

describe("the server", () => {
  it.each([
    ["a wrong password", {}, { password: "secret" }, "28P01", /refused the user or the password/],
    ["no password", {}, {}, "28P01", /wants a password/],
    ["an unknown user", { user: "nobody" }, { password }, "28P01", /refused the user or the password/],
    ["an unknown database", { database: "nowhere" }, { password }, "3D000", /database does not exist/],
  ])(
    "refuses %s, and is not asked again",
    async (_, {
      user = "owner",
      database = "postgres",
    }: { user?: string; database?: string }, credentials, code, words) => {
      await deploy({}, { url: `postgres://${user}@127.0.0.1:${postgres.port}/${database}` }, credentials);
      const error = await refused(await projected({ text: "x" }));
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      expect(JSON.stringify([error, nodeRed.log])).not.toMatch(/secret|p@ss/);
    },
  );

  it("may have its password in the URL", async () => {
    const url = postgres.url.replace("owner", `owner:${encodeURIComponent(password)}`);
    await deploy({}, { url }, {});
    await written(await projected({ text: "x" }));
    expect(await rows()).toHaveLength(1);
  });

  it.each(["mysql://owner@127.0.0.1/x", "127.0.0.1:5432", "postgres//x"])(
    "has an address that can't be used: %s",
    async (url) => {
      await deploy({}, { url });
      expect(await refused(await projected({ text: "x" }))).toMatchObject({
        code: "NOT_CONFIGURED",
        message: expect.stringContaining("database's URL"),
      });
    },
  );

  it("that holds the row back for longer than the time limit is given up, and written later", async () => {
    await deploy({ timeLimit: 1 });
    const uuid = await projected({ text: "x" });
    await written(await projected({ text: "y" }));
    const other = await postgres.connect();
    await other.query(`BEGIN; LOCK TABLE "${table}"`);
    expect(await refused(uuid)).toMatchObject({
      code: "TIME_LIMIT",
      message: expect.stringContaining("PostgreSQL"),
    });
    await other.query("COMMIT");
    await other.end();
    await written(uuid);
    expect((await rows()).filter((row) => row["uuid"] === uuid)).toHaveLength(1);
  });

  it("that is killed in the middle of a write and comes back gets the row, once", async () => {
    await deploy();
    await written(await projected({ text: "y" }));
    const uuid = await projected({ text: "x" });
    const other = await postgres.connect();
    await other.query(`BEGIN; LOCK TABLE "${table}"`);
    const running = written(uuid);
    await expect
      .poll(() => postgres.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))
      .toHaveLength(1);
    await postgres.kill();
    await postgres.start();
    await running;
    expect((await rows()).filter((row) => row["uuid"] === uuid)).toEqual([{ uuid, text: "x" }]);
    await other.end().catch(() => undefined);
  });

  it("that is killed while nothing runs does not end Node-RED, and the next row is written", async () => {
    await deploy();
    await written(await projected({ text: "x" }));
    await postgres.kill();
    await postgres.start();
    await written(await projected({ text: "y" }));
    expect(await rows()).toHaveLength(2);
  });

  it("that is down at the start is waited for", async () => {
    await postgres.kill();
    await deploy();
    const running = written(await projected({ text: "x" }));
    await sleep(100);
    await postgres.start();
    await running;
    expect(await rows()).toHaveLength(1);
  });

  it("that takes no writes for a while, as a standby does, gets the row once it takes them again", async () => {
    await postgres.query(`CREATE TABLE "${table}" (uuid uuid PRIMARY KEY, text text)`);
    await postgres.query("ALTER DATABASE postgres SET default_transaction_read_only = on");
    await deploy({ create: false });
    const running = written(await projected({ text: "x" }));
    const writers = "FROM pg_stat_activity WHERE query LIKE 'INSERT%'";
    await expect.poll(() => postgres.query(`SELECT 1 ${writers} AND state = 'idle'`)).toHaveLength(1);
    await postgres.query("BEGIN READ WRITE; ALTER DATABASE postgres RESET ALL; COMMIT");
    // Its connection still is as it was made.
    await postgres.query(`SELECT pg_terminate_backend(pid) ${writers}`);
    await running;
    expect(await rows()).toMatchObject([{ text: "x" }]);
  });

  it("that takes no encrypted connections says so, where the URL asks for one", async () => {
    await deploy({}, { url: `${postgres.url}?sslmode=verify-full` });
    expect(await refused(await projected({ text: "x" }))).toMatchObject({
      code: "NO_TLS",
      message: expect.stringContaining("sslmode"),
    });
  });

  it("may be deployed anew while rows are on their way: all are written", async () => {
    await deploy({ atOnce: 2 });
    const uuids = await Promise.all(Array.from({ length: 20 }, (_, n) => projected({ n })));
    for (const payload of uuids) nodeRed.send("node", { payload });
    await deploy();
    expect((await rows()).map(({ uuid }) => uuid).sort()).toEqual([...uuids].sort());
  });
});
