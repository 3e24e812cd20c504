/** What a file of rows has to know of its format: one record a vCon, told by the UUID that it begins with. */
import type { Row } from "../../../core/index.ts";

/** The column that every row has. */
export const UUID_COLUMN = "uuid";

export interface RowFormat {
  /** Whether a line may end inside of quotes, and the record goes on. */
  hasQuotes: boolean;
  /** The columns that the first record names; undefined where no record of ours could stand under it. */
  columnsIn?(header: Buffer): string[] | undefined;
  uuidIn(record: Buffer): string | undefined;
  /** The records of these rows, each with its end; after the columns' own where the format has one. */
  records(rows: Iterable<Row>, columns: readonly string[]): string;
  header(columns: readonly string[]): string;
  /** The record with so many more columns, all empty. */
  widened(record: Buffer, more: number): Buffer;
  /** Whether the last record lacks nothing but its line end. */
  isWhole(leftover: Buffer, columns: readonly string[]): boolean;
  /** Whether it is the beginning of a record of ours, as a crash leaves one. */
  isBegun(leftover: Buffer): boolean;
  /** @throws StepError for what the format can't hold */
  check(row: Row): void;
}
