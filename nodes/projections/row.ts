/** The row that a destination takes: drawn by a projection node before it, and kept in the vCon under its name. */
import {
  bodyValue,
  PROJECTION_TYPE,
  projectionsNamed,
  type Row,
  rowIn,
  type VconView,
} from "../../core/index.ts";
import { StepError, text } from "../kit/index.ts";

/** To be among what a node reads that takes a row. */
export const ROWS = `analysis:${PROJECTION_TYPE}` as const;

/** Which projection's row. */
export const projectionField = text({
  label: "Projection",
  icon: "columns",
  default: "conversation",
  required: true,
});

/**
 * The newest row of the projection, and which of the vCon's analyses it is.
 * @throws StepError if there is none
 */
export async function rowOf({ analysis }: VconView, name: string): Promise<{ row: Row; index: number }> {
  const indexed = [...analysis].map(([index, element]) => ({ ...element, index }));
  const newest = projectionsNamed(indexed, name).at(-1);
  const row = newest && rowIn(await bodyValue(newest));
  if (row !== undefined) return { row, index: newest!.index };
  throw new StepError(
    `It has no projection "${name}". Wire a projection node of that name before this one.`,
    { code: "NO_PROJECTION" },
  );
}
