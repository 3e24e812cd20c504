/** Rules for what dialogs, attachments and analyses share: their content. */
import { parseJson, parseStructure } from "../json.ts";
import { isBase64, mediatypeOf, toBase64Url } from "../media.ts";
import type { JsonObject, JsonValue } from "../types.ts";
import type { Report, Work } from "./rule.ts";

const BINARY = /^(?:audio|video|image)\/|^application\/(?:octet-stream|pdf|zip|gzip)$/;
const JSON_TYPE = /[/+]json$/;
const HASH_ALGORITHM = /^sha-?(256|384|512)$/i;
const HEX = /^[0-9a-f]*$/i;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** In these a body with the encoding "json" is text that holds JSON (section 2.3.2 up to core-02). */
const TEXT_SYNTAXES: ReadonlySet<unknown> = new Set(["0.0.1", "0.0.2", "0.3.0"]);

/** `alg` and `signature` of container-00 and -01. What can't be converted (LMOTS, a wrong length) stays. */
export function contentHash(content: JsonObject, report: Report): void {
  const { alg, signature, content_hash: present } = content;
  if (typeof alg !== "string" || typeof signature !== "string" || present !== undefined) return;
  const bits = HASH_ALGORITHM.exec(alg)?.[1];
  const digest = bits && digestOf(signature, Number(bits) / 8);
  if (digest) {
    content.content_hash = `sha${bits}-${digest}`;
    delete content.alg;
    delete content.signature;
    report.changed("contentHash", "content_hash");
  } else {
    report.left("contentHash", "alg", "It can't be turned into a content_hash.");
  }
}

/** A digest of `size` bytes, in base64url; it may be given as hex or in either base64 alphabet. */
function digestOf(text: string, size: number): string | undefined {
  if (text.length === size * 2 && HEX.test(text)) return Buffer.from(text, "hex").toString("base64url");
  const digest = isBase64(text) ? toBase64Url(text) : "";
  return digest.length === Math.ceil((size * 4) / 3) ? digest : undefined;
}

export function encoding(content: JsonObject, report: Report): void {
  if (content.body === undefined || content.body === "") return;
  const right = encodingOf(content, report.work);
  if (right === content.encoding) return;
  content.encoding = right;
  report.changed("encoding", "encoding");
}

function encodingOf(content: JsonObject, work: Work): JsonValue {
  const { body, encoding: given } = content;
  if (typeof body !== "string") return "json";
  if (given === "base64" && isBase64(body)) return "base64url";
  if (given !== undefined && given !== "") return given;
  const mediatype = mediatypeOf(content) ?? "";
  if (JSON_TYPE.test(mediatype) && parseStructure(body, bodyNesting(work))) return "json";
  if (BINARY.test(mediatype) && isBase64(body)) return "base64url";
  return "none";
}

/** Padding, line breaks and the standard alphabet are not base64url. */
export function base64Alphabet(content: JsonObject, report: Report): void {
  const { body, encoding: given } = content;
  if (given !== "base64url" || typeof body !== "string") return;
  if (BASE64URL.test(body) || !isBase64(body)) return;
  content.body = toBase64Url(body);
  report.changed("base64Alphabet", "body");
}

/**
 * Up to core-02 a JSON body was text that contains JSON; from core-03 on it is the value (section 2.3.2). As both say
 * "0.4.0", text in it is taken for the older kind only where it holds an object or an array.
 */
export function jsonText(content: JsonObject, report: Report): void {
  const { body, encoding: given } = content;
  if (given !== "json" || typeof body !== "string") return;
  const value = valueIn(content, body, report.work);
  if (value === undefined || value === null || value === body) return;
  content.body = value as JsonValue;
  report.changed("jsonText", "body");
}

function valueIn(content: JsonObject, text: string, work: Work): unknown {
  const levels = bodyNesting(work);
  // Tags are written as a list in every syntax, so text in them is no JSON unless it looks like it.
  if (!TEXT_SYNTAXES.has(work.syntax) || content.purpose === "tags") return parseStructure(text, levels);
  const value = parseJson(text, levels);
  return typeof value === "string" ? (parseStructure(value, levels) ?? value) : value;
}

/** How deep a body may nest that was text before: it stands inside vCon, array and element. */
function bodyNesting({ maxNesting }: Work): number {
  return maxNesting - 3;
}
