/** External ids: which are the same, and which records may therefore go together in a request. */
import type { Value } from "./fields.ts";
import type { Saving } from "./save.ts";

/** What is saved for one vCon, or for several that have the same external id. */
export interface Merged extends Saving {
  from: Saving[];
}

/**
 * One record for each external id, the later written over the earlier; in rounds, because Salesforce refuses all that
 * it takes for the same within one request. Whether case tells them apart depends on how the field was made.
 */
export function rounds(savings: readonly Saving[], key: string | undefined): Merged[][] {
  if (key === undefined) return [savings.map((saving) => ({ ...saving, from: [saving] }))];
  const merged = new Map<Value, Merged>();
  for (const saving of savings) {
    const value = saving.fields[key]!;
    const { fields, from = [] } = merged.get(value) ?? {};
    from.push(saving);
    // Moved to the end: of those that may be the same, the one that came last is to be written last.
    merged.delete(value);
    merged.set(value, { fields: { ...fields, ...saving.fields }, from });
  }
  const alike = [...Map.groupBy(merged.values(), ({ fields }) => comparableKey(fields[key])).values()];
  const most = Math.max(0, ...alike.map(({ length }) => length));
  return Array.from({ length: most }, (_, round) => alike.flatMap((records) => records[round] ?? []));
}

/** The same for values that Salesforce may take for the same: they differ in case, or in the white space around them. */
export function comparableKey(value: Value | undefined): string {
  return String(value ?? "")
    .trim()
    .toLowerCase();
}
