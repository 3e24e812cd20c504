/** Why a vCon API did not do what it was asked for. */

/** Its message names status and code, and quotes nothing of the answer. */
export class VconApiError extends Error {
  /** Of the HTTP answer; undefined where none came. */
  readonly status: number | undefined;
  /** Of the problem details, or else the status, or the code of the connection's failure. */
  readonly code: string;
  /** The same call may succeed a little later. */
  readonly transient: boolean;
  /** Milliseconds that the API asked to be left alone. */
  readonly retryAfter: number | undefined;
  /** No connection came about, so nothing was done. */
  readonly neverArrived: boolean;

  constructor(
    message: string,
    options: {
      status?: number;
      code: string;
      transient: boolean;
      retryAfter?: number | undefined;
      neverArrived?: boolean;
      cause?: unknown;
    },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VconApiError";
    this.status = options.status;
    this.code = options.code;
    this.transient = options.transient;
    this.retryAfter = options.retryAfter;
    this.neverArrived = options.neverArrived ?? false;
  }
}
