/** Replaces mentions in content that says what it says in plain sight. */
import { decodeBase64Url, encodeBase64Url, isBase64, mediatypeOf } from "../media.ts";
import type { Content, JsonObject, JsonValue } from "../types.ts";
import type { Mentions } from "./mentions.ts";
import { withoutQuotations } from "./quotations.ts";

/** HTML and MIME put letters into codes. */
const PLAIN = /^(?:text\/(?:plain|markdown|x-markdown)|application\/(?:.*\+)?json)$/;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Plain text or JSON as content of the same kind, with mentions and quotations replaced; undefined for all else, since
 * nobody can tell whom it names.
 */
export function plainContent(content: Content, mentions: Mentions): JsonObject | undefined {
  const { body, encoding, filename } = content;
  const mediatype = mediatypeOf(content);
  if (body === undefined || !PLAIN.test(mediatype ?? "text/plain")) return;
  const about = {
    ...(filename !== undefined && { filename: mentions.replaceIn(filename) }),
    ...(mediatype && { mediatype }),
  };
  if (encoding !== "base64url") {
    const isText = typeof body === "string" && encoding !== "json";
    return { ...about, encoding: isText ? "none" : "json", body: replaced(body, mentions) };
  }
  const text = mediatype === undefined ? undefined : textIn(body);
  if (text === undefined) return;
  return { ...about, encoding, body: encodeBase64Url(Buffer.from(String(replaced(text, mentions)))) };
}

function replaced(body: JsonValue, mentions: Mentions): JsonValue {
  const replacedBody = mentions.replaceIn(body);
  return typeof replacedBody === "string" ? withoutQuotations(replacedBody) : replacedBody;
}

function textIn(body: JsonValue): string | undefined {
  if (typeof body !== "string" || !isBase64(body)) return;
  try {
    return utf8.decode(decodeBase64Url(body));
  } catch {
    return;
  }
}
