/** Where the copy of a vCon lies: names that every file system takes, a folder for each day, and nothing outside. */
import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import { readDate } from "../../../core/index.ts";

/** File systems take 255 bytes; the extension and the name while it is written need some. */
const LONGEST_NAME_BYTES = 200;
/** What Windows, which is the strictest, takes in no name. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
const FORBIDDEN = /[<>:"/\\|?*\x00-\x1f\x7f]/g;
/** Devices, for Windows, also with an extension. */
const RESERVED = /^(con|prn|aux|nul|(com|lpt)[0-9¹²³])(?=\.|$)/i;
/** Hidden, or a way out; and what Windows leaves off. */
const EDGES = /^[.\s]+|[.\s]+$/g;

/** Where vCons without a time that can be read lie. */
const UNDATED = "undated";

/** The vCon's day, as the folders that the Conserver makes: year, month and day of its creation in UTC. */
export function dayFolder(createdAt: unknown): string {
  const date = new Date(readDate(createdAt) ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return UNDATED;
  const padded = (number: number, digits: number) => String(number).padStart(digits, "0");
  return join(
    padded(date.getUTCFullYear(), 4),
    padded(date.getUTCMonth() + 1, 2),
    padded(date.getUTCDate(), 2),
  );
}

/** A file's name made of any text; two texts that would become the same name stay apart. */
export function safeName(text: string): string {
  const name = text.normalize("NFC");
  const spelt = name.toWellFormed().replace(FORBIDDEN, "_").replace(EDGES, "_").replace(RESERVED, "_$1");
  const safe = shortened(spelt);
  return safe === name ? name : `${safe}-${fingerprint(name)}`;
}

function fingerprint(name: string): string {
  return createHash("sha256").update(Buffer.from(name, "utf16le")).digest("hex").slice(0, 8);
}

function shortened(name: string): string {
  const bytes = Buffer.from(name);
  if (bytes.length <= LONGEST_NAME_BYTES) return name;
  // A character that was cut in two decodes to this one.
  return bytes.toString("utf8", 0, LONGEST_NAME_BYTES).replace(/\ufffd+$/, "");
}

/** The name of the file while it is written: hidden, and without the extension of data. */
export function unfinishedName(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/**
 * Whether the path lies in the folder, also when the links on the way are followed. Undefined where the folders that
 * lead to it are not there.
 * @throws the file system's error where the folder itself is not there
 */
export async function liesWithin(folder: string, path: string): Promise<boolean | undefined> {
  if (!isBelow(folder, path)) return false;
  const realFolder = await realpath(folder);
  const realParent = await realpath(dirname(path)).catch((error) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  return realParent === undefined ? undefined : isBelow(realFolder, join(realParent, basename(path)));
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !isAbsolute(way) && way.split(/[\\/]/)[0] !== "..";
}
