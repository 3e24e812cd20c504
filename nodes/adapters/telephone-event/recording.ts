/** Fetches a recording that an event names: from below one folder, or from one origin, and from nowhere else. */
import { readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { parseRetryAfter } from "../../../core/index.ts";
import { type Call, StepError, statusError } from "../../kit/index.ts";

export interface Allowed {
  folder: string;
  origin: string;
  /** MB. */
  largest: number;
}

export interface Recording {
  bytes: Uint8Array;
  mediatype: string;
  filename: string;
}

/** How audio files begin, and the media types that core-04 section 2.3.1 suggests for them. */
const SIGNATURES: [mediatype: string, begins: (bytes: Buffer) => boolean][] = [
  ["audio/x-wav", (bytes) => ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WAVE"],
  [
    "audio/x-mp3",
    (bytes) => ascii(bytes, 0, 3) === "ID3" || (bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0),
  ],
  ["audio/ogg", (bytes) => ascii(bytes, 0, 4) === "OggS"],
  ["audio/flac", (bytes) => ascii(bytes, 0, 4) === "fLaC"],
  ["audio/x-mp4", (bytes) => ascii(bytes, 4, 8) === "ftyp"],
];

/** @throws StepError saying why the recording can't be had; the location is not quoted, it may hold a number */
export async function readRecording(
  location: string,
  allowed: Allowed,
  outside: Call<Record<never, never>>["outside"],
): Promise<Recording> {
  const isAddress = /^https?:\/\//i.test(location);
  const bytes = isAddress
    ? await outside("The recording's server", (signal) => fetchRecording(location, allowed, signal))
    : await outside("The recordings' folder", () => readBelow(location, allowed));
  const mediatype = SIGNATURES.find(([, begins]) => begins(bytes))?.[0];
  if (bytes.length === 0) throw refusal("The recording is empty", "RECORDING_EMPTY");
  if (mediatype === undefined)
    throw refusal("The recording is no audio that is known: WAV, MP3, Ogg, FLAC or MP4", "RECORDING_CORRUPT");
  const path = isAddress ? new URL(location).pathname : location;
  return { bytes, mediatype, filename: path.split(/[/\\]/).at(-1)! };
}

async function readBelow(location: string, { folder, largest }: Allowed): Promise<Buffer> {
  if (folder === "")
    throw refusal(`The event names a file, and "Folder" is not set`, "RECORDING_NOT_ALLOWED");
  const home = await realpath(folder).catch(() => {
    throw refusal(`"Folder" does not exist on this machine`, "RECORDING_NOT_FOUND", true);
  });
  const segments = location.split(/[/\\]+/).filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes(".."))
    throw refusal("The event names a file outside the folder", "RECORDING_NOT_ALLOWED");
  const missing = () =>
    refusal(`The file that the event names is not below "Folder"`, "RECORDING_NOT_FOUND", true);
  const file = await fileBelow(home, segments);
  if (file === undefined) throw missing();
  if (!file.startsWith(home + sep))
    throw refusal("The event names a file outside the folder", "RECORDING_NOT_ALLOWED");
  const found = await stat(file);
  // A pipe or a device could be read for ever.
  if (!found.isFile()) throw missing();
  checkSize(found.size, largest);
  return readFile(file);
}

/**
 * The telephone system may know the folder by another path than this machine, so the path counts from the first of
 * its segments that is there. A shorter end could be another call's file while the right one is still to come.
 */
async function fileBelow(home: string, segments: readonly string[]): Promise<string | undefined> {
  for (const [first, segment] of segments.entries()) {
    if ((await real(join(home, segment))) !== undefined) return real(join(home, ...segments.slice(first)));
  }
  return undefined;
}

/** The path without links; undefined if nothing is there. */
function real(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

async function fetchRecording(
  location: string,
  { origin, largest }: Allowed,
  signal: AbortSignal,
): Promise<Buffer> {
  const address = URL.parse(location);
  if (origin === "" || address === null || address.origin !== URL.parse(origin)?.origin) {
    throw refusal(`The event names an address that "Allowed origin" does not allow`, "RECORDING_NOT_ALLOWED");
  }
  // A redirect could lead anywhere, so none is followed.
  const answer = await fetch(address, { signal, redirect: "manual" });
  if (!answer.ok || answer.body === null) {
    await answer.body?.cancel();
    throw statusError(
      "The recording's server",
      answer.status,
      parseRetryAfter(answer.headers.get("retry-after")),
    );
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of answer.body) {
    size += piece.length;
    checkSize(size, largest);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function checkSize(bytes: number, largest: number): void {
  if (bytes > largest * 1_000_000)
    throw refusal(`The recording is larger than ${largest} MB`, "RECORDING_TOO_LARGE");
}

function refusal(what: string, code: string, transient = false): StepError {
  return new StepError(`${what}. Check the node's settings and the telephone system.`, { code, transient });
}

function ascii(bytes: Buffer, from: number, to: number): string {
  return bytes.toString("latin1", from, to);
}
