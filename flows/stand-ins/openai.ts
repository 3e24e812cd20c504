/** What all of OpenAI's API has in common: who is let in, and the shape of its errors. */

import { randomUUID } from "node:crypto";
import type { Answer, Received } from "./stand-in.ts";

/** Thrown to answer with an error. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super("refused");
    this.answer = answer;
  }
}

interface ErrorDetails {
  type?: string;
  param?: string | null;
  code?: string | null;
}

/** Whether the request carries the key; any key where none is given. */
export function isLetIn({ headers }: Received, key: string | undefined): boolean {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  return token !== undefined && (key === undefined || token === key);
}

export function success(body: unknown): Answer {
  return { status: 200, headers: { "x-request-id": `req_${randomUUID().replaceAll("-", "")}` }, body };
}

export function refusal(status: number, message: string, details: ErrorDetails = {}): Answer {
  const { type = "invalid_request_error", param = null, code = null } = details;
  return { ...success({ error: { message, type, param, code } }), status };
}

export function badRequest(message: string, details?: ErrorDetails): Refusal {
  return new Refusal(refusal(400, message, details));
}

export function unknownModel(model: string): Refusal {
  return new Refusal(
    refusal(404, `The model \`${model}\` does not exist or you do not have access to it.`, {
      code: "model_not_found",
    }),
  );
}

/** Azure's own errors, which come from before the model. */
export function azureRefusal(status: number, code: string, message: string): Refusal {
  return new Refusal({ ...success({ error: { code, message } }), status });
}

/** The error of that status where nothing more is known. */
export function failure(status: number, largestBody: number): Answer {
  switch (status) {
    case 401:
      return refusal(401, "Incorrect API key provided.", { code: "invalid_api_key" });
    case 413:
      return refusal(413, `Maximum content size limit (${largestBody}) exceeded`, { type: "server_error" });
    case 429:
      return refusal(429, "Rate limit reached for requests", {
        type: "requests",
        code: "rate_limit_exceeded",
      });
    case 500:
    case 503:
      return refusal(status, "The server had an error while processing your request.", {
        type: "server_error",
      });
    default:
      return refusal(status, `HTTP status ${status}.`);
  }
}
