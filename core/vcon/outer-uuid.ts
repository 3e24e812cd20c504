/** The UUID of a signed or encrypted vCon, as far as it is told to those who have no key. */
import { VconError } from "../errors.ts";
import { isObject } from "./json.ts";
import { payloadOf } from "./payload.ts";
import type { EncryptedVcon, SignedVcon } from "./types.ts";
import { findUuid } from "./uuid.ts";

/**
 * Told by the headers beside a signature (core-04 section 5.2) and by the payload, which is only encoded, or by the
 * header beside the recipients (section 5.3); libraries also write it where an unsigned vCon has it. It is only what
 * the vCon says of itself: no signature is verified here.
 *
 * @returns undefined if nothing tells it
 * @throws VconError `VCON_MALFORMED` if not all tell the same; `VCON_TOO_LARGE` for a payload that unpacks to more
 *   than 128 MiB
 */
export function outerUuid(vcon: SignedVcon | EncryptedVcon): string | undefined {
  if (!isObject(vcon)) return;
  const { signatures, unprotected } = vcon;
  const headers = [unprotected, ...(Array.isArray(signatures) ? signatures.map(headerOf) : [])];
  const told = [vcon, ...headers, payloadOf(vcon)].map(uuidIn).filter((uuid) => uuid !== undefined);
  if (new Set(told).size < 2) return told[0];
  throw new VconError(
    "VCON_MALFORMED",
    "This vCon tells more than one UUID: its headers and its content contradict.",
  );
}

function headerOf(signature: unknown): unknown {
  return isObject(signature) ? signature.header : undefined;
}

function uuidIn(value: unknown): string | undefined {
  return isObject(value) ? findUuid(value.uuid) : undefined;
}
