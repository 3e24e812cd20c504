/** Media types and file names, to and from the headers that tell them. Those in a vCon come from anybody. */

/** RFC 6838 section 4.2; parameters as in RFC 9110 section 5.6.6. */
const NAME = "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}";
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\[\\t\\x20-\\x7e])*"';
const MEDIATYPE = new RegExp(`^${NAME}/${NAME}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))*$`);
const LONGEST_TYPE = 255;

const LONGEST_FILENAME = 200;
const FILENAME = new RegExp(`(?:^|;)\\s*filename\\s*=\\s*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)")`, "i");
const ENCODED_FILENAME = /(?:^|;)\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]*)/i;

export function isMediatype(text: unknown): text is string {
  return typeof text === "string" && text.length <= LONGEST_TYPE && MEDIATYPE.test(text);
}

/** A text type that says of these bytes that they are UTF-8. */
export function inUtf8(mediatype: string): string {
  if (!/^text\//i.test(mediatype)) return mediatype;
  return `${mediatype.replace(/[ \t]*;[ \t]*charset=(?:"[^"]*"|[^;]*)/gi, "")}; charset=utf-8`;
}

/** Content-Disposition (RFC 6266) by which no browser shows the media as a page of this server. */
export function attachment(filename: unknown): string {
  const name = typeof filename === "string" ? safeFilename(filename) : undefined;
  if (name === undefined) return "attachment";
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/gu, "_");
  return `attachment; filename="${ascii}"${ascii === name ? "" : `; filename*=UTF-8''${encoded(name)}`}`;
}

/** The file name in a Content-Disposition, if it tells one. */
export function filenameIn(disposition: string | undefined): string | undefined {
  const encodedName = ENCODED_FILENAME.exec(disposition ?? "")?.[1];
  const [, token, quoted] = FILENAME.exec(disposition ?? "") ?? [];
  const name = decodedOf(encodedName) ?? token ?? quoted?.replace(/\\(.)/g, "$1");
  return name === undefined ? undefined : safeFilename(name);
}

/** Without folders, nor what can't be seen. */
function safeFilename(name: string): string | undefined {
  const visible = name.toWellFormed().replace(/[\p{Cc}\p{Cf}]/gu, "");
  const last = visible.split(/[/\\]/).at(-1)!.trim().replace(/^\.+/, "");
  return [...last].slice(0, LONGEST_FILENAME).join("") || undefined;
}

/** RFC 8187 section 3.2. */
function encoded(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
}

function decodedOf(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
