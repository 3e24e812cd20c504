/** Signs a vCon: JWS General JSON Serialization (core-04 section 5.2). */
import { GeneralSign } from "jose";
import { VconError } from "../../errors.ts";
import { formOf } from "../form.ts";
import { requireObject } from "../json.ts";
import type { JsonObject, SignedVcon, Vcon } from "../types.ts";
import { checkStrength, type SignatureAlgorithm, signatureAlgorithmOf } from "./algorithms.ts";
import { checkLinks, validAt } from "./certificates.ts";
import { alreadySealed, contentBytes } from "./content.ts";
import type { Certificates, PrivateKey } from "./keys.ts";

/** Who signs: the key, and its certificates or the HTTPS URL where they can be fetched. */
export type Signer = {
  key: PrivateKey;
  /** RS256 for an RSA key, ES256 for P-256 and EdDSA for Ed25519; to name one makes sure that it is that one. */
  algorithm?: SignatureAlgorithm;
} & ({ certificates: Certificates } | { certificatesUrl: string });

/**
 * Signs the vCon, with the present as its `updated_at`; the given one is left untouched. The algorithm is told under
 * the signature's protection, the certificates and the UUID beside it.
 *
 * @throws VconError `VCON_SEALED` if it is signed or encrypted already; `KEY_MALFORMED` for a key that can't be used
 *   or is not the certificate's; `CERTIFICATE_UNTRUSTED` for certificates that are no chain, or the first of which is
 *   not valid now; `CERTIFICATE_MALFORMED` for a URL that is not HTTPS; `VCON_TOO_LARGE`
 */
export async function signVcon(vcon: Vcon, signer: Signer): Promise<SignedVcon> {
  requireObject(vcon);
  const form = formOf(vcon);
  if (form !== "unsigned") throw alreadySealed(vcon, form);
  const alg = algorithmOf(signer);
  const now = new Date();
  const header = { ...certificateHeader(signer, now), uuid: vcon.uuid };
  const bytes = contentBytes({ ...vcon, updated_at: now.toISOString() });

  const jws = new GeneralSign(bytes);
  jws.addSignature(signer.key).setProtectedHeader({ alg }).setUnprotectedHeader(header);
  return (await jws.sign()) as unknown as SignedVcon;
}

function algorithmOf({ key, algorithm }: Signer): SignatureAlgorithm {
  const fitting = signatureAlgorithmOf(key);
  if (key.type !== "private" || fitting === undefined) {
    throw wrongKey("is not a private one of RSA, P-256 or Ed25519");
  }
  if (algorithm !== undefined && algorithm !== fitting)
    throw wrongKey(`is for ${fitting}, not for ${algorithm}`);
  checkStrength(key);
  return fitting;
}

function certificateHeader(signer: Signer, now: Date): JsonObject {
  if ("certificatesUrl" in signer) return { x5u: checkUrl(signer.certificatesUrl) };

  const { certificates, key } = signer;
  checkLinks(certificates);
  const [own] = certificates;
  if (!own!.checkPrivateKey(key)) throw wrongKey("is not that of the first certificate");
  if (!validAt(now)(own!)) {
    throw new VconError(
      "CERTIFICATE_UNTRUSTED",
      "The certificate has expired or is not valid yet. Sign with one that is valid.",
    );
  }
  return { x5c: certificates.map(({ raw }) => raw.toString("base64")) };
}

function checkUrl(url: string): string {
  if (URL.parse(url)?.protocol === "https:") return url;
  throw new VconError(
    "CERTIFICATE_MALFORMED",
    "The certificates' URL must be one that begins with https://.",
  );
}

function wrongKey(what: string): VconError {
  return new VconError("KEY_MALFORMED", `The key can't sign: it ${what}.`);
}
