/** Media inside a vCon: base64url, content hashes and media types (core-04 section 2.3, 2.4). */
import { createHash, type Hash } from "node:crypto";
import { VconError } from "../errors.ts";
import type { Content } from "./types.ts";

const NOT_BASE64 = /[^A-Za-z0-9+/_-]/;
const NOT_BASE64URL = /[^A-Za-z0-9_-]/;
const PADDING = /^={0,2}$/;

/** `sha512-` and a digest; libraries also write the name as SHA-512. */
const CONTENT_HASH = /^sha-?(256|384|512)-([A-Za-z0-9+/_-]+={0,2})$/i;

/** How the bytes of a file are hashed; core-04 section 2.4.2 asks for "sha512". */
export type HashAlgorithm = "sha256" | "sha384" | "sha512";

/** The bytes as base64url without padding (RFC 7515 section 2). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/**
 * The bytes that base64url text stands for. The standard alphabet and padding are read too; anything else, line
 * breaks included, is a {@link VconError} `VCON_MALFORMED`.
 */
export function decodeBase64Url(text: string): Buffer {
  if (!isDense(text)) throw notBase64();
  return Buffer.from(text, "base64url");
}

/** Like {@link encodeBase64Url}, piece by piece: the pieces may be cut anywhere, and the text comes as bytes. */
export async function* encodeBase64UrlStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    rest = bytes.subarray(whole);
    if (whole > 0) yield Buffer.from(encodeBase64Url(bytes.subarray(0, whole)), "latin1");
  }
  if (rest.length > 0) yield Buffer.from(encodeBase64Url(rest), "latin1");
}

/** Like {@link decodeBase64Url}, piece by piece: the pieces of the text (as bytes) may be cut anywhere. */
export async function* decodeBase64UrlStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  let rest = "";
  let padding = "";
  for await (const chunk of chunks) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
    const piece = splitPadding(text);
    // Once padding has begun, nothing but padding may follow.
    if (padding !== "" && piece.digits !== "") throw notBase64();
    padding += piece.padding;
    if (!PADDING.test(padding)) throw notBase64();

    const digits = rest + piece.digits;
    const whole = digits.length - (digits.length % 4);
    rest = digits.slice(whole);
    if (whole > 0) yield decodeBase64Url(digits.slice(0, whole));
  }
  if (rest !== "") yield decodeBase64Url(rest);
}

/** Whether the text is base64 of either alphabet, padded or not; line breaks are allowed. */
export function isBase64(text: string): boolean {
  return isDense(withoutBlanks(text));
}

/** Text that {@link isBase64} in the URL alphabet, without padding and line breaks. */
export function toBase64Url(text: string): string {
  // Replacing characters takes seconds on a long recording, decoding and encoding a fraction of one.
  return /[+/=\s]/.test(text) ? Buffer.from(text, "base64").toString("base64url") : text;
}

/**
 * Whether the text is base64url as RFC 7515 section 2 writes it: without padding, and its last digit without bits
 * that stand for nothing, so that no other text stands for the same bytes.
 */
export function isCanonicalBase64Url(text: string): boolean {
  if (NOT_BASE64URL.test(text)) return false;
  const tail = text.slice(text.length - (text.length % 4));
  return Buffer.from(tail, "base64url").toString("base64url") === tail;
}

/** The content hash of the bytes: the algorithm's name, "-" and the base64url of the digest. */
export function contentHash(bytes: Uint8Array, algorithm: HashAlgorithm = "sha512"): string {
  return hashText(algorithm, createHash(algorithm).update(bytes));
}

/** Like {@link contentHash}, over bytes that come piece by piece. */
export async function contentHashOfStream(
  chunks: AsyncIterable<Uint8Array>,
  algorithm: HashAlgorithm = "sha512",
): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of chunks) hash.update(chunk);
  return hashText(algorithm, hash);
}

/** Those of a `content_hash`'s values that can be checked here; a library's way to write them is made core-04's. */
export function knownContentHashes(hashes: unknown): string[] {
  return [hashes].flat().flatMap((hash) => {
    const [, bits, digest = ""] = (typeof hash === "string" && CONTENT_HASH.exec(hash)) || [];
    return bits ? `sha${bits}-${toBase64Url(digest)}` : [];
  });
}

/**
 * Passes the bytes on and, behind the last of them, checks them: whoever uses a byte before the end uses it
 * unchecked. One hash that fits is enough; those of algorithms not known here are skipped.
 *
 * @param hashes the `content_hash` of a dialog, an attachment, an analysis or a reference
 * @throws VconError `MEDIA_REFUSED` at once if no hash is of a known algorithm; `MEDIA_CHANGED` at the end if none fits
 */
export async function* checkContentHash(
  chunks: AsyncIterable<Uint8Array>,
  hashes: unknown,
): AsyncGenerator<Uint8Array, void> {
  const expected = knownContentHashes(hashes);
  if (expected.length === 0) {
    throw new VconError(
      "MEDIA_REFUSED",
      "The file can't be checked: its content_hash is missing, or is not of SHA-256, SHA-384 or SHA-512.",
    );
  }
  const algorithms = new Set(expected.map((hash) => hash.slice(0, hash.indexOf("-")) as HashAlgorithm));
  const running = [...algorithms].map((algorithm) => ({ algorithm, hash: createHash(algorithm) }));
  for await (const chunk of chunks) {
    for (const { hash } of running) hash.update(chunk);
    yield chunk;
  }
  const found = running.map(({ algorithm, hash }) => hashText(algorithm, hash));
  if (found.some((hash) => expected.includes(hash))) return;
  throw new VconError(
    "MEDIA_CHANGED",
    "The file is not the one that the vCon was made with: its content_hash says otherwise.",
  );
}

/** The media type in lower case and without its parameters, for comparing; undefined if none is given. */
export function mediatypeOf(content: Pick<Content, "mediatype">): string | undefined {
  if (typeof content.mediatype !== "string") return;
  return content.mediatype.split(";", 1)[0]!.trim().toLowerCase() || undefined;
}

function hashText(algorithm: HashAlgorithm, hash: Hash): string {
  return `${algorithm}-${hash.digest("base64url")}`;
}

/** Base64 without line breaks. */
function isDense(text: string): boolean {
  const { digits, padding } = splitPadding(text);
  return PADDING.test(padding) && !NOT_BASE64.test(digits) && digits.length % 4 !== 1;
}

function withoutBlanks(text: string): string {
  return /\s/.test(text) ? text.replace(/\s+/g, "") : text;
}

function splitPadding(text: string): { digits: string; padding: string } {
  const end = text.indexOf("=");
  return end < 0 ? { digits: text, padding: "" } : { digits: text.slice(0, end), padding: text.slice(end) };
}

function notBase64(): VconError {
  return new VconError("VCON_MALFORMED", "A body is not the base64url text that its encoding says it is.");
}
