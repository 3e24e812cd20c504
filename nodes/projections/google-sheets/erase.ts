/** Erases the rows of a vCon from a tab, wherever people moved or renamed them. */
import { StepError } from "../../kit/index.ts";
import { UUID } from "./cells.ts";
import { isGone } from "./sheets-error.ts";
import { type Contents, change, contentsOf, isSameTitle, propertiesOfAll, shows, type Tab } from "./tab.ts";

/** @param sheetId of the tab; unknown where nobody knows whether the row was written */
export async function eraseRows(place: Tab, sheetId: number | undefined, uuid: string): Promise<void> {
  const tabs = await propertiesOfAll(place).catch(isGone);
  const title = tabs?.find((tab) =>
    sheetId === undefined ? isSameTitle(tab.title, place.title) : tab.sheetId === sheetId,
  )?.title;
  // With the spreadsheet or the tab, its rows are gone too.
  if (!title) return;
  const tab: Tab = { ...place, title };
  const contents = await contentsOf(tab, UUID);
  if (!contents) return;
  if (!contents.header.includes(UUID)) {
    if (await shows(tab, uuid)) throw noColumn(title);
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
