/** Watches a folder by looking at it again and again: so it misses nothing, on network drives neither. */
import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Chosen, type FilePath, filesIn } from "./paths.ts";
import { quietFrom, type Stamp, stampOf } from "./quiet.ts";

export interface SeenFile extends FilePath {
  stamp: Stamp;
  /** Has the file looked at again after a while, though it has not changed. */
  later(): void;
}

export interface Watching {
  signal: AbortSignal;
  /** Is called as long as the folder can be read. */
  works(): void;
}

interface Known {
  stamp: Stamp;
  /** When it is to be taken; never again once it was, unless it changes. */
  due: number;
}

const PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A folder of many files is looked at less often: this many times as long as a look takes. */
const REST = 20;

/**
 * Each file once that is there or comes to be there, when it is quiet; again when it has changed.
 * @throws StepError where the folder can't be read
 */
export async function* watchFolder(
  folder: string,
  chosen: Chosen,
  { signal, works }: Watching,
): AsyncGenerator<SeenFile, void> {
  const known = new Map<string, Known>();
  while (!signal.aborted) {
    const begun = performance.now();
    const there = new Set<string>();
    for await (const file of filesIn(folder, chosen)) {
      if (signal.aborted) return;
      there.add(file.path);
      works();
      const due = await dueAt(file, known);
      if (due) yield due;
    }
    works();
    for (const path of known.keys()) if (!there.has(path)) known.delete(path);
    const pause = Math.max(PAUSE_MS, REST * (performance.now() - begun));
    await sleep(Math.min(pause, LONGEST_PAUSE_MS), undefined, { signal }).catch(() => {});
  }
}

/** The file, if it is to be taken now. */
async function dueAt({ path, base }: FilePath, known: Map<string, Known>): Promise<SeenFile | undefined> {
  const stats = await lstat(path).catch(() => undefined);
  if (!stats?.isFile()) return undefined;
  const now = Date.now();
  const state = stateOf(path, stats, now, known);
  if (now < state.due) return undefined;
  state.due = Number.POSITIVE_INFINITY;
  const later = () => {
    state.due = Date.now() + LONGEST_PAUSE_MS;
  };
  return { path, base, stamp: state.stamp, later };
}

function stateOf(path: string, stats: Stats, now: number, known: Map<string, Known>): Known {
  const before = known.get(path);
  const stamp = stampOf(stats);
  if (before?.stamp === stamp) return before;
  const state = { stamp, due: quietFrom(stats, now) };
  known.set(path, state);
  return state;
}
