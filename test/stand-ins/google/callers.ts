/** Who calls Google: service accounts by a JWT that they sign themselves, or by a token that they got for one. */
import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, verify } from "node:crypto";
import type { Answer, Received } from "../../../flows/stand-ins/stand-in.ts";
import { badCredentials, noIdentity, Refusal, SERVICE, success, tooNarrowScope } from "./answers.ts";

export interface ServiceAccount {
  email: string;
  publicKey: KeyObject;
  /** The file that Google's console gives to download, as text. */
  keyFile: string;
  /** Whether its project has the Sheets API switched on; it has, unless this is false. */
  enabled?: boolean;
}

export function makeServiceAccount(name = "rows"): ServiceAccount {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const email = `${name}@example-project.iam.gserviceaccount.com`;
  const file = {
    type: "service_account",
    project_id: "example-project",
    private_key_id: randomBytes(20).toString("hex"),
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    client_email: email,
    client_id: "100000000000000000001",
    auth_uri: "https://accounts.google.com/o/oauth2/auth",
    token_uri: TOKEN_URL,
    universe_domain: "googleapis.com",
  };
  return { email, publicKey, keyFile: JSON.stringify(file, null, 2) };
}

const TOKEN_URL = "https://oauth2.googleapis.com/token";
const AUDIENCE = `https://${SERVICE}/`;
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const SCOPES = [
  "https://www.googleapis.com/auth/spreadsheets",
  "https://www.googleapis.com/auth/drive",
  "https://www.googleapis.com/auth/drive.file",
];
/** How the tokens begin that Google grants. */
const GRANTED = "ya29.";
const HOUR_S = 3600;
/** By how much Google lets clocks differ. */
const SKEW_S = 300;

interface Claims {
  iss?: string;
  sub?: string;
  aud?: string;
  scope?: string;
  iat?: number;
  exp?: number;
}

export class Callers {
  /** By how many seconds the clock at Google is ahead. */
  ahead = 0;
  readonly #accounts: readonly ServiceAccount[];
  readonly #tokens = new Map<string, { account: ServiceAccount; scope: string; expires: number }>();

  constructor(accounts: readonly ServiceAccount[]) {
    this.#accounts = accounts;
  }

  /** The account that the request comes from. @throws Refusal */
  of({ headers }: Received): ServiceAccount {
    const { authorization } = headers;
    if (authorization === undefined) throw new Refusal(noIdentity());
    const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? "";
    return token.startsWith(GRANTED) ? this.#ofGranted(token) : this.#ofSelfSigned(token);
  }

  /** As AIP-4111 has it: either for this service, by `aud`, or for some of what it does, by `scope`. */
  #ofSelfSigned(token: string): ServiceAccount {
    const { account, claims } = this.#read(token);
    if (account === undefined || claims.sub !== claims.iss) throw new Refusal(badCredentials());
    if (this.#isPast(claims)) throw new Refusal(badCredentials("ACCESS_TOKEN_EXPIRED"));
    if (!this.#isShortLived(claims) || (claims.aud === undefined) === (claims.scope === undefined)) {
      throw new Refusal(badCredentials());
    }
    if (claims.aud !== undefined && claims.aud !== AUDIENCE) throw new Refusal(badCredentials());
    if (claims.scope !== undefined) checkScope(claims.scope);
    return account;
  }

  #ofGranted(token: string): ServiceAccount {
    const granted = this.#tokens.get(token);
    if (granted === undefined) throw new Refusal(badCredentials());
    if (this.#isPast({ exp: granted.expires })) throw new Refusal(badCredentials("ACCESS_TOKEN_EXPIRED"));
    checkScope(granted.scope);
    return granted.account;
  }

  /** The token endpoint. */
  grant({ headers, body }: Received): Answer {
    if (!headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
      return noGrant("invalid_request", "Bad Request");
    }
    const form = new URLSearchParams(body.toString());
    if (form.get("grant_type") !== GRANT) {
      return noGrant("unsupported_grant_type", `Invalid grant_type: ${form.get("grant_type") ?? ""}`);
    }
    const { known, account, claims } = this.#read(form.get("assertion") ?? "");
    if (!known) return noGrant("invalid_grant", "Invalid grant: account not found");
    if (account === undefined) return noGrant("invalid_grant", "Invalid JWT Signature.");
    if (claims.aud !== TOKEN_URL) return noGrant("invalid_grant", "Invalid JWT: Failed audience check.");
    if (this.#isPast(claims) || !this.#isShortLived(claims)) {
      return noGrant(
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
      );
    }
    if (!claims.scope) {
      return noGrant("invalid_scope", "Invalid OAuth scope or ID token audience provided.");
    }
    const token = `${GRANTED}${randomUUID()}`;
    this.#tokens.set(token, { account, scope: claims.scope, expires: this.#now + HOUR_S });
    return success({ access_token: token, expires_in: HOUR_S - 1, token_type: "Bearer" });
  }

  /** In seconds since 1970. */
  get #now(): number {
    return Date.now() / 1000 + this.ahead;
  }

  #isPast({ exp = 0 }: Claims): boolean {
    return exp < this.#now;
  }

  #isShortLived({ iat = Number.POSITIVE_INFINITY, exp = 0 }: Claims): boolean {
    return iat <= this.#now + SKEW_S && exp - iat <= HOUR_S;
  }

  /** What the JWT claims, whether it names an account, and that account if the signature is its own. */
  #read(token: string): { known: boolean; account?: ServiceAccount; claims: Claims } {
    try {
      const [header, payload, signature] = token.split(".") as [string, string, string];
      const { alg } = decode(header) as { alg?: string };
      const claims = decode(payload) as Claims;
      const account = this.#accounts.find(({ email }) => email === claims.iss);
      const isSigned =
        account !== undefined &&
        alg === "RS256" &&
        verify(
          "RSA-SHA256",
          Buffer.from(`${header}.${payload}`),
          account.publicKey,
          Buffer.from(signature, "base64url"),
        );
      return { known: account !== undefined, claims, ...(isSigned && { account }) };
    } catch {
      return { known: false, claims: {} };
    }
  }
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function checkScope(scope: string): void {
  if (!scope.split(" ").some((one) => SCOPES.includes(one))) throw new Refusal(tooNarrowScope());
}

/** RFC 6749 section 5.2. */
function noGrant(error: string, error_description: string): Answer {
  return { ...success({ error, error_description }), status: 400 };
}
