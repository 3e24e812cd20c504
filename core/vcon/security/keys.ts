/** Reads keys and certificates as people paste them: PEM or JWK. Errors say what to do and quote nothing. */
import {
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { VconError, type VconErrorCode } from "../../errors.ts";
import { isObject } from "../json.ts";

export type PrivateKey = KeyObject;
export type PublicKey = KeyObject;

/** Of a signer: its own first, each issued by the next. Of those who are trusted: in any order. */
export type Certificates = X509Certificate[];

interface Block {
  label: string;
  der: Buffer;
}

/** Far more than any bundle of certificates holds. */
const MAX_LENGTH = 2 ** 20;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]+)-----END \1-----/g;

/** What stands where a line ended: in a field of one line nothing or a blank, in an environment variable `\n`. */
const LINE_ENDS = /\\[nr]|\s/g;

const PRIVATE_LABELS: Record<string, "pkcs8" | "pkcs1" | "sec1"> = {
  "PRIVATE KEY": "pkcs8",
  "RSA PRIVATE KEY": "pkcs1",
  "EC PRIVATE KEY": "sec1",
};
const PUBLIC_LABELS: Record<string, "spki" | "pkcs1"> = {
  "PUBLIC KEY": "spki",
  "RSA PUBLIC KEY": "pkcs1",
};

/**
 * Reads a private key: PEM (PKCS #8, PKCS #1 or SEC 1) or a JWK as JSON text. The line breaks of PEM may be lost or
 * written as `\n`, and other blocks may stand beside it.
 *
 * @throws VconError `KEY_MALFORMED`
 */
export function readPrivateKey(text: string): PrivateKey {
  const jwk = readJson(text);
  if (jwk) return privateKeyOfJwk(jwk);

  const blocks = readBlocks(text, "KEY_MALFORMED");
  const block = blocks.find(({ label }) => label in PRIVATE_LABELS);
  if (block) return privateKeyOfBlock(block);
  if (/ENCRYPTED/.test(text))
    throw malformedKey("It has a password. Take the password off and give the plain key.");
  if (blocks.length > 0) throw malformedKey("It holds no private key.");
  throw malformedKey("Give the whole text of its file: PEM from BEGIN to END, or a JWK.");
}

/**
 * Reads public keys, one or several: PEM (a public key or a certificate), a JWK or a JWK set as JSON text. Of a chain
 * of certificates only the first counts, not those who issued it.
 *
 * @throws VconError `KEY_MALFORMED`, for a private key too: it has no business there
 */
export function readPublicKeys(text: string): PublicKey[] {
  const jwk = readJson(text);
  const keys = jwk ? jwksIn(jwk).map(publicKeyOfJwk) : publicKeysOfBlocks(readBlocks(text, "KEY_MALFORMED"));
  if (keys.length > 0) return keys;
  throw malformedKey("Give the whole text of a public key or certificate: PEM from BEGIN to END, or a JWK.");
}

/**
 * Reads certificates in PEM, in the order in which they stand: of a signer, its own first.
 *
 * @throws VconError `CERTIFICATE_MALFORMED`
 */
export function readCertificates(text: string): Certificates {
  const blocks = readBlocks(text, "CERTIFICATE_MALFORMED").filter(isCertificate);
  if (blocks.length > 0) return blocks.map(({ der }) => certificateOfDer(der));
  throw malformedCertificate(
    "Give the whole text of its file: PEM from BEGIN CERTIFICATE to END CERTIFICATE.",
  );
}

/** @throws VconError `CERTIFICATE_MALFORMED`, for a certificate whose key can't be used as well */
export function certificateOfDer(der: Uint8Array): X509Certificate {
  try {
    const certificate = new X509Certificate(der);
    // The key is only read when asked for, and that may fail.
    if (certificate.publicKey) return certificate;
  } catch {
    // Said below, in our own words.
  }
  throw malformedCertificate("It is cut off, damaged, or of a kind that is not known here.");
}

function readJson(text: string): JsonWebKey | undefined {
  if (!text.trimStart().startsWith("{")) return;
  try {
    const value: unknown = JSON.parse(checkLength(text, "KEY_MALFORMED"));
    if (isObject(value)) return value as JsonWebKey;
  } catch {
    // Said below, in our own words.
  }
  throw malformedKey("It looks like a JWK but is not JSON.");
}

function jwksIn(jwk: JsonWebKey): JsonWebKey[] {
  if (!("keys" in jwk)) return [jwk];
  const { keys } = jwk;
  if (Array.isArray(keys) && keys.every(isObject)) return keys as JsonWebKey[];
  throw malformedKey("The keys of a JWK set are an array of JWKs.");
}

function privateKeyOfJwk(jwk: JsonWebKey): KeyObject {
  return key(() => createPrivateKey({ key: jwk, format: "jwk" }));
}

function publicKeyOfJwk(jwk: JsonWebKey): KeyObject {
  if ("d" in jwk) throw privateInPublic();
  return key(() => createPublicKey({ key: jwk, format: "jwk" }));
}

function privateKeyOfBlock({ label, der }: Block): KeyObject {
  return key(() => createPrivateKey({ key: der, format: "der", type: PRIVATE_LABELS[label]! }));
}

function publicKeysOfBlocks(blocks: Block[]): KeyObject[] {
  if (blocks.some(({ label }) => label.endsWith("PRIVATE KEY"))) throw privateInPublic();
  const certificates = blocks.filter(isCertificate).map(({ der }) => certificateOfDer(der));
  const issued = certificates.filter((certificate) => !certificate.checkIssued(certificate));
  const own = certificates.filter((certificate) => !issued.some((other) => other.checkIssued(certificate)));
  const bare = blocks.filter(({ label }) => label in PUBLIC_LABELS);
  return [...own.map(({ publicKey }) => publicKey), ...bare.map(publicKeyOfBlock)];
}

function publicKeyOfBlock({ label, der }: Block): KeyObject {
  return key(() => createPublicKey({ key: der, format: "der", type: PUBLIC_LABELS[label]! }));
}

function isCertificate({ label }: Block): boolean {
  return label === "CERTIFICATE";
}

function readBlocks(text: string, code: VconErrorCode): Block[] {
  return Array.from(checkLength(text, code).matchAll(BLOCK), ([, label, body]) => ({
    label: label!,
    der: Buffer.from(body!.replace(LINE_ENDS, ""), "base64"),
  }));
}

function checkLength(text: string, code: VconErrorCode): string {
  if (text.length <= MAX_LENGTH) return text;
  throw new VconError(
    code,
    `It is longer than ${MAX_LENGTH} characters, so it is neither keys nor certificates.`,
  );
}

/** The engine's message may quote the key, so it is not passed on. */
function key(create: () => KeyObject): KeyObject {
  try {
    return create();
  } catch {
    throw malformedKey("It is cut off, damaged, or of a kind that is not known here.");
  }
}

function privateInPublic(): VconError {
  return malformedKey(
    "It is a private key where a public one belongs. Give the public key, and keep this one secret.",
  );
}

function malformedKey(what: string): VconError {
  return new VconError("KEY_MALFORMED", `The key can't be read. ${what}`);
}

function malformedCertificate(what: string): VconError {
  return new VconError("CERTIFICATE_MALFORMED", `The certificate can't be read. ${what}`);
}
