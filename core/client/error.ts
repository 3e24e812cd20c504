/** Why a vCon API did not do what it was asked for. */

/** Its message names status and code, and quotes nothing of the answer. */
export class VconApiError extends Error {
  /** Of the HTTP answer; undefined where none came. */
  readonly status: number | undefined;
  /** Of the problem details, or else the status, or the code of the connection's failure, or a word of this client. */
  readonly code: string;
  /** The same call may succeed a little later. */
  readonly transient: boolean;
  /** Milliseconds that the API asked to be left alone. */
  readonly retryAfter: number | undefined;
  /** It is certain that nothing was done: no connection came about, or it was one request too many. */
  readonly nothingDone: boolean;

  constructor(
    message: string,
    options: {
      status?: number;
      code: string;
      transient: boolean;
      retryAfter?: number | undefined;
      nothingDone?: boolean;
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VconApiError";
    this.status = options.status;
    this.code = options.code;
    this.transient = options.transient;
    this.retryAfter = options.retryAfter;
    this.nothingDone = options.nothingDone ?? false;
  }
}
