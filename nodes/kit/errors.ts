/** The errors of steps: in our words, because a vendor's message may quote the conversation. */
import { isConnectionCode, isTransientStatus, parseRetryAfter, VconError } from "../../core/index.ts";

/** A step that could not be done. The message says what happened and what to do, and quotes nothing. */
export class StepError extends Error {
  /** A stable name, or the HTTP status of the system outside; Catch nodes get it as `msg.error.code`. */
  readonly code: string;
  readonly transient: boolean;
  /** Milliseconds that the system outside asked to be left alone. */
  readonly retryAfter: number | undefined;
  /** One item of a batch is at fault, and the others might do without it. */
  readonly oneOfBatch: boolean;

  constructor(
    message: string,
    options: { code?: string; transient?: boolean; retryAfter?: number; oneOfBatch?: boolean } = {},
  ) {
    super(message);
    this.code = options.code ?? "STEP_FAILED";
    this.transient = options.transient ?? false;
    this.retryAfter = options.retryAfter;
    this.oneOfBatch = options.oneOfBatch ?? false;
  }
}

/** The step was not done because the flow stops. */
export function stopped(): StepError {
  return new StepError(
    "The flow was stopped before the step was done. Send the vCon again, unless a queue does.",
    {
      code: "STOPPED",
    },
  );
}

/** What to do about an answer of a system outside, by HTTP status. */
const ADVICE: Record<number, string> = {
  400: "It does not accept what was sent. Check the node's settings and the content.",
  401: "The key is missing or wrong. Check the credentials.",
  402: "The account has no credit left.",
  403: "The key may not do this. Check the rights of the account.",
  404: "What the node asks for does not exist there. Check the address and the settings.",
  413: "The content is larger than it accepts.",
  415: "It does not accept content of this kind.",
  429: "It is asked too often. Lower the number at once, or raise the limit of the account.",
};

/** What is wrong with an address, by Node's and OpenSSL's codes; another attempt would fail as well. */
const ADDRESS_FAULTS: { codes: RegExp; code?: string; says: string }[] = [
  {
    codes: /^ERR_INVALID_URL$/,
    code: "NOT_CONFIGURED",
    says: "has no address that can be used. Check the URL in the settings.",
  },
  {
    codes: /^CERT_|^ERR_TLS_CERT|SELF_SIGNED|^UNABLE_TO_(GET|VERIFY)/,
    says: "has a certificate that can't be trusted. Renew it, or name its authority in NODE_EXTRA_CA_CERTS.",
  },
  {
    codes: /^EPROTO$|^ERR_SSL_/,
    code: "OTHER_PROTOCOL",
    says: "does not answer in the way its URL begins. Check whether it is https:// or http://, and the port.",
  },
];

/**
 * Where a connection did not even come about, or nobody was asked. Not where a host or network is unreachable: that may
 * also end a connection over which data has gone.
 */
const NOTHING_LEFT = new Set([
  "ECONNREFUSED",
  "EAI_AGAIN",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
  "NOT_CONFIGURED",
  "MODULE_MISSING",
]);

/** Whether the other side may have seen what was sent, for all that the error says. */
export function mayHaveLeft(error: unknown): boolean {
  return !(error instanceof StepError && NOTHING_LEFT.has(error.code));
}

/** Whatever a vendor's client threw, as an error that names the system, the status or code, and what to do. */
export function outsideError(system: string, error: unknown): Error {
  if (error instanceof StepError || error instanceof VconError) return error;
  const status = httpStatus(error);
  if (status !== undefined) return statusError(system, status, retryAfter(error));
  const code = codeBelow(error);
  if (code !== undefined) return addressError(system, code);
  return new StepError(`${system} failed with an answer that can't be read (${errorName(error)}).`, {
    code: "ANSWER_UNREADABLE",
    // JSON that can't be parsed was cut off, or is a page of something between here and there.
    transient: error instanceof SyntaxError,
  });
}

function addressError(system: string, code: string): StepError {
  const fault = faultBy(code);
  if (fault) return new StepError(`${system} ${fault.says}`, { code: fault.code ?? code });
  const text = `${system} can't be reached (${code}). Check the address and the network.`;
  return new StepError(text, { code, transient: true });
}

const faultBy = (code: string) => ADDRESS_FAULTS.find(({ codes }) => codes.test(code));

/** The error for an HTTP answer that is no success. */
export function statusError(system: string, status: number, retryAfter?: number): StepError {
  const transient = isTransientStatus(status);
  const advice =
    ADVICE[status] ?? (transient ? "It has a fault at the moment. Send the vCon again later." : "");
  return new StepError(`${system} answered ${status}. ${advice}`.trim(), {
    code: String(status),
    transient,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** Any error as one that may be shown: ours as it is, a foreign one by its name and code alone. */
function presentable(error: unknown): StepError | VconError {
  if (error instanceof StepError || error instanceof VconError) return error;
  const code = (error as { code?: unknown } | undefined)?.code;
  const detail = typeof code === "string" ? `${errorName(error)}, ${code}` : errorName(error);
  return new StepError(`The step failed unexpectedly (${detail}).`, { code: "UNEXPECTED" });
}

export function isTransient(error: unknown): error is StepError | VconError {
  return (error instanceof StepError || error instanceof VconError) && error.transient;
}

function httpStatus(error: unknown): number | undefined {
  const { status, statusCode } = (error ?? {}) as { status?: unknown; statusCode?: unknown };
  return [status, statusCode].find((value) => typeof value === "number" && value >= 400) as
    | number
    | undefined;
}

/** The code of a connection that broke or can't come about, which clients hide behind up to three causes. */
function codeBelow(error: unknown): string | undefined {
  for (let depth = 0, at = error; depth < 4 && at instanceof Error; depth++, at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === "string" && (isConnectionCode(code) || faultBy(code))) return code;
    if (at.name === "APIConnectionTimeoutError" || at.name === "TimeoutError") return "ETIMEDOUT";
  }
  return undefined;
}

function retryAfter(error: unknown): number | undefined {
  const { headers, rawResponse } = error as { headers?: unknown; rawResponse?: { headers?: unknown } };
  const source = headers ?? rawResponse?.headers;
  return source instanceof Headers ? parseRetryAfter(source.get("retry-after")) : undefined;
}

function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** The error that a message fails with: names the vCon, has a code, and carries no cause. */
export function aboutVcon(uuid: string | undefined, error: unknown): StepError {
  const { code, message, transient } = presentable(error);
  const text = uuid === undefined || message.includes(uuid) ? message : `vCon ${uuid}: ${message}`;
  // A new error without a cause, because Catch nodes get all of it and a vendor's may quote the conversation.
  return new StepError(text, { code, transient });
}
