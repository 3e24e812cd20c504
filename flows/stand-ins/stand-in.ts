/**
 * An HTTP server that stands in for a vendor's API on this machine, and the faults that a test can have it
 * commit. What the vendor would say is the caller's part; how it is said, and how it fails, is here.
 */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * What goes wrong with an answer: the vendor's error of that status (`retryAfter` is the header's value:
 * seconds or an HTTP date); no answer at all; a connection reset; a 200 whose JSON can't be parsed; a right
 * answer of which only the first half arrives.
 */
export type Fault =
  | { status: number; retryAfter?: string | number }
  | "silence"
  | "reset"
  | "malformed"
  | "truncated";

/** A request as it came in. */
export interface Received {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer: a string goes out as text, everything else as JSON. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** What a vendor says. */
export interface Vendor {
  /** The largest body, in bytes, that the vendor reads before it answers 413. */
  largestBody: number;
  answer: (request: Received) => Answer | Promise<Answer>;
  /** The vendor's error of that status. */
  failure: (status: number) => Answer;
}

export interface StandInOptions {
  /** Any free port unless given. */
  port?: number;
  /** 127.0.0.1 unless given. */
  host?: string;
  /** Faults that the first answers commit, in this order. */
  faults?: Fault[];
}

export interface StandIn {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** The latest requests, without their bodies; the oldest first. */
  requests: Omit<Received, "body">[];
  /** The next answers fail in these ways, one answer each. */
  fail: (...next: Fault[]) => void;
  /** Ends every connection and frees the port. */
  close: () => Promise<void>;
}

const rememberedRequests = 1000;

export async function startStandIn(vendor: Vendor, options: StandInOptions): Promise<StandIn> {
  const { host = "127.0.0.1", port = 0 } = options;
  const faults = [...(options.faults ?? [])];
  const requests: StandIn["requests"] = [];

  const server = createServer(async (request, response) => {
    try {
      const received = await receive(request, vendor.largestBody);
      const { body, ...rest } = received;
      requests.push(rest);
      if (requests.length > rememberedRequests) requests.shift();
      const answer = () => (body ? vendor.answer({ ...rest, body }) : vendor.failure(413));
      const fault = faults.shift();
      if (fault) await commit(fault, response, vendor, answer);
      else send(response, await answer());
    } catch {
      // The client is gone, or the stand-in itself is at fault: either way nothing sensible can be said.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });

  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    fail: (...next) => void faults.push(...next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Reads to the end even what is too large, so that the client can send it all and hear why it is refused. */
async function receive(request: IncomingMessage, largestBody: number) {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stand-in");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= largestBody) chunks.push(chunk);
  }
  return {
    method: request.method ?? "",
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: size <= largestBody ? Buffer.concat(chunks) : undefined,
  };
}

async function commit(
  fault: Fault,
  response: ServerResponse,
  vendor: Vendor,
  answer: () => Answer | Promise<Answer>,
) {
  switch (fault) {
    case "silence":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "malformed":
      response.writeHead(200, { "content-type": "application/json" }).end('{"results": ');
      return;
    case "truncated": {
      const { status, headers, text } = wire(await answer());
      response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(text) });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    default: {
      const { status, retryAfter } = fault;
      const failure = vendor.failure(status);
      const wait: Record<string, string> =
        retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
      send(response, { ...failure, headers: { ...failure.headers, ...wait } });
    }
  }
}

function send(response: ServerResponse, answer: Answer) {
  const { status, headers, text } = wire(answer);
  response.writeHead(status, headers).end(text);
}

function wire({ status, headers, body }: Answer) {
  const [type, text] =
    typeof body === "string"
      ? ["text/plain; charset=utf-8", body]
      : ["application/json", JSON.stringify(body)];
  return { status, headers: { "content-type": type, ...headers }, text };
}
