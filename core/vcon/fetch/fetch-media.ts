/** Fetches what a vCon refers to by URL (core-04 section 2.4), whoever wrote the URL and whatever answers. */
import type { IncomingMessage } from "node:http";
import { finished } from "node:stream";
import { parseRetryAfter } from "../../network.ts";
import { checkContentHash } from "../media.ts";
import { guardedLookup, type Lookup } from "./addresses.ts";
import { ask } from "./ask.ts";
import { connectionFailure, refused, statusFailure, unavailable } from "./failures.ts";
import { isSameType, specificType, UNKNOWN_TYPE } from "./mediatypes.ts";
import { checkedUrl } from "./urls.ts";

export interface FetchOptions {
  /** Bytes, 200 MB unless given. More is refused, at once where the server declares it. */
  maxBytes?: number;
  timeLimits?: Partial<TimeLimits>;
  /** Whether http will do, also after a redirect from https. */
  allowHttp?: boolean;
  /** Whether loopback, private (RFC 1918, RFC 6598) and unique-local addresses may be connected to. */
  allowPrivate?: boolean;
  /** Finds the addresses of a name, in place of the operating system. They are checked all the same. */
  lookup?: Lookup;
  /** The authorities that servers' certificates are trusted by, as PEM, in place of Node's own. */
  ca?: string;
  signal?: AbortSignal;
}

/** In seconds. */
export interface TimeLimits {
  /** Until a connection stands, name lookup and TLS included; 10 unless given. */
  connect: number;
  /** From then on until the answer begins; 30 unless given. */
  answer: number;
  /** For all of it, redirects and the reading of the stream included; 600 unless given. */
  whole: number;
}

export interface MediaOptions extends FetchOptions {
  /** What the vCon says it is. */
  mediatype?: string;
  /** As in the vCon: one or several (core-04 section 2.4.2). */
  contentHash?: string | readonly string[];
}

export interface FetchedMedia {
  /** The expected one if there is one, else the server's; "application/octet-stream" where neither says any. */
  mediatype: string;
  /** Bytes, as the server declares them. */
  size?: number;
  /** The bytes, to be read once; nothing more is fetched than is read. Throws a VconError, also at its end. */
  stream: AsyncIterable<Uint8Array>;
}

interface Checks extends Pick<MediaOptions, "contentHash"> {
  host: string;
  maxBytes: number;
  stop: AbortSignal;
}

const MAX_BYTES = 200_000_000;
const MAX_REDIRECTS = 5;
const TIME_LIMITS: TimeLimits = { connect: 10, answer: 30, whole: 600 };

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches media over https, from public addresses only. Each redirect is checked like the first URL, and the address
 * that is checked is the one that is connected to. Proxies, also those that the environment names, are never used,
 * because the address would be looked up behind them; nor are cookies, credentials or compression.
 *
 * Ports below 1024 other than 80 and 443 are refused, as other protocols live there; higher ones are not.
 * @throws VconError `MEDIA_REFUSED` where the URL, an address, the size or the type is not allowed; `MEDIA_UNAVAILABLE`
 * where the server has no media to give, `transient` if it may have later; `MEDIA_CHANGED`, by the stream at its end,
 * where `contentHash` does not fit
 */
export async function fetchMedia(url: string, options: MediaOptions = {}): Promise<FetchedMedia> {
  const { maxBytes = MAX_BYTES, mediatype, contentHash, signal, timeLimits } = options;
  const end = ending(timeLimits?.whole ?? TIME_LIMITS.whole, signal);
  const { response, host } = await follow(url, options, end.signal).catch((error) => {
    end.release();
    throw error;
  });
  finished(response, end.release);
  try {
    checkAnswer(response, host);
    const size = declaredSize(response);
    checkSize(size ?? 0, maxBytes, host);
    return {
      mediatype: typeOf(response, mediatype, host),
      ...(size === undefined ? {} : { size }),
      stream: checkedBytes(response, { host, maxBytes, contentHash, stop: end.signal }),
    };
  } catch (error) {
    response.destroy();
    throw error;
  }
}

/** Ends a fetch when its time is over or the caller wants no more of it; the reason is a VconError. */
function ending(seconds: number, given: AbortSignal | undefined) {
  const controller = new AbortController();
  const onTime = () =>
    controller.abort(unavailable(`The media did not arrive within the time limit of ${seconds} s.`));
  const onStop = () => controller.abort(unavailable("The fetching of the media was stopped."));
  const timer = setTimeout(onTime, seconds * 1000);
  given?.addEventListener("abort", onStop);
  if (given?.aborted) onStop();
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      given?.removeEventListener("abort", onStop);
    },
  };
}

/** The first answer that is no redirect, and the host that gave it. */
async function follow(text: string, options: FetchOptions, stop: AbortSignal) {
  const { lookup, allowPrivate = false, ca, timeLimits } = options;
  const asking = { ...TIME_LIMITS, ...timeLimits, lookup: guardedLookup(lookup, allowPrivate), ca, stop };
  let url = checkedUrl(text, options);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const host = url.hostname;
    const response = await ask(url, asking).catch((error) => {
      throw stop.aborted ? stop.reason : connectionFailure(host, error);
    });
    const { statusCode = 0, headers } = response;
    if (!REDIRECTS.has(statusCode) || headers.location === undefined) return { response, host };
    response.destroy();
    url = checkedUrl(headers.location, options, url);
  }
  throw unavailable(
    `${url.hostname} is where more than ${MAX_REDIRECTS} redirects lead, and none to the media.`,
  );
}

function checkAnswer({ statusCode = 0, headers }: IncomingMessage, host: string): void {
  if (statusCode !== 200) throw statusFailure(host, statusCode, parseRetryAfter(headers["retry-after"]));
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  // Unpacked it may be of any size, and a content hash is of the bytes as they are sent.
  if (encoding !== "" && encoding !== "identity")
    throw refused(`${host} sends the media compressed, though it was asked not to.`);
}

function declaredSize({ headers }: IncomingMessage): number | undefined {
  const { "content-length": length } = headers;
  return length === undefined ? undefined : Number(length);
}

function checkSize(bytes: number, maxBytes: number, host: string): void {
  if (bytes > maxBytes) throw refused(`The media at ${host} is larger than the limit of ${maxBytes} bytes.`);
}

function typeOf({ headers }: IncomingMessage, mediatype: string | undefined, host: string): string {
  const [expected, given] = [specificType(mediatype), specificType(headers["content-type"])];
  if (expected !== undefined && given !== undefined && !isSameType(expected, given)) {
    throw refused(
      `${host} sends another media type than the vCon says. It may be a page that asks for a login, or the vCon is wrong.`,
    );
  }
  return expected ?? given ?? UNKNOWN_TYPE;
}

async function* checkedBytes(
  response: IncomingMessage,
  { host, maxBytes, contentHash, stop }: Checks,
): AsyncGenerator<Uint8Array, void> {
  const bytes = counted(response, host, maxBytes);
  try {
    yield* contentHash === undefined ? bytes : checkContentHash(bytes, contentHash);
  } catch (error) {
    throw stop.aborted ? stop.reason : connectionFailure(host, error);
  } finally {
    response.destroy();
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  host: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    checkSize(size, maxBytes, host);
    yield chunk;
  }
}
