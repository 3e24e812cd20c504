/** Why a call of BullMQ's worker has failed, in our own words. */
import { VconError } from "../../errors.ts";
import { asVconError } from "../../store/redis/errors.ts";

export function workerFault(error: unknown): Error {
  if (hasLostClaim(error)) {
    return new VconError(
      "STORE_UNAVAILABLE",
      "A job could not be settled, because its claim had run out: this process or its Redis was too busy for some seconds. It is handed out again.",
      { transient: true },
    );
  }
  // A cluster tells by this why none of its servers answers.
  const { lastNodeError } = error as { lastNodeError?: Error };
  return asVconError(lastNodeError ?? error) as Error;
}

/** Whether the job is no longer in the hands of who called. BullMQ's own errors have a number as their code, but for one. */
export function hasLostClaim(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: string };
  return typeof code === "number" || message?.startsWith("could not renew lock") === true;
}
