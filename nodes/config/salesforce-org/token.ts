/**
 * How the app proves who it is: OAuth 2.0 client credentials, or an assertion that it signs (RFC 7523), as in
 * Salesforce's pages on the two flows.
 */
import type { KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import type { OAuth2 } from "jsforce/lib/oauth2.js";
import { outsideError, StepError, statusError } from "../../kit/index.ts";

export type Grant = { clientId: string } & (
  | { clientSecret: string }
  | { user: string; privateKey: KeyObject }
);

export interface Token {
  accessToken: string;
  /** Where the org is. */
  instanceUrl: string;
}

/** Salesforce takes an assertion that expires within three minutes. */
const ASSERTION_LIFE = "2m";

/** All requests wait for the token, and the client would wait half an hour for it. */
const PATIENCE_MS = 10_000;

/** @throws StepError in our own words: Salesforce's may name the user */
export async function askForToken(Client: typeof OAuth2, login: URL, grant: Grant): Promise<Token> {
  const answer = await inTime(ask(Client, login, grant)).catch((error) => {
    throw tokenError(error);
  });
  const { access_token: accessToken, instance_url: instanceUrl } = answer ?? {};
  if (typeof accessToken === "string" && typeof instanceUrl === "string") return { accessToken, instanceUrl };
  throw new StepError("Salesforce gave no token. Check the URL of the Salesforce org.", {
    code: "ANSWER_UNREADABLE",
    transient: true,
  });
}

async function inTime<Answer>(asking: Promise<Answer>): Promise<Answer> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooLate()), PATIENCE_MS);
  return Promise.race([asking, givenUp]).finally(() => clearTimeout(timer));
}

function tooLate(): StepError {
  return new StepError(`Salesforce's login gave no answer within ${PATIENCE_MS / 1000} s. Check the URL.`, {
    code: "ETIMEDOUT",
    transient: true,
  });
}

async function ask(Client: typeof OAuth2, login: URL, grant: Grant) {
  const loginUrl = login.origin;
  if ("clientSecret" in grant) {
    return new Client({ loginUrl, ...grant }).requestToken({ grant_type: "client_credentials" });
  }
  const assertion = await new SignJWT()
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(grant.clientId)
    .setSubject(grant.user)
    .setAudience(audienceOf(login))
    .setExpirationTime(ASSERTION_LIFE)
    .sign(grant.privateKey);
  return new Client({ loginUrl }).requestToken({
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    assertion,
  });
}

/** Salesforce's own login server, also where an org has a domain of its own; elsewhere whoever is asked. */
function audienceOf({ hostname, origin }: URL): string {
  if (!hostname.endsWith(".salesforce.com")) return origin;
  const isTest = /^test\.|\.(sandbox|scratch)\.my\./.test(hostname);
  return isTest ? "https://test.salesforce.com" : "https://login.salesforce.com";
}

const WORDS: Record<string, string> = {
  invalid_client_id: "It does not know the client id. Check it; a new app is known after some minutes.",
  invalid_client: "The secret is wrong. Copy it from the app again.",
  unsupported_grant_type: "It does not know the flow. Check the URL.",
  invalid_app_access: "The user may not use the app. Permit it in the app's policies.",
  inactive_user: "The user is not active.",
  inactive_org: "The org is locked or closed.",
};

/** One code has many reasons, which only the description tells apart. */
const GRANT_WORDS: [said: RegExp, what: string][] = [
  [/not supported on this domain/i, "The flow needs the org's own domain. Set it as the URL."],
  [
    /no client credentials user|credentials flow/i,
    "The flow is not enabled in the app, or has no user to run as.",
  ],
  [/hasn't approved/i, "The user may not use the app. Permit it in the app's policies."],
  [/audience/i, "The URL is not that of the org's login."],
  [/assertion/i, "The private key does not belong to the app's certificate."],
  [/ip restricted/i, "The app's policies forbid this machine's address."],
];
const ANY_GRANT = "Check the flow, the user and the app's policies.";

function tokenError(error: unknown): Error {
  const { name, message } = error as Error;
  const [, status] = /^ERROR_HTTP_(\d{3})$/.exec(name) ?? [];
  if (status) return statusError("Salesforce's login", Number(status));
  const what =
    name === "invalid_grant"
      ? (GRANT_WORDS.find(([said]) => said.test(message))?.[1] ?? ANY_GRANT)
      : WORDS[name];
  if (what) return new StepError(`Salesforce refused the login (${name}). ${what}`, { code: name });
  return outsideError("Salesforce's login", error);
}
