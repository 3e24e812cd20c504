/** Draws a row out of a vCon: column names and what stands in them. */
import {
  bodyValue,
  type Part,
  PROJECTION_TYPE,
  projectionAnalysis,
  projectionsNamed,
  type Row,
  type VconView,
} from "../../../core/index.ts";
import { type ConfigOf, drawn, projection, rows, StepError, text } from "../../kit/index.ts";
import { WHOLE } from "../whole-vcon.ts";
import { documentOf } from "./document.ts";
import { READY_MADE, type ReadyMade } from "./ready-made.ts";

const fields = {
  projection: text({ label: "Projection", icon: "table", default: "conversation", required: true }),
  columns: rows(
    {
      column: text({ label: "Column", required: true }),
      value: drawn(
        Object.fromEntries(Object.entries(READY_MADE).map(([key, { label }]) => [key, label])) as Record<
          ReadyMade,
          string
        >,
        { label: "Value" },
      ),
    },
    {
      label: "Columns",
      icon: "columns",
      item: "column",
      required: true,
      default: [
        { column: "transcription", value: "", valueType: "transcript" },
        { column: "agent", value: "", valueType: "agent" },
        { column: "customer", value: "", valueType: "customer" },
        { column: "created_at", value: "", valueType: "created_at" },
      ],
    },
  ),
};
type Columns = ConfigOf<typeof fields>["columns"];

export default projection({
  type: "vcon-projection",
  label: "projection",
  icon: "vcon-projection.svg",
  fields,
  reads: ({ columns }) => [...new Set<Part>([`analysis:${PROJECTION_TYPE}`, ...columns.flatMap(partsFor)])],
  run: async ({ vcon, config, jsonata }) => {
    const row: Row = {};
    for (const { column, value } of config.columns) {
      row[column] =
        value.type === "jsonata"
          ? await evaluated(vcon, column, value.value, jsonata)
          : await READY_MADE[value.type].draw(vcon);
    }
    const before = projectionsNamed(vcon.analysis.values(), config.projection);
    const newest = before.at(-1);
    if (newest && JSON.stringify(await bodyValue(newest)) === JSON.stringify(row)) return undefined;
    const dialog = dialogsIn(vcon, config.columns);
    const analysis = projectionAnalysis({ name: config.projection, row, dialog });
    if (dialog.length === 0) delete analysis.dialog;
    // Stores count those of the same dialogs alone.
    const seen = before.filter((known) => String(known.dialog) === String(analysis.dialog)).length;
    return { add: { analysis: [analysis], seen } };
  },
});

/** An expression may look at anything. */
function partsFor({ value }: Columns[number]): readonly Part[] {
  return value.type === "jsonata" ? WHOLE : READY_MADE[value.type].reads;
}

/** The dialogs that the row was drawn from: those that were read, and those that what was read is about. */
function dialogsIn(vcon: VconView, columns: Columns): number[] {
  const isRead = columns.flatMap(partsFor).some((part) => part.split(":")[0] === "dialog");
  const sources = [...vcon.analysis.values()].filter(({ type }) => type !== PROJECTION_TYPE);
  const dialogs = [...(isRead ? vcon.dialog.keys() : []), ...sources.flatMap(({ dialog }) => dialog ?? [])];
  return [...new Set(dialogs)].sort((one, other) => one - other);
}

async function evaluated(
  vcon: VconView,
  column: string,
  expression: string,
  jsonata: (expression: string, data: unknown) => Promise<unknown>,
): Promise<Row[string]> {
  const value = await jsonata(expression, documentOf(vcon)).catch((error: { code?: string }) => {
    throw new StepError(
      `The expression of the column "${column}" can't be evaluated (${error.code ?? "no code"}).`,
      {
        code: "EXPRESSION",
      },
    );
  });
  return flat(value);
}

/** A row is flat: a list or an object becomes its JSON. */
function flat(value: unknown): Row[string] {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return JSON.stringify(value);
}
