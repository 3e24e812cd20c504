/** Rows drawn from a vCon: each is kept in it as an analysis, found by the projection's name. */
import type { Analysis, Content } from "./types.ts";

export const PROJECTION_TYPE = "projection";
const VENDOR = "vcon-node-red";

/** One member a column, all of them flat. */
export type Row = Record<string, string | number | boolean | null>;

export interface Projection {
  name: string;
  row: Row;
  /** The dialogs that the row was drawn from. */
  dialog: number[];
}

/** The analysis that keeps a row: its product is the projection's name, its body the row. */
export function projectionAnalysis({ name, row, dialog }: Projection): Analysis {
  return {
    type: PROJECTION_TYPE,
    vendor: VENDOR,
    product: name,
    dialog,
    mediatype: "application/json",
    encoding: "json",
    body: row,
  };
}

/** The analyses that keep rows of the projection, the newest last. */
export function projectionsNamed<Kept extends Pick<Analysis, "type" | "vendor" | "product">>(
  analyses: Iterable<Kept>,
  name: string,
): Kept[] {
  return [...analyses].filter(
    ({ type, vendor, product }) => type === PROJECTION_TYPE && vendor === VENDOR && product === name,
  );
}

/** The row in a body; undefined if it is none. */
export function rowIn(body: Content["body"]): Row | undefined {
  const isRow = typeof body === "object" && body !== null && !Array.isArray(body);
  return isRow ? (body as Row) : undefined;
}
