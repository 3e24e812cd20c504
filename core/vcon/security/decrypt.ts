/** Decrypts a vCon (core-04 section 5.3). */
import { type GeneralJWE, generalDecrypt } from "jose";
import { VconError } from "../../errors.ts";
import { isObject } from "../json.ts";
import { outerUuid } from "../outer-uuid.ts";
import { type ReadVcon, readVcon } from "../read.ts";
import type { EncryptedVcon, JsonObject } from "../types.ts";
import { findUuid } from "../uuid.ts";
import { CONTENT_ENCRYPTIONS, keyEncryptionsOf } from "./algorithms.ts";
import { disjoint, readHeader, readProtectedHeader } from "./headers.ts";
import type { PrivateKey } from "./keys.ts";

export interface DecryptOptions {
  /** Each is tried with every recipient that it may be. */
  keys: readonly PrivateKey[];
  /** The most that the vCon may hold once unpacked; as {@link readVcon} says. */
  maxBytes?: number;
}

interface Envelope {
  /** What `jose` takes: each header's member is in one place. */
  jwe: GeneralJWE;
  /** What every header tells that tells one. */
  uuids: unknown[];
}

/** A key that does not fit still costs as much as one that does, or else it would tell something about the key. */
const MAX_RECIPIENTS = 100;

/**
 * Decrypts a vCon, and reads what was encrypted as {@link readVcon} does: mostly a signed vCon, which is still to be
 * verified. Compressed content (`zip`) is refused. Whichever header tells the UUID, it must be that of the vCon inside,
 * if that has one.
 *
 * @throws VconError `DECRYPTION_FAILED` if none of the keys opens it or it was changed; `VCON_MALFORMED` and
 *   `VCON_TOO_LARGE` for what was encrypted but can't be read
 */
export async function decryptVcon(
  encrypted: EncryptedVcon,
  { keys, maxBytes }: DecryptOptions,
): Promise<ReadVcon> {
  const { jwe, uuids } = readEnvelope(encrypted);
  const read = readVcon(await open(jwe, keys), { maxBytes });
  const inside = read.form === "unsigned" ? read.vcon.uuid : outerUuid(read.vcon);
  if (inside !== undefined && !uuids.every((uuid) => findUuid(uuid) === inside)) {
    throw failed("A UUID that its headers tell is not that of the vCon inside.");
  }
  return read;
}

function readEnvelope(encrypted: EncryptedVcon): Envelope {
  const { recipients, ...shared } = isObject(encrypted) ? encrypted : ({} as Partial<EncryptedVcon>);
  if (!Array.isArray(recipients) || recipients.length === 0 || recipients.length > MAX_RECIPIENTS) {
    throw failed(`There must be 1 to ${MAX_RECIPIENTS} recipients.`);
  }
  const { protected: encoded, iv, tag, aad } = shared;
  // The draft of 2022 spelt `ciphertext` with a y.
  const ciphertext = shared.ciphertext ?? shared.cyphertext;
  const [protectedHeader, unprotected] = apart(readProtectedHeader(encoded), readHeader(shared.unprotected));
  const common = { ...protectedHeader, ...unprotected };
  const own = recipients.map((recipient: unknown) => {
    const { header, encrypted_key } = isObject(recipient) ? recipient : {};
    return { header: apart(common, readHeader(header))[1], encrypted_key };
  });
  const headers = [common, ...own.map(({ header }) => header!)];
  if (headers.some((header) => "zip" in header))
    throw failed("Its content is compressed, which is not supported.");
  return {
    jwe: { protected: encoded, unprotected, recipients: own, iv, ciphertext, tag, aad } as GeneralJWE,
    uuids: headers.map(({ uuid }) => uuid).filter((uuid) => uuid !== undefined),
  };
}

function apart(...headers: (JsonObject | undefined)[]): JsonObject[] {
  if (!headers.every((header) => header !== undefined)) throw failed("A header can't be read.");
  const disjointed = disjoint(headers);
  if (!disjointed) throw failed("Its headers contradict each other.");
  return disjointed;
}

async function open(jwe: GeneralJWE, keys: readonly PrivateKey[]): Promise<Buffer> {
  for (const key of keys) {
    try {
      const { plaintext } = await generalDecrypt(jwe, key, {
        keyManagementAlgorithms: [...keyEncryptionsOf(key)],
        contentEncryptionAlgorithms: CONTENT_ENCRYPTIONS,
      });
      return Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length);
    } catch {
      // Another key may fit.
    }
  }
  throw failed("None of the keys opens it, or it was changed since.");
}

function failed(why: string): VconError {
  return new VconError("DECRYPTION_FAILED", `The vCon can't be decrypted. ${why}`);
}
