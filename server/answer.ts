/** What a route answers, and how that is written. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

export type Headers = Record<string, string>;

export interface Answer {
  status: number;
  headers: Headers;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** A stream that ends before it has so many bytes is sent with its length. */
const GATHERED_BYTES = 64 * 1024;

export function json(status: number, value: unknown, headers: Headers = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(value),
  };
}

/** A text in pieces: of one that is long and ASCII, as media are, no more becomes bytes than is being sent. */
export function text(status: number, pieces: readonly string[], headers: Headers): Answer {
  if (pieces.length === 1) return { status, headers, body: pieces[0]! };
  const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  return { status, headers: { ...headers, "content-length": String(length) }, body: encoded(pieces) };
}

async function* encoded(pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (Buffer.byteLength(piece) > piece.length) yield Buffer.from(piece);
    else
      for (let at = 0; at < piece.length; at += GATHERED_BYTES)
        yield Buffer.from(piece.slice(at, at + GATHERED_BYTES), "latin1");
  }
}

export function empty(status: number, headers: Headers = {}): Answer {
  return { status, headers };
}

export function bytes(
  status: number,
  body: AsyncIterable<Uint8Array> | Uint8Array,
  headers: Headers,
): Answer {
  return { status, headers, body };
}

export interface Sending {
  /** For HEAD. */
  withoutBody: boolean;
  /** Milliseconds after which one who takes nothing of it is given up. */
  idleLimit: number;
  /** Ends it wherever it is. */
  signal: AbortSignal;
}

/** Writes the answer. What is streamed breaks off, and the connection with it, where it can't be read to its end. */
export async function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  how: Sending,
): Promise<void> {
  response.setTimeout(how.idleLimit, () => response.destroy());
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    // Of a text, Node would take three times its bytes to send it.
    const known = typeof body === "string" && body.length > GATHERED_BYTES ? Buffer.from(body) : (body ?? "");
    const length = typeof known === "string" ? Buffer.byteLength(known) : known.byteLength;
    const isNothing = status === 204 || status === 304;
    response.writeHead(status, isNothing ? headers : { ...headers, "content-length": String(length) });
    response.end(how.withoutBody || isNothing ? undefined : known);
    return;
  }
  if (how.withoutBody) {
    response.writeHead(status, headers).end();
    return;
  }
  await stream(response, status, headers, body, how.signal);
}

async function stream(
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  const { gathered, length, isAll } = await gather(pieces, signal);
  if (isAll) {
    response.writeHead(status, { "content-length": String(length), ...headers });
    response.end(gathered.length === 1 ? gathered[0] : Buffer.concat(gathered));
    return;
  }
  response.writeHead(status, headers);
  await pipeline(Readable.from(restOf(gathered, pieces), { objectMode: false }), response, { signal });
}

/** The first pieces, or all where these are few. */
async function gather(
  pieces: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<{ gathered: Uint8Array[]; length: number; isAll: boolean }> {
  const gathered: Uint8Array[] = [];
  let length = 0;
  while (length < GATHERED_BYTES) {
    const { done, value } = await pieces.next();
    if (signal.aborted) {
      await pieces.return?.();
      throw signal.reason;
    }
    if (done) return { gathered, length, isAll: true };
    gathered.push(value);
    length += value.byteLength;
  }
  return { gathered, length, isAll: false };
}

async function* restOf(
  gathered: Uint8Array[],
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* gathered;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  } finally {
    await pieces.return?.();
  }
}
