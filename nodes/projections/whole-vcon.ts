/** The vCon as a whole, as a destination takes it that keeps more than a row. */
import type { VconView } from "../../core/index.ts";

/** To be what a node reads that takes the whole. */
export const WHOLE = ["head", "parties", "dialog", "attachments", "analysis"] as const;

/**
 * Tells this state of the vCon from an earlier and a later one; says nothing of what is in it. The time alone is not
 * enough: programs that share the store, such as the Conserver's links, add to a vCon and leave `updated_at` as it was.
 */
export function stateOf({ head, parties, dialog, attachments, analysis }: VconView): string {
  const sections = [dialog, attachments, analysis].map((section) => [...section.values()]);
  const { length } = JSON.stringify([head, parties, sections]);
  return `${head.updated_at ?? head.created_at} ${length}`;
}
