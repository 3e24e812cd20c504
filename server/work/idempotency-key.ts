/** The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): the key in it, and how it is kept. */
import { createHash } from "node:crypto";

/** So long it is known what was sent with a key. */
export const KEPT_SECONDS = 24 * 60 * 60;

/** A text in quotation marks, as the draft wants it, or without them, as many programs send it. */
const KEY = /^(?:"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"|([\x21\x23-\x7e]{1,255}))$/;

/** Undefined for a header that holds no key. */
export function idempotencyKeyIn(header: string): string | undefined {
  const [, quoted, bare] = KEY.exec(header.trim()) ?? [];
  return quoted ?? bare;
}

/** Keys and requests are kept as digests, since nobody knows what is written into them. */
export function digestOf(
  texts: readonly (string | undefined)[],
  body: Uint8Array = new Uint8Array(),
): string {
  return createHash("sha256").update(JSON.stringify(texts)).update(body).digest("base64url");
}
