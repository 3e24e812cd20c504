/**
 * One batch at a time for each spreadsheet, also from several nodes: two at once would both add the row that both miss,
 * and a tab may go by several names.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inTurn } from "../../kit/index.ts";

/** Google lets an account write 60 times a minute. */
const PAUSE_MS = 1000;

/** By spreadsheet, when the last work on it began. */
const began = new Map<string, number>();

/**
 * Does the work after all that came before it for this spreadsheet.
 * @param work gets how many milliseconds ago the one before it began
 */
export function onSpreadsheet<Result>(
  spreadsheet: string,
  signal: AbortSignal,
  work: (sincePrevious: number) => Promise<Result>,
): Promise<Result> {
  return inTurn(spreadsheet, async () => {
    signal.throwIfAborted();
    const now = performance.now();
    const sincePrevious = now - (began.get(spreadsheet) ?? Number.NEGATIVE_INFINITY);
    began.set(spreadsheet, now);
    return work(sincePrevious);
  });
}

/** When messages come fast, a batch waits a moment after the one before it, so that more of them go together. */
export async function pauseBetween(sincePrevious: number, signal: AbortSignal): Promise<void> {
  if (sincePrevious < PAUSE_MS) await sleep(PAUSE_MS - sincePrevious, undefined, { signal });
}
