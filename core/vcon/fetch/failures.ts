/** The errors of fetching. They name the host and never the rest of a URL, because a pre-signed one is a secret. */
import { VconError } from "../../errors.ts";
import { isConnectionCode, isTransientStatus } from "../../network.ts";

export function refused(message: string): VconError {
  return new VconError("MEDIA_REFUSED", message);
}

export function unavailable(
  message: string,
  options: { transient?: boolean; retryAfter?: number | undefined } = {},
): VconError {
  return new VconError("MEDIA_UNAVAILABLE", message, options);
}

/** For an answer that is neither the media nor a redirect. */
export function statusFailure(host: string, status: number, retryAfter: number | undefined): VconError {
  const transient = isTransientStatus(status);
  const advice = transient
    ? "Try again later."
    : "The media may have been deleted or moved, or its URL has expired.";
  return unavailable(`${host} answered ${status} instead of the media. ${advice}`, { transient, retryAfter });
}

/** What Node throws where a connection or a conversation in HTTP fails, by its code alone: it may quote the answer. */
export function connectionFailure(host: string, error: unknown): VconError {
  if (error instanceof VconError) return error;
  const { code = "" } = (error ?? {}) as { code?: string };
  return isConnectionCode(code)
    ? unavailable(`The connection to ${host} failed (${code}). Try again later.`, { transient: true })
    : unavailable(
        `${host} is no server that the media can be had from (${code || "no code"}). Its name, its certificate or its answer is not in order.`,
      );
}
