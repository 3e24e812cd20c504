/** Tries work again where the failure may pass, and gives up when time runs out. */
import { setTimeout as sleep } from "node:timers/promises";
import { isTransient, StepError, stopped } from "./errors.ts";

const ATTEMPTS = 5;
/** With the pauses between them about five minutes. */
export const PATIENT_ATTEMPTS = 64;
const FIRST_PAUSE_MS = 500;
const LONGEST_OWN_PAUSE_MS = 5000;
/** A system that asks for more patience than this is better served by a later message. */
const LONGEST_PAUSE_MS = 60_000;

/** Runs `work` up to so many times, with pauses that double or that the other side asks for. */
export async function withRetries<Result>(
  work: () => Result | Promise<Result>,
  signal: AbortSignal,
  attempts = ATTEMPTS,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const pause = pauseAfter(error, attempt);
      if (attempt === attempts || signal.aborted || !isTransient(error) || pause > LONGEST_PAUSE_MS)
        throw error;
      await sleep(pause, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

function pauseAfter(error: unknown, attempt: number): number {
  const asked = isTransient(error) ? error.retryAfter : undefined;
  // Spread, so that many instances that failed together do not come back together.
  const own = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return asked ?? Math.min(own, LONGEST_OWN_PAUSE_MS);
}

/**
 * Runs `work` with a signal that aborts after so many seconds or when the node closes, and does not wait for work
 * that ignores it.
 */
export async function withTimeLimit<Result>(
  system: string,
  work: (signal: AbortSignal) => Result | Promise<Result>,
  seconds: number,
  closing: AbortSignal,
): Promise<Result> {
  if (closing.aborted) throw stopped();
  const limit = new AbortController();
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = (error: StepError) => {
    reject(error);
    limit.abort();
  };
  const stop = () => giveUp(stopped());
  const timer = setTimeout(() => giveUp(tooLate(system, seconds)), seconds * 1000);
  closing.addEventListener("abort", stop, { once: true });
  try {
    // Begun inside a function of its own, so that work that throws at once rejects like any other.
    return await Promise.race([(async () => work(limit.signal))(), givenUp]);
  } finally {
    clearTimeout(timer);
    closing.removeEventListener("abort", stop);
  }
}

function tooLate(system: string, seconds: number): StepError {
  return new StepError(
    `${system} gave no answer within the time limit of ${seconds} s; it may have done the work all the same. Send the vCon again, or raise the limit.`,
    { code: "TIME_LIMIT" },
  );
}
