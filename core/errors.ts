/** The errors that core throws on purpose; their messages never quote a conversation. */

export type VconErrorCode =
  | "VCON_MALFORMED"
  | "VCON_NOT_FOUND"
  | "VCON_SEALED"
  | "VCON_TOO_LARGE"
  | "UUID_MALFORMED"
  | "STORE_URL_MALFORMED"
  | "STORE_MISMATCH"
  | "STORE_UNAVAILABLE";

/** An error with a stable `code`; `transient` says that the same call may succeed a little later. */
export class VconError extends Error {
  readonly code: VconErrorCode;
  readonly transient: boolean;

  constructor(code: VconErrorCode, message: string, options: { cause?: unknown; transient?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VconError";
    this.code = code;
    this.transient = options.transient ?? false;
  }
}

/** The store holds no vCon with this UUID. */
export function notFound(uuid: string): VconError {
  return new VconError(
    "VCON_NOT_FOUND",
    `vCon ${uuid} is not in the store. It was deleted, has expired, or this node uses another store than the one that created it.`,
  );
}

/** The vCon is signed or encrypted, so its parts can be neither read nor added to. */
export function sealed(uuid: string, form: "signed" | "encrypted"): VconError {
  return new VconError(
    "VCON_SEALED",
    `vCon ${uuid} is ${form}, so its parts can't be read or added to. Store an open copy of it and send that one's UUID.`,
  );
}
