/** A row as cells: which values a spreadsheet takes, and that none of them is a formula. */
import type { sheets_v4 } from "googleapis/build/src/apis/sheets/v4.js";
import type { Row } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

/** The column that every row has, by which it is found and erased. */
export const UUID = "uuid";

/** What a cell holds; null where it is empty. */
export type Cell = string | number | boolean | null;
/** The cells of a row, by the names of their columns. */
export type Cells = ReadonlyMap<string, Cell>;

const MOST_CHARACTERS = 50_000;
/** A number is shown with so many digits, and zeros for the rest of them. */
const DIGITS = 15;

/** What XML can't carry: nobody says what becomes of it in a cell. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNWRITABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

/** @throws StepError for what a cell can't hold as it is, and for a row that can't be told from others */
export function cellsOf(row: Row, uuid: string, key: string): Cells {
  // The vCon's own UUID, whatever the projection says; the first column, unless the projection has a place for it.
  const whole = Object.entries({
    ...(Object.hasOwn(row, UUID) ? {} : { [UUID]: uuid }),
    ...row,
    [UUID]: uuid,
  });
  const cells = new Map(whole.map(([column, value]) => [named(column), cellOf(column, value)]));
  if ((cells.get(key) ?? null) === null) {
    throw new StepError(
      `The row has nothing in its key column "${key}". Draw it in the projection, or take another key column.`,
      { code: "NO_KEY" },
    );
  }
  return cells;
}

/** The value as Google takes it: a text is a text, whatever it begins with. */
export function extendedValue(cell: Cell): sheets_v4.Schema$ExtendedValue | undefined {
  switch (typeof cell) {
    case "string":
      return { stringValue: cell };
    case "number":
      return { numberValue: cell };
    case "boolean":
      return { boolValue: cell };
    default:
      return undefined;
  }
}

/** Whether a cell shows this already. */
export function isShown(cell: Cell, shown: unknown): boolean {
  if (typeof cell === "number" && typeof shown === "number") {
    return cell.toPrecision(DIGITS) === shown.toPrecision(DIGITS);
  }
  return (cell ?? "") === (shown ?? "");
}

function cellOf(column: string, value: Row[string]): Cell {
  if (typeof value === "number") return needsText(value) ? String(value) : value;
  if (typeof value !== "string") return value;
  if (value.length > MOST_CHARACTERS) {
    throw badValue(
      `holds a text of more than ${MOST_CHARACTERS} characters, the most that a cell takes`,
      column,
    );
  }
  if (!isWritable(value)) {
    throw badValue("holds a control character or half of a character, which a cell can't hold", column);
  }
  return value === "" ? null : value;
}

function named(column: string): string {
  if (column !== "" && column.length <= MOST_CHARACTERS && isWritable(column)) return column;
  throw new StepError(
    "The projection has a column without a name, or with one that a cell can't hold. Rename it.",
    { code: "BAD_NAME" },
  );
}

/** A whole number of so many digits is a name for something, such as a customer, and not for counting. */
function needsText(value: number): boolean {
  return Number.isInteger(value) && Number(value.toPrecision(DIGITS)) !== value;
}

function isWritable(text: string): boolean {
  return !UNWRITABLE.test(text) && text.isWellFormed();
}

function badValue(what: string, column: string): StepError {
  return new StepError(`The column "${column}" ${what}.`, { code: "BAD_VALUE" });
}
