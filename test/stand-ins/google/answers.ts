/** How Google's APIs answer: JSON, and errors in the form of AIP-193. */
import type { Answer } from "../../../flows/stand-ins/stand-in.ts";

export const SERVICE = "sheets.googleapis.com";
const PROJECT = "projects/123456789012";

/** Thrown in the midst of a request; the answer is what the client gets. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("refused");
    this.answer = answer;
  }
}

export function success(body: object): Answer {
  return { status: 200, headers: { "content-type": "application/json; charset=UTF-8" }, body };
}

export function googleError(code: number, status: string, message: string, details?: object[]): Answer {
  return { ...success({ error: { code, message, status, ...(details && { details }) } }), status: code };
}

/** What people read of an error, by its reason (google.rpc.ErrorInfo). */
function reason(name: string, metadata: Record<string, string> = {}): object {
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: name,
    domain: "googleapis.com",
    metadata: { service: SERVICE, ...metadata },
  };
}

export const invalid = (message: string, details?: object[]) =>
  new Refusal(googleError(400, "INVALID_ARGUMENT", message, details));

/** Fields of the payload that are not as they should be: where, and what. */
export function violations(found: { field: string; description: string }[]): Refusal {
  return invalid(found.map(({ description }) => description).join("\n"), [
    { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: found },
  ]);
}

export const noIdentity = () =>
  googleError(
    403,
    "PERMISSION_DENIED",
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  );

export const badCredentials = (why = "ACCESS_TOKEN_TYPE_UNSUPPORTED") =>
  googleError(
    401,
    "UNAUTHENTICATED",
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    [reason(why)],
  );

export const tooNarrowScope = () =>
  googleError(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", [
    reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
  ]);

export const serviceDisabled = () =>
  googleError(
    403,
    "PERMISSION_DENIED",
    `Google Sheets API has not been used in project 123456789012 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/${SERVICE}/overview?project=123456789012 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
    [reason("SERVICE_DISABLED", { consumer: PROJECT })],
  );

export const noAccess = () => googleError(403, "PERMISSION_DENIED", "The caller does not have permission");

export const notFound = () => googleError(404, "NOT_FOUND", "Requested entity was not found.");

export const officeFile = () =>
  googleError(
    400,
    "FAILED_PRECONDITION",
    "This operation is not supported for this document. The document must not be an Office file.",
  );

export function quotaExceeded(kind: "Read" | "Write", limit: number): Answer {
  return googleError(
    429,
    "RESOURCE_EXHAUSTED",
    `Quota exceeded for quota metric '${kind} requests' and limit '${kind} requests per minute per user' of service '${SERVICE}' for consumer 'project_number:123456789012'.`,
    [
      reason("RATE_LIMIT_EXCEEDED", {
        consumer: PROJECT,
        quota_limit: `${kind}RequestsPerMinutePerUser`,
        quota_limit_value: String(limit),
        quota_location: "global",
        quota_metric: `${SERVICE}/${kind.toLowerCase()}_requests`,
      }),
    ],
  );
}

/** The error of that status, whatever the request. */
export function failure(status: number): Answer {
  switch (status) {
    case 401:
      return badCredentials();
    case 403:
      return noAccess();
    case 404:
      return notFound();
    // Google's front end, which says 400 where others say 413.
    case 413:
      return googleError(400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 10485760 bytes.");
    case 429:
      return quotaExceeded("Write", 60);
    case 500:
      return googleError(500, "INTERNAL", "Internal error encountered.");
    case 503:
      return googleError(503, "UNAVAILABLE", "The service is currently unavailable.");
    case 504:
      return googleError(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.");
    default:
      return googleError(status, "UNKNOWN", `HTTP status ${status}.`);
  }
}
