/** Writes rows into a tab, by the names in its header: over those that are there, and the others below the last. */
import { randomInt } from "node:crypto";
import type { sheets_v4 } from "googleapis/build/src/apis/sheets/v4.js";
import { type Cell, type Cells, extendedValue, isShown } from "./cells.ts";
import { type Contents, change, contentsOf, rowsAt, type Tab } from "./tab.ts";

export interface Writing {
  rows: readonly Cells[];
  /** The column by which the row of the same vCon, or whatever else it tells apart, is found. */
  key: string;
  /** Whether a row with other values is added below, and not written over the old one. */
  keepsEach: boolean;
}

/** A row, its columns found: to be written over the one at this index, or to be added. */
interface Placed {
  at: number | undefined;
  /** By the indexes of the columns. */
  cells: ReadonlyMap<number, Cell>;
}

type Request = sheets_v4.Schema$Request;

/** What the rows of a new tab have room for, as in one that is made in the browser. */
const NEW_ROWS = 1000;
const NEW_COLUMNS = 26;
/** Google advises against larger requests. */
const MOST_BYTES = 2_000_000;
const FIELDS = "userEnteredValue";

/** @returns the id of the tab, which it keeps when it is renamed */
export async function writeRows(tab: Tab, { rows, key, keepsEach }: Writing): Promise<number> {
  const found = await contentsOf(tab, key);
  const wanted = keepsEach ? await changed(tab, found, rows, key) : newest(rows, key);
  const columns = [...new Set(wanted.flatMap((row) => [...row.keys()]))];
  const missing = columns.filter((column) => !found?.header.includes(column));
  const header = [...(found?.header ?? []), ...missing];
  const sheetId = found?.sheetId ?? randomInt(1, 2 ** 31 - 1);
  const placed = wanted.map((row) => ({
    at: keepsEach ? undefined : found?.rowsBy.get(textIn(row, key))?.[0],
    cells: new Map([...row].map(([column, cell]) => [header.indexOf(column), cell])),
  }));
  const made = found ? newColumns(found, missing) : newTab(sheetId, tab.title, missing);
  for (const [index, group] of grouped(placed).entries()) {
    await change(tab, [...(index === 0 ? made : []), ...writing(sheetId, group)]);
  }
  return sheetId;
}

/** Rows that have the same key are one: the later ones write over the earlier. */
function newest(rows: readonly Cells[], key: string): Cells[] {
  const byKey = new Map<string, Cells>();
  for (const row of rows)
    byKey.set(textIn(row, key), new Map([...(byKey.get(textIn(row, key)) ?? []), ...row]));
  return [...byKey.values()];
}

/** The rows that say something else than the last one with the same key. */
async function changed(
  tab: Tab,
  found: Contents | undefined,
  rows: readonly Cells[],
  key: string,
): Promise<Cells[]> {
  const before = rows.map((row) => found?.rowsBy.get(textIn(row, key))?.at(-1));
  const known = before.filter((row) => row !== undefined);
  const shown = await rowsAt(tab, known);
  return rows.filter((row, index) => {
    const at = before[index];
    if (at === undefined) return true;
    const last = shown[known.indexOf(at)] ?? [];
    return [...row].some(([column, cell]) => !isShown(cell, last[found!.header.indexOf(column)]));
  });
}

function textIn(row: Cells, key: string): string {
  return String(row.get(key));
}

function newTab(sheetId: number, title: string, columns: readonly string[]): Request[] {
  const gridProperties = {
    rowCount: NEW_ROWS,
    columnCount: Math.max(NEW_COLUMNS, columns.length),
    frozenRowCount: 1,
  };
  return [{ addSheet: { properties: { sheetId, title, gridProperties } } }, names(sheetId, 0, columns)];
}

/** Room for columns behind the header's last one: whatever stands there without a name makes way for it. */
function newColumns({ sheetId, header, columnCount }: Contents, columns: readonly string[]): Request[] {
  if (columns.length === 0) return [];
  const first = header.length;
  const range = { sheetId, dimension: "COLUMNS", startIndex: first, endIndex: first + columns.length };
  const lacking = columns.length - columnCount;
  const room: Request[] =
    first > 0
      ? [{ insertDimension: { range, inheritFromBefore: true } }]
      : lacking > 0
        ? [{ appendDimension: { sheetId, dimension: "COLUMNS", length: lacking } }]
        : [];
  return [...room, names(sheetId, first, columns)];
}

function names(sheetId: number, columnIndex: number, columns: readonly string[]): Request {
  return written({ sheetId, rowIndex: 0, columnIndex }, columns);
}

/** The rows in groups that go together in a request. */
function grouped(rows: readonly Placed[]): Placed[][] {
  const groups: Placed[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const size = Buffer.byteLength(JSON.stringify(rowData([...row.cells.values()])));
    bytes += size;
    if (bytes > MOST_BYTES) {
      groups.push([]);
      bytes = size;
    }
    groups.at(-1)!.push(row);
  }
  return groups;
}

function writing(sheetId: number, rows: readonly Placed[]): Request[] {
  const over = rows.flatMap(({ at, cells }) =>
    at === undefined
      ? []
      : runsOf(cells).map(([columnIndex, run]) => written({ sheetId, rowIndex: at, columnIndex }, run)),
  );
  const below = rows.filter(({ at }) => at === undefined).map(({ cells }) => rowData(fromFirstColumn(cells)));
  // Google itself looks for the last row, so that no row which somebody else adds meanwhile is written over.
  return below.length > 0 ? [...over, { appendCells: { sheetId, rows: below, fields: FIELDS } }] : over;
}

function fromFirstColumn(cells: ReadonlyMap<number, Cell>): Cell[] {
  return Array.from({ length: Math.max(...cells.keys()) + 1 }, (_, column) => cells.get(column) ?? null);
}

/** Cells that lie side by side, each run with its first column: those between belong to somebody else. */
function runsOf(cells: ReadonlyMap<number, Cell>): [first: number, run: Cell[]][] {
  const runs: [number, Cell[]][] = [];
  for (const [column, cell] of [...cells].sort(([one], [other]) => one - other)) {
    const last = runs.at(-1);
    if (last && last[0] + last[1].length === column) last[1].push(cell);
    else runs.push([column, [cell]]);
  }
  return runs;
}

function written(start: sheets_v4.Schema$GridCoordinate, cells: readonly Cell[]): Request {
  return { updateCells: { start, rows: [rowData(cells)], fields: FIELDS } };
}

/** A cell without a value is emptied. */
function rowData(cells: readonly Cell[]): sheets_v4.Schema$RowData {
  return {
    values: cells.map((cell) => {
      const userEnteredValue = extendedValue(cell);
      return userEnteredValue ? { userEnteredValue } : {};
    }),
  };
}
