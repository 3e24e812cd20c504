/** The errors that core throws on purpose; their messages never quote a conversation. */

export type VconErrorCode =
  | "VCON_MALFORMED"
  | "VCON_NOT_FOUND"
  | "VCON_SEALED"
  /** It is not, or no longer, as whoever read or wrote it took it to be. */
  | "VCON_CHANGED"
  | "VCON_TOO_LARGE"
  /** The vCon lists a critical extension that is not known here. */
  | "EXTENSION_UNSUPPORTED"
  /** The vCon has no party of this index. */
  | "PARTY_NOT_FOUND"
  /** The vCon has no dialog of this index. */
  | "PART_NOT_FOUND"
  /** The signature does not fit, or what it signs says otherwise than its header. */
  | "SIGNATURE_INVALID"
  /** The signer's certificates do not lead to a trusted one, or are not valid at the time. */
  | "CERTIFICATE_UNTRUSTED"
  | "CERTIFICATE_MALFORMED"
  /** None of the given keys opens it, or it was changed. */
  | "DECRYPTION_FAILED"
  | "KEY_MALFORMED"
  /** Must not be fetched: its address, size or type is not allowed. */
  | "MEDIA_REFUSED"
  | "MEDIA_UNAVAILABLE"
  /** What was fetched is not what `content_hash` says it was. */
  | "MEDIA_CHANGED"
  | "UUID_MALFORMED"
  /** The name can't be one of a queue, a channel or a list. */
  | "DELIVERY_NAME_MALFORMED"
  /** The store has no such way: conserver lists are in Redis alone. */
  | "DELIVERY_UNSUPPORTED"
  | "STORE_URL_MALFORMED"
  | "STORE_MISMATCH"
  | "STORE_UNAVAILABLE";

/** An error with a stable `code`; `transient` says that the same call may succeed a little later. */
export class VconError extends Error {
  readonly code: VconErrorCode;
  readonly transient: boolean;
  /** Milliseconds that the other side asked to be left alone. */
  readonly retryAfter: number | undefined;

  constructor(
    code: VconErrorCode,
    message: string,
    options: { cause?: unknown; transient?: boolean; retryAfter?: number | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "VconError";
    this.code = code;
    this.transient = options.transient ?? false;
    this.retryAfter = options.retryAfter;
  }
}

/** The store holds no vCon with this UUID. */
export function notFound(uuid: string): VconError {
  return new VconError(
    "VCON_NOT_FOUND",
    `vCon ${uuid} is not in the store. It was deleted, has expired, or this node uses another store than the one that created it.`,
  );
}

/** Another document took the vCon's place while its large bodies were being read; to be read again. */
export function changed(uuid: string): VconError {
  return new VconError("VCON_CHANGED", `vCon ${uuid} was replaced while it was being read. Send it again.`, {
    transient: true,
  });
}

/** The vCon was changed since the revision that was to be added to, replaced or deleted. */
export function changedSince(uuid: string): VconError {
  return new VconError("VCON_CHANGED", `vCon ${uuid} was changed meanwhile. Read it again.`);
}

/** The vCon has no dialog of this index. */
export function noDialog(uuid: string, dialog: number): VconError {
  return new VconError("PART_NOT_FOUND", `vCon ${uuid} has no dialog ${dialog}: they are counted from 0.`);
}

/** The vCon is signed or encrypted, so its parts can be neither read nor added to. */
export function sealed(uuid: string, form: "signed" | "encrypted"): VconError {
  return new VconError(
    "VCON_SEALED",
    `vCon ${uuid} is ${form}, so its parts can't be read or added to. Store an open copy of it and send that one's UUID.`,
  );
}
