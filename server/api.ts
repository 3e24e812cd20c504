/** The API: finds the route of a request, asks who it is, runs the route and writes what it answers. */
import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";
import findMyWay from "find-my-way";
import manifest from "../package.json" with { type: "json" };
import { Admission, type AdmissionSettings } from "./access/admission.ts";
import { type Answer, type Sending, send } from "./answer.ts";
import { type BodyLimits, readBody, readJson, streamBody } from "./body.ts";
import type { ApiContext, ApiSettings, Call } from "./call.ts";
import { ApiError, asApiError, errorAnswer } from "./errors.ts";
import { countMeanwhile, countRequest } from "./metrics/counts.ts";
import { parameterReader, queryOf, type Reader } from "./parameters.ts";
import type { Method, Route } from "./route.ts";
import { routes } from "./routes.ts";

export interface ServedSettings extends ApiSettings, AdmissionSettings {
  /** Whether the conserver's routes answer without the path, too. */
  atRoot: boolean;
  /** Seconds for a request to arrive and its answer to begin; as long may nothing of the answer be taken. */
  timeLimit: number;
}

export interface ApiOptions extends ApiContext {
  settings: ServedSettings;
}

interface FoundRoute {
  route: Route;
  readPath: Reader;
  readQuery: Reader;
  params: Record<string, string | undefined>;
}

/** A request, as far as it is understood before its route runs. */
interface Asked {
  request: IncomingMessage;
  found: FoundRoute | undefined;
  path: string;
  search: string;
  style: Route["style"];
  signal: AbortSignal;
}

/** Requests under way may go on so long when the API is closed: less than the 15 s that Node-RED gives a node. */
const CLOSING_MS = 10_000;

/** Those of its answers that the page of another origin may read, beside those that any may. */
const EXPOSED_HEADERS = [
  "ETag",
  "Location",
  "Retry-After",
  "Accept-Ranges",
  "Content-Range",
  "Content-Disposition",
];

const METHODS: readonly Method[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

export class VconApi {
  readonly #options: ApiOptions;
  readonly #router = findMyWay({ ignoreTrailingSlash: true, maxParamLength: 400 });
  readonly #admission: Admission;
  readonly #limits: BodyLimits;
  readonly #cors: ReturnType<typeof cors> | undefined;
  /** By what ends it. */
  readonly #running = new Map<AbortController, Promise<void>>();
  readonly #stopCounting: () => void;
  #isClosed = false;

  constructor(options: ApiOptions) {
    const { maxBytes, signatureSecret, origins } = options.settings;
    this.#options = options;
    this.#admission = new Admission(options.settings);
    const { weakKeys } = this.#admission;
    if (weakKeys > 0) {
      options.warn(`${weakKeys} of the keys of the vCon API can be found out by trying: take longer ones.`);
    }
    this.#limits = { maxBytes, secret: signatureSecret };
    if (origins.length > 0) {
      const origin = origins.includes("*") ? "*" : [...origins];
      this.#cors = cors({ origin, exposedHeaders: EXPOSED_HEADERS });
    }
    for (const route of routes) {
      const readers = {
        readPath: parameterReader(route.params, "path", "ignored"),
        readQuery: parameterReader(
          route.query,
          "query",
          route.path.startsWith("/v1/") ? "refused" : "ignored",
        ),
      };
      this.#router.on(route.method, route.path, () => {}, { route, ...readers });
    }
    this.#stopCounting = countMeanwhile();
  }

  /** Where it answers, "/" for everywhere. */
  get path(): string {
    return this.#options.settings.path || "/";
  }

  /**
   * Whether a request for this path is the API's to answer; the path begins with a slash and has no query. At the root,
   * where others answer as well, that is so for the paths of its routes alone.
   */
  claims(path: string): boolean {
    const { path: own, atRoot } = this.#options.settings;
    if (own !== "" && within(own, path) !== undefined) return true;
    return this.#methodsAt(path).some(({ route }) => own === "" || (atRoot && route.style === "conserver"));
  }

  /** Answers a request that it claims; once it is closed, that it is. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ending = new AbortController();
    const running = this.#handle(request, response, ending).catch(() => void response.destroy());
    this.#running.set(ending, running);
    await running;
    this.#running.delete(ending);
  }

  /** Resolves once what is under way is answered, or was given up. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const timer = setTimeout(() => {
      for (const ending of this.#running.keys()) ending.abort(closed());
    }, CLOSING_MS);
    await Promise.all(this.#running.values());
    clearTimeout(timer);
    this.#stopCounting();
  }

  async #handle(request: IncomingMessage, response: ServerResponse, ending: AbortController): Promise<void> {
    const begun = performance.now();
    const { signal } = ending;
    const timeLimit = this.#options.settings.timeLimit * 1000;
    const timer = setTimeout(() => {
      if (!response.headersSent) ending.abort(tooSlow(request));
    }, timeLimit);
    const unwatch = whenGone(request, () => ending.abort(new OtherEndGone()));
    const how = { withoutBody: request.method === "HEAD", idleLimit: timeLimit, signal };
    const asked = this.#understand(request, signal);
    try {
      response.setHeader("x-vcon-server-version", manifest.version);
      response.setHeader("x-vcon-server-commit", "unknown");
      // Caches between here and there know nothing of the header with the key.
      response.setHeader("cache-control", "private, no-cache");
      // The editor of Node-RED 4, where it is at the same root, lets all pages read what is answered behind it.
      response.removeHeader("access-control-allow-origin");
      if (this.#cors && answeredByCors(this.#cors, request, response)) return;
      await untilAborted(signal, this.#answer(asked, response, how));
    } catch (thrown) {
      if (response.headersSent || signal.reason instanceof OtherEndGone) response.destroy();
      else await send(response, this.#refusal(asked, signal.aborted ? signal.reason : thrown), how);
    } finally {
      clearTimeout(timer);
      unwatch();
      countRequest({
        route: asked.found?.route.path,
        method: request.method ?? "",
        status: response.headersSent ? response.statusCode : undefined,
        seconds: (performance.now() - begun) / 1000,
      });
    }
  }

  #understand(request: IncomingMessage, signal: AbortSignal): Asked {
    const { path: whole, search } = splitUrl(request.url ?? "/");
    const path = within(this.#options.settings.path, whole) ?? whole;
    const found =
      request.method === "HEAD" ? this.#findHead(path) : this.#find(request.method as Method, path);
    const style = found?.route.style ?? (path.startsWith("/v1/") ? "v1" : "conserver");
    return { request, found, path, search, style, signal };
  }

  async #answer(asked: Asked, response: ServerResponse, how: Sending): Promise<void> {
    const answer = await this.#run(asked);
    asked.signal.throwIfAborted();
    await send(response, answer, how);
  }

  #refusal({ request, found, style }: Asked, thrown: unknown): Answer {
    const error = asApiError(thrown);
    if (error.status === 500) {
      this.#options.warn(`${request.method} ${found?.route.path}: ${error.message}${codeOf(thrown)}`);
    }
    return errorAnswer(error, style);
  }

  async #run({ request, found, path, search, signal }: Asked): Promise<Answer> {
    if (this.#isClosed) throw closed();
    if (found === undefined) throw this.#unknown(path);
    const { route, readPath, readQuery, params } = found;
    const address = request.socket.remoteAddress ?? "";
    const holder = await this.#admission.admit(request, route, address);
    const call: Call<Record<string, unknown>, Record<string, unknown>> = {
      api: this.#options,
      params: readPath(inLists(params)),
      query: readQuery(queryOf(search)),
      request,
      holder,
      address,
      signal,
      admitToList: (list) => this.#admission.admitToList(request, list, address),
      header: (name) => headerOf(request, name),
      bytes: () => readBody(request, this.#limits),
      json: () => readJson(request, this.#limits),
      stream: () => streamBody(request, this.#limits),
    };
    return route.run(call);
  }

  #unknown(path: string): ApiError {
    const methods = this.#methodsAt(path).map(({ route }) => route.method);
    if (methods.length === 0) return new ApiError(404, "NO_SUCH_ROUTE", "Not Found");
    return new ApiError(405, "NO_SUCH_METHOD", "Method Not Allowed", {
      headers: { allow: methods.join(", ") },
    });
  }

  #methodsAt(path: string): FoundRoute[] {
    return METHODS.flatMap((method) => this.#find(method, path) ?? []);
  }

  /** What GET would answer, unless that takes or changes something, for which the right to read is not enough. */
  #findHead(path: string): FoundRoute | undefined {
    const found = this.#find("GET", path);
    return found && ["read", "open"].includes(found.route.access) ? found : undefined;
  }

  #find(method: Method, path: string): FoundRoute | undefined {
    const found = this.#router.find(method, path);
    return found === null ? undefined : { ...found.store, params: found.params };
  }
}

class OtherEndGone extends Error {}

function tooSlow({ complete }: IncomingMessage): ApiError {
  if (complete) {
    const says =
      "The answer took longer than the time limit of this API. Ask again, for less where that is possible.";
    return new ApiError(503, "TOO_SLOW", says, { headers: { "retry-after": "5" } });
  }
  const says = "The request did not arrive within the time limit of this API.";
  return new ApiError(408, "REQUEST_TOO_SLOW", says, { headers: { connection: "close" } });
}

function closed(): ApiError {
  return new ApiError(503, "CLOSING", "The API is being closed. Ask again in a moment.", {
    headers: { "retry-after": "5" },
  });
}

async function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Of the connection itself: a response that is not its turn yet does not hear of it.
 * @returns what ends the watching
 */
function whenGone({ socket }: IncomingMessage, tell: () => void): () => void {
  // Any number of requests may be sent without waiting for an answer.
  socket.setMaxListeners(0);
  socket.once("close", tell);
  if (socket.destroyed) tell();
  return () => socket.off("close", tell);
}

/** Lets the library set its headers. @returns whether it has answered, which it does to what asks for leave */
function answeredByCors(
  heed: ReturnType<typeof cors>,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  heed(request as never, response as never, () => {});
  return response.writableEnded;
}

/** The path below `prefix`, undefined for one that is elsewhere. */
function within(prefix: string, path: string): string | undefined {
  if (prefix === "") return path;
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

function splitUrl(url: string): { path: string; search: string } {
  const mark = url.indexOf("?");
  return mark < 0 ? { path: url, search: "" } : { path: url.slice(0, mark), search: url.slice(mark + 1) };
}

function inLists(params: Record<string, string | undefined>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [value ?? ""]]));
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function codeOf(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === "string" ? ` ${code}` : "";
}
