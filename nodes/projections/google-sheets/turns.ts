/** One batch at a time for each tab, also from several nodes: two at once would both add the row that both miss. */
import { setTimeout as sleep } from "node:timers/promises";

/** Google lets an account write 60 times a minute. */
const PAUSE_MS = 1000;

interface Turn {
  ended: Promise<void>;
  started: number;
}
const last = new Map<string, Turn>();

/**
 * Does the work after all that came before it for this place.
 * @param work gets how many milliseconds ago the one before it began
 */
export async function inTurn<Result>(
  place: string,
  signal: AbortSignal,
  work: (sincePrevious: number) => Promise<Result>,
): Promise<Result> {
  const previous = last.get(place);
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const turn: Turn = { ended, started: previous?.started ?? Number.NEGATIVE_INFINITY };
  last.set(place, turn);
  await previous?.ended;
  const since = performance.now() - (previous?.started ?? Number.NEGATIVE_INFINITY);
  try {
    signal.throwIfAborted();
    turn.started = performance.now();
    return await work(since);
  } finally {
    end();
  }
}

/** When messages come fast, a batch waits a moment after the one before it, so that more of them go together. */
export async function pauseBetween(sincePrevious: number, signal: AbortSignal): Promise<void> {
  if (sincePrevious < PAUSE_MS) await sleep(PAUSE_MS - sincePrevious, undefined, { signal });
}
