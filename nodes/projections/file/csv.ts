/** Rows as CSV (RFC 4180) in UTF-8, under a record that names the columns. */
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { findUuid } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import { type RowFormat, UUID_COLUMN } from "./row-format.ts";

const LINE_END = "\r\n";
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
/** What begins like a record of ours, however short it is. */
const OWN_BEGINNING = /^[0-9a-f-]{0,36}(?:,|$)/;
/** A second record in what should be one: quotes that somebody has left open. */
const SECOND_RECORD = new RegExp(`\\n${UUID},`);

export const csv: RowFormat = {
  hasQuotes: true,
  columnsIn(header) {
    const [columns = []] = parsed(header);
    const isOurs = columns[0] === UUID_COLUMN && new Set(columns).size === columns.length;
    return isOurs ? columns : undefined;
  },
  uuidIn(record) {
    const comma = record.indexOf(",");
    return findUuid(record.toString("latin1", 0, comma < 0 ? record.length : comma).replaceAll('"', ""));
  },
  records: (rows, columns) =>
    written(
      [...rows].map((row) => columns.map((column) => (Object.hasOwn(row, column) ? row[column] : null))),
    ),
  header: (columns) => written([columns]),
  widened(record, more) {
    const end = record.at(-2) === "\r".charCodeAt(0) ? 2 : 1;
    return Buffer.concat([record.subarray(0, -end), Buffer.from(",".repeat(more) + LINE_END)]);
  },
  isWhole(leftover, columns) {
    const [record = [], ...others] = parsed(leftover);
    return others.length === 0 && record.length === columns.length && findUuid(record[0]) !== undefined;
  },
  isBegun(leftover) {
    const text = leftover.toString("latin1");
    return OWN_BEGINNING.test(text.slice(0, 37)) && !SECOND_RECORD.test(text);
  },
  check(row) {
    for (const [column, value] of Object.entries(row)) {
      if (column.isWellFormed() && (typeof value !== "string" || value.isWellFormed())) continue;
      throw new StepError(
        `The column "${column.toWellFormed()}" holds half of a surrogate pair, which UTF-8 has no bytes for. Write JSON Lines instead.`,
        { code: "BAD_VALUE" },
      );
    }
  },
};

function written(records: (readonly unknown[])[]): string {
  return stringify(records as unknown[][], {
    record_delimiter: LINE_END,
    quote_record_delimiter: true,
    cast: { boolean: String },
  });
}

/** None, where it can't be read. */
function parsed(record: Buffer): string[][] {
  try {
    return parse(record, { bom: true, relax_quotes: true, record_delimiter: [LINE_END, "\n"] });
  } catch {
    return [];
  }
}
