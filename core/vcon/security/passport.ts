/** STIR PASSporTs, as a party's `stir` holds them: who vouches for a caller's number (RFC 8225, RFC 8588). */
import type { X509Certificate } from "node:crypto";
import { compactVerify } from "jose";
import { VconError } from "../../errors.ts";
import { isObject } from "../json.ts";
import { isCanonicalBase64Url } from "../media.ts";
import type { JsonObject, JsonValue } from "../types.ts";
import { validAt } from "./certificates.ts";
import { readProtectedHeader } from "./headers.ts";

export interface Passport {
  header: PassportHeader;
  claims: PassportClaims;
}

export interface PassportHeader {
  typ: "passport";
  alg: "ES256";
  /** The extension that it follows: "shaken", "div", "rph", ... */
  ppt?: string;
  /** Where the signer's certificate is found. */
  x5u: string;
  [member: string]: JsonValue | undefined;
}

export interface PassportClaims {
  /** When it was issued, in Unix seconds. Whether it was fresh when the call came is for the caller to judge. */
  iat: number;
  orig: { tn?: string; uri?: string };
  dest: { tn?: string[]; uri?: string[] };
  /** Of "shaken": how far the signer knows the caller: A fully, B partly, C as a gateway. */
  attest?: "A" | "B" | "C";
  /** Of "shaken": a UUID for the call's origin. */
  origid?: string;
  [member: string]: JsonValue | undefined;
}

type Demand = [holds: boolean, otherwise: string];

/** Longer than a PASSporT with names, keys and a photo's address comes. */
const MAX_LENGTH = 2 ** 16;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads a PASSporT in JWS compact form and checks that it is built as its RFCs say. It is not verified.
 *
 * @param text what a party's `stir` holds, so anything at all
 * @throws VconError `VCON_MALFORMED`, which says what is wrong and quotes nothing
 */
export function decodePassport(text: unknown): Passport {
  const parts = typeof text === "string" && text.length <= MAX_LENGTH ? text.split(".") : [];
  if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) {
    throw malformed("it must be three parts of base64url with dots between them");
  }
  // Header and claims are JSON objects in the same encoding.
  const [header, claims] = parts.map(readProtectedHeader);
  if (!header || !claims) throw malformed("its header and claims must be JSON objects");
  const broken = [...demandsOnHeader(header), ...demandsOnClaims(claims, header.ppt)].find(
    ([holds]) => !holds,
  );
  if (broken) throw malformed(broken[1]);
  return { header, claims } as unknown as Passport;
}

/**
 * Reads a PASSporT and verifies that it was signed with the certificate's key, while the certificate was valid.
 * Whether the certificate is trusted, and may speak for the number, is for the caller to judge.
 *
 * @throws VconError `VCON_MALFORMED`; `SIGNATURE_INVALID`; `CERTIFICATE_UNTRUSTED` if the certificate was not valid
 *   at `iat`
 */
export async function verifyPassport(
  text: string,
  { certificate }: { certificate: X509Certificate },
): Promise<Passport> {
  const passport = decodePassport(text);
  if (!(await isSignedBy(text, certificate))) {
    throw new VconError(
      "SIGNATURE_INVALID",
      "The PASSporT was not signed with this certificate's key, or was changed since.",
    );
  }
  if (validAt(new Date(passport.claims.iat * 1000))(certificate)) return passport;
  throw new VconError("CERTIFICATE_UNTRUSTED", "The certificate was not valid when the PASSporT was issued.");
}

async function isSignedBy(text: string, { publicKey }: X509Certificate): Promise<boolean> {
  return compactVerify(text, publicKey, { algorithms: ["ES256"] }).then(
    () => true,
    () => false,
  );
}

function demandsOnHeader({ typ, alg, x5u, ppt, crit }: JsonObject): Demand[] {
  return [
    [typ === "passport", 'its header must say typ "passport"'],
    [alg === "ES256", 'its header must say alg "ES256"'],
    [typeof x5u === "string" && URL.canParse(x5u), "its header must hold a URL as x5u"],
    [ppt === undefined || typeof ppt === "string", "its header's ppt must be a text"],
    [crit === undefined, "its header's crit names an extension that is not known here"],
  ];
}

function demandsOnClaims({ iat, orig, dest, attest, origid }: JsonObject, ppt: unknown): Demand[] {
  const shaken = ppt === "shaken";
  return [
    [typeof iat === "number" && Number.isSafeInteger(iat) && iat >= 0, "iat must be a time in whole seconds"],
    [isIdentity(orig), "orig must hold one telephone number (tn) or one URI"],
    [isIdentities(dest), "dest must hold telephone numbers (tn) or URIs"],
    [!shaken || attest === "A" || attest === "B" || attest === "C", "attest must be A, B or C"],
    [!shaken || (typeof origid === "string" && UUID.test(origid)), "origid must be a UUID"],
  ];
}

/** One of `tn` and `uri`, and that a text. */
function isIdentity(orig: unknown): boolean {
  if (!isObject(orig)) return false;
  const { tn, uri } = orig;
  return (tn === undefined) !== (uri === undefined) && isText(tn ?? uri);
}

/** Lists of texts, at least one of them with something in it. */
function isIdentities(dest: unknown): boolean {
  if (!isObject(dest)) return false;
  const lists = [dest.tn, dest.uri].filter((list) => list !== undefined);
  return (
    lists.length > 0 && lists.every((list) => Array.isArray(list) && list.length > 0 && list.every(isText))
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function malformed(what: string): VconError {
  return new VconError("VCON_MALFORMED", `Not a PASSporT that can be read: ${what}.`);
}
