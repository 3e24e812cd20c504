/** Erases the rows of a vCon from a tab, wherever people moved or renamed them. */
import { StepError } from "../../kit/index.ts";
import { UUID } from "./cells.ts";
import { isGone } from "./sheets-error.ts";
import {
  type Contents,
  change,
  contentsOf,
  isSameTitle,
  propertiesOfAll,
  shows,
  type Tab,
  type TabProperties,
} from "./tab.ts";

/**
 * Where the spreadsheet or the tab is gone, the rows are too.
 * @param sheetId of the tab; unknown where nobody knows whether the row was written
 */
export async function eraseRows(place: Tab, sheetId: number | undefined, uuid: string): Promise<void> {
  const tabs = (await propertiesOfAll(place).catch(isGone)) ?? [];
  for (const { title } of wanted(tabs, sheetId, place.title)) await eraseFrom({ ...place, title }, uuid);
}

/** Without its id the tab is found by its name, or else may be any: somebody may have renamed it. */
function wanted(tabs: TabProperties[], sheetId: number | undefined, title: string): TabProperties[] {
  if (sheetId !== undefined) return tabs.filter((tab) => tab.sheetId === sheetId);
  const named = tabs.filter((tab) => isSameTitle(tab.title, title));
  return named.length > 0 ? named : tabs;
}

async function eraseFrom(tab: Tab, uuid: string): Promise<void> {
  const contents = await contentsOf(tab, UUID);
  if (!contents) return;
  if (!contents.header.includes(UUID)) {
    if (await shows(tab, uuid)) throw noColumn(tab.title);
    return;
  }
  const rows = contents.rowsBy.get(uuid) ?? [];
  if (rows.length > 0) await change(tab, [...rowToStay(contents, rows.length), ...deletions(contents, rows)]);
}

/** From below, so that those above stay where they are. */
function deletions({ sheetId }: Contents, rows: readonly number[]) {
  return rows.toReversed().map((row) => ({
    deleteDimension: { range: { sheetId, dimension: "ROWS", startIndex: row, endIndex: row + 1 } },
  }));
}

/** Google keeps one row that is not frozen. */
function rowToStay({ sheetId, rowCount, frozenRowCount }: Contents, gone: number) {
  return gone >= rowCount - frozenRowCount
    ? [{ appendDimension: { sheetId, dimension: "ROWS", length: 1 } }]
    : [];
}

function noColumn(title: string): StepError {
  return new StepError(
    `The tab "${title}" has no column "${UUID}" any more, by which the rows of a vCon are found. Name it so again, or delete the rows by hand.`,
    { code: "NO_COLUMN" },
  );
}
