/**
 * The token endpoint: client credentials, and an assertion signed by the client (RFC 7523).
 *
 * Written from Salesforce's pages on the two flows, and from errors that users have published.
 */
import { createPublicKey, randomBytes } from "node:crypto";
import { decodeJwt, jwtVerify } from "jose";
import type { Answer, Received } from "../../../flows/stand-ins/stand-in.ts";

/** A client that the org's admin has let in. */
export interface Client {
  id: string;
  secret: string;
  /** The key that belongs to the certificate, in PEM. */
  publicKey: string;
  /** The users that it may act for, by assertion. */
  users: string[];
}

/** An assertion lives three minutes at most; clocks may be a little apart. */
const LONGEST_ASSERTION_SECONDS = 180;
const CLOCKS_APART_SECONDS = 10;

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const PARAMETERS = ["grant_type", "client_id", "client_secret", "assertion", "format"];

export class Sessions {
  readonly #client: Client;
  readonly #tokens = new Set<string>();
  /** How many tokens were given out. */
  given = 0;
  /** As where the app lacks the scope: tokens are given, and good for nothing. */
  refusesAll = false;

  constructor(client: Client) {
    this.#client = client;
  }

  isOpen({ headers }: Received): boolean {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    return token !== undefined && this.#tokens.has(token) && !this.refusesAll;
  }

  /** As time does, or an admin. */
  endAll(): void {
    this.#tokens.clear();
  }

  /** @param url where the org is */
  async answer(request: Received, url: string): Promise<Answer> {
    if (request.method !== "POST") return error("invalid_request", "must use HTTP POST");
    if (!/^application\/x-www-form-urlencoded\b/.test(request.headers["content-type"] ?? "")) {
      return error("invalid_request", "content type must be application/x-www-form-urlencoded");
    }
    const form = new URLSearchParams(request.body.toString());
    const unknown = [...form.keys()].find((name) => !PARAMETERS.includes(name));
    if (unknown) return error("invalid_request", `unknown parameter ${unknown}`);
    const refused = await this.#refused(form, url);
    if (refused) return refused;
    this.given++;
    const token = `00D5f0000000001!${randomBytes(40).toString("base64url")}`;
    this.#tokens.add(token);
    return {
      status: 200,
      body: {
        access_token: token,
        signature: randomBytes(32).toString("base64"),
        scope: "api",
        instance_url: url,
        id: `${url}/id/00D5f0000000001EAA/0055f0000000001AAA`,
        token_type: "Bearer",
        issued_at: String(Date.now()),
        api_instance_url: url,
      },
    };
  }

  async #refused(form: URLSearchParams, url: string): Promise<Answer | undefined> {
    switch (form.get("grant_type")) {
      case null:
        return error("invalid_request", "missing required parameter: grant_type");
      case "client_credentials":
        if (form.get("client_id") !== this.#client.id) {
          return error("invalid_client_id", "client identifier invalid");
        }
        if (form.get("client_secret") === this.#client.secret) return undefined;
        return error("invalid_client", "invalid client credentials");
      case JWT_BEARER:
        return this.#refusedAssertion(form.get("assertion") ?? "", url);
      default:
        return error("unsupported_grant_type", "grant type not supported");
    }
  }

  async #refusedAssertion(assertion: string, url: string): Promise<Answer | undefined> {
    const { id, publicKey, users } = this.#client;
    try {
      const { iss, exp = 0 } = decodeJwt(assertion);
      if (iss !== id) return error("invalid_client_id", "client identifier invalid");
      const now = Date.now() / 1000;
      if (exp < now) return error("invalid_grant", "expired authorization code");
      if (exp > now + LONGEST_ASSERTION_SECONDS + CLOCKS_APART_SECONDS) {
        return error("invalid_grant", "invalid assertion");
      }
      const { payload } = await jwtVerify(assertion, createPublicKey(publicKey), { algorithms: ["RS256"] });
      if (payload.aud !== url) return error("invalid_grant", "audience is invalid");
      if (users.includes(String(payload.sub))) return undefined;
      return error("invalid_grant", "user hasn't approved this consumer");
    } catch {
      return error("invalid_grant", "invalid assertion");
    }
  }
}

/** The shape of RFC 6749, section 5.2. */
function error(code: string, error_description: string): Answer {
  return { status: 400, body: { error: code, error_description } };
}
