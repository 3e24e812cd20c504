import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { openStore, type Vcon, type VconStore, WHOLE_PARTS, wholeOf } from "../../core/index.ts";
import { SCHEMA_VERSION, upgradeFrom } from "../../core/store/sqlite/schema.ts";
import { analysis, COUNTRY, contract, dialog, draft, encrypted, happened, signed } from "./contract.ts";
import { VERSION_1, VERSION_2 } from "./earlier-files.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-sqlite-"));
const otherFolder = mkdtempSync(join(tmpdir(), "vcon-sqlite-"));

afterAll(() => rmSync(otherFolder, { recursive: true, force: true }));

contract("SQLite", {
  keepsLoneSurrogates: true,
  open: () => openStore("sqlite:vcon.db", { folder, country: COUNTRY }),
  stop: async () => rmSync(folder, { recursive: true, force: true }),
});

describe("a replacement in SQLite", () => {
  test("leaves the old document whole where it fails half-way, and no rest of the new one", async () => {
    const store = await openStore("sqlite:half.db", { folder: otherFolder });
    const file = new DatabaseSync(join(otherFolder, "half.db"));
    const vcon = draft({
      parties: [{ name: "Alice" }],
      dialog: [dialog({ body: "x".repeat(100_000) })],
      analysis: [analysis("a")],
    });
    await store.create(vcon);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    file.exec(`CREATE TRIGGER fail BEFORE INSERT ON element WHEN NEW.type = 'last'
      BEGIN SELECT RAISE(ABORT, 'no'); END`);
    const next = draft({
      uuid: vcon.uuid,
      parties: [{ name: "Carol" }],
      dialog: [dialog({ body: "y".repeat(600_000) })],
      analysis: [analysis("first"), analysis("last")],
    });
    const replacing = store.replace(vcon.uuid, revision, next, [happened("vcon_enhanced")]);
    await expect(replacing).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(await store.get(vcon.uuid)).toEqual(vcon);
    expect(await store.find({ name: "Carol" })).toEqual([]);
    expect(await store.trail(vcon.uuid)).toEqual([]);
    expect(file.prepare("SELECT size, staged FROM body").all()).toEqual([{ size: 100_000, staged: null }]);
    file.exec("DROP TRIGGER fail");
    expect(await store.replace(vcon.uuid, revision, next)).toBe(true);
    expect(await store.get(vcon.uuid)).toEqual(next);
    file.close();
    await store.close();
  });

  test("leaves no large body of what was replaced, lost a race or was deleted", async () => {
    const store = await openStore("sqlite:rest.db", { folder: otherFolder });
    const file = new DatabaseSync(join(otherFolder, "rest.db"));
    const sizes = () => file.prepare("SELECT size FROM body").all();
    const vcon = draft({ dialog: [dialog({ body: "x".repeat(100_000) })] });
    await store.create(vcon);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    const next = { ...vcon, dialog: [dialog({ body: "x".repeat(200_000) })] };
    expect(await store.replace(vcon.uuid, revision, next)).toBe(true);
    expect(await store.replace(vcon.uuid, revision, vcon)).toBe(false);
    expect(sizes()).toEqual([{ size: 200_000 }]);
    await store.replace(vcon.uuid, (await store.read(vcon.uuid, ["sealed"])).revision, signed(vcon.uuid));
    expect(sizes()).toEqual([]);
    expect(file.prepare("SELECT count(*) AS chunks FROM chunk").get()).toEqual({ chunks: 0 });
    file.close();
    await store.close();
  });
});

test("a read of SQLite is of one moment, whatever another process writes", async () => {
  const store = await openStore("sqlite:shared.db", { folder: otherFolder });
  const { uuid } = draft();
  await store.create(draft({ uuid, subject: "0", dialog: [dialog({ body: "0" })], analysis: [] }));
  const writer = new Worker(WRITER, { eval: true, workerData: join(otherFolder, "shared.db") });
  await once(writer, "message");
  const seen = new Set<unknown>();
  while (seen.size < 300) {
    const { head, dialog: dialogs } = await store.read(uuid, ["head", "dialog"]);
    expect(head.subject).toBe(dialogs.get(0)!.body);
    const whole = (await store.get(uuid)) as Vcon;
    expect(whole.subject).toBe(whole.dialog![0]!.body);
    seen.add(head.subject);
  }
  await writer.terminate();
  await store.close();
});

/** Writes head and dialog together, again and again. */
const WRITER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const file = new DatabaseSync(workerData);
  file.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
  const head = file.prepare("UPDATE vcon SET head = json_set(head, '$.subject', ?)");
  const body = file.prepare("UPDATE element SET json = json_set(json, '$.body', ?)");
  parentPort.postMessage("ready");
  for (let count = 1; ; count++) {
    file.exec("BEGIN IMMEDIATE");
    head.run(String(count));
    body.run(String(count));
    file.exec("COMMIT");
  }
`;

describe("the file", () => {
  const words = "Trockenobst ".repeat(20_000);
  const vcon = () => draft({ dialog: [dialog({ body: words }), dialog({ body: "Trockenobst" })] });
  const holdsTheWords = (name: string) =>
    readdirSync(otherFolder)
      .filter((file) => file.startsWith(name))
      .some((file) => readFileSync(join(otherFolder, file)).includes("Trockenobst"));

  test.each<[string, (store: VconStore, uuid: string) => Promise<unknown>]>([
    ["is deleted", (store, uuid) => store.delete(uuid)],
    [
      "is encrypted",
      async (store, uuid) => {
        const { revision } = await store.read(uuid, ["sealed"]);
        return store.replace(uuid, revision, { ...encrypted(), uuid, unprotected: { uuid } });
      },
    ],
  ])("holds nothing more of what was said once a vCon %s", async (name, gone) => {
    const file = `${name.replaceAll(" ", "-")}.db`;
    const store = await openStore(`sqlite:${file}`, { folder: otherFolder });
    const { uuid, ...rest } = vcon();
    await store.create({ uuid, ...rest });
    expect(holdsTheWords(file)).toBe(true);
    expect(await gone(store, uuid)).toBe(true);
    await store.close();
    expect(holdsTheWords(file)).toBe(false);
  });
});

describe("a file of an earlier version", () => {
  test("is brought up to date where it is, and works on", async () => {
    const vcon = draft({ parties: [{ name: "Alice" }], dialog: [dialog({ body: "Hello" })], analysis: [] });
    const sealed = signed();
    writeVersion1(join(otherFolder, "old.db"), vcon, sealed);

    for (let opened = 0; opened < 2; opened++) {
      const store = await openStore("sqlite:old.db", { folder: otherFolder });
      expect(await store.get(vcon.uuid)).toEqual(vcon);
      expect(await store.get(String(sealed["uuid"]))).toEqual(sealed);
      expect(await store.find({ name: "Alice" })).toEqual([vcon.uuid]);
      await store.close();
    }
    const store = await openStore("sqlite:old.db", { folder: otherFolder });
    const view = await store.read(vcon.uuid, WHOLE_PARTS);
    expect(await store.append(vcon.uuid, { analysis: [analysis("a")] })).toBe(true);
    expect(await store.replace(vcon.uuid, view.revision, signed(vcon.uuid))).toBe(false);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    expect(await store.replace(vcon.uuid, revision, signed(vcon.uuid))).toBe(true);
    expect(await store.find({ name: "Alice" })).toEqual([vcon.uuid]);
    const opened = await store.read(String(sealed["uuid"]), ["sealed"]);
    const next = draft({ uuid: opened.uuid });
    expect(await store.replace(opened.uuid, opened.revision, next)).toBe(true);
    expect(await wholeOf(await store.read(opened.uuid, WHOLE_PARTS))).toEqual(next);
    await store.close();
  });

  test.each([
    [1, VERSION_1],
    [2, VERSION_2],
  ])("becomes the same as a new one: version %i", (version, tables) => {
    const [old, fresh] = [new DatabaseSync(":memory:"), new DatabaseSync(":memory:")];
    old.exec(tables);
    old.exec(upgradeFrom(version)!);
    fresh.exec(upgradeFrom(0)!);
    const columns = (database: DatabaseSync) =>
      database
        .prepare(
          `SELECT m.name, c.* FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
           ORDER BY m.name, c.cid`,
        )
        .all();
    expect(columns(old)).toEqual(columns(fresh));
    expect(upgradeFrom(SCHEMA_VERSION)).toBe("");
    expect(upgradeFrom(SCHEMA_VERSION + 1)).toBeUndefined();
  });

  test("is refused if it is a later one", async () => {
    const file = new DatabaseSync(join(otherFolder, "later.db"));
    file.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    file.close();
    await expect(openStore("sqlite:later.db", { folder: otherFolder })).rejects.toMatchObject({
      code: "STORE_MISMATCH",
    });
  });
});

function writeVersion1(path: string, vcon: Vcon, sealed: object & { uuid?: unknown }): void {
  const file = new DatabaseSync(path);
  file.exec(VERSION_1);
  const insert = file.prepare(
    "INSERT INTO vcon (uuid, form, head, parties, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const head = { ...vcon, parties: [], dialog: [], analysis: [] };
  const createdAt = Date.parse(vcon.created_at);
  insert.run(vcon.uuid, "unsigned", JSON.stringify(head), JSON.stringify(vcon.parties), createdAt);
  file
    .prepare("INSERT INTO element (vcon, section, position, type, json) VALUES (1, 'dialog', 0, 'text', ?)")
    .run(JSON.stringify(vcon.dialog![0]));
  file.exec("INSERT INTO party VALUES ('name', 'Alice', 1)");
  insert.run(String(sealed.uuid), "signed", JSON.stringify(sealed), null, createdAt);
  file.close();
}
