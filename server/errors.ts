/** The errors of the API: with a status, in the conserver's shape or as problem details (RFC 9457). */
import { STATUS_CODES } from "node:http";
import { VconError, type VconErrorCode } from "../core/index.ts";
import { type Answer, type Headers, json } from "./answer.ts";
import type { Route } from "./route.ts";

/** What is wrong with one parameter or member of what was sent. */
export interface Fault {
  /** Where it is, the outermost first: "query", "size". */
  at: (string | number)[];
  says: string;
}

/** An answer that is no success. Its text says what is wrong and what to do; it quotes nothing that was sent. */
export class ApiError extends Error {
  readonly status: number;
  /** A stable name. */
  readonly code: string;
  readonly headers: Headers;
  readonly faults: readonly Fault[];
  /** More members for the problem details. */
  readonly members: Record<string, unknown>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { headers?: Headers; faults?: readonly Fault[]; members?: Record<string, unknown> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
    this.faults = options.faults ?? [];
    this.members = options.members ?? {};
  }
}

/** Parameters or a body that can't be used. */
export function invalid(faults: readonly Fault[]): ApiError {
  return new ApiError(422, "INVALID", "What was sent can't be used; the faults say where.", { faults });
}

const SECONDS_UNTIL_STORE = 5;

/** By what core throws; everything else is a fault of this program. */
const STATUS: Partial<Record<VconErrorCode, number>> = {
  VCON_MALFORMED: 422,
  VCON_NOT_FOUND: 404,
  VCON_SEALED: 409,
  VCON_CHANGED: 412,
  VCON_TOO_LARGE: 413,
  PART_NOT_FOUND: 404,
  UUID_MALFORMED: 422,
  DELIVERY_NAME_MALFORMED: 422,
  DELIVERY_UNSUPPORTED: 422,
  STORE_UNAVAILABLE: 503,
  STORE_MISMATCH: 503,
};

/** Whatever a route threw, as an answer's error; a foreign error's text is not shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof VconError) {
    const status = STATUS[error.code] ?? 500;
    if (status !== 503) return new ApiError(status, error.code, error.message);
    if (!error.transient) return new ApiError(500, error.code, error.message);
    const headers = { "retry-after": String(SECONDS_UNTIL_STORE) };
    return new ApiError(503, error.code, error.message, { headers });
  }
  const name = error instanceof Error ? error.name : typeof error;
  return new ApiError(500, "UNEXPECTED", `The request failed unexpectedly (${name}).`);
}

export function errorAnswer(error: ApiError, style: Route["style"]): Answer {
  return style === "v1" ? problem(error) : conserverError(error);
}

function problem({ status, code, message, headers, faults, members }: ApiError): Answer {
  const details = {
    type: "about:blank",
    title: STATUS_CODES[status],
    status,
    detail: message,
    code,
    ...(faults.length > 0 && { faults: faults.map(({ at, says }) => ({ at: pointerTo(at), says })) }),
    ...members,
  };
  return json(status, details, { ...headers, "content-type": "application/problem+json" });
}

/** As FastAPI writes them (spec/conserver.md section 1.1). */
function conserverError({ status, code, message, headers, faults }: ApiError): Answer {
  const detail = faults.map(({ at, says }) => ({ loc: at, msg: says, type: "value_error" }));
  return json(status, { detail: detail.length > 0 ? detail : (CONSERVER_TEXTS[code] ?? message) }, headers);
}

/** Verbatim, because programs look for them. */
const CONSERVER_TEXTS: Record<string, string> = { VCON_NOT_FOUND: "vCon not found" };

/** A JSON Pointer (RFC 6901). */
function pointerTo(at: Fault["at"]): string {
  return at.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
