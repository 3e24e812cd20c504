/**
 * Stands in for Google: the token endpoint of its OAuth 2.0 (POST /token), and of its Sheets API v4 what reads and
 * changes a spreadsheet: spreadsheets.get, spreadsheets.batchUpdate, values.get and values.batchGet.
 *
 * Written from Google's references (https://developers.google.com/workspace/sheets/api/reference/rest,
 * https://developers.google.com/identity/protocols/oauth2/service-account, https://google.aip.dev/auth/4111 and
 * https://google.aip.dev/193), the types of its client, and answers that users of the API have published. It computes
 * no formulas, and refuses fields and requests that it doesn't know.
 */
import {
  type Answer,
  type Received,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from "../../flows/stand-ins/stand-in.ts";
import { formatRange, parseRange, type Range } from "./google/a1.ts";
import {
  failure,
  googleError,
  invalid,
  noAccess,
  notFound,
  officeFile,
  quotaExceeded,
  Refusal,
  serviceDisabled,
  success,
  violations,
} from "./google/answers.ts";
import { Callers, type ServiceAccount } from "./google/callers.ts";
import { batchUpdate } from "./google/changes.ts";
import { type Mask, masked, readMask, type Shape, wants } from "./google/field-mask.ts";
import { type Sheet, shown, Workbook, type WorkbookOptions } from "./google/workbook.ts";

export { makeServiceAccount, type ServiceAccount } from "./google/callers.ts";
export type { Sheet, Workbook } from "./google/workbook.ts";

export interface GoogleStandInOptions extends StandInOptions {
  /** Those who may sign. */
  accounts: readonly ServiceAccount[];
  /** How many times in all an account may read and write; Google's own limit is 60 in a minute. None where not given. */
  quota?: { read?: number; write?: number };
}

export interface GoogleStandIn extends StandIn {
  /** Makes a spreadsheet, as a person does in the browser: one empty tab, shared with the first account. */
  makeWorkbook(options?: Partial<WorkbookOptions>): Workbook;
  /** Sets the clock at Google so many seconds ahead. */
  setClockAhead(seconds: number): void;
}

/** The client's root URL is the stand-in's `url`; the token endpoint lies at "/token" there. */
export async function startGoogleStandIn(options: GoogleStandInOptions): Promise<GoogleStandIn> {
  const google = new Google(options);
  const standIn = await startStandIn(
    { largestBody: 10 * 1024 ** 2, answer: (request) => google.answer(request), failure },
    options,
  );
  return {
    ...standIn,
    makeWorkbook: (wishes) => google.makeWorkbook(wishes),
    setClockAhead: (seconds) => {
      google.callers.ahead = seconds;
    },
  };
}

/** The parameters that every method takes. */
const STANDARD = ["alt", "fields", "key", "prettyPrint", "quotaUser", "$.xgafv"];

const VALUE: Shape = {
  numberValue: true,
  stringValue: true,
  boolValue: true,
  formulaValue: true,
  errorValue: true,
};
const SPREADSHEET: Shape = {
  spreadsheetId: true,
  spreadsheetUrl: true,
  properties: { title: true },
  sheets: {
    properties: {
      sheetId: true,
      title: true,
      index: true,
      sheetType: true,
      gridProperties: { rowCount: true, columnCount: true, frozenRowCount: true },
    },
    data: {
      startRow: true,
      startColumn: true,
      rowData: { values: { userEnteredValue: VALUE, effectiveValue: VALUE } },
    },
  },
};
const VALUE_RANGE: Shape = { range: true, majorDimension: true, values: true };

class Google {
  readonly callers: Callers;
  readonly #accounts: readonly ServiceAccount[];
  readonly #quota: { read: number; write: number };
  readonly #workbooks = new Map<string, Workbook>();

  constructor({ accounts, quota = {} }: GoogleStandInOptions) {
    this.callers = new Callers(accounts);
    this.#accounts = accounts;
    this.#quota = { read: Number.POSITIVE_INFINITY, write: Number.POSITIVE_INFINITY, ...quota };
  }

  makeWorkbook(options: Partial<WorkbookOptions> = {}): Workbook {
    const workbook = new Workbook({
      editors: this.#accounts.slice(0, 1).map(({ email }) => email),
      ...options,
    });
    this.#workbooks.set(workbook.id, workbook);
    return workbook;
  }

  answer(request: Received): Answer {
    try {
      const { method, path } = request;
      if (method === "POST" && path === "/token") return this.callers.grant(request);
      const [, id, rest] = /^\/v4\/spreadsheets\/([^/:]+)(.*)$/.exec(path) ?? [];
      if (id === undefined) return notFound();
      const caller = this.callers.of(request);
      if (caller.enabled === false) return serviceDisabled();
      const values = /^\/values\/(.+)$/.exec(rest!)?.[1];
      if (method === "GET" && rest === "") return this.#get(this.#read(id, caller), request);
      if (method === "GET" && rest === "/values:batchGet")
        return this.#batchGet(this.#read(id, caller), request);
      if (method === "GET" && values !== undefined) {
        return this.#valuesGet(this.#read(id, caller), decodeURIComponent(values), request);
      }
      if (method === "POST" && rest === ":batchUpdate")
        return this.#batchUpdate(this.#write(id, caller), request);
      return googleError(404, "NOT_FOUND", "Method not found.");
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      throw error;
    }
  }

  #read(id: string, caller: ServiceAccount): Workbook {
    if (this.#quota.read-- <= 0) throw new Refusal(quotaExceeded("Read", 60));
    return this.#open(id, ({ editors, viewers }) => [...editors, ...viewers].includes(caller.email));
  }

  #write(id: string, caller: ServiceAccount): Workbook {
    if (this.#quota.write-- <= 0) throw new Refusal(quotaExceeded("Write", 60));
    return this.#open(id, ({ editors }) => editors.includes(caller.email));
  }

  #open(id: string, mayBy: (workbook: Workbook) => boolean): Workbook {
    const workbook = this.#workbooks.get(id);
    if (workbook === undefined) throw new Refusal(notFound());
    if (!mayBy(workbook)) throw new Refusal(noAccess());
    if (workbook.isOfficeFile) throw new Refusal(officeFile());
    return workbook;
  }

  #get(workbook: Workbook, { query }: Received): Answer {
    checkParameters(query, ["ranges", "includeGridData"]);
    const mask = readMask(query.get("fields"), SPREADSHEET);
    const ranges = query.getAll("ranges").map((text) => found(workbook, text));
    const hasData = mask === true ? query.get("includeGridData") === "true" : wants(mask, "sheets", "data");
    const sheets = workbook.sheets.filter(
      (sheet) => ranges.length === 0 || ranges.some((range) => range.sheet === sheet),
    );
    const spreadsheet = {
      spreadsheetId: workbook.id,
      properties: { title: workbook.title },
      sheets: sheets.map((sheet) => ({
        properties: properties(sheet, workbook.sheets.indexOf(sheet)),
        ...(hasData && { data: gridData(sheet, ranges) }),
      })),
      spreadsheetUrl: `https://docs.google.com/spreadsheets/d/${workbook.id}/edit`,
    };
    return answerWith(spreadsheet, mask);
  }

  #valuesGet(workbook: Workbook, text: string, { query }: Received): Answer {
    checkParameters(query, ["majorDimension", "valueRenderOption", "dateTimeRenderOption"]);
    const mask = readMask(query.get("fields"), VALUE_RANGE);
    return answerWith(valueRange(found(workbook, text), query), mask);
  }

  #batchGet(workbook: Workbook, { query }: Received): Answer {
    checkParameters(query, ["ranges", "majorDimension", "valueRenderOption", "dateTimeRenderOption"]);
    const mask = readMask(query.get("fields"), { spreadsheetId: true, valueRanges: VALUE_RANGE });
    const ranges = query.getAll("ranges").map((text) => found(workbook, text));
    return answerWith(
      { spreadsheetId: workbook.id, valueRanges: ranges.map((range) => valueRange(range, query)) },
      mask,
    );
  }

  #batchUpdate(workbook: Workbook, { query, body, headers }: Received): Answer {
    checkParameters(query, []);
    const shape: Shape = { spreadsheetId: true, replies: true, updatedSpreadsheet: SPREADSHEET };
    const mask = readMask(query.get("fields"), shape);
    const replies = batchUpdate(workbook, parsed(body, headers["content-type"]));
    return answerWith({ spreadsheetId: workbook.id, replies }, mask);
  }
}

function answerWith(body: object, mask: Mask): Answer {
  return success(masked(body, mask) as object);
}

function checkParameters(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].filter((name) => !known.includes(name) && !STANDARD.includes(name));
  if (unknown.length === 0) return;
  throw violations(
    unknown.map((name) => ({
      field: "",
      description: `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
    })),
  );
}

function parsed(body: Buffer, type = ""): unknown {
  if (!type.startsWith("application/json")) {
    throw invalid(`Invalid JSON payload received. Content type "${type}" is not supported.`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw invalid("Invalid JSON payload received. Unexpected token.");
  }
}

type Found = Required<Range> & { sheet: Sheet; endRow: number; endColumn: number };

/** The cells that the text names. @throws Refusal if there are none such */
function found(workbook: Workbook, text: string): Found {
  const range = parseRange(text);
  const sheet = range && workbook.tab(range.title);
  if (!range || !sheet || sheet.isChart) throw invalid(`Unable to parse range: ${text}`);
  const { rowCount, columnCount } = sheet;
  if (range.startRow >= rowCount || range.startColumn >= columnCount) {
    throw invalid(`Range (${text}) exceeds grid limits. Max rows: ${rowCount}, max columns: ${columnCount}`);
  }
  const endRow = Math.min(range.endRow ?? rowCount, rowCount);
  const endColumn = Math.min(range.endColumn ?? columnCount, columnCount);
  return { ...range, sheet, endRow, endColumn };
}

function properties(sheet: Sheet, index: number): object {
  const { sheetId, title, isChart, rowCount, columnCount, frozenRowCount } = sheet;
  if (isChart) return { sheetId, title, index, sheetType: "OBJECT" };
  const gridProperties = { rowCount, columnCount, ...(frozenRowCount > 0 && { frozenRowCount }) };
  return { sheetId, title, index, sheetType: "GRID", gridProperties };
}

/** One for each range in this sheet, or one for the sheet; what is zero or empty is left out. */
function gridData(sheet: Sheet, ranges: Found[]): object[] {
  const { rowCount: endRow, columnCount: endColumn } = sheet;
  const all = { sheet, startRow: 0, startColumn: 0, endRow, endColumn };
  const wanted = ranges.length === 0 ? [all] : ranges.filter((range) => range.sheet === sheet);
  return wanted.map((range) => {
    const rowData = cells(range).map((row) => {
      const values = row.map((value) =>
        value === undefined
          ? {}
          : {
              userEnteredValue: value,
              effectiveValue:
                "formulaValue" in value ? { errorValue: { type: "ERROR", message: "Not computed." } } : value,
            },
      );
      return values.length > 0 ? { values } : {};
    });
    return {
      ...(range.startRow > 0 && { startRow: range.startRow }),
      ...(range.startColumn > 0 && { startColumn: range.startColumn }),
      ...(rowData.length > 0 && { rowData }),
    };
  });
}

function valueRange(range: Found, query: URLSearchParams): object {
  const majorDimension = query.get("majorDimension") ?? "ROWS";
  const render = query.get("valueRenderOption") ?? "FORMATTED_VALUE";
  checkEnum("major_dimension", majorDimension, ["ROWS", "COLUMNS"]);
  checkEnum("value_render_option", render, ["FORMATTED_VALUE", "UNFORMATTED_VALUE", "FORMULA"]);
  const rows = cells(range).map((row) =>
    row.map((value) => (render === "FORMATTED_VALUE" ? formatted(shown(value)) : shown(value))),
  );
  const values = majorDimension === "ROWS" ? rows : transposed(rows);
  const { sheet, startRow, endRow, startColumn, endColumn } = range;
  return {
    range: formatRange(sheet.title, startRow, endRow, startColumn, endColumn),
    majorDimension,
    ...(values.length > 0 && { values }),
  };
}

function checkEnum(name: string, value: string, known: string[]): void {
  if (known.includes(value)) return;
  throw violations([{ field: name, description: `Invalid value at '${name}' (TYPE_ENUM), "${value}"` }]);
}

function formatted(value: string | number | boolean): string {
  return typeof value === "boolean" ? String(value).toUpperCase() : String(value);
}

/** The cells of a range, without the empty ones at the end of a row and the empty rows at the end. */
function cells({ sheet, startRow, endRow, startColumn, endColumn }: Omit<Found, "title">) {
  const rows = Array.from({ length: Math.max(0, Math.min(endRow, sheet.usedRows) - startRow) }, (_, down) => {
    const row = Array.from({ length: endColumn - startColumn }, (_, right) =>
      sheet.cell(startRow + down, startColumn + right),
    );
    return row.slice(0, row.findLastIndex((value) => value !== undefined) + 1);
  });
  return rows.slice(0, rows.findLastIndex((row) => row.length > 0) + 1);
}

function transposed(rows: (string | number | boolean)[][]): (string | number | boolean)[][] {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, column) => {
    const values = rows.map((row) => row[column] ?? "");
    return values.slice(0, values.findLastIndex((value) => value !== "") + 1);
  });
}
