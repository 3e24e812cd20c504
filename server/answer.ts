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

/**
 * Writes the answer. What is streamed breaks off, and the connection with it, where it can't be read to its end.
 * @param idleLimit milliseconds after which one who takes nothing of it is given up
 */
export async function send(
  response: ServerResponse,
  { status, headers, body }: Answer,
  { withoutBody, idleLimit }: { withoutBody: boolean; idleLimit: number },
): Promise<void> {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) {
    const known = body ?? "";
    const length = typeof known === "string" ? Buffer.byteLength(known) : known.byteLength;
    const isNothing = status === 204 || status === 304;
    response.writeHead(status, isNothing ? headers : { ...headers, "content-length": String(length) });
    response.end(withoutBody || isNothing ? undefined : known);
    return;
  }
  if (withoutBody) {
    response.writeHead(status, headers).end();
    return;
  }
  await stream(response, status, headers, body, idleLimit);
}

async function stream(
  response: ServerResponse,
  status: number,
  headers: Headers,
  body: AsyncIterable<Uint8Array>,
  idleLimit: number,
): Promise<void> {
  const pieces = body[Symbol.asyncIterator]();
  const gathered: Uint8Array[] = [];
  let length = 0;
  while (length < GATHERED_BYTES) {
    const { done, value } = await pieces.next();
    if (done) {
      response.writeHead(status, { "content-length": String(length), ...headers });
      response.end(gathered.length === 1 ? gathered[0] : Buffer.concat(gathered));
      return;
    }
    gathered.push(value);
    length += value.byteLength;
  }
  response.setTimeout(idleLimit, () => response.destroy());
  response.writeHead(status, headers);
  await pipeline(Readable.from(restOf(gathered, pieces), { objectMode: false }), response);
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
