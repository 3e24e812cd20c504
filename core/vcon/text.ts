/** What was written in a conversation. */
import { decodeBase64Url, mediatypeOf } from "./media.ts";
import type { Content } from "./types.ts";

/** The text of a text dialog; undefined where its body is missing or no text. */
export function dialogText(content: Content): string | undefined {
  const { body, encoding } = content;
  if (typeof body !== "string") return undefined;
  if (encoding !== "base64url") return body;
  const isText = mediatypeOf(content)?.startsWith("text/") ?? true;
  return isText ? decodeBase64Url(body).toString("utf8") : undefined;
}
