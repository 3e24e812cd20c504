/** Decides who may use a route, by the key that is presented. */
import type { IncomingMessage } from "node:http";
import { ApiError } from "../errors.ts";
import { RIGHTS, type Route } from "../route.ts";
import { type Holder, Keys, type TypedKeys } from "./keys.ts";
import { RateLimit } from "./rate-limit.ts";

export interface AdmissionSettings {
  /** Undefined where everybody may do everything. */
  keys: TypedKeys | undefined;
  /** The keys of lists: "list:key". */
  ingressKeys: string;
  /** In which header the conserver's programs present their key; "Authorization: Bearer" is heeded as well. */
  keyHeader: string;
  /** Requests a minute for one holder of a key, or one address without a key; 0 for no limit. */
  perMinute: number;
  /** Whose pages a browser lets ask: "https://example.com", or "*"; none for nobody's. */
  origins: readonly string[];
  /** Whether the open routes that tell how much is waiting are open. */
  openStatistics: boolean;
}

const NO_KEYS: TypedKeys = { read: "", write: "", admin: "" };
const EVERYBODY: Holder = { name: "everybody", rights: new Set(RIGHTS) };
const NOBODY: Holder = { name: "nobody", rights: new Set() };

export class Admission {
  readonly #settings: AdmissionSettings;
  readonly #keys: Keys;
  readonly #rateLimit: RateLimit;

  constructor(settings: AdmissionSettings) {
    const { keys, ingressKeys, perMinute } = settings;
    this.#settings = settings;
    this.#keys = new Keys(keys ?? NO_KEYS, ingressKeys);
    this.#rateLimit = new RateLimit(perMinute);
  }

  /** How many keys can be found out by trying. */
  get weakKeys(): number {
    return this.#keys.weak;
  }

  /** Whoever comes for an ingress list is for admitToList to judge. @throws ApiError 401, 403, 429 */
  async admit(
    request: IncomingMessage,
    { access, style, operation }: Route,
    address: string,
  ): Promise<Holder> {
    const presented = this.#presented(request);
    const holder = presented === "" ? undefined : this.#keys.holderOf(presented);
    if (access === "ingress") return holder ?? NOBODY;
    await this.#rateLimit.count(holder ? `key ${holder.name}` : `address ${address}`);
    const isOpen = access === "open" && (operation !== "queueStatistics" || this.#settings.openStatistics);
    if (isOpen) return holder ?? NOBODY;
    if (this.#settings.keys === undefined) {
      if (request.method !== "GET" && this.#comesFromForeignPage(request)) throw foreignPage();
      return holder ?? EVERYBODY;
    }
    if (holder === undefined) throw await this.#refusal(style, presented, address);
    const right = access === "open" ? "read" : access;
    if (holder.rights.has(right)) return holder;
    throw new ApiError(403, "RIGHT_MISSING", `This key does not have the right "${right}".`);
  }

  /** Whoever has a key of this list. @throws ApiError 403 with the conserver's texts, 429 */
  async admitToList(request: IncomingMessage, list: string, address: string): Promise<Holder> {
    const presented = this.#presented(request);
    const opens = presented === "" ? "no" : this.#keys.opens(list, presented);
    const name = `key of ${list}`;
    await this.#rateLimit.count(opens === "yes" ? `key ${name}` : `address ${address}`);
    if (opens === "yes") return { name, rights: new Set() };
    if (presented === "") throw listRefusal("API Key required");
    if (!this.#keys.hasIngress) throw listRefusal("No ingress authentication configured");
    await this.#rateLimit.countWrongKey(address);
    throw listRefusal(LIST_TEXTS[opens](list));
  }

  /** A browser sends what some page asks for, and with it from which page; other programs name none. */
  #comesFromForeignPage({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    const { origins } = this.#settings;
    if (origin === undefined || origins.includes("*") || origins.includes(origin)) return false;
    return URL.parse(origin)?.host !== host;
  }

  async #refusal(style: Route["style"], presented: string, address: string): Promise<ApiError> {
    if (presented !== "") await this.#rateLimit.countWrongKey(address);
    if (style === "conserver") return new ApiError(403, "KEY_INVALID", "Invalid API Key");
    return new ApiError(
      401,
      "KEY_INVALID",
      `The key is missing or wrong. Send it as "Authorization: Bearer" or as "${this.#settings.keyHeader}".`,
      { headers: { "www-authenticate": "Bearer" } },
    );
  }

  #presented({ headers }: IncomingMessage): string {
    const own = headers[this.#settings.keyHeader.toLowerCase()];
    if (typeof own === "string" && own !== "") return own;
    return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? "";
  }
}

/** Verbatim, because programs look for them (spec/conserver.md section 1.2). */
const LIST_TEXTS = {
  missing: (list: string) => `Ingress list '${list}' not configured`,
  empty: (list: string) => `Invalid configuration for ingress list '${list}'`,
  no: (list: string) => `Invalid API Key for ingress list '${list}'`,
} as const;

function foreignPage(): ApiError {
  return new ApiError(
    403,
    "ORIGIN_REFUSED",
    "Pages of this origin may not change anything here. Name it in the settings of the API if they are to.",
  );
}

function listRefusal(text: string): ApiError {
  return new ApiError(403, "KEY_INVALID", text);
}
