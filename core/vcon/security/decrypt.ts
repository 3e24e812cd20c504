/** Decrypts a vCon (core-04 section 5.3). */
import { type FlattenedJWE, flattenedDecrypt } from "jose";
import { VconError } from "../../errors.ts";
import { isObject } from "../json.ts";
import { outerUuid } from "../outer-uuid.ts";
import { type ReadVcon, readVcon } from "../read.ts";
import type { EncryptedVcon, JsonObject } from "../types.ts";
import { findUuid } from "../uuid.ts";
import { CONTENT_ENCRYPTIONS, type KeyEncryption, keyEncryptionsOf } from "./algorithms.ts";
import { disjoint, readHeader, readProtectedHeader } from "./headers.ts";
import type { PrivateKey } from "./keys.ts";

export interface DecryptOptions {
  /** Each is tried with every recipient that it may be. */
  keys: readonly PrivateKey[];
  /** The most that the vCon may hold once unpacked; as {@link readVcon} says. */
  maxBytes?: number;
}

interface Recipient {
  /** What `jose` needs for this one alone. */
  jwe: FlattenedJWE;
  /** All its headers, each name once. */
  header: JsonObject;
}

/** A key that does not fit still costs as much as one that does, or else it would tell something about the key. */
const MAX_RECIPIENTS = 100;

/**
 * Decrypts a vCon, and reads what was encrypted as {@link readVcon} does: mostly a signed vCon, which is still to be
 * verified. Compressed content (`zip`) is refused. Where the UUID is told outside as well as inside, they must be
 * the same.
 *
 * @throws VconError `DECRYPTION_FAILED` if none of the keys opens it or it was changed; `VCON_MALFORMED` and
 *   `VCON_TOO_LARGE` for what was encrypted but can't be read
 */
export async function decryptVcon(
  encrypted: EncryptedVcon,
  { keys, maxBytes }: DecryptOptions,
): Promise<ReadVcon> {
  const recipients = recipientsOf(encrypted);
  const bytes = await firstToOpen(recipients, keys);
  const read = readVcon(bytes, { maxBytes });
  const outside = recipients[0]!.header.uuid;
  const inside = read.form === "unsigned" ? read.vcon.uuid : outerUuid(read.vcon);
  if (outside !== undefined && inside !== undefined && findUuid(outside) !== inside) {
    throw failed("The UUID that it tells outside is not that of the vCon inside.");
  }
  return read;
}

function recipientsOf(encrypted: EncryptedVcon): Recipient[] {
  const { recipients } = isObject(encrypted) ? encrypted : {};
  if (Array.isArray(recipients) && recipients.length > 0 && recipients.length <= MAX_RECIPIENTS) {
    return recipients.map((recipient) => readRecipient(encrypted, recipient));
  }
  throw failed(`There must be 1 to ${MAX_RECIPIENTS} recipients.`);
}

function readRecipient(encrypted: EncryptedVcon, recipient: unknown): Recipient {
  const { header: own, encrypted_key } = isObject(recipient) ? recipient : {};
  const headers = [
    readProtectedHeader(encrypted.protected),
    readHeader(encrypted.unprotected),
    readHeader(own),
  ];
  if (!headers.every((header) => header !== undefined)) throw failed("A header can't be read.");
  const apart = disjoint(headers);
  if (!apart) throw failed("Its headers contradict each other.");

  const [, unprotected, header] = apart;
  const { protected: encoded, iv, tag, aad } = encrypted;
  // The draft of 2022 spelt `ciphertext` with a y.
  const ciphertext = encrypted.ciphertext ?? encrypted.cyphertext;
  return {
    jwe: { protected: encoded, unprotected, header, encrypted_key, iv, ciphertext, tag, aad } as FlattenedJWE,
    header: Object.fromEntries(apart.flatMap(Object.entries)),
  };
}

async function firstToOpen(recipients: Recipient[], keys: readonly PrivateKey[]): Promise<Buffer> {
  if (recipients.some(({ header }) => "zip" in header))
    throw failed("Its content is compressed, which is not supported.");
  for (const { jwe, header } of recipients) {
    const algorithm = header.alg as KeyEncryption;
    for (const key of keys.filter((key) => keyEncryptionsOf(key).includes(algorithm))) {
      try {
        const { plaintext } = await flattenedDecrypt(jwe, key, {
          keyManagementAlgorithms: [algorithm],
          contentEncryptionAlgorithms: CONTENT_ENCRYPTIONS,
        });
        return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length);
      } catch {
        // Another key or recipient may fit.
      }
    }
  }
  throw failed("None of the keys opens it, or it was changed since.");
}

function failed(why: string): VconError {
  return new VconError("DECRYPTION_FAILED", `The vCon can't be decrypted. ${why}`);
}
