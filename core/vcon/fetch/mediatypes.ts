/** Whether two media types mean the same kind of file, for all the names that there are for audio. */
import { mediatypeOf } from "../media.ts";

/** Names in use beside those of core-04 section 2.3.1; "x-" is taken off before. */
const SYNONYMS: Record<string, string> = {
  "audio/mp3": "audio/mpeg",
  "audio/mpeg3": "audio/mpeg",
  "audio/wave": "audio/wav",
  "audio/vnd.wave": "audio/wav",
  "audio/pn-wav": "audio/wav",
  "audio/m4a": "audio/mp4",
  "application/ogg": "audio/ogg",
};

export const UNKNOWN_TYPE = "application/octet-stream";
/** What storage calls a file of which it knows no type. */
const UNKNOWN = new Set([UNKNOWN_TYPE, "binary/octet-stream"]);

/** In lower case and without parameters; undefined where it says nothing. */
export function specificType(mediatype: string | undefined): string | undefined {
  const type = mediatype === undefined ? undefined : mediatypeOf({ mediatype });
  return type === undefined || UNKNOWN.has(type) ? undefined : type;
}

export function isSameType(one: string, other: string): boolean {
  return usualName(one) === usualName(other);
}

function usualName(type: string): string {
  const plain = type.replace("/x-", "/");
  return SYNONYMS[plain] ?? plain;
}
