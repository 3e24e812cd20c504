/** Files that are there as a whole or not at all, also when the power fails. */
import { createWriteStream } from "node:fs";
import { chmod, mkdir, open, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { unfinishedName } from "./paths.ts";

/** The data are personal: the user reads and writes, its group reads. */
const FILE_MODE = 0o640;
const FOLDER_MODE = 0o750;

export interface Writing {
  path: string;
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** What the content passes through on its way. */
  through?: Duplex[];
  /** Who may do what with the file, where it is to be as before. */
  mode?: number | undefined;
  signal: AbortSignal;
}

/** Writes the file anew, and makes the folders that it needs. What was there stays until all is on the disk. */
export async function writeWhole({ path, content, through = [], mode, signal }: Writing): Promise<void> {
  const unfinished = unfinishedName(path);
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  try {
    const file = createWriteStream(unfinished, { mode: FILE_MODE, flush: true });
    await pipeline([Readable.from(content, { objectMode: false }), ...through, file], { signal });
    if (mode !== undefined) await chmod(unfinished, mode);
    signal.throwIfAborted();
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
  await keepNames(dirname(path));
}

/** Removes the file, and what a crash may have left of its writing. One that is gone is no error. */
export async function removeWhole(path: string): Promise<void> {
  await rm(unfinishedName(path), { force: true });
  await unlink(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
  await keepNames(dirname(path));
}

/** Has the folder's names on the disk: a file's own content is no part of them. Windows does it by itself. */
async function keepNames(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
