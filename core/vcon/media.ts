/** Media inside a vCon: base64url, content hashes and media types (core-04 section 2.3, 2.4). */
import { createHash } from "node:crypto";
import { VconError } from "../errors.ts";
import type { Content } from "./types.ts";

const NOT_BASE64 = /[^A-Za-z0-9+/_-]/;
const PADDING = /^={0,2}$/;

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

/** The content hash of the bytes: "sha512-" and the base64url of the digest. */
export function contentHash(bytes: Uint8Array): string {
  return `sha512-${createHash("sha512").update(bytes).digest("base64url")}`;
}

/** Like {@link contentHash}, over bytes that come piece by piece. */
export async function contentHashOfStream(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha512");
  for await (const chunk of chunks) hash.update(chunk);
  return `sha512-${hash.digest("base64url")}`;
}

/** The media type in lower case and without its parameters, for comparing; undefined if none is given. */
export function mediatypeOf(content: Pick<Content, "mediatype">): string | undefined {
  if (typeof content.mediatype !== "string") return;
  return content.mediatype.split(";", 1)[0]!.trim().toLowerCase() || undefined;
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
