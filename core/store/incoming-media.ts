/** Bytes on their way to becoming a dialog's body: their text as stores write it, and the dialog that gets it. */
import { constants } from "node:buffer";
import { VconError } from "../errors.ts";
import { encodeBase64UrlStream } from "../vcon/media.ts";
import type { JsonObject } from "../vcon/types.ts";
import { LARGE_BODY_BYTES } from "./body.ts";
import type { IncomingMedia } from "./store.ts";

/** Node holds no longer text, nor does Redis hold a longer value. */
const MAX_TEXT_BYTES = constants.MAX_STRING_LENGTH;

/** What a dialog says of the media that it has or that its URL leads to; the last three are of older drafts. */
export const MEDIA_MEMBERS = [
  "body",
  "encoding",
  "mediatype",
  "url",
  "content_hash",
  "alg",
  "signature",
  "mimetype",
] as const;

/**
 * The base64url text of the bytes: as a text if it is small enough to stand with its element, else (as ASCII) in pieces
 * of exactly `pieceBytes`, the last one shorter, which encode the bytes as they are taken.
 * @param pieceBytes more than {@link LARGE_BODY_BYTES}
 * @throws VconError `VCON_TOO_LARGE`, in place of a piece, for a text that no store holds; and whatever reading throws
 */
export async function incomingText(
  bytes: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): Promise<string | AsyncGenerator<Buffer, void>> {
  const pieces = regrouped(encodeBase64UrlStream(bytes), pieceBytes);
  const first = await pieces.next();
  if (first.done) return "";
  if (first.value.length <= LARGE_BODY_BYTES) return first.value.toString("latin1");
  return preceded(first.value, pieces);
}

/** What stands in a dialog beside its body once it has these media. */
export function mediaMembers({ mediatype, filename }: IncomingMedia): JsonObject {
  return { encoding: "base64url", mediatype, ...(filename !== undefined && { filename }) };
}

/** The dialog with these media in place of those that it had. @param body not given if it is kept elsewhere */
export function withMedia(dialog: JsonObject, media: IncomingMedia, body?: string): JsonObject {
  const kept = Object.entries(dialog).filter(([name]) => !MEDIA_MEMBERS.includes(name as never));
  return { ...Object.fromEntries(kept), ...mediaMembers(media), ...(body !== undefined && { body }) };
}

async function* regrouped(chunks: AsyncIterable<Buffer>, pieceBytes: number): AsyncGenerator<Buffer, void> {
  let gathered: Buffer[] = [];
  let size = 0;
  let total = 0;
  for await (let chunk of chunks) {
    total += chunk.length;
    if (total > MAX_TEXT_BYTES) throw tooLarge();
    while (size + chunk.length >= pieceBytes) {
      const end = pieceBytes - size;
      yield Buffer.concat([...gathered, chunk.subarray(0, end)]);
      chunk = chunk.subarray(end);
      gathered = [];
      size = 0;
    }
    gathered.push(chunk);
    size += chunk.length;
  }
  if (size > 0) yield Buffer.concat(gathered);
}

async function* preceded(first: Buffer, others: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  try {
    yield first;
    yield* others;
  } finally {
    await others.return();
  }
}

function tooLarge(): VconError {
  const megabytes = Math.floor((MAX_TEXT_BYTES * 3) / 4 / 1024 / 1024);
  return new VconError(
    "VCON_TOO_LARGE",
    `A dialog's body holds at most ${megabytes} MB. Keep larger media elsewhere and give the dialog their url and content_hash.`,
  );
}
