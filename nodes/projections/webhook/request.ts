/** One POST, its body streamed under a length that is known before. */
import { createHmac } from "node:crypto";
import { VconError } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

const LONGEST_DISCARDED_BYTES = 64 * 1024;

type Pieces = AsyncIterable<Uint8Array>;

/** What is posted: read once to measure and sign it, and again to send it. */
export interface Body {
  /** Bytes. */
  size: number;
  /** HMAC-SHA256 of the bytes, in hexadecimal digits; undefined without a secret. */
  signature: string | undefined;
  open(): Pieces;
}

/** @param open gives the same bytes each time @param secret empty for none */
export async function bodyOf(open: () => Pieces, secret: string): Promise<Body> {
  const hmac = secret === "" ? undefined : createHmac("sha256", secret);
  let size = 0;
  for await (const piece of open()) {
    size += piece.length;
    hmac?.update(piece);
  }
  return { size, signature: hmac?.digest("hex"), open };
}

export function jsonBody(value: object, secret: string): Promise<Body> {
  const bytes = Buffer.from(JSON.stringify(value));
  return bodyOf(async function* () {
    yield bytes;
  }, secret);
}

export interface Post {
  url: URL;
  /** Beside those that belong to the body. */
  headers: Record<string, string>;
  body: Body;
  signal: AbortSignal;
}

/** The answer as it begins. Redirections are answers like others: whoever they lead to has no business with the data. */
export async function post({ url, headers, body, signal }: Post): Promise<Response> {
  const { size, signature, open } = body;
  try {
    return await fetch(url, {
      method: "POST",
      headers: {
        ...headers,
        "content-type": "application/json",
        "content-length": String(size),
        "user-agent": "vcon-node-red",
        ...(signature !== undefined && { "x-hub-signature-256": `sha256=${signature}` }),
      },
      // Node's fetch takes any iterable, which the type does not say.
      body: ofSize(size, open()) as unknown as BodyInit,
      duplex: "half",
      redirect: "manual",
      signal,
    } as RequestInit);
  } catch (error) {
    throw requestError(error);
  }
}

/** Reads what is left of an answer, so that its connection serves the next one; ends the connection of one that is long. */
export async function discard({ body, bodyUsed }: Response): Promise<void> {
  if (body === null || bodyUsed) return;
  let left = LONGEST_DISCARDED_BYTES;
  try {
    for await (const piece of body as unknown as Pieces) {
      left -= piece.length;
      if (left < 0) break;
    }
  } catch {
    // The connection broke: nobody needs it.
  }
}

/** The pieces, should they be as many bytes as was said: a program that shares the store may change a vCon. */
async function* ofSize(size: number, pieces: Pieces): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) break;
    yield piece;
  }
  if (left === 0) return;
  throw new StepError("The vCon was changed while it was sent. Send it again.", {
    code: "CHANGED",
    transient: true,
  });
}

/** Certificates that can't be trusted, in the words of Node and OpenSSL. */
const CERTIFICATE_CODE = /^CERT_|^ERR_TLS_CERT|SELF_SIGNED|^UNABLE_TO_(GET|VERIFY)/;

/** What is no matter of the network, in our words; the rest as it is. */
function requestError(error: unknown): unknown {
  const { cause } = error as { cause?: Error & { code?: unknown } };
  if (cause instanceof StepError || cause instanceof VconError) return cause;
  const code = String(cause?.code ?? "");
  if (CERTIFICATE_CODE.test(code)) {
    return new StepError(
      `The webhook's certificate can't be trusted (${code}). Renew it, or name its authority in NODE_EXTRA_CA_CERTS.`,
      { code },
    );
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_") || cause?.name === "HTTPParserError") {
    return new StepError(
      "The webhook does not answer in the way its URL begins. Check whether it is https:// or http://, and the port.",
      { code: "OTHER_PROTOCOL" },
    );
  }
  if (cause?.message === "bad port") {
    return new StepError("The webhook's port is one that HTTP is never sent to. Choose another.", {
      code: "NOT_CONFIGURED",
    });
  }
  return error;
}
