/** One request to a vCon API, made again where its failure may pass and making it twice does no harm. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { VconError } from "../errors.ts";
import { isConnectionCode, isTransientStatus, parseRetryAfter } from "../network.ts";
import { VconApiError } from "./error.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** Whoever asks for more patience than this is better asked by a later call. */
const LONGEST_ASKED_MS = 60_000;

export type Query = Record<string, string | number | readonly string[] | undefined>;

export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the API's URL, its parts encoded. */
  path: string;
  query?: Query;
  headers?: Record<string, string>;
  /** Text, bytes, or a function that gives the same bytes each time. */
  body?: string | Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** Whether it may be made again after it has maybe been done. */
  repeatable: boolean;
  /** Whether 404 is an answer, too: that there is none. */
  mayBeMissing?: boolean;
  signal?: AbortSignal | undefined;
}

export interface Sender {
  url: string;
  headers: Record<string, string>;
  /** How often a request is made at most. */
  attempts: number;
  /** Milliseconds that an answer may take to begin. */
  timeLimit: number;
}

/** What `read` makes of the answer, if that is a success. @throws VconApiError; what `signal` aborts with */
export async function ask<Value>(
  sender: Sender,
  request: ApiRequest,
  read: (answer: Response) => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await askOnce(sender, request, read);
    if (!(outcome instanceof VconApiError)) return outcome;
    const pause = pauseAfter(outcome, attempt);
    const mayRepeat = request.repeatable || outcome.nothingDone;
    const isLast = attempt >= sender.attempts || pause > LONGEST_ASKED_MS;
    if (!outcome.transient || !mayRepeat || isLast) throw outcome;
    await rest(pause, request.signal);
  }
}

async function askOnce<Value>(
  sender: Sender,
  request: ApiRequest,
  read: (answer: Response) => Promise<Value>,
): Promise<Value | VconApiError> {
  const answer = await answerTo(sender, request);
  if (answer instanceof VconApiError) return answer;
  if (!answer.ok && !(request.mayBeMissing && saysMissing(answer))) return refusal(answer);
  try {
    return await read(answer);
  } catch (error) {
    request.signal?.throwIfAborted();
    return unreadable(error);
  }
}

async function answerTo(sender: Sender, request: ApiRequest): Promise<Response | VconApiError> {
  const { method, path, query = {}, headers, body, signal } = request;
  signal?.throwIfAborted();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), sender.timeLimit);
  try {
    return await fetch(`${sender.url}${path}${searchOf(query)}`, {
      method,
      headers: { ...sender.headers, ...headers },
      // Node's fetch takes any iterable, which the type does not say.
      ...(body !== undefined && {
        body: (typeof body === "function" ? body() : body) as BodyInit,
        duplex: "half",
      }),
      // Whoever it leads to has no business with the data, nor with the key.
      redirect: "manual",
      signal: signal ? AbortSignal.any([signal, limit.signal]) : limit.signal,
    } as RequestInit);
  } catch (error) {
    signal?.throwIfAborted();
    // What was being sent could not be read to its end.
    const { cause } = error as { cause?: unknown };
    if (cause instanceof VconError) throw cause;
    return limit.signal.aborted ? tooLate(sender.timeLimit) : unreachable(error);
  } finally {
    clearTimeout(timer);
  }
}

async function rest(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(milliseconds, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
}

/** An API says so in JSON; where there is none, a web server says something else. */
function saysMissing({ status, headers }: Response): boolean {
  return status === 404 && /^application\/(?:[\w.-]+\+)?json\b/.test(headers.get("content-type") ?? "");
}

/** A key under which a repeated request is known to be the same. */
export function newKey(): string {
  return randomUUID();
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const entry of [value].flat()) if (entry !== undefined) search.append(name, String(entry));
  }
  return search.size === 0 ? "" : `?${search}`;
}

async function refusal(response: Response): Promise<VconApiError> {
  const { status, headers } = response;
  const code = await codeIn(response);
  return new VconApiError(`The vCon API answered ${status}${code === undefined ? "" : ` (${code})`}.`, {
    status,
    code: code ?? String(status),
    // What this client has asked for itself, when it asks again too soon.
    transient: isTransientStatus(status) || code === "STILL_RUNNING",
    nothingDone: status === 429,
    retryAfter: parseRetryAfter(headers.get("retry-after")),
  });
}

/** That of the problem details: its text is the other side's, and is not passed on. */
async function codeIn(response: Response): Promise<string | undefined> {
  const text = await response.text().catch(() => "");
  if (!response.headers.get("content-type")?.startsWith("application/problem+json")) return undefined;
  try {
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === "string" && /^[A-Z_]{1,40}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

function tooLate(timeLimit: number): VconApiError {
  const text = `The vCon API gave no answer within ${timeLimit / 1000} s.`;
  return new VconApiError(text, { code: "TIME_LIMIT", transient: true });
}

const NEVER_ARRIVED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

function unreachable(error: unknown): VconApiError {
  const { cause } = error as { cause?: { code?: unknown } };
  const code = typeof cause?.code === "string" ? cause.code : "UNREACHABLE";
  return new VconApiError(`The vCon API can't be reached (${code}). Check its address and the network.`, {
    code,
    transient: isConnectionCode(code),
    nothingDone: NEVER_ARRIVED.has(code),
    cause: error,
  });
}

/** It is not handed on as the cause: what JSON.parse throws quotes what it was given. */
function unreadable(error: unknown): VconApiError {
  if (error instanceof SyntaxError) {
    const text = "The vCon API's answer is not what it was asked for. Check the API's address.";
    return new VconApiError(text, { code: "ANSWER_MALFORMED", transient: false });
  }
  return new VconApiError("The answer of the vCon API broke off.", { code: "BROKEN_OFF", transient: true });
}

function pauseAfter({ retryAfter }: VconApiError, attempt: number): number {
  // Spread, so that many who failed together do not come back together.
  const own = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return retryAfter ?? Math.min(own, LONGEST_PAUSE_MS);
}
