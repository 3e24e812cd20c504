/** What all of OpenAI's API, and Azure's forms of it, have in common: where it is asked, who is let in, its errors. */

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

export interface Route {
  isAzure: boolean;
  /** The model in an address of Azure's dated interface. */
  deployment?: string;
}

/**
 * The way by which an operation such as "chat/completions" is asked: POST /v1/<operation> with a bearer token,
 * /openai/v1/<operation> with a bearer token or the header api-key, or
 * /openai/deployments/<model>/<operation>?api-version=<date> with that header.
 * @param key the one that is let in; any where none is given
 * @throws Refusal for any other way, and for a wrong key
 */
export function routeOf(request: Received, operation: string, key: string | undefined): Route {
  const route = addressed(request, operation);
  letIn(request, route, key);
  return route;
}

function addressed({ method, path, query }: Received, operation: string): Route {
  if (method === "POST" && path === `/v1/${operation}`) return { isAzure: false };
  if (method === "POST" && path === `/openai/v1/${operation}`) return { isAzure: true };
  const [, deployment, asked] = /^\/openai\/deployments\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (deployment === undefined || asked !== operation) {
    throw new Refusal(refusal(404, `Invalid URL (${method} ${path})`));
  }
  if (!/^\d{4}-\d\d-\d\d(-preview)?$/.test(query.get("api-version") ?? "")) {
    throw azureRefusal(404, "404", "Resource not found");
  }
  return { isAzure: true, deployment: decodeURIComponent(deployment) };
}

function letIn({ headers }: Received, { isAzure, deployment }: Route, key: string | undefined): void {
  const isRight = (given: string | undefined) => given !== undefined && (key === undefined || given === key);
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
  if (isAzure && isRight(headers["api-key"] as string | undefined)) return;
  if (deployment === undefined && isRight(token)) return;
  if (!isAzure) throw new Refusal(wrongKey());
  throw azureRefusal(
    401,
    "401",
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
  );
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

export function unknownDeployment(): Refusal {
  return azureRefusal(
    404,
    "DeploymentNotFound",
    "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
  );
}

function wrongKey(): Answer {
  return refusal(401, "Incorrect API key provided.", { code: "invalid_api_key" });
}

/** Azure's own errors, which come from before the model. */
export function azureRefusal(status: number, code: string, message: string): Refusal {
  return new Refusal({ ...success({ error: { code, message } }), status });
}

/** The error of that status where nothing more is known. */
export function failure(status: number, largestBody: number): Answer {
  switch (status) {
    case 401:
      return wrongKey();
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
