import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import {
  type Dialog,
  type LargeBody,
  openStore,
  type Vcon,
  type VconStore,
  WHOLE_PARTS,
  wholeOf,
} from "../../core/index.ts";
import { SCHEMA_VERSION, upgradeFrom } from "../../core/store/sqlite/schema.ts";
import { analysis, COUNTRY, contract, dialog, draft, encrypted, happened, signed } from "./contract.ts";
import { VERSION_1, VERSION_2, VERSION_3 } from "./earlier-files.ts";
import { finding } from "./finding.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-sqlite-"));
const otherFolder = mkdtempSync(join(tmpdir(), "vcon-sqlite-"));

afterAll(() => rmSync(otherFolder, { recursive: true, force: true }));

contract("SQLite", {
  keepsLoneSurrogates: true,
  open: () => openStore("sqlite:vcon.db", { folder, country: COUNTRY }),
  stop: async () => rmSync(folder, { recursive: true, force: true }),
});

describe("finding in SQLite", () => {
  finding((country) => openStore("sqlite:finding.db", { folder: otherFolder, country }));
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

describe("the media of a dialog in SQLite", () => {
  test("leave nothing in the file where they fail, are replaced or are small", async () => {
    const store = await openStore("sqlite:media.db", { folder: otherFolder });
    const file = new DatabaseSync(join(otherFolder, "media.db"));
    const count = () =>
      file.prepare("SELECT count(*) AS bodies, (SELECT count(*) FROM chunk) AS chunks FROM body").get();
    const { uuid } = draft();
    await store.create(draft({ uuid, dialog: [dialog({ body: "x".repeat(100_000) })] }));
    const set = (bytes: AsyncIterable<Uint8Array>) =>
      store.setMedia(uuid, 0, { bytes, mediatype: "audio/wav" });

    const breaksOff = set(
      (async function* () {
        yield* pieces(3, 200_000);
        throw new Error("The caller has hung up.");
      })(),
    );
    await expect(breaksOff).rejects.toThrow("The caller has hung up.");
    expect(count()).toEqual({ bodies: 1, chunks: 1 });
    await set(pieces(3, 200_000));
    expect(count()).toEqual({ bodies: 1, chunks: 4 });
    await set(pieces(1, 100));
    expect(count()).toEqual({ bodies: 0, chunks: 0 });
    file.close();
    await store.close();
  });

  test("are not taken for what a dead process has left, however slowly they come", async () => {
    const store = await openStore("sqlite:slow.db", { folder: otherFolder });
    const file = new DatabaseSync(join(otherFolder, "slow.db"));
    const { uuid } = draft();
    await store.create(draft({ uuid, dialog: [dialog({ body: "x" })] }));
    const bytes = (async function* () {
      yield* pieces(1, 400_000);
      file.exec("UPDATE body SET staged = 0");
      yield* pieces(1, 400_000);
      await (await openStore("sqlite:slow.db", { folder: otherFolder })).close();
      yield* pieces(1, 400_000);
    })();
    await store.setMedia(uuid, 0, { bytes, mediatype: "audio/wav" });
    const [{ body }] = ((await store.get(uuid)) as Vcon).dialog as [Dialog];
    expect(body).toBe(Buffer.alloc(1_200_000, 7).toString("base64url"));
    file.close();
    await store.close();
  });

  test("are read without the chunks that are not asked for", async () => {
    const store = await openStore("sqlite:range.db", { folder: otherFolder });
    const file = new DatabaseSync(join(otherFolder, "range.db"));
    const body = Array.from({ length: 120_000 }, (_, i) => String(i).padStart(6, "0")).join(" ");
    const { uuid } = draft();
    await store.create(draft({ uuid, dialog: [dialog({ body })] }));
    file.exec("DELETE FROM chunk WHERE position <> 1");
    const { dialog: dialogs } = await store.read(uuid, ["dialog"]);
    const large = dialogs.get(0)!.body as LargeBody;
    const text = async (start: number, end: number) => {
      const read: Uint8Array[] = [];
      for await (const piece of large.stream(start, end)) read.push(piece);
      return Buffer.concat(read).toString();
    };
    expect(await text(300_000, 300_100)).toBe(body.slice(300_000, 300_100));
    await expect(text(300_000, large.size)).rejects.toMatchObject({ code: "VCON_CHANGED" });
    file.close();
    await store.close();
  });
});

describe("notes in SQLite", () => {
  test("are gone from the file, once they are no longer kept, when the next one comes or the file is opened", async () => {
    const open = () => openStore("sqlite:notes.db", { folder: otherFolder });
    const store = await open();
    const file = new DatabaseSync(join(otherFolder, "notes.db"));
    const keys = () =>
      file
        .prepare("SELECT key FROM note ORDER BY key")
        .all()
        .map(({ key }) => key);
    await store.notes.set("first", "1", 60);
    await store.notes.set("second", "2", 60);
    expect(keys()).toEqual(["first", "second"]);
    file.exec("UPDATE note SET until = 1 WHERE key = 'first'");
    expect(await store.notes.add("third", "3", 60)).toBeUndefined();
    expect(keys()).toEqual(["second", "third"]);
    await store.close();
    file.exec("UPDATE note SET until = 1 WHERE key = 'second'");
    await (await open()).close();
    expect(keys()).toEqual(["third"]);
    file.close();
  });
});

test("SQLite enters anew however many there are, a moved one too, and passes over what it can't read", async () => {
  const store = await openStore("sqlite:anew.db", { folder: otherFolder, country: "US" });
  const tel = "030 1234567";
  const vcons = Array.from({ length: 250 }, () => draft({ parties: [{ tel }] }));
  await Promise.all(vcons.map((vcon) => store.create(vcon)));
  await store.create(signed());
  await store.close();
  const file = new DatabaseSync(join(otherFolder, "anew.db"));
  const change = (head: string, { uuid }: Vcon) =>
    file.prepare("UPDATE vcon SET head = ? WHERE uuid = ?").run(head, uuid);
  change("{", vcons[0]!);
  change("[]", vcons[1]!);
  change(JSON.stringify({ ...vcons[2]!, parties: [], created_at: "2031-01-01T00:00:00Z" }), vcons[2]!);
  file.close();

  const inGermany = await openStore("sqlite:anew.db", { folder: otherFolder, country: "DE" });
  expect(await inGermany.reindex()).toBe(249);
  expect(await inGermany.find({ tel: "+49301234567" })).toHaveLength(248);
  const moved = { uuid: vcons[2]!.uuid, createdAt: Date.parse("2031-01-01T00:00:00Z") };
  expect((await inGermany.page({ limit: 1 }))[0]).toEqual(moved);
  expect((await inGermany.page({ limit: 1, party: { tel: "+49301234567" } }))[0]).toEqual(moved);
  await inGermany.close();
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
      const entry = { uuid: vcon.uuid, createdAt: Date.parse(vcon.created_at) };
      expect(await store.page({ party: { name: "Alice" } })).toEqual([entry]);
      expect(await store.page()).toHaveLength(2);
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
    [3, VERSION_3],
  ])("becomes the same as a new one: version %i", (version, tables) => {
    const [old, fresh] = [new DatabaseSync(":memory:"), new DatabaseSync(":memory:")];
    old.exec(tables);
    old.exec(upgradeFrom(version)!);
    fresh.exec(upgradeFrom(0)!);
    const columns = (database: DatabaseSync, pragma: string) =>
      database
        .prepare(`SELECT m.name, c.* FROM sqlite_schema AS m, ${pragma}(m.name) AS c ORDER BY m.name, c.cid`)
        .all();
    for (const pragma of ["pragma_table_info", "pragma_index_xinfo"]) {
      expect(columns(old, pragma)).toEqual(columns(fresh, pragma));
    }
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

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array, void> {
  for (let i = 0; i < count; i++) yield new Uint8Array(size).fill(7);
}
