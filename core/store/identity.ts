/** When two analyses are the work of the same step. */
import type { Analysis } from "../vcon/types.ts";

/**
 * Type, vendor, product, what the analysis was derived from (3 and [3] name the same dialog), and the schema, where it
 * has one: another question to the same model has another.
 */
export function identityOf({ type, vendor, product, dialog, schema }: Partial<Analysis>): string {
  return JSON.stringify([
    type ?? null,
    vendor ?? null,
    product ?? null,
    dialog === undefined ? null : [dialog].flat(),
    ...(typeof schema === "string" ? [schema] : []),
  ]);
}

export function sameIdentity(one: Partial<Analysis>, other: Partial<Analysis>): boolean {
  return identityOf(one) === identityOf(other);
}
