import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { projectionAnalysis, type Row } from "../../../core/index.ts";
import {
  type GoogleStandIn,
  makeServiceAccount,
  type Sheet,
  startGoogleStandIn,
  type Workbook,
} from "../../stand-ins/google.ts";
import { keepsTheContract, PROJECTION, withRow } from "../../support/destination.ts";
import { type Gate, startGate } from "../../support/gate.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import type { Value } from "../../support/values.ts";
import { storeNode } from "../../support/vcons.ts";

const account = makeServiceAccount();
const disabled = { ...makeServiceAccount("disabled"), enabled: false };
const stranger = makeServiceAccount("stranger");
const deleted = makeServiceAccount("deleted");

const { nodeRed, store } = await nodeRedForFile();
let google: GoogleStandIn;
beforeAll(async () => {
  google = await startGoogleStandIn({ accounts: [account, disabled, stranger] });
});
afterAll(async () => {
  await google.close();
});

/** Every test has a spreadsheet of its own. */
let workbook: Workbook;
beforeEach(() => {
  workbook = google.makeWorkbook();
  google.setClockAhead(0);
  google.requests.length = 0;
});

const sheetsNode = (settings: object = {}): FlowNode => ({
  id: "node",
  type: "vcon-google-sheets",
  store: "store",
  account: "account",
  spreadsheet: workbook.id,
  tab: "Calls",
  projection: PROJECTION,
  rows: "newest",
  key: "uuid",
  timeLimit: 60,
  wires: [["out"]],
  ...settings,
});

async function deploy(settings: object = {}, url = google.url, key = account.keyFile, more: FlowNode[] = []) {
  const config = { id: "account", type: "vcon-google-account", url };
  const credentials = key === "" ? {} : { key };
  await nodeRed.deploy([storeNode, config, sheetsNode(settings), ...more, ...ends], { account: credentials });
}

async function written(payload: string, node = "node"): Promise<string> {
  const { at, message } = await nodeRed.through(node, { payload });
  expect(at, message.error?.message).toBe("out");
  return payload;
}
const writeNew = async (row: Row) => written(await withRow(store, row));

/** Draws another row out of the vCon, which then comes again. */
async function writeAgain(uuid: string, row: Row): Promise<void> {
  const analysis = [projectionAnalysis({ name: PROJECTION, row, dialog: [0] })];
  await store.append(uuid, { analysis, seen: 99 });
  await written(uuid);
}

/** The error that comes of the vCon. */
async function refused(row: Row = { text: "secret" }) {
  const { at, message } = await nodeRed.through("node", { payload: await withRow(store, row) });
  expect(at).toBe("failure");
  expect(JSON.stringify([message.error, nodeRed.log])).not.toMatch(/secret|PRIVATE KEY/);
  return message.error!;
}

const tab = (title = "Calls"): Sheet => workbook.tab(title)!;
const header = (title = "Calls") => tab(title).values[0];
/** The rows below the header, as its names have them; undefined where a cell is empty. */
function rows(title = "Calls"): Record<string, unknown>[] {
  const [names = [], ...below] = tab(title).values;
  return below.map((cells) =>
    Object.fromEntries(names.map((name, column) => [name, cells[column] === "" ? undefined : cells[column]])),
  );
}
/** What a person types into a cell. */
const type = (row: number, column: number, text: string, title = "Calls") =>
  tab(title).write(
    row,
    column,
    text.startsWith("=") ? { formulaValue: text } : { stringValue: text },
    "a person",
  );

const reads = () => google.requests.filter(({ method }) => method === "GET").length;
const writes = () => google.requests.filter(({ method }) => method === "POST").length;

/** Sheets shows 15 digits of a number, and tells no empty text from nothing. */
function held(value: Value): unknown {
  if (value === "" || value === null) return undefined;
  const isLong = Number.isInteger(value) && Number((value as number).toPrecision(15)) !== value;
  return isLong ? String(value) : value;
}

keepsTheContract(() => ({
  nodeRed,
  store,
  vendor: "Google",
  deploy: () => deploy(),
  copies: async (uuid) => (tab() ? rows().filter((row) => row["uuid"] === uuid) : []),
  requests: () => google.requests.length,
  held,
}));

describe("a row", () => {
  it("is written into a tab that the node makes, below a header that stays in sight", async () => {
    await deploy();
    const uuid = await writeNew({ text: "Good morning.", seconds: 26.5, recall: true, mood: null });
    expect(tab().values).toEqual([
      ["uuid", "text", "seconds", "recall", "mood"],
      [uuid, "Good morning.", 26.5, true],
    ]);
    expect(tab().frozenRowCount).toBe(1);
    expect(workbook.tab("Sheet1")!.values).toEqual([]);
  });

  it("is written by a key that signs, without a token, and read and written once", async () => {
    await deploy();
    await writeNew({ text: "first" });
    google.requests.length = 0;
    await writeNew({ text: "second" });
    expect(google.requests.map(({ method, path }) => [method, path])).toEqual([
      ["GET", `/v4/spreadsheets/${workbook.id}`],
      ["POST", `/v4/spreadsheets/${workbook.id}:batchUpdate`],
    ]);
  });

  it("is one row with the newest values, and empty where there is nothing any more", async () => {
    await deploy();
    const uuid = await writeNew({ text: "first", mood: "fine", note: "x" });
    await writeNew({ text: "other" });
    await writeAgain(uuid, { text: "second", mood: null, note: "" });
    expect(rows()).toEqual([
      { uuid, text: "second", mood: undefined, note: undefined },
      { uuid: expect.any(String), text: "other", mood: undefined, note: undefined },
    ]);
  });

  it("is found where people moved it and its columns, and leaves theirs alone", async () => {
    workbook = google.makeWorkbook({ tabs: ["Calls"] });
    const names = ["Who does it", "text", "Done", "uuid", "seconds", "text"];
    for (const [column, name] of names.entries()) type(0, column, name);
    await deploy();
    const uuids = [await writeNew({ text: "a", seconds: 1 }), await writeNew({ text: "b", seconds: 2 })];
    type(2, 0, "Alice");
    type(2, 2, "=TRUE");
    tab().insertRows(1, 1);
    type(1, 0, "Bob");
    await writeAgain(uuids[1]!, { seconds: 3, text: "c" });
    expect(tab().values).toEqual([
      names,
      ["Bob"],
      ["", "a", "", uuids[0], 1],
      ["Alice", "c", "=TRUE", uuids[1], 3],
    ]);
    expect(tab().formulas).toEqual(["=TRUE"]);
  });

  it("is found again after the columns were moved", async () => {
    await deploy();
    const uuid = await writeNew({ text: "a" });
    for (const position of [0, 2, 1]) {
      if (position > 0) tab().deleteColumns(0, position);
      tab().insertColumns(0, 3, "a person");
      tab().deleteColumns(3, tab().columnCount);
      for (const [column, name] of ["text", "uuid", "Done"].entries()) {
        type(0, (column + position) % 3, name);
        type(1, (column + position) % 3, name === "uuid" ? uuid : "x");
      }
      await written(uuid);
      expect(rows()).toEqual([{ uuid, text: "a", Done: "x" }]);
    }
  });

  it("gets a column for what is new, behind the last one that has a name", async () => {
    await deploy();
    const uuid = await writeNew({ text: "a" });
    type(0, 2, "Done");
    type(1, 2, "yes");
    type(1, 3, "a note beside the table");
    await writeNew({ text: "b", seconds: 2, share: 0.5 });
    await writeAgain(uuid, { text: "a", seconds: 1 });
    expect(header()).toEqual(["uuid", "text", "Done", "seconds", "share"]);
    expect(tab().values[1]).toEqual([uuid, "a", "yes", 1, "", "a note beside the table"]);
  });

  it("has room for more columns than a tab begins with, in a new tab and in an empty one", async () => {
    const row = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`column ${index}`, index]));
    await deploy();
    await writeNew(row);
    await deploy({ tab: "Sheet1" });
    await writeNew(row);
    for (const title of ["Calls", "Sheet1"]) expect(rows(title)).toMatchObject([row]);
  });

  it("does not let the projection name another vCon, and takes the place that it has for the UUID", async () => {
    await deploy();
    const uuid = await writeNew({ text: "a", uuid: "another" });
    expect(tab().values).toEqual([
      ["text", "uuid"],
      ["a", uuid],
    ]);
  });

  it("is one for all vCons that are the same in the key column, also in one batch", async () => {
    await deploy({ key: "customer" });
    await writeNew({ customer: 4711, text: "first" });
    await writeNew({ customer: "0815", text: "other" });
    const later = await Promise.all(
      ["second", "third"].map((text) => withRow(store, { customer: "4711", [text]: text })),
    );
    await Promise.all(later.map((uuid) => written(uuid)));
    expect(rows()).toMatchObject([
      { customer: "4711", text: "first", second: "second", third: "third" },
      { customer: "0815", text: "other" },
    ]);
  });

  it("without anything in the key column is refused", async () => {
    await deploy({ key: "customer" });
    const withoutKey: Row[] = [{ text: "secret" }, { customer: null }, { customer: "" }];
    for (const row of withoutKey) {
      expect(await refused(row)).toMatchObject({
        code: "NO_KEY",
        message: expect.stringContaining('"customer"'),
      });
    }
    expect(google.requests).toEqual([]);
  });

  it("is a new one whenever the values change, if that is wanted", async () => {
    await deploy({ rows: "each", key: "not shown" });
    const uuid = await writeNew({ text: "a", seconds: 0.1 + 0.2, done: false, mood: null });
    await written(uuid);
    await writeAgain(uuid, { text: "b", seconds: 0.1 + 0.2, done: false, mood: "" });
    await written(uuid);
    await writeAgain(uuid, { text: "b", seconds: 0.1 + 0.2, done: false, topic: null });
    expect(rows()).toMatchObject([{ text: "a" }, { text: "b" }]);
    await writeAgain(uuid, { text: "a", seconds: 0.1 + 0.2, done: true, topic: "kettle" });
    expect(rows().map(({ text, done, topic }) => [text, done, topic])).toEqual([
      ["a", false, undefined],
      ["b", false, undefined],
      ["a", true, "kettle"],
    ]);
  });

  it("is one of many that come again at once, none of which is added a second time", async () => {
    await deploy({ rows: "each" });
    const uuids = await Promise.all(Array.from({ length: 250 }, (_, number) => withRow(store, { number })));
    await Promise.all(uuids.map((uuid) => written(uuid)));
    await Promise.all(uuids.map((uuid) => written(uuid)));
    expect(rows()).toHaveLength(250);
  });

  it.each([
    ["as it stands in the browser", () => `https://docs.google.com/spreadsheets/d/${workbook.id}/edit#gid=0`],
    ["with another account", () => `https://docs.google.com/spreadsheets/u/1/d/${workbook.id}/edit?gid=0`],
    ["copied with blanks", () => ` ${workbook.id} `],
  ])("goes to the spreadsheet whose URL was pasted %s", async (_, url) => {
    await deploy({ spreadsheet: url() });
    const uuid = await writeNew({ text: "a" });
    expect(rows()).toEqual([{ uuid, text: "a" }]);
  });

  it.each(["Bob's calls", "Anrufe für 召回!A1", "A1", "CALLS"])("goes to the tab %s", async (title) => {
    await deploy({ tab: title });
    const uuids = [await writeNew({ text: "a" }), await writeNew({ text: "b" })];
    expect(workbook.sheets.map((sheet) => sheet.title)).toEqual(["Sheet1", title]);
    expect(rows(title).map(({ uuid }) => uuid)).toEqual(uuids);
  });

  it("goes to a tab that differs in capitals alone, as Google sees it", async () => {
    workbook = google.makeWorkbook({ tabs: ["CALLS"] });
    await deploy();
    await writeNew({ text: "a" });
    expect(workbook.sheets).toHaveLength(1);
  });

  it("is written by a key that lies in the environment", async () => {
    process.env["GOOGLE_SERVICE_ACCOUNT_KEY"] = account.keyFile;
    await deploy({}, google.url, "");
    const uuid = await writeNew({ text: "a" });
    delete process.env["GOOGLE_SERVICE_ACCOUNT_KEY"];
    expect(rows()).toEqual([{ uuid, text: "a" }]);
  });

  it("leaves a trail by which it can be found, without the key", async () => {
    await deploy({ spreadsheet: `https://docs.google.com/spreadsheets/d/${workbook.id}/edit` });
    const uuid = await writeNew({ text: "a" });
    const trail = await store.trail(uuid);
    expect(trail).toMatchObject([
      {
        recipient: { vendor: "Google", product: "Sheets", host: new URL(google.url).host },
        handle: { spreadsheet: workbook.id, tab: "Calls", sheetId: tab().sheetId, column: "uuid" },
      },
    ]);
    expect(JSON.stringify([trail, nodeRed.log])).not.toContain("PRIVATE KEY");
  });
});

describe("many rows", () => {
  it("take few requests, and are each there once", async () => {
    await deploy();
    const uuids = await Promise.all(
      Array.from({ length: 1000 }, (_, number) => withRow(store, { number, text: `call ${number}` })),
    );
    await Promise.all(uuids.map((uuid) => written(uuid)));
    expect(google.requests.length).toBeLessThanOrEqual(20);
    expect(rows().map(({ uuid }) => uuid)).toHaveLength(1000);
    expect(new Set(rows().map(({ uuid, number }) => `${uuid} ${number}`))).toEqual(
      new Set(uuids.map((uuid, number) => `${uuid} ${number}`)),
    );
  });

  it("that are large are written in several requests, none above what Google advises", async () => {
    await deploy();
    const row = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`${index}`, "x".repeat(50_000)]));
    const uuids = await Promise.all(Array.from({ length: 12 }, () => withRow(store, row)));
    await Promise.all(uuids.map((uuid) => written(uuid)));
    const sizes = google.requests.map(({ headers }) => Number(headers["content-length"] ?? 0));
    expect(Math.max(...sizes)).toBeLessThan(2_100_000);
    expect(rows()).toHaveLength(12);
  });

  it("from two nodes into the same tab don't come in each other's way, however they call it", async () => {
    const gate = await startGate(google.url);
    const second = sheetsNode({ id: "second", key: "customer", tab: "CALLS" });
    await deploy({ key: "customer" }, gate.url, account.keyFile, [second]);
    const uuids = await Promise.all(
      Array.from({ length: 20 }, (_, number) => withRow(store, { customer: `${number % 5}` })),
    );
    await Promise.all(uuids.map((uuid, number) => written(uuid, number % 2 ? "node" : "second")));
    expect(
      rows()
        .map(({ customer }) => customer)
        .sort(),
    ).toEqual(["0", "1", "2", "3", "4"]);
    expect(gate.most).toBe(1);
    await gate.close();
  });
});

describe("a value", () => {
  it("is never a formula, and no text becomes a number or a date", async () => {
    await deploy();
    const texts = [
      "=1+1",
      "+1",
      "-1",
      "@SUM(A1)",
      "\t=1+1",
      "'=1",
      "1e5",
      "007",
      "2026-11-02",
      "TRUE",
      "10%",
    ];
    await writeNew(Object.fromEntries(texts.map((text, index) => [`column ${index}`, text])));
    expect(tab().values[1]!.slice(1)).toEqual(texts);
    expect(tab().formulas).toEqual([]);
  });

  it("in the name of a column is none either", async () => {
    await deploy();
    await writeNew(JSON.parse(`{ "=1+1": "a", "'x": "b", "__proto__": "c", "constructor": "d" }`));
    expect(header()).toEqual(["uuid", "=1+1", "'x", "__proto__", "constructor"]);
    expect(tab().formulas).toEqual([]);
  });

  it("may have 50,000 characters, and not one more", async () => {
    await deploy();
    await writeNew({ text: "召".repeat(50_000) });
    expect(await refused({ text: `secret${"x".repeat(50_000)}` })).toMatchObject({
      code: "BAD_VALUE",
      message: expect.stringContaining('"text" holds a text of more than 50000'),
    });
    expect(rows()).toHaveLength(1);
  });

  it.each([
    ["is empty", ""],
    ["has a NUL", "a\0b"],
    ["is longer than a cell", "x".repeat(50_001)],
  ])("can't stand below a name that %s", async (_, name) => {
    await deploy();
    expect(await refused({ [name]: "secret" })).toMatchObject({ code: "BAD_NAME" });
  });
});

describe("erasing", () => {
  async function sent(row: Row = { text: "a" }) {
    const uuid = await writeNew(row);
    const handle = (await store.trail(uuid)).at(-1)!.handle!;
    return { uuid, handle, erase: () => nodeRed.erase("node", uuid, handle) };
  }

  it("deletes every row of the vCon, wherever it was moved, and no other", async () => {
    await deploy({ rows: "each" });
    const other = await writeNew({ text: "other" });
    const { uuid, erase } = await sent();
    await writeAgain(uuid, { text: "b" });
    const last = await writeNew({ text: "last" });
    tab().title = "Renamed";
    tab("Renamed").insertColumns(0, 2, "a person");
    await erase();
    expect(rows("Renamed").map((row) => row["uuid"])).toEqual([other, last]);
    await erase();
    expect(rows("Renamed")).toHaveLength(2);
  });

  it("deletes a row whose fate was unknown, which has no tab's id", async () => {
    await deploy();
    const { uuid, handle } = await sent();
    const { sheetId: _, ...drawn } = handle;
    await nodeRed.erase("node", uuid, drawn);
    expect(rows()).toEqual([]);
  });

  it("finds such a row also where the tab was renamed since, beside a tab that has no cells", async () => {
    await deploy();
    const kept = await writeNew({ text: "kept" });
    const { uuid, handle } = await sent();
    const { sheetId: _, ...drawn } = handle;
    tab().title = "Renamed";
    workbook.tab("Sheet1")!.isChart = true;
    await nodeRed.erase("node", uuid, drawn);
    expect(rows("Renamed").map((row) => row["uuid"])).toEqual([kept]);
  });

  it("does not stop at Google's rule that one row must stay", async () => {
    await deploy();
    const { erase } = await sent();
    tab().deleteRows(2, tab().rowCount);
    await erase();
    expect(tab().values).toEqual([["uuid", "text"]]);
  });

  it("is done where the row went with its tab or its spreadsheet", async () => {
    await deploy();
    const { uuid, handle, erase } = await sent();
    workbook.sheets.pop();
    await erase();
    await nodeRed.erase("node", uuid, { ...handle, spreadsheet: "x".repeat(44) });
    expect(writes()).toBe(1);
  });

  it("is no success where nobody can say which row it is, but is where it is nowhere", async () => {
    await deploy();
    const { uuid, erase } = await sent();
    type(0, 0, "renamed");
    await expect(erase()).rejects.toMatchObject({ code: "NO_COLUMN" });
    expect(rows()).toMatchObject([{ renamed: uuid }]);
    tab().deleteRows(0, 2);
    await erase();
  });
});

describe("what goes wrong and may pass", () => {
  it.each<[string, Parameters<GoogleStandIn["fail"]>]>([
    ["the quota of the minute", [{ status: 429, retryAfter: 1 }]],
    ["an internal error", [{ status: 500 }]],
    ["a service that is away, twice", [{ status: 503 }, { status: 503, retryAfter: 0 }]],
    ["a connection that breaks", ["reset"]],
    ["an answer that is no JSON", ["malformed"]],
    ["an answer that is cut off", ["truncated"]],
  ])("is waited out: %s", async (_, faults) => {
    await deploy();
    await writeNew({ text: "before" });
    google.fail(...faults);
    await writeNew({ text: "after" });
    expect(rows().map(({ text }) => text)).toEqual(["before", "after"]);
    expect(reads()).toBe(3 + faults.length);
  });

  it("is an answer that is lost after the row was written: it is not written twice", async () => {
    const gate = await startGate(google.url);
    await deploy({ rows: "each" }, gate.url);
    await writeNew({ text: "before" });
    const uuid = await withRow(store, { text: "after" });
    await duringWrite(gate, written(uuid), () => google.fail("truncated"));
    expect(rows().map(({ text }) => text)).toEqual(["before", "after"]);
    expect(writes()).toBe(2);
    await gate.close();
  });

  it("is a time limit, after which the vCon may come again", async () => {
    await deploy({ timeLimit: 1 });
    google.fail("silence");
    expect(await refused()).toMatchObject({ code: "TIME_LIMIT" });
    const uuid = await writeNew({ text: "a" });
    expect(rows()).toEqual([{ uuid, text: "a" }]);
  });

  it("is a tab that somebody deletes between the reading and the writing", async () => {
    const gate = await startGate(google.url);
    await deploy({}, gate.url);
    await writeNew({ text: "before" });
    const uuid = await withRow(store, { text: "after" });
    await duringWrite(gate, written(uuid), () => workbook.sheets.pop());
    expect(rows()).toEqual([{ uuid, text: "after" }]);
    await gate.close();
  });

  it("is a tab of the same name that somebody makes at this moment", async () => {
    const gate = await startGate(google.url);
    await deploy({}, gate.url);
    const uuid = await withRow(store, { text: "a" });
    // Three requests: the tab is not there, really not, and then it is made.
    await duringWrite(
      gate,
      written(uuid),
      () => {
        workbook.sheets[0]!.title = "Calls";
      },
      3,
    );
    expect(workbook.sheets).toHaveLength(1);
    expect(rows()).toEqual([{ uuid, text: "a" }]);
    await gate.close();
  });

  /** Lets the requests before the write pass, and does something before that goes on. */
  async function duringWrite(gate: Gate, writing: Promise<unknown>, meanwhile: () => void, which = 2) {
    gate.hold();
    for (let request = 1; request < which; request++) {
      await gate.waiting(1);
      gate.open();
      gate.hold();
    }
    await gate.waiting(1);
    meanwhile();
    gate.open();
    await writing;
  }
});

describe("what goes wrong for good", () => {
  it.each<[string, () => unknown, string, string]>([
    ["a key that was deleted", () => deploy({}, google.url, deleted.keyFile), "401", "add a new one"],
    ["a clock that is wrong", () => google.setClockAhead(2 * 3600), "401", "Check the clock"],
    ["a service that is off", () => deploy({}, google.url, disabled.keyFile), "403", "Enable it"],
    [
      "a spreadsheet that is not shared",
      () => deploy({}, google.url, stranger.keyFile),
      "403",
      `Share it with ${stranger.email} as an editor`,
    ],
    [
      "a spreadsheet that is not there",
      () => deploy({ spreadsheet: "x".repeat(44) }),
      "404",
      "Check its URL",
    ],
    [
      "an Excel file",
      () => {
        workbook.isOfficeFile = true;
      },
      "400",
      "save it as Google Sheets",
    ],
    [
      "a spreadsheet that may only be read",
      () => {
        workbook.viewers.push(...workbook.editors.splice(0));
      },
      "403",
      "as an editor",
    ],
    [
      "a spreadsheet that is full",
      () => {
        workbook.cellLimit = workbook.cellCount;
      },
      "400",
      "is full",
    ],
    [
      "a tab that is protected",
      async () => {
        await writeNew({ text: "a" });
        tab().isProtected = true;
      },
      "400",
      "are protected",
    ],
    ["an answer of another kind", () => google.fail({ status: 410 }), "410", "answered 410"],
  ])("is told once, and what to do: %s", async (_, arrange, code, advice) => {
    await deploy();
    await arrange();
    google.requests.length = 0;
    const error = await refused();
    expect(error).toMatchObject({ code, message: expect.stringContaining(advice) });
    expect(error.message).toContain(`Google Sheets answered ${code}.`);
    // Nothing but what finds out what is wrong: it is not tried again.
    expect(reads()).toBeLessThanOrEqual(2);
    expect(writes()).toBeLessThanOrEqual(1);
  });

  it.each<[string, () => string, string]>([
    ["is not set", () => "", "GOOGLE_SERVICE_ACCOUNT_KEY"],
    ["is no JSON", () => "secret", "is no JSON"],
    ["is JSON and no file", () => '"secret"', "is not of a service account"],
    ["is for people", () => '{"installed": {"client_secret": "secret"}}', "is not of a service account"],
    [
      "has lost its line breaks",
      () =>
        JSON.stringify({ ...JSON.parse(account.keyFile), private_key: "-----BEGIN PRIVATE KEY----- secret" }),
      "private key that can't be read",
    ],
  ])("is a key that %s", async (_, key, message) => {
    await deploy({}, google.url, key());
    expect(await refused()).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining(message),
    });
    expect(google.requests).toEqual([]);
  });

  it.each([
    "calls",
    "https://docs.google.com/spreadsheets/",
    "https://docs.google.com/spreadsheets/d/e/2PACX-1vQ/pub",
  ])("is a spreadsheet that is none: %s", async (spreadsheet) => {
    await deploy({ spreadsheet });
    expect(await refused()).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining('"Spreadsheet" holds no'),
    });
    expect(google.requests).toEqual([]);
  });

  it("is a URL that is none", async () => {
    await deploy({}, "sheets");
    expect(await refused()).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("URL"),
    });
  });

  it("is a vCon without the projection", async () => {
    await deploy({ projection: "other" });
    expect(await refused()).toMatchObject({ code: "NO_PROJECTION" });
    expect(google.requests).toEqual([]);
  });
});
