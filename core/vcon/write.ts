/** Writes a vCon as JSON in the syntax of core-04. */
import { formOf } from "./form.ts";
import type { EncryptedVcon, SignedVcon, Vcon } from "./types.ts";

/** The syntax that this package writes (core-04 section 4.1.1). */
export const SYNTAX = "0.4.0";

/**
 * The JSON of a vCon: an unsigned one with the syntax named, everything else as it stands. Members that no draft
 * knows are written too. A signed or encrypted one is written as it is.
 */
export function writeVcon(vcon: Vcon | SignedVcon | EncryptedVcon): string {
  return JSON.stringify(formOf(vcon) === "unsigned" ? { ...vcon, vcon: SYNTAX } : vcon);
}
