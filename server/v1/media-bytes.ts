/** The media that a dialog holds, as bytes of which any part can be read without the others. */
import {
  type Dialog,
  decodeBase64Url,
  decodeBase64UrlStream,
  type Held,
  type JsonValue,
  LargeBody,
  VconError,
} from "../../core/index.ts";
import { ApiError } from "../errors.ts";

export interface Bytes {
  size: number;
  /** From `start` on, up to but without `end`. */
  stream(start: number, end: number): AsyncIterable<Uint8Array>;
}

export interface Media extends Bytes {
  /** What they are if the dialog does not say. */
  usualType: string;
  /** Whether they are text in UTF-8, whatever the dialog says. */
  isText: boolean;
}

/** Of the drafts, and of programs that name the same as others do. */
const BASE64 = new Set<unknown>(["base64url", "base64"]);

/** @throws ApiError 404 where they are elsewhere or nowhere; VconError `VCON_MALFORMED`, and what a large body throws */
export async function mediaOf({ body, encoding, url }: Held<Dialog>): Promise<Media> {
  if (body === undefined || body === null || (body === "" && url !== undefined)) throw noMedia(url);
  if (BASE64.has(encoding)) {
    return { ...(await decoded(body)), usualType: "application/octet-stream", isText: false };
  }
  const text = encoding === "json" ? undefined : asText(body);
  if (text !== undefined) return { ...text, usualType: "text/plain", isText: true };
  return { ...(await asJson(body)), usualType: "application/json", isText: false };
}

function noMedia(url: unknown): ApiError {
  if (url === undefined) return new ApiError(404, "MEDIA_MISSING", "This dialog holds no media.");
  return new ApiError(
    404,
    "MEDIA_ELSEWHERE",
    `The media of this dialog are not in the vCon: they are where its "url" says. Read the vCon, and fetch them from there.`,
  );
}

async function decoded(body: JsonValue | LargeBody): Promise<Bytes> {
  if (typeof body === "string") return inMemory(decodeBase64Url(body));
  if (isLargeText(body)) return decodedFrom(body);
  throw notBase64();
}

/** Four digits stand for three bytes, so where a byte stands in the text is known without reading what is before it. */
async function decodedFrom(text: LargeBody): Promise<Bytes> {
  const digits = text.size - (await paddingOf(text));
  if (digits % 4 === 1) throw notBase64();
  return {
    size: Math.floor((digits * 3) / 4),
    stream: (start, end) => {
      const from = Math.floor(start / 3);
      const to = Math.ceil(end / 3);
      const bytes = decodeBase64UrlStream(text.stream(from * 4, Math.min(to * 4, digits)));
      return cut(bytes, start - from * 3, end - from * 3);
    },
  };
}

async function paddingOf(text: LargeBody): Promise<number> {
  let tail = "";
  for await (const piece of text.stream(text.size - 2)) tail += Buffer.from(piece).toString("latin1");
  return tail.length - tail.replace(/=+$/, "").length;
}

async function* cut(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - position), end - position);
    position += chunk.length;
    if (piece.length > 0) yield piece;
  }
}

/** Undefined where it is another value than a text. */
function asText(body: JsonValue | LargeBody): Bytes | undefined {
  if (typeof body === "string") return inMemory(Buffer.from(body));
  return isLargeText(body) ? inStore(body) : undefined;
}

async function asJson(body: JsonValue | LargeBody): Promise<Bytes> {
  if (!(body instanceof LargeBody)) return inMemory(Buffer.from(JSON.stringify(body)));
  if (body.kind === "json") return inStore(body);
  // One text, which has to be escaped: nobody knows how long that is without reading all of it.
  return inMemory(Buffer.from(JSON.stringify(await body.value())));
}

function inStore(body: LargeBody): Bytes {
  return { size: body.size, stream: (start, end) => body.stream(start, end) };
}

function inMemory(bytes: Buffer): Bytes {
  return {
    size: bytes.length,
    async *stream(start, end) {
      yield bytes.subarray(start, end);
    },
  };
}

function isLargeText(body: JsonValue | LargeBody): body is LargeBody {
  return body instanceof LargeBody && body.kind === "text";
}

function notBase64(): VconError {
  return new VconError(
    "VCON_MALFORMED",
    "The media of this dialog are not the base64url text that they should be.",
  );
}
