/** Rows as JSON Lines: one object a line, every value with its type. */
import { findUuid } from "../../../core/index.ts";
import { type RowFormat, UUID_COLUMN } from "./row-format.ts";

/** How a line of ours begins. */
const BEGINNING = `{"${UUID_COLUMN}":"`;

export const jsonLines: RowFormat = {
  hasQuotes: false,
  uuidIn: (record) => findUuid(parsed(record)?.[UUID_COLUMN]),
  records(rows) {
    let text = "";
    for (const { [UUID_COLUMN]: uuid, ...others } of rows) {
      const rest = JSON.stringify(others).slice(1);
      text += `${BEGINNING}${uuid}"${rest === "}" ? "" : ","}${rest}\n`;
    }
    return text;
  },
  header: () => "",
  widened: (record) => record,
  isWhole: (leftover) => parsed(leftover) !== undefined,
  isBegun: (leftover) => BEGINNING.startsWith(leftover.toString("latin1", 0, BEGINNING.length)),
  check() {},
};

function parsed(line: Buffer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line.toString("utf8")) ?? {};
  } catch {
    return undefined;
  }
}
