/** A spreadsheet and its tabs, as Google keeps them: a grid of so many rows and columns, and what stands in its cells. */
import { randomBytes, randomInt } from "node:crypto";
import { invalid } from "./answers.ts";

/** What a user entered; a formula only as `formulaValue`, never by how a text begins. */
export type ExtendedValue =
  | { stringValue: string }
  | { numberValue: number }
  | { boolValue: boolean }
  | { formulaValue: string };
type Row = readonly (ExtendedValue | undefined)[];

const CELL_LIMIT = 10_000_000;
const COLUMN_LIMIT = 18_278;
const CHARACTER_LIMIT = 50_000;

/**
 * What XML can't carry. Google's older interface, which was XML, refused it; what the newer one does with it is
 * written nowhere, so nothing may rely on that.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWRITABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

export class Workbook {
  readonly id = randomBytes(33).toString("base64url");
  title = "Conversations";
  /** Every batch of changes puts new ones in their place. */
  sheets: Sheet[];
  /** The e-mail addresses that it is shared with. */
  readonly editors: string[];
  readonly viewers: string[];
  /** An Excel file in Google Drive, which looks like a spreadsheet. */
  isOfficeFile = false;
  cellLimit = CELL_LIMIT;

  constructor({ tabs = ["Sheet1"], editors = [], viewers = [] }: Partial<WorkbookOptions> = {}) {
    this.editors = editors;
    this.viewers = viewers;
    this.sheets = tabs.map((title, index) => new Sheet({ sheetId: index === 0 ? 0 : newSheetId(), title }));
  }

  /** The tab of that name, which Google does not tell from one in capitals; the first where none is named. */
  tab(title?: string): Sheet | undefined {
    if (title === undefined) return this.sheets[0];
    return this.sheets.find((sheet) => sheet.title.toLowerCase() === title.toLowerCase());
  }

  get cellCount(): number {
    return this.sheets.reduce((sum, { rowCount, columnCount }) => sum + rowCount * columnCount, 0);
  }
}

export interface WorkbookOptions {
  tabs: string[];
  editors: string[];
  viewers: string[];
}

interface SheetProperties {
  sheetId: number;
  title: string;
  rowCount?: number;
  columnCount?: number;
  frozenRowCount?: number;
}

export class Sheet {
  readonly sheetId: number;
  title: string;
  rowCount: number;
  columnCount: number;
  frozenRowCount: number;
  /** Nobody but its owner may change it. */
  isProtected = false;
  /** It holds a chart in place of cells. */
  isChart = false;
  /** Rows are replaced, never changed, so that a copy of the sheet costs little. */
  #rows: Row[] = [];

  constructor({ sheetId, title, rowCount = 1000, columnCount = 26, frozenRowCount = 0 }: SheetProperties) {
    this.sheetId = sheetId;
    this.title = title;
    this.rowCount = rowCount;
    this.columnCount = columnCount;
    this.frozenRowCount = frozenRowCount;
  }

  copy(): Sheet {
    const copy = new Sheet(this);
    copy.isProtected = this.isProtected;
    copy.isChart = this.isChart;
    copy.#rows = [...this.#rows];
    return copy;
  }

  /** How many rows there are up to the last that has something in it. */
  get usedRows(): number {
    return this.#rows.findLastIndex((row) => row?.some((cell) => cell !== undefined)) + 1;
  }

  cell(row: number, column: number): ExtendedValue | undefined {
    return this.#rows[row]?.[column];
  }

  /** What a person reads in the rows: no more than they see, and "" for an empty cell between others. */
  get values(): (string | number | boolean)[][] {
    return Array.from({ length: this.usedRows }, (_, row) => {
      const cells = this.#rows[row] ?? [];
      const length = cells.findLastIndex((cell) => cell !== undefined) + 1;
      return Array.from({ length }, (_, column) => shown(cells[column]));
    });
  }

  /** The formulas in it. */
  get formulas(): string[] {
    return this.#rows.flatMap((row) =>
      row.flatMap((cell) => (cell && "formulaValue" in cell ? [cell.formulaValue] : [])),
    );
  }

  /** Sets a cell, or empties it. @throws Refusal for what does not fit into the sheet, or into any cell */
  write(row: number, column: number, value: ExtendedValue | undefined, request: string): void {
    this.checkEditable(request);
    if (row >= this.rowCount) {
      throw invalid(
        `Invalid ${request}: Attempting to write row: ${row}, beyond the last requested row of: ${this.rowCount - 1}`,
      );
    }
    if (column >= this.columnCount) {
      throw invalid(
        `Invalid ${request}: Attempting to write column: ${column}, beyond the last requested column of: ${this.columnCount - 1}`,
      );
    }
    const cells = [...(this.#rows[row] ?? [])];
    cells[column] = storable(value, request);
    this.#rows[row] = cells;
  }

  checkEditable(request: string): void {
    if (!this.isProtected) return;
    throw invalid(
      `Invalid ${request}: You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove protection if you need to edit.`,
    );
  }

  insertRows(start: number, count: number): void {
    this.rowCount += count;
    if (start < this.#rows.length) this.#rows.splice(start, 0, ...Array.from({ length: count }, () => []));
  }

  insertColumns(start: number, count: number, request: string): void {
    this.columnCount += count;
    if (this.columnCount > COLUMN_LIMIT) {
      throw invalid(
        `Invalid ${request}: This action would increase the number of columns in the sheet above the limit of ${COLUMN_LIMIT} columns.`,
      );
    }
    const room = Array.from({ length: count }, () => undefined);
    this.#rows = this.#rows.map((row) =>
      row && row.length > start ? [...row.slice(0, start), ...room, ...row.slice(start)] : row,
    );
  }

  deleteRows(start: number, end: number): void {
    this.rowCount -= end - start;
    this.#rows.splice(start, end - start);
  }

  deleteColumns(start: number, end: number): void {
    this.columnCount -= end - start;
    this.#rows = this.#rows.map((row) => row?.filter((_, column) => column < start || column >= end));
  }
}

export function newSheetId(): number {
  return randomInt(1, 2 ** 31 - 1);
}

/** What a cell shows. A formula is not computed here: nothing of ours may be one. */
export function shown(value: ExtendedValue | undefined): string | number | boolean {
  return value === undefined ? "" : Object.values(value)[0]!;
}

/** An empty text is an empty cell. */
function storable(value: ExtendedValue | undefined, request: string): ExtendedValue | undefined {
  if (value === undefined || !("stringValue" in value || "formulaValue" in value)) return value;
  const text = Object.values(value)[0] as string;
  if (text.length > CHARACTER_LIMIT) {
    throw invalid(
      `Invalid ${request}: Your input contains more than the maximum of ${CHARACTER_LIMIT} characters in a single cell.`,
    );
  }
  if (UNWRITABLE.test(text) || !text.isWellFormed()) {
    throw invalid(`Invalid ${request}: Your input contains a character that can't be stored.`);
  }
  return text === "" ? undefined : value;
}
