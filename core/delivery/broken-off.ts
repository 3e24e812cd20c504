/** Jobs that end the process which works on them must not go round for ever. */
import type { Failure } from "./queue.ts";

/** So often a claim may break off; far above what kills and restarts of processes come to. */
export const MOST_BREAKS = 25;

/** Why a job is a dead letter whose claim broke off so often. */
export const BROKEN_OFF: Failure = {
  reason:
    `${MOST_BREAKS} times the process ended, or stood still for some seconds, while it worked on this vCon. ` +
    "Look in Node-RED's log for what ends it before you send the vCon again.",
};
