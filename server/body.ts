/** Reads what a request brings: no more than is allowed, no longer than is allowed, and signed where it has to be. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { SignatureCheck } from "./access/signature.ts";
import { ApiError, invalid } from "./errors.ts";

const unzip = promisify(gunzip);

/** A longer body is kept from lying in memory twice. */
const LONG_BYTES = 1024 * 1024;

export interface BodyLimits {
  maxBytes: number;
  /** Of X-Hub-Signature-256; empty if none is asked for. */
  secret: string;
}

/** The bytes as they come. They were all there, and signed, only once it has ended without an error. */
export async function* streamBody(
  request: IncomingMessage,
  { maxBytes, secret }: BodyLimits,
): AsyncGenerator<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const check = secret === "" ? undefined : new SignatureCheck(secret, signatureOf(request));
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    check?.update(piece);
    yield piece;
  }
  check?.finish();
}

/** All bytes, as they were sent: gzipped ones still are. */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  const told = Number(request.headers["content-length"] ?? 0);
  if (told > LONG_BYTES && told <= limits.maxBytes) return readLong(request, told, limits);
  const pieces: Buffer[] = [];
  for await (const piece of streamBody(request, limits)) pieces.push(piece);
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

/** Into one buffer, so that never all the pieces and the whole are in memory. @param told what HTTP holds it to */
async function readLong(request: IncomingMessage, told: number, limits: BodyLimits): Promise<Buffer> {
  const whole = Buffer.allocUnsafeSlow(told);
  let length = 0;
  for await (const piece of streamBody(request, limits)) length += piece.copy(whole, length);
  return whole;
}

/** @throws ApiError 422 for what is no JSON */
export async function readJson(request: IncomingMessage, limits: BodyLimits): Promise<unknown> {
  return jsonIn(await readBody(request, limits), limits.maxBytes);
}

/** The JSON in bytes, gzipped or not. @throws ApiError 413, 422 */
export async function jsonIn(bytes: Buffer, maxBytes: number): Promise<unknown> {
  const text = await unpacked(bytes, maxBytes);
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    throw invalid([{ at: ["body"], says: "It is not JSON." }]);
  }
}

/** The bytes, or what they hold if they are gzipped. @throws ApiError 413, 422 */
export async function unpacked(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return await unzip(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw invalid([{ at: ["body"], says: "Its gzip is damaged or cut off." }]);
  }
}

function signatureOf({ headers }: IncomingMessage): string | undefined {
  const signature = headers["x-hub-signature-256"];
  return Array.isArray(signature) ? signature[0] : signature;
}

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(
    413,
    "TOO_LARGE",
    `More than ${maxBytes} bytes are not taken. Send less, or raise the limit in the settings of the API.`,
    { headers: { connection: "close" } },
  );
}
