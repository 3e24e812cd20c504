/** A tab of a spreadsheet, as it is at the moment: its header, and the rows of a column. */
import type { sheets_v4 } from "googleapis/build/src/apis/sheets/v4.js";
import { columnLetters, quoted } from "./a1.ts";
import { isRefused, unreadable } from "./sheets-error.ts";

export interface Account {
  sheets: sheets_v4.Sheets;
  host: string;
  /** Of the service account. */
  email: string;
}

/** Where a tab is, and for how long its reader waits. */
export interface Tab {
  account: Account;
  spreadsheet: string;
  title: string;
  signal: AbortSignal;
}

/** What is known of a tab. All indexes begin at zero. */
export interface Contents {
  sheetId: number;
  rowCount: number;
  columnCount: number;
  frozenRowCount: number;
  /** The first row, without the empty cells at its end. */
  header: string[];
  /** Which rows have this text or number in the column that was asked for, from top to bottom. */
  rowsBy: ReadonlyMap<string, readonly number[]>;
}

/** Where a column was when it was looked for last; only so that it is mostly found at the first look. */
const lastSeen = new Map<string, number>();

/** All that writing needs, read at once; undefined where there is no such tab. */
export async function contentsOf(tab: Tab, column: string): Promise<Contents | undefined> {
  const name = [tab.spreadsheet, tab.title, column].join("\n");
  for (let guess = lastSeen.get(name) ?? 0; ; ) {
    const contents = await look(tab, guess).catch(async (error) => {
      if (!isRefused(error) || (guess === 0 && (await isThere(tab)))) throw error;
      return undefined;
    });
    if (contents === undefined && guess === 0) return undefined;
    // Where so many columns are no longer there, it begins anew.
    const found = contents?.header.indexOf(column) ?? 0;
    if (contents && found === guess) return contents;
    if (contents && found === -1) return { ...contents, rowsBy: new Map() };
    guess = found;
    lastSeen.set(name, guess);
  }
}

async function isThere(tab: Tab): Promise<boolean> {
  return (await propertiesOfAll(tab)).some(({ title }) => isSameTitle(title, tab.title));
}

export interface TabProperties {
  sheetId: number;
  title: string;
}

/** Every tab of the spreadsheet that has cells: one may also be a chart. */
export async function propertiesOfAll({ account, spreadsheet, signal }: Tab): Promise<TabProperties[]> {
  const fields = "sheets.properties(sheetId,title,sheetType)";
  const { data } = await account.sheets.spreadsheets.get(
    { spreadsheetId: spreadsheet, fields, prettyPrint: false },
    { signal },
  );
  const tabs = readable(data).sheets?.map(({ properties }) => properties ?? {}) ?? [];
  return tabs.flatMap(({ sheetId, title, sheetType }) =>
    sheetType === "GRID" ? { sheetId: sheetId ?? 0, title: title ?? "" } : [],
  );
}

/** What the cells of these rows show. */
export async function rowsAt(tab: Tab, rows: readonly number[]): Promise<unknown[][]> {
  const shown: unknown[][] = [];
  for (let first = 0; first < rows.length; first += RANGES_AT_ONCE) {
    const some = rows.slice(first, first + RANGES_AT_ONCE);
    const found = await shownIn(
      tab,
      some.map((row) => `${quoted(tab.title)}!${row + 1}:${row + 1}`),
    );
    shown.push(...found.map(([row = []]) => row));
  }
  return shown;
}

/** Whether any cell of the tab shows this text. */
export async function shows(tab: Tab, text: string): Promise<boolean> {
  const [rows = []] = await shownIn(tab, [quoted(tab.title)]);
  return rows.some((row) => row.includes(text));
}

/** What the rows of each range show. */
async function shownIn({ account, spreadsheet, signal }: Tab, ranges: string[]): Promise<unknown[][][]> {
  const { data } = await account.sheets.spreadsheets.values.batchGet(
    {
      spreadsheetId: spreadsheet,
      ranges,
      valueRenderOption: "UNFORMATTED_VALUE",
      fields: "valueRanges.values",
      prettyPrint: false,
    },
    { signal },
  );
  return (readable(data).valueRanges ?? []).map(({ values }) => values ?? []);
}

/** Changes the spreadsheet: all of it, or nothing. */
export async function change(
  { account, spreadsheet, signal }: Tab,
  requests: sheets_v4.Schema$Request[],
): Promise<void> {
  const { data } = await account.sheets.spreadsheets.batchUpdate(
    { spreadsheetId: spreadsheet, fields: "spreadsheetId", prettyPrint: false, requestBody: { requests } },
    { signal },
  );
  readable(data);
}

/** So that their names fit into a URL. */
const RANGES_AT_ONCE = 100;

const FIELDS =
  "sheets(properties(sheetId,gridProperties),data.rowData.values.effectiveValue(stringValue,numberValue,boolValue))";

async function look({ account, spreadsheet, title, signal }: Tab, column: number): Promise<Contents> {
  const letters = columnLetters(column);
  const { data } = await account.sheets.spreadsheets.get(
    {
      spreadsheetId: spreadsheet,
      ranges: [`${quoted(title)}!1:1`, `${quoted(title)}!${letters}:${letters}`],
      fields: FIELDS,
      prettyPrint: false,
    },
    { signal },
  );
  // Only the tab that the ranges name is in the answer, and their cells in the order of the ranges.
  const { properties, data: [first, cells] = [] } = readable(data).sheets?.[0] ?? {};
  if (!properties) throw unreadable();
  const { rowCount, columnCount, frozenRowCount } = properties.gridProperties ?? {};
  const header = (first?.rowData?.[0]?.values ?? []).map(textOf);
  return {
    sheetId: properties.sheetId ?? 0,
    rowCount: rowCount ?? 0,
    columnCount: columnCount ?? 0,
    frozenRowCount: frozenRowCount ?? 0,
    header: header.slice(0, header.findLastIndex((text) => text !== "") + 1),
    rowsBy: rowsByText(cells?.rowData ?? []),
  };
}

function rowsByText(rows: sheets_v4.Schema$RowData[]): Map<string, number[]> {
  const rowsBy = new Map<string, number[]>();
  for (const [row, { values }] of rows.entries()) {
    const text = textOf(values?.[0]);
    if (row === 0 || text === "") continue;
    const same = rowsBy.get(text);
    if (same) same.push(row);
    else rowsBy.set(text, [row]);
  }
  return rowsBy;
}

/** A number is found by its digits, also where somebody typed it as a text. */
function textOf(cell: sheets_v4.Schema$CellData | undefined): string {
  const { stringValue, numberValue, boolValue } = cell?.effectiveValue ?? {};
  return String(stringValue ?? numberValue ?? boolValue ?? "");
}

/** Google does not tell names of tabs apart by capitals. */
export function isSameTitle(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The client leaves an answer that is no JSON as a text. */
function readable<Data extends object>(data: Data): Data {
  if (typeof data === "object" && data !== null) return data;
  throw unreadable();
}
