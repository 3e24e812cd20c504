/** Which algorithms of RFC 7518 and RFC 8037 are used here, and which key each takes. */
import type { KeyObject } from "node:crypto";
import { VconError } from "../../errors.ts";

export type SignatureAlgorithm = "RS256" | "ES256" | "EdDSA";
export type RsaEncryption = "RSA-OAEP" | "RSA-OAEP-256";
export type KeyEncryption = RsaEncryption | "ECDH-ES" | "ECDH-ES+A256KW";
export type ContentEncryption = "A256CBC-HS512" | "A256GCM";

const SIGNATURE_ALGORITHMS: Record<string, SignatureAlgorithm> = {
  rsa: "RS256",
  "ec prime256v1": "ES256",
  ed25519: "EdDSA",
};
/** Of each kind of key those that it can be encrypted for, the one that is taken unless told otherwise first. */
const KEY_ENCRYPTIONS: Record<string, KeyEncryption[]> = {
  rsa: ["RSA-OAEP", "RSA-OAEP-256"],
  "ec prime256v1": ["ECDH-ES", "ECDH-ES+A256KW"],
  "ec secp384r1": ["ECDH-ES", "ECDH-ES+A256KW"],
  "ec secp521r1": ["ECDH-ES", "ECDH-ES+A256KW"],
  x25519: ["ECDH-ES", "ECDH-ES+A256KW"],
};
export const CONTENT_ENCRYPTIONS: ContentEncryption[] = ["A256CBC-HS512", "A256GCM"];

/** RFC 7518 sections 3.3 and 4.3. */
const MIN_RSA_BITS = 2048;

/** The one algorithm that this key signs with here; undefined if it can't. */
export function signatureAlgorithmOf(key: KeyObject): SignatureAlgorithm | undefined {
  return SIGNATURE_ALGORITHMS[kindOf(key)];
}

/** The algorithms that can be used to encrypt for this key, the usual one first. */
export function keyEncryptionsOf(key: KeyObject): readonly KeyEncryption[] {
  return KEY_ENCRYPTIONS[kindOf(key)] ?? [];
}

/** @throws VconError `KEY_MALFORMED` for an RSA key that is too short to be safe */
export function checkStrength(key: KeyObject): void {
  const { modulusLength = MIN_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength >= MIN_RSA_BITS) return;
  throw new VconError(
    "KEY_MALFORMED",
    `The RSA key has ${modulusLength} bits; at least ${MIN_RSA_BITS} are needed to be safe.`,
  );
}

function kindOf(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === undefined ? `${key.asymmetricKeyType}` : `${key.asymmetricKeyType} ${curve}`;
}
