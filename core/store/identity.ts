/** When two analyses are the work of the same step. */
import type { Analysis } from "../vcon/types.ts";

/** Type, vendor, product and what the analysis was derived from; 3 and [3] name the same dialog. */
export function identityOf({ type, vendor, product, dialog }: Partial<Analysis>): string {
  return JSON.stringify([
    type ?? null,
    vendor ?? null,
    product ?? null,
    dialog === undefined ? null : [dialog].flat(),
  ]);
}

export function sameIdentity(one: Partial<Analysis>, other: Partial<Analysis>): boolean {
  return identityOf(one) === identityOf(other);
}
