/** Which of its three forms a vCon has (core-04 section 5.4). */
import { isObject } from "./json.ts";

export type Form = "unsigned" | "signed" | "encrypted";

/**
 * The form of a parsed vCon. Signed and encrypted are looked for first: a library may leave `payload` and
 * `signatures` inside the unsigned object. The draft of 2022 spelt `ciphertext` with a y.
 */
export function formOf(value: object): Form {
  if (!isObject(value)) return "unsigned";
  if ("payload" in value && "signatures" in value) return "signed";
  if (("ciphertext" in value || "cyphertext" in value) && "recipients" in value) return "encrypted";
  return "unsigned";
}
