/** What becomes of a file when its vCon is in the store, or when it turns out to be none. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, open, rename, rm, unlink } from "node:fs/promises";
import { dirname, join, parse, relative } from "node:path";
import { fileError } from "./file-error.ts";
import type { FilePath } from "./paths.ts";
import { isStill, type Stamp } from "./quiet.ts";

export interface TakenFile extends FilePath {
  stamp: Stamp;
}

export interface Afterwards {
  done(file: TakenFile): Promise<void>;
  failed(file: TakenFile): Promise<void>;
}

/** Where files that hold no vCon are moved to. */
export const failedIn = (moveTo: string) => join(moveTo, "failed");

const leave = async () => {};

/** @param moveTo a folder; where it lies in the folder of the files, it is to be left out there */
export function afterwardsOf(what: "leave" | "move" | "delete", moveTo = ""): Afterwards {
  return {
    leave: { done: leave, failed: leave },
    delete: { done: unlessChanged(({ path }) => rm(path, { force: true }), "deleted"), failed: leave },
    move: {
      done: unlessChanged((file) => moveInto(moveTo, file), "moved"),
      failed: unlessChanged((file) => moveInto(failedIn(moveTo), file), "moved"),
    },
  }[what];
}

/** What was put in the file's place meanwhile was not read yet, and stays. */
function unlessChanged(work: (file: TakenFile) => Promise<void>, done: string) {
  return async (file: TakenFile) => {
    if (!(await isStill(file.path, file.stamp))) return;
    try {
      await work(file);
    } catch (error) {
      throw fileError(`The file can't be ${done}`, error);
    }
  };
}

/** Keeps the folders that the file lies in below the base, and writes over nothing. */
async function moveInto(folder: string, { path, base }: FilePath): Promise<void> {
  const target = await freePath(join(folder, relative(base, path)));
  try {
    await moveOver(path, target);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}

/** What is on another disk is there as a whole or not at all, too. */
async function moveOver(path: string, target: string): Promise<void> {
  try {
    return await rename(path, target);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
  }
  const unfinished = join(dirname(target), `.${randomUUID()}.tmp`);
  try {
    await copyFile(path, unfinished);
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  await unlink(path);
}

/** The path, or one beside it if something is there, with an empty file at it so that nobody else takes it. */
async function freePath(path: string): Promise<string> {
  const { dir, name, ext } = parse(path);
  await mkdir(dirname(path), { recursive: true });
  for (let free = path; ; free = join(dir, `${name}-${new Date().toISOString().replace(/\D/g, "")}${ext}`)) {
    const reserved = await open(free, "wx").catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
    await reserved?.close();
    if (reserved) return free;
  }
}
