/** Encrypts a vCon: JWE General JSON Serialization (core-04 section 5.3). */
import { GeneralEncrypt } from "jose";
import { VconError } from "../../errors.ts";
import { formOf } from "../form.ts";
import { requireObject } from "../json.ts";
import { outerUuid } from "../outer-uuid.ts";
import type { EncryptedVcon, SignedVcon, Vcon } from "../types.ts";
import {
  type ContentEncryption,
  checkStrength,
  type KeyEncryption,
  keyEncryptionsOf,
  type RsaEncryption,
} from "./algorithms.ts";
import { alreadySealed, contentBytes } from "./content.ts";
import type { PublicKey } from "./keys.ts";

export interface EncryptOptions {
  /** Each of them can open it with the private key. */
  recipients: readonly PublicKey[];
  /** A256CBC-HS512 unless said otherwise. */
  encryption?: ContentEncryption;
  /** For RSA keys; RSA-OAEP unless said otherwise. Those of P-256, P-384, P-521 and X25519 take ECDH-ES. */
  rsaEncryption?: RsaEncryption;
}

/** Where several recipients share a content key, it has to be wrapped for each (RFC 7518 section 4.6). */
const FOR_SEVERAL: Partial<Record<KeyEncryption, KeyEncryption>> = { "ECDH-ES": "ECDH-ES+A256KW" };

/**
 * Encrypts a vCon as it is: sign it first, as the draft demands. The algorithms are told under protection, save those
 * of several recipients, which stand with each of them; ECDH-ES is then ECDH-ES+A256KW. The UUID is told beside it.
 *
 * @throws VconError `VCON_SEALED` if it is encrypted already; `KEY_MALFORMED` if there is no recipient, or one's key
 *   is not a public one that can be encrypted for; `VCON_TOO_LARGE`; `VCON_MALFORMED` if it tells
 *   more than one UUID
 */
export async function encryptVcon(
  vcon: Vcon | SignedVcon,
  { recipients, encryption: enc = "A256CBC-HS512", rsaEncryption = "RSA-OAEP" }: EncryptOptions,
): Promise<EncryptedVcon> {
  requireObject(vcon);
  const form = formOf(vcon);
  if (form === "encrypted") throw alreadySealed(vcon, form);
  const uuid = form === "unsigned" ? vcon.uuid : outerUuid(vcon as SignedVcon);
  if (recipients.length === 0) throw wrongKey("there is none. Give the public key of each recipient.");
  const algorithms = recipients.map((key) => algorithmFor(key, recipients.length, rsaEncryption));

  const [alone] = recipients.length === 1 ? algorithms : [];
  const jwe = new GeneralEncrypt(contentBytes(vcon))
    .setProtectedHeader(alone ? { alg: alone, enc } : { enc })
    .setSharedUnprotectedHeader({ cty: "application/vcon", ...(uuid === undefined ? {} : { uuid }) });
  for (const [index, key] of recipients.entries()) {
    const recipient = jwe.addRecipient(key);
    if (!alone) recipient.setUnprotectedHeader({ alg: algorithms[index] });
  }
  return (await jwe.encrypt()) as unknown as EncryptedVcon;
}

function algorithmFor(key: PublicKey, recipients: number, rsaEncryption: RsaEncryption): KeyEncryption {
  const possible = keyEncryptionsOf(key);
  const algorithm = possible.includes(rsaEncryption) ? rsaEncryption : possible[0];
  if (key.type !== "public" || algorithm === undefined) {
    throw wrongKey("one is not a public one that RSA-OAEP or ECDH-ES can be used with.");
  }
  checkStrength(key);
  return recipients > 1 ? (FOR_SEVERAL[algorithm] ?? algorithm) : algorithm;
}

function wrongKey(what: string): VconError {
  return new VconError("KEY_MALFORMED", `The recipients' keys can't be used: ${what}`);
}
