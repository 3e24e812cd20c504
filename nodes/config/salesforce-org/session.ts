/** One connection to an org for all nodes that use it, with a new token where the old one has expired. */
import type { Connection } from "jsforce/lib/connection.js";
import type { OAuth2 } from "jsforce/lib/oauth2.js";
import { StepError } from "../../kit/index.ts";
import { askForToken, type Grant } from "./token.ts";

export interface Clients {
  Connection: typeof Connection;
  OAuth2: typeof OAuth2;
}

/** Winter '25; Salesforce keeps a version for three years at least. */
const API_VERSION = "62.0";

/** After the org's requests of a day are used up, nobody asks for so long. */
const SPENT_PAUSE_MS = 60_000;

export class Session {
  /** Of the login, which is the org's own where it has a domain. */
  readonly host: string;
  readonly #connect: () => Promise<Connection>;
  #connection: Promise<Connection> | undefined;
  #spentUntil = 0;

  constructor(clients: Clients, login: URL, grant: Grant) {
    this.host = login.host;
    this.#connect = async () => {
      const token = await askForToken(clients.OAuth2, login, grant);
      return open(clients.Connection, token);
    };
  }

  /**
   * Asks the org once, and once more with a new token where the old one has expired.
   * @param request is to send one request only
   * @throws StepError or whatever the client throws
   */
  async ask<Answer>(request: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    if (Date.now() < this.#spentUntil) throw spent();
    const opened = this.#opened();
    try {
      return await request(await opened);
    } catch (error) {
      if (isSpent(error)) {
        this.#spentUntil = Date.now() + SPENT_PAUSE_MS;
        throw spent();
      }
      if (!hasExpired(error)) throw error;
      // Another request may have had the new token meanwhile.
      if (this.#connection === opened) this.#connection = undefined;
      return request(await this.#opened());
    }
  }

  #opened(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }
}

/**
 * The client tries again by itself what the kit tries again, and takes JSON that it can't parse for a text; its own
 * way to a new token would go round in circles where the org refuses each.
 */
function open(
  Client: typeof Connection,
  { accessToken, instanceUrl }: { accessToken: string; instanceUrl: string },
): Connection {
  class OnceOnly extends Client {
    override request<Answer>(...[request, options = {}]: Parameters<Connection["request"]>) {
      const answer = super.request<Answer>(request, { ...options, retry: { maxRetries: 0 } });
      return ("responseType" in options ? answer : answer.then(parsed)) as typeof answer;
    }
  }
  return new OnceOnly({ instanceUrl, accessToken, version: API_VERSION, logLevel: "NONE" });
}

function parsed<Answer>(answer: Answer): Answer {
  if (typeof answer === "string") throw new SyntaxError("The answer is no JSON.");
  return answer;
}

function hasExpired(error: unknown): boolean {
  return (error as { errorCode?: unknown }).errorCode === "INVALID_SESSION_ID";
}

/** The same code says that too many came at the same moment, which passes soon. */
function isSpent(error: unknown): boolean {
  const { errorCode, message } = error as { errorCode?: unknown; message?: string };
  return errorCode === "REQUEST_LIMIT_EXCEEDED" && /TotalRequests/.test(message ?? "");
}

function spent(): StepError {
  return new StepError(
    "Salesforce has had as many requests as the org may send in 24 hours. Send the vCon again later, or have the limit raised.",
    { code: "REQUEST_LIMIT_EXCEEDED" },
  );
}
