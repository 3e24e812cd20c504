/** Reads files that others write: when nothing has moved in them for a moment, and then as a whole or not at all. */
import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { StepError, stopped } from "../../kit/index.ts";
import { fileError } from "./file-error.ts";

/** How long a file must have stayed as it is. */
const QUIET_MS = 2000;
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

/** Changes with the file: another one in its place, other content, others who may read it. */
export type Stamp = string;

export function stampOf({ ino, size, mtimeMs, mode, uid, gid }: Stats): Stamp {
  return [ino, size, mtimeMs, mode, uid, gid].join(" ");
}

/** When the file will have been quiet for long enough: at once where it was written some time ago. */
export function quietFrom({ mtimeMs }: Stats, now: number): number {
  return mtimeMs <= now - QUIET_MS ? now : now + QUIET_MS;
}

/** Waits until the file is quiet. @throws StepError where it can't be read, stays in motion, or the signal aborts */
export async function stampWhenQuiet(path: string, signal: AbortSignal): Promise<Stamp> {
  const end = Date.now() + PATIENCE_MS;
  let before: { stamp: Stamp; quiet: number } | undefined;
  for (;;) {
    const stats = await stat(path).catch(unreadable);
    const [stamp, now] = [stampOf(stats), Date.now()];
    if (before?.stamp !== stamp) before = { stamp, quiet: quietFrom(stats, now) };
    if (now >= before.quiet) return stamp;
    if (now >= end) throw inMotion();
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {
      throw stopped();
    });
  }
}

/**
 * The bytes of the file; undefined if it is not, or is no longer, the one that has this stamp.
 * @throws StepError where it is larger or can't be read
 */
export async function readWhole(path: string, stamp: Stamp, maxBytes: number): Promise<Buffer | undefined> {
  const file = await open(path, "r").catch((error) =>
    error.code === "ENOENT" ? undefined : unreadable(error),
  );
  if (file === undefined) return undefined;
  try {
    const before = await file.stat();
    if (stampOf(before) !== stamp) return undefined;
    if (before.size > maxBytes) throw tooLarge(maxBytes);
    const bytes = await file.readFile();
    return stampOf(await file.stat()) === stamp ? bytes : undefined;
  } catch (error) {
    return unreadable(error);
  } finally {
    await file.close();
  }
}

/** Whether the file is still the one that has this stamp. */
export async function isStill(path: string, stamp: Stamp): Promise<boolean> {
  try {
    return stampOf(await stat(path)) === stamp;
  } catch {
    return false;
  }
}

export function inMotion(): StepError {
  return new StepError("The file is still being written. Send the message again when it is whole.", {
    code: "FILE_UNFINISHED",
    transient: true,
  });
}

function tooLarge(maxBytes: number): StepError {
  return new StepError(
    `The file is larger than the limit of ${maxBytes / 1_000_000} MB. Raise "Limit" if it is a vCon all the same.`,
    { code: "VCON_TOO_LARGE" },
  );
}

function unreadable(error: unknown): never {
  throw fileError("The file can't be read", error);
}
