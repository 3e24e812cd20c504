/** SQL out of names and values that are not to be trusted: names quoted, values always as parameters. */
import type { Row } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

/** PostgreSQL cuts longer names off, so that two could become one. */
const LONGEST_NAME_BYTES = 63;

/** More parameters than the protocol counts. */
const MOST_PARAMETERS = 65_535;

interface Statement {
  text: string;
  values: unknown[];
}

/** Writes the rows, or over those that have the same key: a statement for those that have the same columns. */
export function upserts(table: string, key: string, rows: readonly Row[]): Statement[] {
  const alike = Map.groupBy(rows, (row) => JSON.stringify(Object.keys(row)));
  return [...alike.values()].flatMap((group) => {
    const columns = Object.keys(group[0]!);
    const most = Math.floor(MOST_PARAMETERS / columns.length);
    const parts = Array.from({ length: Math.ceil(group.length / most) }, (_, index) =>
      group.slice(index * most, (index + 1) * most),
    );
    return parts.map((part) => upsert(table, key, columns, part));
  });
}

function upsert(table: string, key: string, columns: readonly string[], rows: readonly Row[]): Statement {
  const others = columns.filter((column) => column !== key).map(quoted);
  const update =
    others.length > 0
      ? `UPDATE SET ${others.map((column) => `${column} = EXCLUDED.${column}`).join(", ")}`
      : "NOTHING";
  const places = rows.map(
    (_, row) => `(${columns.map((_, column) => `$${row * columns.length + column + 1}`).join(", ")})`,
  );
  return {
    text: `INSERT INTO ${quotedTable(table)} (${columns.map(quoted).join(", ")})
VALUES ${places.join(", ")}
ON CONFLICT (${quoted(key)}) DO ${update}`,
    values: rows.flatMap((row) => columns.map((column) => checked(column, row[column]!))),
  };
}

/** Removes the row that has the key. */
export function erase(table: string, key: string, value: string): Statement {
  return { text: `DELETE FROM ${quotedTable(table)} WHERE ${quoted(key)} = $1`, values: [value] };
}

/** Creates the table, and adds the columns that it lacks; a null says no type, so it makes no column. */
export function createTable(table: string, key: string, row: Row): string {
  const name = quotedTable(table);
  const columns = Object.entries(row).flatMap(([column, value]) =>
    column === key || value === null
      ? []
      : `ALTER TABLE ${name} ADD COLUMN IF NOT EXISTS ${quoted(column)} ${typeOf(column, value)}`,
  );
  return [`CREATE TABLE IF NOT EXISTS ${name} (${quoted(key)} uuid PRIMARY KEY)`, ...columns].join(";\n");
}

/** Asks for the names of the table's columns. */
export function columnsOf(table: string): Statement {
  return {
    text: `SELECT attname AS name FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    values: [quotedTable(table)],
  };
}

function typeOf(column: string, value: NonNullable<Row[string]>): string {
  if (typeof value === "number") return "double precision";
  if (typeof value === "boolean") return "boolean";
  return column.endsWith("_at") && isTime(value) ? "timestamptz" : "text";
}

/** RFC 3339 and close to it; JavaScript alone would also take "Room 12" for a day. */
function isTime(value: string): boolean {
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value) && !Number.isNaN(Date.parse(value));
}

function quotedTable(table: string): string {
  return table.split(".").map(quoted).join(".");
}

function quoted(name: string): string {
  if (name === "" || name.includes("\0") || Buffer.byteLength(name) > LONGEST_NAME_BYTES) {
    throw new StepError(
      `The name of a table or column is empty, longer than ${LONGEST_NAME_BYTES} bytes, or holds a NUL.`,
      {
        code: "BAD_NAME",
      },
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

function checked(column: string, value: Row[string]): Row[string] {
  if (typeof value === "string" && (value.includes("\0") || !value.isWellFormed())) {
    throw new StepError(
      `The column "${column}" holds a NUL or half of a character, which PostgreSQL can't store.`,
      { code: "BAD_VALUE" },
    );
  }
  return value;
}
