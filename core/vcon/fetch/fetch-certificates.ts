/** Fetches the certificates that a signature names by `x5u` (RFC 7515 section 4.1.5). */
import { buffer } from "node:stream/consumers";
import { type Certificates, certificateOfDer, readCertificates } from "../security/keys.ts";
import { type FetchOptions, fetchMedia } from "./fetch-media.ts";

const MAX_BYTES = 100_000;

/**
 * Fetches a signer's certificates as {@link fetchMedia} does, with at most 100 kB unless said otherwise. They are PEM,
 * or DER one behind the other, and come in the order in which they stand there: the signer's first.
 * @throws VconError as {@link fetchMedia}, or `CERTIFICATE_MALFORMED`
 */
export async function fetchCertificates(url: string, options: FetchOptions = {}): Promise<Certificates> {
  const { stream } = await fetchMedia(url, { maxBytes: MAX_BYTES, ...options });
  const bytes = await buffer(stream);
  return isDer(bytes) ? certificatesOfDer(bytes) : readCertificates(bytes.toString("latin1"));
}

/** A certificate is a SEQUENCE, whose tag no PEM begins with. */
function isDer(bytes: Buffer): boolean {
  return bytes[0] === 0x30;
}

function certificatesOfDer(bytes: Buffer): Certificates {
  const certificates: Certificates = [];
  for (let at = 0; at < bytes.length; at += certificates.at(-1)!.raw.length) {
    certificates.push(certificateOfDer(bytes.subarray(at)));
  }
  return certificates;
}
