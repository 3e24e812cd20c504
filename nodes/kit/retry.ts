/** Tries work again where the failure may pass, and gives up when time runs out. */
import { setTimeout as sleep } from "node:timers/promises";
import { isTransient, StepError } from "./errors.ts";

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
/** A system that asks for more patience than this is better served by a later message. */
const LONGEST_PAUSE_MS = 60_000;

/** Runs `work` up to five times, with pauses that double or that the other side asks for. */
export async function withRetries<Result>(
  work: () => Result | Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const pause = pauseAfter(error, attempt);
      if (attempt === ATTEMPTS || signal.aborted || !isTransient(error) || pause > LONGEST_PAUSE_MS)
        throw error;
      await sleep(pause, undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}

function pauseAfter(error: unknown, attempt: number): number {
  const asked = error instanceof StepError ? error.retryAfter : undefined;
  // Spread, so that many instances that failed together do not come back together.
  return asked ?? FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}

/** Runs `work` with a signal that aborts after so many seconds, and does not wait for work that ignores it. */
export async function withTimeLimit<Result>(
  system: string,
  work: (signal: AbortSignal) => Result | Promise<Result>,
  seconds: number,
  signal: AbortSignal,
): Promise<Result> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const expired = new Promise<never>((_, reject) => {
    limited.addEventListener("abort", () => reject(timeError(system, seconds, signal.aborted)), {
      once: true,
    });
  });
  try {
    return await Promise.race([work(limited), expired]);
  } catch (error) {
    throw limited.aborted ? timeError(system, seconds, signal.aborted) : error;
  }
}

function timeError(system: string, seconds: number, closing: boolean): StepError {
  return closing
    ? new StepError("The flow was stopped before the step was done. Send the vCon again.", {
        code: "STOPPED",
      })
    : new StepError(`${system} gave no answer within the time limit of ${seconds} s.`, {
        code: "TIME_LIMIT",
      });
}
