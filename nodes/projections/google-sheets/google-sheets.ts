/** Writes the row that a projection drew into a Google spreadsheet: a new row, or the one of the same vCon. */
import { choice, destination, StepError, service, text } from "../../kit/index.ts";
import { projectionField, ROWS, rowOf } from "../row.ts";
import { type Cells, cellsOf, UUID } from "./cells.ts";
import { eraseRows } from "./erase.ts";
import { isRefused, sheetsError } from "./sheets-error.ts";
import type { Account, Tab } from "./tab.ts";
import { onSpreadsheet, pauseBetween } from "./turns.ts";
import { writeRows } from "./write.ts";

export default destination({
  type: "vcon-google-sheets",
  label: "Google Sheets",
  icon: "vcon-google-sheets.svg",
  fields: {
    account: service<Account>("vcon-google-account", { label: "Account", icon: "user-circle-o" }),
    spreadsheet: text({
      label: "Spreadsheet",
      icon: "file-text-o",
      required: true,
      placeholder: "https://docs.google.com/spreadsheets/d/…",
      hint: "its URL, or the id in it",
    }),
    tab: text({
      label: "Tab",
      icon: "table",
      required: true,
      placeholder: "Conversations",
      hint: "made if it is missing",
    }),
    projection: projectionField,
    rows: choice(
      { newest: "One, with the newest values", each: "A new one whenever they change" },
      { label: "Rows", icon: "list-ol" },
    ),
    key: text({
      label: "Key column",
      icon: "key",
      default: UUID,
      required: true,
      hint: "rows that are the same in it become one",
      shownWhen: { rows: "newest" },
    }),
  },
  reads: [ROWS],
  system: "Google Sheets",
  batch: { most: 500, atOnce: 1 },
  draw: async ({ vcon, config }) => {
    const { row } = await rowOf(vcon, config.projection);
    const content: Cells = cellsOf(row, vcon.uuid, keyOf(config));
    const spreadsheet = spreadsheetIn(config.spreadsheet);
    const { host } = await config.account();
    return {
      content,
      recipient: { vendor: "Google", product: "Sheets", host, categories: ["projection"] },
      handle: { spreadsheet, tab: config.tab, column: UUID },
    };
  },
  send: async ({ config, items, signal }) => {
    const account = await config.account();
    const spreadsheet = spreadsheetIn(config.spreadsheet);
    const tab: Tab = { account, spreadsheet, title: config.tab, signal };
    const rows = items.map(({ content }) => content);
    const write = () => writeRows(tab, { rows, key: keyOf(config), keepsEach: config.rows === "each" });
    const sheetId = await onSpreadsheet(spreadsheet, signal, async (sincePrevious) => {
      if (items.length > 1) await pauseBetween(sincePrevious, signal);
      // A row or column that was there a moment ago may be gone, and a tab that was not may be there.
      return write().catch((error) => (isRefused(error) ? write() : Promise.reject(error)));
    }).catch((error) => {
      throw sheetsError(error, account.email);
    });
    return items.map(({ handle }) => ({ ...handle, sheetId }));
  },
  erase: async ({ config, uuid, handle, signal }) => {
    const account = await config.account();
    const spreadsheet = String(handle["spreadsheet"]);
    const tab: Tab = { account, spreadsheet, title: String(handle["tab"]), signal };
    const sheetId = handle["sheetId"] as number | undefined;
    await onSpreadsheet(spreadsheet, signal, () => eraseRows(tab, sheetId, uuid)).catch((error) => {
      throw sheetsError(error, account.email);
    });
  },
});

/** With a row for each change, the column is that by which a vCon's earlier rows are found. */
function keyOf({ rows, key }: { rows: string; key: string }): string {
  return rows === "each" ? UUID : key;
}

/** The id, also where the whole URL was pasted from the browser. */
function spreadsheetIn(text: string): string {
  const [, id] = /(?:^|\/d\/)([\w-]{20,})(?:\/|$|[?#])/.exec(text.trim()) ?? [];
  if (id !== undefined) return id;
  throw new StepError(
    `"Spreadsheet" holds no spreadsheet's URL. Open the spreadsheet in a browser, copy its address and paste it there.`,
    { code: "NOT_CONFIGURED" },
  );
}
