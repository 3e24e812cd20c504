/** The files of a folder, piece by piece: there may be any number of them. */
import { opendir } from "node:fs/promises";
import { join } from "node:path";

export interface Walk {
  /** How many levels of folders; 1 is the folder alone. */
  depth: number;
  /** Whether the folder is left out, with all that is in it. */
  isLeftOut(folder: string): boolean;
}

/** Of a file that another program is still writing, or has left behind. */
const UNFINISHED = /^\.|^~\$|~$|\.(?:part|partial|filepart|crdownload|tmp|temp|swp)$/i;

/** A folder in a folder that is not there any more, or not for everybody, must not stand in the way of the others. */
const PASSED_OVER = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

/**
 * Paths of files, in no order. Links are not followed, so that nobody who may write into the folder reaches files
 * elsewhere; hidden and unfinished files are left out.
 * @throws the file system's error where the folder itself can't be read
 */
export async function* walk(folder: string, { depth, isLeftOut }: Walk): AsyncGenerator<string, void> {
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    const path = join(folder, entry.name);
    if (UNFINISHED.test(entry.name)) continue;
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth > 1 && !isLeftOut(path)) {
      yield* below(walk(path, { depth: depth - 1, isLeftOut }));
    }
  }
}

async function* below(paths: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
  try {
    yield* paths;
  } catch (error) {
    if (!PASSED_OVER.has((error as { code?: string }).code ?? "")) throw error;
  }
}
