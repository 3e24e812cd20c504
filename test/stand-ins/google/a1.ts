/** Ranges in A1 notation: `Calls!A1:C2`, `'Calls of May'!1:1`, `Calls!C2:C`, `Calls`. */

/** Cells of a sheet, from zero, the ends left out; undefined where it goes to the end of the grid. */
export interface Range {
  /** Undefined for the first sheet of the spreadsheet. */
  title: string | undefined;
  startRow: number;
  endRow: number | undefined;
  startColumn: number;
  endColumn: number | undefined;
}

const CELLS = /^\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?(?::\$?([A-Za-z]{1,3})?\$?([1-9]\d*)?)?$/;

/** Undefined for what is no range. */
export function parseRange(text: string): Range | undefined {
  const quoted = /^'((?:[^']|'')+)'(?:!(.+))?$/.exec(text);
  if (quoted) return cells(quoted[2], quoted[1]!.replaceAll("''", "'"));
  const mark = text.lastIndexOf("!");
  if (mark >= 0) return cells(text.slice(mark + 1), text.slice(0, mark));
  return CELLS.test(text) ? cells(text, undefined) : cells(undefined, text);
}

function cells(text: string | undefined, title: string | undefined): Range | undefined {
  if (text === undefined) {
    return { title, startRow: 0, endRow: undefined, startColumn: 0, endColumn: undefined };
  }
  const found = CELLS.exec(text);
  if (!found || text === "") return undefined;
  const isOne = !text.includes(":");
  const [
    ,
    fromColumn,
    fromRow,
    toColumn = isOne ? fromColumn : undefined,
    toRow = isOne ? fromRow : undefined,
  ] = found;
  if (isOne && (fromColumn === undefined || fromRow === undefined)) return undefined;
  return {
    title,
    startRow: fromRow === undefined ? 0 : Number(fromRow) - 1,
    endRow: toRow === undefined ? undefined : Number(toRow),
    startColumn: fromColumn === undefined ? 0 : columnIndex(fromColumn),
    endColumn: toColumn === undefined ? undefined : columnIndex(toColumn) + 1,
  };
}

/** As Google writes a range in its answers. */
export function formatRange(
  title: string,
  startRow: number,
  endRow: number,
  startColumn: number,
  endColumn: number,
) {
  const name = /^[A-Za-z_]\w*$/.test(title) ? title : `'${title.replaceAll("'", "''")}'`;
  return `${name}!${columnName(startColumn)}${startRow + 1}:${columnName(endColumn - 1)}${endRow}`;
}

function columnIndex(letters: string): number {
  return [...letters.toUpperCase()].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

function columnName(index: number): string {
  const rest = Math.floor(index / 26);
  return (rest > 0 ? columnName(rest - 1) : "") + String.fromCharCode(65 + (index % 26));
}
