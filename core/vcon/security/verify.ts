/** Verifies a signed vCon and reads what it signs (core-04 section 5.2). */
import type { KeyObject, X509Certificate } from "node:crypto";
import { type FlattenedJWSInput, flattenedVerify } from "jose";
import { VconError } from "../../errors.ts";
import { isObject } from "../json.ts";
import { isCanonicalBase64Url } from "../media.ts";
import type { Change } from "../normalise.ts";
import { readVcon } from "../read.ts";
import type { JsonObject, SignedVcon, Vcon } from "../types.ts";
import { findUuid } from "../uuid.ts";
import { checkStrength, signatureAlgorithmOf } from "./algorithms.ts";
import { certificatesOfHeader, checkTrust, type Trust } from "./certificates.ts";
import { disjoint, readHeader, readProtectedHeader } from "./headers.ts";
import type { Certificates, PublicKey } from "./keys.ts";

export interface VerifyOptions extends Trust {
  /** Fetches what an `x5u` header names. The URL is an outsider's: fetch it as carefully as media. */
  fetchCertificates?: (url: string) => Promise<Certificates>;
  /** Keys that are trusted for themselves, for signatures that come without certificates (vcon-lib's). */
  keys?: readonly PublicKey[];
  /** The most that the vCon may hold once unpacked; as {@link readVcon} says. */
  maxBytes?: number;
}

export interface VerifiedVcon {
  /** Read from the payload and brought into the syntax of core-04. */
  vcon: Vcon;
  /** What was done for that, and what could not be done. */
  changes: Change[];
  left: Change[];
  /** What was signed, byte for byte, gzipped if it was. */
  payload: Buffer;
  /** Whose signature holds; undefined where one of `keys` was used. */
  signer: X509Certificate | undefined;
}

interface Signature {
  /** What `jose` needs of it. */
  jws: Omit<FlattenedJWSInput, "payload">;
  /** Both its headers, each name once. */
  header: JsonObject;
}

/** Each costs a hash over the whole payload. */
const MAX_SIGNATURES = 16;

/**
 * Verifies that one whom you trust has signed the vCon. Of several signatures all must be readable and one must hold;
 * where none does, the error is the first one's. What stands outside the payload is not signed and is not looked at,
 * save the UUID: wherever it is told, it must be the payload's.
 *
 * @throws VconError `SIGNATURE_INVALID`; `CERTIFICATE_UNTRUSTED`, as {@link checkTrust} says; `KEY_MALFORMED` for an
 *   RSA key, the signer's or an issuer's, that is too short; `CERTIFICATE_MALFORMED`; `VCON_MALFORMED` and
 *   `VCON_TOO_LARGE` for what is signed but can't be read
 */
export async function verifyVcon(signed: SignedVcon, options: VerifyOptions): Promise<VerifiedVcon> {
  if (!isObject(signed) || typeof signed.payload !== "string" || !isCanonicalBase64Url(signed.payload)) {
    throw invalid("The payload is not base64url as JWS writes it.");
  }
  const signatures = signaturesOf(signed);
  const { payload, signer } = await firstToHold(signatures, signed.payload, options);
  const read = readVcon(payload, { maxBytes: options.maxBytes });
  if (read.form !== "unsigned") {
    throw new VconError(
      "VCON_MALFORMED",
      `The signature holds, but what it signs is a vCon that is ${read.form} itself.`,
    );
  }
  checkUuids(signed, signatures, read.vcon);
  const { vcon, changes, left } = read;
  return { vcon, changes, left, payload, signer };
}

function checkUuids(signed: SignedVcon, signatures: Signature[], { uuid }: Vcon): void {
  const told = [signed.uuid, ...signatures.map(({ header }) => header.uuid)].filter(
    (one) => one !== undefined,
  );
  if (told.every((one) => findUuid(one) === uuid)) return;
  throw invalid("The UUID beside the signature is not that of the vCon that is signed.");
}

function signaturesOf({ signatures }: SignedVcon): Signature[] {
  if (Array.isArray(signatures) && signatures.length > 0 && signatures.length <= MAX_SIGNATURES) {
    return signatures.map(readSignature);
  }
  throw invalid(`There must be 1 to ${MAX_SIGNATURES} signatures.`);
}

function readSignature(value: unknown): Signature {
  const { protected: encoded, header, signature } = isObject(value) ? value : {};
  if (typeof signature !== "string" || !isCanonicalBase64Url(signature)) {
    throw invalid("A signature is not base64url as JWS writes it.");
  }
  const headers = [readProtectedHeader(encoded), readHeader(header)];
  if (!headers.every((one) => one !== undefined)) throw invalid("A signature's header can't be read.");
  const joined = disjoint(headers);
  if (!joined) throw invalid("A signature's two headers contradict each other.");
  const { alg } = joined[1]!;
  return {
    jws: {
      protected: encoded as string | undefined,
      signature,
      header: alg === undefined ? undefined : { alg: alg as string },
    },
    header: Object.fromEntries(joined.flatMap(Object.entries)),
  };
}

type Held = Pick<VerifiedVcon, "payload" | "signer">;

async function firstToHold(signatures: Signature[], payload: string, options: VerifyOptions): Promise<Held> {
  let firstError: unknown;
  for (const signature of signatures) {
    try {
      return await verifySignature(signature, payload, options);
    } catch (error) {
      firstError ??= error;
    }
  }
  throw firstError;
}

async function verifySignature(signature: Signature, payload: string, options: VerifyOptions): Promise<Held> {
  // The only extension that jose knows, b64, would give the payload another meaning.
  if ("crit" in signature.header) throw invalid("It has a critical header, and none is known here.");
  const certificates = await certificatesOf(signature.header, options);
  if (certificates) {
    checkTrust(certificates, options);
    const [signer] = certificates;
    return { payload: await bytesSignedBy(signer!.publicKey, signature, payload), signer };
  }
  for (const key of options.keys ?? []) {
    try {
      return { payload: await bytesSignedBy(key, signature, payload), signer: undefined };
    } catch {
      // Another key may fit.
    }
  }
  throw options.keys?.length
    ? invalid("It comes without certificates, and is not of one of the keys that are trusted.")
    : invalid("It comes without certificates (x5c or x5u), so nobody can tell whose it is.");
}

async function certificatesOf(
  { x5c, x5u }: JsonObject,
  { fetchCertificates }: VerifyOptions,
): Promise<Certificates | undefined> {
  if (x5c !== undefined) return certificatesOfHeader(x5c);
  if (x5u === undefined) return;
  if (typeof x5u !== "string" || URL.parse(x5u)?.protocol !== "https:") {
    throw new VconError(
      "CERTIFICATE_MALFORMED",
      "The signature's x5u is not a URL that begins with https://.",
    );
  }
  if (fetchCertificates) return fetchCertificates(x5u);
  throw new VconError(
    "CERTIFICATE_UNTRUSTED",
    "The signature only names the URL of its certificates, and fetching them is not allowed.",
  );
}

async function bytesSignedBy(key: KeyObject, { jws, header }: Signature, payload: string): Promise<Buffer> {
  const algorithm = signatureAlgorithmOf(key);
  if (algorithm === undefined || header.alg !== algorithm) {
    throw invalid("Its algorithm is not RS256, ES256 or EdDSA, or is not that of the signer's key.");
  }
  checkStrength(key);
  try {
    const verified = await flattenedVerify({ ...jws, payload }, key, { algorithms: [algorithm] });
    return Buffer.from(verified.payload.buffer, verified.payload.byteOffset, verified.payload.length);
  } catch {
    throw invalid("The vCon was changed after it was signed, or the signature is not the signer's.");
  }
}

function invalid(why: string): VconError {
  return new VconError("SIGNATURE_INVALID", `The signature does not hold. ${why}`);
}
