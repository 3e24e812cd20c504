import { auth, sheets, type sheets_v4 } from "googleapis/build/src/apis/sheets/index.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type GoogleStandIn,
  makeServiceAccount,
  type ServiceAccount,
  startGoogleStandIn,
  type Workbook,
} from "./google.ts";

const account = makeServiceAccount();
const stranger = makeServiceAccount("stranger");
const disabled = { ...makeServiceAccount("disabled"), enabled: false };
const unknown = makeServiceAccount("unknown");

const HOUR_AND_A_MINUTE = 3660;

let google: GoogleStandIn;
let workbook: Workbook;
beforeAll(async () => {
  google = await startGoogleStandIn({ accounts: [account, stranger, disabled] });
});
beforeEach(() => {
  workbook = google.makeWorkbook({ tabs: ["Calls", "Bob's tab"] });
  google.setClockAhead(0);
});
afterAll(() => google.close());

type Jwt = InstanceType<typeof auth.JWT>;

function jwt({ keyFile }: ServiceAccount, scopes?: string[]): Jwt {
  const { client_email, private_key, private_key_id } = JSON.parse(keyFile);
  return new auth.JWT({
    email: client_email,
    key: private_key,
    keyId: private_key_id,
    ...(scopes && { scopes }),
  });
}

/** A JWT that is signed for the Sheets API alone. */
function selfSigned(by = account): Jwt {
  const client = jwt(by);
  client.defaultServicePath = "sheets.googleapis.com";
  return client;
}

function scoped(...scopes: string[]): Jwt {
  const client = jwt(account, scopes);
  client.useJWTAccessWithScope = true;
  return client;
}

/** A JWT that the client takes to the token endpoint, which is the stand-in's. */
function granted(by = account, scopes = ["https://www.googleapis.com/auth/spreadsheets"]): Jwt {
  const client = jwt(by, scopes);
  client.transporter.interceptors.request.add({
    resolved: async (request) => {
      if (request.url.host === "oauth2.googleapis.com") request.url = new URL("/token", google.url);
      return { ...request, retry: false };
    },
  });
  return client;
}

function api(client = selfSigned(), at = google): sheets_v4.Sheets {
  return sheets({ version: "v4", rootUrl: at.url, retry: false, auth: client });
}

async function update(...requests: sheets_v4.Schema$Request[]) {
  const request = { spreadsheetId: workbook.id, requestBody: { requests } };
  return (await api().spreadsheets.batchUpdate(request)).data;
}

const text = (...texts: string[]) => ({
  values: texts.map((stringValue) => ({ userEnteredValue: { stringValue } })),
});
const append = (...rows: sheets_v4.Schema$RowData[]) => ({
  appendCells: { sheetId: 0, rows, fields: "userEnteredValue" },
});
const read = (more: object = {}, client = selfSigned()) =>
  api(client).spreadsheets.get({ spreadsheetId: workbook.id, ...more });
const tab = (title = "Calls") => workbook.tab(title)!;

/** What the client throws, with what Google said of it. */
async function refusal(call: Promise<unknown>) {
  const error = await call.then(
    () => {
      throw new Error("It was not refused.");
    },
    (thrown) => thrown,
  );
  const { error: said } = error.response.data;
  return { status: error.status, said, reason: said?.details?.[0]?.reason };
}

describe("who calls", () => {
  it("may sign for the service, without asking for a token", async () => {
    google.requests.length = 0;
    expect((await read()).data.spreadsheetId).toBe(workbook.id);
    expect(google.requests.map(({ path }) => path)).toEqual([`/v4/spreadsheets/${workbook.id}`]);
  });

  it("may sign for a scope", async () => {
    const client = scoped("https://www.googleapis.com/auth/spreadsheets");
    expect((await read({}, client)).status).toBe(200);
  });

  it("may get a token for what it signed, until it expires", async () => {
    const client = granted();
    expect((await read({}, client)).status).toBe(200);
    expect(google.requests.at(-2)!.path).toBe("/token");
    google.setClockAhead(HOUR_AND_A_MINUTE);
    expect(await refusal(read({}, client))).toMatchObject({ status: 401, reason: "ACCESS_TOKEN_EXPIRED" });
  });

  it("is refused a token for a key that is not known, or not its own", async () => {
    const error = async (client: Jwt) =>
      client.authorize().catch(({ status, response }) => [status, response.data]);
    expect(await error(granted(unknown))).toEqual([
      400,
      { error: "invalid_grant", error_description: "Invalid grant: account not found" },
    ]);
    const forged = { ...account, keyFile: unknown.keyFile.replaceAll(unknown.email, account.email) };
    expect(await error(granted(forged))).toEqual([
      400,
      { error: "invalid_grant", error_description: "Invalid JWT Signature." },
    ]);
  });

  it.each<[string, Jwt, number, string, string | undefined]>([
    ["without a token", jwt(account), 403, "PERMISSION_DENIED", undefined],
    [
      "with another account's key",
      selfSigned(unknown),
      401,
      "UNAUTHENTICATED",
      "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    ],
    [
      "with a narrower scope",
      scoped("https://www.googleapis.com/auth/calendar"),
      403,
      "PERMISSION_DENIED",
      "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ],
    ["for another service", otherService(), 401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"],
    ["while its project has the API off", selfSigned(disabled), 403, "PERMISSION_DENIED", "SERVICE_DISABLED"],
    [
      "for a spreadsheet that is not shared with it",
      selfSigned(stranger),
      403,
      "PERMISSION_DENIED",
      undefined,
    ],
  ])("is refused %s", async (_, client, code, status, reason) => {
    const error = await refusal(api(client).spreadsheets.get({ spreadsheetId: workbook.id }));
    expect(error).toMatchObject({ status: code, said: { code, status } });
    expect(error.reason).toBe(reason);
  });

  it("is refused once the hour of its JWT is over", async () => {
    const client = selfSigned();
    expect((await read({}, client)).status).toBe(200);
    google.setClockAhead(HOUR_AND_A_MINUTE);
    expect(await refusal(read({}, client))).toMatchObject({ status: 401, reason: "ACCESS_TOKEN_EXPIRED" });
  });

  it("may read and not write where it is a viewer", async () => {
    workbook = google.makeWorkbook({ editors: [], viewers: [account.email] });
    expect((await read()).status).toBe(200);
    expect(await refusal(update(append(text("x"))))).toMatchObject({ status: 403 });
  });
});

function otherService(): Jwt {
  const client = jwt(account);
  client.defaultServicePath = "storage.googleapis.com";
  return client;
}

describe("a spreadsheet", () => {
  it("tells its tabs, and nothing of what stands in them", async () => {
    await update(append(text("secret")));
    const { data } = await read();
    expect(data.sheets!.map(({ properties }) => properties)).toMatchObject([
      { sheetId: 0, title: "Calls", index: 0, gridProperties: { rowCount: 1000, columnCount: 26 } },
      { title: "Bob's tab", index: 1 },
    ]);
    expect(JSON.stringify(data)).not.toContain("secret");
  });

  it("gives the cells of ranges, in their order, and only the members that are asked for", async () => {
    await update(append(text("uuid", "", "text"), {}, text("1")));
    const { data } = await read({
      ranges: ["Calls!1:1", "'Calls'!A:A", "calls!B2:C9"],
      fields: "sheets(properties(sheetId,gridProperties/columnCount),data.rowData.values.effectiveValue)",
    });
    const value = (stringValue: string) => ({ effectiveValue: { stringValue } });
    expect(data).toEqual({
      sheets: [
        {
          properties: { sheetId: 0, gridProperties: { columnCount: 26 } },
          data: [
            { rowData: [{ values: [value("uuid"), {}, value("text")] }] },
            { rowData: [{ values: [value("uuid")] }, {}, { values: [value("1")] }] },
            {},
          ],
        },
      ],
    });
  });

  it("gives values without what is empty at the end", async () => {
    await update(append(text("a", "", "c"), {}, { values: [{ userEnteredValue: { numberValue: 0.5 } }] }));
    const { values } = api().spreadsheets;
    const request = { spreadsheetId: workbook.id, range: "Calls!A1:Z1000" };
    expect((await values.get(request)).data).toEqual({
      range: "Calls!A1:Z1000",
      majorDimension: "ROWS",
      values: [["a", "", "c"], [], ["0.5"]],
    });
    const { data } = await values.batchGet({
      spreadsheetId: workbook.id,
      ranges: ["Calls!3:3", "'Bob''s tab'!A:B", "Calls!A1:C3"],
      valueRenderOption: "UNFORMATTED_VALUE",
      majorDimension: "COLUMNS",
    });
    expect(data.valueRanges).toEqual([
      { range: "Calls!A3:Z3", majorDimension: "COLUMNS", values: [[0.5]] },
      { range: "'Bob''s tab'!A1:B1000", majorDimension: "COLUMNS" },
      { range: "Calls!A1:C3", majorDimension: "COLUMNS", values: [["a", "", 0.5], [], ["c"]] },
    ]);
  });

  it.each<[string, object, string]>([
    ["a tab that is not there", { ranges: ["Mails!A1"] }, "Unable to parse range: Mails!A1"],
    ["what is no range", { ranges: ["Calls!1A"] }, "Unable to parse range: Calls!1A"],
    ["cells that are not there", { ranges: ["Calls!A1001"] }, "exceeds grid limits"],
    ["a member that it can't have", { fields: "sheets(colour)" }, "sheets.colour"],
    ["a parameter that is misspelt", { range: "A1" }, 'Unknown name "range"'],
  ])("can't be asked for %s", async (_, more, message) => {
    expect(await refusal(read(more))).toMatchObject({
      status: 400,
      said: { status: "INVALID_ARGUMENT", message: expect.stringContaining(message) },
    });
  });

  it("is not found under another id, and not read where it is an Excel file", async () => {
    expect(await refusal(read({ spreadsheetId: "another" }))).toMatchObject({
      status: 404,
      said: { status: "NOT_FOUND" },
    });
    workbook.isOfficeFile = true;
    expect(await refusal(read())).toMatchObject({ said: { code: 400, status: "FAILED_PRECONDITION" } });
  });
});

describe("a batch of changes", () => {
  it("takes texts as they are, so that none becomes a formula", async () => {
    const texts = ["=1+1", "+1", "-1", "@SUM(A1)", "'x", " x ", "1", "2026-11-02", "TRUE", "two\nlines"];
    await update(append(text(...texts), { values: [{ userEnteredValue: { formulaValue: "=1+1" } }] }));
    expect(tab().values[0]).toEqual(texts);
    expect(tab().formulas).toEqual(["=1+1"]);
  });

  it("writes over the cells that it names and empties those without a value", async () => {
    await update(append(text("a", "b", "c", "d")));
    const rows = [{ values: [{}, { userEnteredValue: { numberValue: 1e300 } }] }];
    const start = { sheetId: 0, rowIndex: 0, columnIndex: 1 };
    await update({ updateCells: { start, rows, fields: "userEnteredValue" } });
    expect(tab().values).toEqual([["a", "", 1e300, "d"]]);
  });

  it("adds rows after the last one that has something in it, and more of them to a grid that is full", async () => {
    const start = { sheetId: 0, rowIndex: 999, columnIndex: 25 };
    await update({ updateCells: { start, rows: [text("last")], fields: "*" } });
    await update(append(text("after")));
    expect(tab().values[1000]).toEqual(["after"]);
    expect(tab().rowCount).toBe(1001);
  });

  it("inserts columns, also at the end, and deletes rows", async () => {
    await update(append(text("a", "b"), text("c", "d"), text("e", "f")));
    const columns = { sheetId: 0, dimension: "COLUMNS" };
    await update(
      { insertDimension: { range: { ...columns, startIndex: 1, endIndex: 2 }, inheritFromBefore: true } },
      { insertDimension: { range: { ...columns, startIndex: 27, endIndex: 28 }, inheritFromBefore: true } },
      { deleteDimension: { range: { sheetId: 0, dimension: "ROWS", startIndex: 1, endIndex: 2 } } },
      { appendDimension: { sheetId: 0, dimension: "ROWS", length: 3 } },
    );
    expect(tab().values).toEqual([
      ["a", "", "b"],
      ["e", "", "f"],
    ]);
    expect(tab()).toMatchObject({ columnCount: 28, rowCount: 1002 });
  });

  it("makes a tab under an id of the client's choice, and writes into it", async () => {
    const gridProperties = { rowCount: 10, columnCount: 2, frozenRowCount: 1 };
    const { replies } = await update(
      { addSheet: { properties: { sheetId: 77, title: "Mails", gridProperties } } },
      { appendCells: { sheetId: 77, rows: [text("x")], fields: "userEnteredValue" } },
    );
    expect(replies).toMatchObject([{ addSheet: { properties: { sheetId: 77, title: "Mails" } } }, {}]);
    expect(tab("Mails")).toMatchObject({ values: [["x"]], rowCount: 10, frozenRowCount: 1 });
  });

  const at = (rowIndex: number, columnIndex: number, cell = "x", sheetId = 0) => ({
    updateCells: {
      start: { sheetId, rowIndex, columnIndex },
      rows: [text(cell)],
      fields: "userEnteredValue",
    },
  });
  const dimension = (startIndex: number, endIndex: number, name = "ROWS") => ({
    range: { sheetId: 0, dimension: name, startIndex, endIndex },
  });
  it.each<[string, sheets_v4.Schema$Request, string]>([
    [
      "a row below the grid",
      at(1000, 0),
      "Attempting to write row: 1000, beyond the last requested row of: 999",
    ],
    ["a column beside the grid", at(0, 26), "Attempting to write column: 26"],
    ["another tab", at(0, 0, "x", 5), "Invalid requests[1].updateCells: No grid with id: 5"],
    ["too long a text", at(0, 0, "x".repeat(50_001)), "more than the maximum of 50000 characters"],
    ["a NUL", at(0, 0, "\0"), "can't be stored"],
    ["half a character", at(0, 0, "\ud800"), "can't be stored"],
    ["no fields", { appendCells: { sheetId: 0, rows: [text("x")] } }, "At least one field must be listed"],
    ["a name that is taken", { addSheet: { properties: { title: "calls" } } }, "already exists"],
    ["an id that is taken", { addSheet: { properties: { sheetId: 0 } } }, "already exists"],
    ["all rows to go", { deleteDimension: dimension(0, 1000) }, "not possible to delete all non-frozen rows"],
    ["rows to go that are not there", { deleteDimension: dimension(999, 1001) }, "doesn't exist"],
    [
      "room behind the grid",
      { insertDimension: dimension(26, 27, "COLUMNS") },
      "less than the grid size (26)",
    ],
    [
      "too many cells",
      { appendDimension: { sheetId: 0, dimension: "ROWS", length: 400_000 } },
      "10000000 cells",
    ],
    [
      "too many columns",
      { appendDimension: { sheetId: 0, dimension: "COLUMNS", length: 18_300 } },
      "18278 columns",
    ],
    ["what it doesn't know", { colour: {} } as never, `Unknown name "colour" at 'requests[1]'`],
    [
      "a number as text",
      at(0, 0, 7 as never),
      "Invalid value at 'requests[1].update_cells.rows[0].values[0]",
    ],
    ["two things in one", { ...at(0, 0), ...append() }, "oneof field 'kind' is already set"],
  ])("is refused as a whole for %s", async (_, request, message) => {
    const error = await refusal(update(append(text("not kept")), request));
    expect(error).toMatchObject({ status: 400, said: { status: "INVALID_ARGUMENT" } });
    expect(error.said.message).toContain(message);
    expect(tab().values).toEqual([]);
  });

  it("is refused where the tab is protected", async () => {
    tab().isProtected = true;
    expect((await refusal(update(append(text("x"))))).said.message).toContain("protected cell");
  });

  it("is refused without any change, and where it is no JSON", async () => {
    expect((await refusal(update())).said.message).toBe("Must specify at least one request.");
    const authorization = (await selfSigned().getRequestHeaders()).get("authorization")!;
    const headers = { authorization, "content-type": "application/json" };
    const url = `${google.url}/v4/spreadsheets/${workbook.id}:batchUpdate`;
    const answer = await fetch(url, { method: "POST", headers, body: '{"requests": [' });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { status: "INVALID_ARGUMENT" } },
    ]);
  });

  it("is refused above 10 MB", async () => {
    const rows = Array.from({ length: 215 }, () => text("x".repeat(50_000)));
    expect((await refusal(update(append(...rows)))).said.message).toContain("exceeds the limit: 10485760");
  });
});

describe("a fault", () => {
  it("is a quota that is used up, by reading and by writing", async () => {
    const limited = await startGoogleStandIn({ accounts: [account], quota: { read: 1, write: 0 } });
    const spreadsheetId = limited.makeWorkbook().id;
    const { spreadsheets } = api(selfSigned(), limited);
    await spreadsheets.get({ spreadsheetId });
    expect(await refusal(spreadsheets.get({ spreadsheetId }))).toMatchObject({
      status: 429,
      reason: "RATE_LIMIT_EXCEEDED",
      said: { status: "RESOURCE_EXHAUSTED", message: expect.stringContaining("'Read requests per minute") },
    });
    const requestBody = { requests: [append(text("x"))] };
    expect(await refusal(spreadsheets.batchUpdate({ spreadsheetId, requestBody }))).toMatchObject({
      said: { details: [{ metadata: { quota_limit: "WriteRequestsPerMinutePerUser" } }] },
    });
    await limited.close();
  });

  it("says when to come again", async () => {
    google.fail({ status: 429, retryAfter: 7 });
    const { status, response } = await read().catch((error) => error);
    expect([status, response.headers.get("retry-after")]).toEqual([429, "7"]);
  });

  it.each([
    [500, "INTERNAL"],
    [503, "UNAVAILABLE"],
  ])("of the server is %d %s", async (code, status) => {
    google.fail({ status: code });
    expect(await refusal(read())).toMatchObject({ status: code, said: { code, status } });
  });

  it("of the connection has no status", async () => {
    google.fail("reset");
    await expect(read()).rejects.toMatchObject({ code: "ECONNRESET", status: undefined });
  });

  it("of the answer leaves the client with a text where it expects members", async () => {
    google.fail("malformed");
    expect((await read()).data).toBeTypeOf("string");
  });
});
