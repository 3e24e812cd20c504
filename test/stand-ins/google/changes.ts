/** The requests of spreadsheets.batchUpdate: those that the package makes. All of a batch are done, or none. */
import { invalid } from "./answers.ts";
import { checkMessage, type MessageType } from "./messages.ts";
import { type ExtendedValue, newSheetId, Sheet, type Workbook } from "./workbook.ts";

interface CellData {
  userEnteredValue?: ExtendedValue | Record<string, never>;
}
interface RowData {
  values?: CellData[];
}
interface DimensionRange {
  sheetId?: number;
  dimension?: string;
  startIndex?: number;
  endIndex?: number;
}
interface Requests {
  updateCells: {
    rows?: RowData[];
    fields?: string;
    start?: { sheetId?: number; rowIndex?: number; columnIndex?: number };
  };
  appendCells: { sheetId?: number; rows?: RowData[]; fields?: string };
  appendDimension: { sheetId?: number; dimension?: string; length?: number };
  insertDimension: { range?: DimensionRange; inheritFromBefore?: boolean };
  deleteDimension: { range?: DimensionRange };
  addSheet: {
    properties?: {
      sheetId?: number;
      title?: string;
      gridProperties?: { rowCount?: number; columnCount?: number; frozenRowCount?: number };
    };
  };
}

const DIMENSION = ["ROWS", "COLUMNS"] as const;
const rows = {
  list: {
    fields: {
      values: {
        list: {
          fields: {
            userEnteredValue: {
              fields: {
                numberValue: "number",
                stringValue: "string",
                boolValue: "boolean",
                formulaValue: "string",
              },
              oneOf: "value",
            },
          },
        },
      },
    },
  },
} as const;
const range: MessageType = {
  fields: { sheetId: "integer", dimension: DIMENSION, startIndex: "integer", endIndex: "integer" },
};
const BATCH: MessageType = {
  fields: {
    includeSpreadsheetInResponse: "boolean",
    responseRanges: { list: "string" },
    responseIncludeGridData: "boolean",
    requests: {
      list: {
        oneOf: "kind",
        fields: {
          updateCells: {
            fields: {
              rows,
              fields: "string",
              start: { fields: { sheetId: "integer", rowIndex: "integer", columnIndex: "integer" } },
            },
          },
          appendCells: { fields: { sheetId: "integer", rows, fields: "string" } },
          appendDimension: { fields: { sheetId: "integer", dimension: DIMENSION, length: "integer" } },
          insertDimension: { fields: { range, inheritFromBefore: "boolean" } },
          deleteDimension: { fields: { range } },
          addSheet: {
            fields: {
              properties: {
                fields: {
                  sheetId: "integer",
                  title: "string",
                  gridProperties: {
                    fields: { rowCount: "integer", columnCount: "integer", frozenRowCount: "integer" },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

/** Does what the body asks for. @returns a reply to each request @throws Refusal, with nothing done */
export function batchUpdate(workbook: Workbook, body: unknown): object[] {
  checkMessage(body, BATCH);
  const { requests = [] } = body as { requests?: Partial<Requests>[] };
  if (requests.length === 0) throw invalid("Must specify at least one request.");
  const before = workbook.sheets;
  workbook.sheets = before.map((sheet) => sheet.copy());
  try {
    return requests.map((request, index) => change(workbook, request, index));
  } catch (error) {
    workbook.sheets = before;
    throw error;
  }
}

function change(workbook: Workbook, request: Partial<Requests>, index: number): object {
  const [kind] = Object.keys(request) as (keyof Requests)[];
  if (kind === undefined) throw invalid(`Invalid requests[${index}]: No request set.`);
  const name = `requests[${index}].${kind}`;
  const reply = CHANGES[kind](workbook, request[kind] as never, name);
  if (workbook.cellCount > workbook.cellLimit) {
    throw invalid(
      `Invalid ${name}: This action would increase the number of cells in the workbook above the limit of ${workbook.cellLimit} cells.`,
    );
  }
  return reply;
}

const CHANGES: {
  [Kind in keyof Requests]: (workbook: Workbook, request: Requests[Kind], name: string) => object;
} = {
  updateCells(workbook, { start, rows = [], fields }, name) {
    checkFields(fields, name);
    const sheet = sheetOf(workbook, start?.sheetId, name);
    write(sheet, rows, start?.rowIndex ?? 0, start?.columnIndex ?? 0, name);
    return {};
  },
  appendCells(workbook, { sheetId, rows = [], fields }, name) {
    checkFields(fields, name);
    const sheet = sheetOf(workbook, sheetId, name);
    const first = sheet.usedRows;
    const missing = first + rows.length - sheet.rowCount;
    if (missing > 0) sheet.insertRows(sheet.rowCount, missing);
    write(sheet, rows, first, 0, name);
    return {};
  },
  appendDimension(workbook, { sheetId, dimension, length = 0 }, name) {
    const sheet = sheetOf(workbook, sheetId, name);
    sheet.checkEditable(name);
    if (length < 1) throw invalid(`Invalid ${name}: length must be at least 1`);
    if (dimension === "ROWS") sheet.insertRows(sheet.rowCount, length);
    else if (dimension === "COLUMNS") sheet.insertColumns(sheet.columnCount, length, name);
    else throw invalid(`Invalid ${name}: No dimension specified.`);
    return {};
  },
  insertDimension(workbook, { range, inheritFromBefore = false }, name) {
    const { sheet, isRows, start, end } = dimensionOf(workbook, range, name);
    const size = isRows ? sheet.rowCount : sheet.columnCount;
    if (start > size || (start === size && !inheritFromBefore)) {
      throw invalid(
        `Invalid ${name}: range.startIndex[${start}] must be less than the grid size (${size}) if inheritFromBefore is false.`,
      );
    }
    if (start === 0 && inheritFromBefore) {
      throw invalid(`Invalid ${name}: inheritFromBefore cannot be true if inserting at index 0`);
    }
    if (isRows) sheet.insertRows(start, end - start);
    else sheet.insertColumns(start, end - start, name);
    return {};
  },
  deleteDimension(workbook, { range }, name) {
    const { sheet, isRows, start, end } = dimensionOf(workbook, range, name);
    const size = isRows ? sheet.rowCount : sheet.columnCount;
    if (end > size) {
      throw invalid(
        `Invalid ${name}: Cannot delete a ${isRows ? "row" : "column"} that doesn't exist. Tried to delete ${isRows ? "row" : "column"} index ${end - 1} but there are only ${size}.`,
      );
    }
    const frozen = isRows ? sheet.frozenRowCount : 0;
    if (end - Math.max(start, frozen) >= size - frozen) {
      throw invalid(
        `Invalid ${name}: Sorry, it is not possible to delete all non-frozen ${isRows ? "rows" : "columns"}.`,
      );
    }
    if (isRows) sheet.deleteRows(start, end);
    else sheet.deleteColumns(start, end);
    return {};
  },
  addSheet(workbook, { properties = {} }, name) {
    const { sheetId = newSheetId(), title = `Sheet${workbook.sheets.length + 1}` } = properties;
    const { rowCount = 1000, columnCount = 26, frozenRowCount = 0 } = properties.gridProperties ?? {};
    if (sheetId < 0) throw invalid(`Invalid ${name}: sheetId must be non-negative`);
    if (workbook.sheets.some((sheet) => sheet.sheetId === sheetId)) {
      throw invalid(
        `Invalid ${name}: A sheet with the id ${sheetId} already exists. Please choose a different ID.`,
      );
    }
    if (workbook.tab(title)) {
      throw invalid(
        `Invalid ${name}: A sheet with the name "${title}" already exists. Please enter another name.`,
      );
    }
    if (frozenRowCount >= rowCount) {
      throw invalid(`Invalid ${name}: You can't freeze all visible rows on the sheet.`);
    }
    workbook.sheets.push(new Sheet({ sheetId, title, rowCount, columnCount, frozenRowCount }));
    return {
      addSheet: {
        properties: {
          sheetId,
          title,
          index: workbook.sheets.length - 1,
          sheetType: "GRID",
          gridProperties: { rowCount, columnCount, ...(frozenRowCount > 0 && { frozenRowCount }) },
        },
      },
    };
  },
};

function sheetOf(workbook: Workbook, sheetId: number | undefined, name: string): Sheet {
  const sheet = workbook.sheets.find((one) => one.sheetId === (sheetId ?? 0));
  if (sheet === undefined) throw invalid(`Invalid ${name}: No grid with id: ${sheetId ?? 0}`);
  return sheet;
}

function checkFields(fields: string | undefined, name: string): void {
  if (!fields)
    throw invalid(
      `Invalid ${name}: At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)`,
    );
  for (const field of fields.split(",")) {
    if (field !== "*" && field !== "userEnteredValue")
      throw invalid(`Invalid ${name}: Invalid field: ${field}`);
  }
}

/** Writes the cells that the rows name, and leaves those after them alone. */
function write(sheet: Sheet, rows: RowData[], firstRow: number, firstColumn: number, name: string): void {
  for (const [down, { values = [] }] of rows.entries()) {
    for (const [right, { userEnteredValue }] of values.entries()) {
      const isSet = userEnteredValue !== undefined && Object.keys(userEnteredValue).length > 0;
      const value = isSet ? (userEnteredValue as ExtendedValue) : undefined;
      sheet.write(firstRow + down, firstColumn + right, value, name);
    }
  }
}

function dimensionOf(workbook: Workbook, range: DimensionRange = {}, name: string) {
  const sheet = sheetOf(workbook, range.sheetId, name);
  sheet.checkEditable(name);
  const { dimension, startIndex: start = 0, endIndex: end } = range;
  if (dimension === undefined) throw invalid(`Invalid ${name}: No dimension specified.`);
  if (end === undefined || start < 0 || end <= start) {
    throw invalid(`Invalid ${name}: range.endIndex must be greater than range.startIndex`);
  }
  return { sheet, isRows: dimension === "ROWS", start, end };
}
