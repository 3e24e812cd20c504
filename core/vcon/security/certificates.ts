/** Whether a signer's certificates lead to one that is trusted (RFC 5280 section 6, as far as it is said below). */
import type { X509Certificate } from "node:crypto";
import { VconError } from "../../errors.ts";
import { isBase64 } from "../media.ts";
import { checkStrength } from "./algorithms.ts";
import { type Certificates, certificateOfDer } from "./keys.ts";
import { constraintsOf } from "./x509.ts";

export interface Trust {
  /** Those who are trusted: roots, or single authorities or signers. None of them makes everything untrusted. */
  trusted: readonly X509Certificate[];
  /** Whether those who issued a certificate must be marked as authorities; the published examples' are not. */
  checkAuthorities?: boolean;
  /** When the certificates must be valid; now unless said otherwise. */
  at?: Date;
}

/** More than any chain has, and few enough to be checked at once. */
const MAX_CHAIN = 10;
const MAX_CERTIFICATE_LENGTH = 2 ** 16;

/**
 * The certificates of an `x5c` header (RFC 7515 section 4.1.6): DER in base64, the signer's first.
 *
 * @throws VconError `CERTIFICATE_MALFORMED`
 */
export function certificatesOfHeader(x5c: unknown): Certificates {
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > MAX_CHAIN || !x5c.every(isDerText)) {
    throw new VconError(
      "CERTIFICATE_MALFORMED",
      `The signature's x5c is not a list of 1 to ${MAX_CHAIN} certificates in base64.`,
    );
  }
  return x5c.map((text) => certificateOfDer(Buffer.from(text, "base64")));
}

/**
 * Checks that each certificate was issued by the next one, and that one of them is trusted or was issued by one that
 * is. Those up to there must be valid at the time and signed by SHA-256 or better, have no short RSA key and no
 * critical extension that is unknown here, and those who issued others must be authorities whose limit on the chain's
 * length is kept. The signer's key must be meant for signing if it says what it is meant for. Not checked: revocation,
 * policies, extended key usage, and whose name the signer has.
 *
 * @param chain the signer's first
 * @throws VconError `CERTIFICATE_UNTRUSTED`; `KEY_MALFORMED` for an RSA key that is too short; `CERTIFICATE_MALFORMED`
 */
export function checkTrust(
  chain: Certificates,
  { trusted, checkAuthorities = true, at = new Date() }: Trust,
): void {
  checkLinks(chain);
  const path = pathToTrusted(chain, trusted.filter(validAt(at)));
  if (!path) throw untrusted("does not lead to a certificate that is trusted and valid");

  const constraints = path.map(constraintsOf);
  // Nobody has to believe the signature of the one that is trusted for itself.
  const issued = constraints.slice(0, -1);
  const authorities = path.slice(1);
  const demands: [holds: boolean, otherwise: string][] = [
    [path.every(validAt(at)), "holds a certificate that has expired or is not valid yet"],
    [
      issued.every((one) => one.strongSignature),
      "holds a certificate that is signed by SHA-1 or another algorithm that is not safe",
    ],
    [!constraints.some((one) => one.unknownCritical), "holds a critical extension that is not known here"],
    [constraints[0]!.signsDocuments, "begins with a certificate whose key is not for signing documents"],
    [
      !checkAuthorities || authorities.every(({ ca }) => ca),
      "holds an issuer that is no certificate authority",
    ],
    [
      !checkAuthorities ||
        constraints.every(({ pathLength = path.length }, index) => index - 1 <= pathLength),
      "is longer than one of its authorities allows",
    ],
  ];
  const broken = demands.find(([holds]) => !holds);
  if (broken) throw untrusted(broken[1]);
  for (const { publicKey } of path) checkStrength(publicKey);
}

/** @throws VconError `CERTIFICATE_UNTRUSTED` unless each certificate, of few, was issued by the next one */
export function checkLinks(chain: Certificates): void {
  if (chain.length > MAX_CHAIN) throw untrusted(`holds more than ${MAX_CHAIN}`);
  const linked = chain.every((certificate, index) => {
    const issuer = chain[index + 1];
    return issuer === undefined || isIssuedBy(certificate, issuer);
  });
  if (chain.length === 0 || !linked)
    throw untrusted("is not a chain: each must be issued by the next, the signer's first");
}

export function validAt(at: Date): (certificate: X509Certificate) => boolean {
  return ({ validFromDate, validToDate }) => validFromDate <= at && at <= validToDate;
}

/** From the signer's certificate to the first that is trusted, which may stand outside the chain. */
function pathToTrusted(chain: Certificates, trusted: Certificates): Certificates | undefined {
  for (const [index, certificate] of chain.entries()) {
    const path = chain.slice(0, index + 1);
    if (trusted.some(({ raw }) => raw.equals(certificate.raw))) return path;
    const issuer = trusted.find((other) => isIssuedBy(certificate, other));
    if (issuer) return [...path, issuer];
  }
  return;
}

/** OpenSSL's check looks at names, key identifiers and whether the issuer's key is for certificates. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function isDerText(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_CERTIFICATE_LENGTH && isBase64(text);
}

function untrusted(what: string): VconError {
  return new VconError(
    "CERTIFICATE_UNTRUSTED",
    `The signer is not trusted: the list of certificates ${what}. Ask the signer, or set whom you trust.`,
  );
}
