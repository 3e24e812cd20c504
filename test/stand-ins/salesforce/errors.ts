/** Salesforce's errors: of a request as a whole, and of one record in it. */
import type { Answer } from "../../../flows/stand-ins/stand-in.ts";

/** What is wrong with one record; the others of its request are none the worse for it. */
export interface RecordError {
  statusCode: string;
  message: string;
  fields: string[];
}

/** Thrown where a record can't be saved. */
export class BadRecord extends Error {
  readonly error: RecordError;

  constructor(statusCode: string, message: string, fields: string[] = []) {
    super(message);
    this.error = { statusCode, message, fields };
  }
}

/** Thrown where the request as a whole is refused. */
export class Refusal extends Error {
  readonly status: number;
  readonly errorCode: string;
  readonly fields: string[] | undefined;

  constructor(status: number, errorCode: string, message: string, fields?: string[]) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
    this.fields = fields;
  }
}

export function refusalAnswer({ status, errorCode, message, fields }: Refusal): Answer {
  return { status, body: [{ message, errorCode, ...(fields && { fields }) }] };
}

const FAILURES: Record<number, [errorCode: string, message: string]> = {
  400: ["JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body."],
  401: ["INVALID_SESSION_ID", "Session expired or invalid"],
  403: ["REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."],
  404: ["NOT_FOUND", "The requested resource does not exist"],
  405: ["METHOD_NOT_ALLOWED", "HTTP Method not allowed."],
  413: ["EXCEEDED_MAX_SIZE_REQUEST", "Request Entity Too Large"],
  500: ["UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId: 1-2 (3)"],
  503: ["SERVER_UNAVAILABLE", "Server unavailable."],
};

/** Salesforce's error of that status, where nothing more is known of the request. */
export function failure(status: number): Answer {
  const [errorCode, message] = FAILURES[status] ?? ["UNKNOWN_EXCEPTION", `HTTP status ${status}.`];
  return refusalAnswer(new Refusal(status, errorCode, message));
}

export const notFound = () => new Refusal(404, ...FAILURES[404]!);
