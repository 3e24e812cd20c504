/** Jobs that end the process which works on them must not go round for ever. */
import { pauseAfter } from "./pause-after.ts";
import type { Failure } from "./queue.ts";

/** So often a claim may break off; far above what kills and restarts of processes come to. */
export const MOST_BREAKS = 25;

/** Kills and restarts happen; from so many on, the job itself may be what ends the process. */
const SUSPICIOUS_BREAKS = 3;
const FIRST_REST_MS = 5000;

/**
 * How long a job rests before it is begun again, by how often its claim has broken off. By chance, so that those which
 * were under way together do not begin together again, and only the one that ends the process goes on breaking off.
 * @returns milliseconds; 0 for one that is not suspicious
 */
export function restAfter(breaks: number): number {
  if (breaks < SUSPICIOUS_BREAKS) return 0;
  return (0.2 + 0.8 * Math.random()) * pauseAfter(breaks - SUSPICIOUS_BREAKS + 1, FIRST_REST_MS);
}

/** Why a job is a dead letter whose claim broke off so often. */
export const BROKEN_OFF: Failure = {
  reason:
    `${MOST_BREAKS} times the process ended, or stood still for some seconds, while it worked on this vCon. ` +
    "Look in Node-RED's log for what ends it before you send the vCon again.",
};
