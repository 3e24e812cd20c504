/** Which files a path names: one, those of a folder, or those that a pattern fits. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import picomatch from "picomatch";
import { StepError } from "../../kit/index.ts";
import { failedIn } from "./afterwards.ts";
import { fileError } from "./file-error.ts";
import { type Walk, walk } from "./walk.ts";

/** A file, and the folder in which it was looked for. */
export interface FilePath {
  path: string;
  base: string;
}

/** What counts of a folder. */
export interface Chosen extends Walk {
  isNamed(path: string): boolean;
}

/** @param moveTo what was taken lies there, maybe below the folder itself */
export function chosenBy(
  { names, subfolders }: { names: string; subfolders: boolean },
  moveTo: string | undefined,
): Chosen {
  const isNamed = picomatch(names, { nocase: true, basename: true });
  return {
    depth: subfolders ? Number.POSITIVE_INFINITY : 1,
    isLeftOut: (folder) => moveTo !== undefined && [moveTo, failedIn(moveTo)].includes(folder),
    isNamed: (path) => isNamed(withSlashes(path)),
  };
}

/** @throws StepError where the path names nothing; a pattern that fits nothing is none */
export async function* filesAt(
  given: unknown,
  workingFolder: string,
  chosen: Chosen,
): AsyncGenerator<FilePath, void> {
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    throw new StepError(`"Path" holds no path. Open the node and set where it stands in the message.`, {
      code: "BAD_INPUT",
    });
  }
  const path = resolve(workingFolder, given);
  const stats = await statsOf(path);
  if (stats?.isFile()) yield { path, base: dirname(path) };
  else if (stats?.isDirectory()) yield* filesIn(path, chosen);
  else yield* filesLike(withSlashes(given), workingFolder, chosen);
}

/** @throws StepError where the folder can't be read */
export async function* filesIn(base: string, chosen: Chosen): AsyncGenerator<FilePath, void> {
  try {
    for await (const path of walk(base, chosen)) {
      if (chosen.isNamed(relative(base, path))) yield { path, base };
    }
  } catch (error) {
    throw fileError("The folder can't be read", error);
  }
}

function filesLike(
  pattern: string,
  workingFolder: string,
  { isLeftOut }: Chosen,
): AsyncGenerator<FilePath, void> {
  const { base, glob, isGlob } = picomatch.scan(pattern);
  if (!isGlob) throw new StepError("There is no file or folder at the path.", { code: "FILE_NOT_FOUND" });
  const depth = glob.includes("**") ? Number.POSITIVE_INFINITY : glob.split("/").length;
  const isNamed = picomatch(glob, { nocase: true });
  const folder = resolve(workingFolder, base);
  return filesIn(folder, { depth, isLeftOut, isNamed: (path) => isNamed(withSlashes(path)) });
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EINVAL"].includes((error as { code?: string }).code ?? "")) return undefined;
    throw fileError("The path can't be read", error);
  }
}

/** Patterns are written with slashes, on Windows too. */
function withSlashes(path: string): string {
  return path.replaceAll(sep, "/");
}
