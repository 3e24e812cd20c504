/** How long a job that has failed is left alone. */
import { LONGEST_PAUSE_MS } from "./queue.ts";

/** @param failures at least 1. @param first milliseconds after the first one. @returns milliseconds */
export function pauseAfter(failures: number, first: number): number {
  // Twenty doublings of any pause are more than the longest one.
  return Math.min(first * 2 ** Math.min(failures - 1, 20), LONGEST_PAUSE_MS);
}
