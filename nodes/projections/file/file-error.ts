/** What went wrong with a file, in our own words. */
import { StepError } from "../../kit/index.ts";

/** By the system's code for the error. */
const WORDS: Record<string, { what: string; transient?: boolean }> = {
  EACCES: { what: "Node-RED's user may not write there. Give it the right, or choose another folder." },
  EPERM: { what: "Node-RED's user may not write there. Give it the right, or choose another folder." },
  EROFS: { what: "The disk can only be read. Choose another folder." },
  ENOSPC: { what: "The disk is full. Make room on it.", transient: true },
  EDQUOT: { what: "The user's share of the disk is used up. Make room on it.", transient: true },
  EFBIG: { what: "The file would be larger than the file system or the user's limit takes." },
  ENOTDIR: { what: "A file stands where a folder should be. Choose another folder." },
  EEXIST: { what: "A file stands where a folder should be. Choose another folder." },
  EISDIR: { what: "A folder stands where the file should be. Move it away." },
  ENOTEMPTY: { what: "A folder stands where the file should be. Move it away." },
  ENAMETOOLONG: { what: "The path is too long for the file system. Choose a shorter one." },
  ELOOP: { what: "Links on the way to it lead in a circle. Choose another folder." },
  ENOENT: { what: "It or its folder was moved away just now.", transient: true },
  EINVAL: { what: "The file system does not take such a path. Choose another folder." },
  EBUSY: { what: "Another program holds it. Close it there.", transient: true },
  EMFILE: { what: "Too many files are open at the moment.", transient: true },
  ENFILE: { what: "Too many files are open at the moment.", transient: true },
  EIO: { what: "The disk fails.", transient: true },
  ESTALE: { what: "The network drive was lost.", transient: true },
  ETIMEDOUT: { what: "The network drive does not answer.", transient: true },
};

/** A file system's error as one that may be shown; what is none passes as it is. */
export function fileError(error: unknown, path: string): unknown {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  if (error instanceof StepError || typeof code !== "string" || typeof syscall !== "string") return error;
  const { what, transient = false } = WORDS[code] ?? { what: "The file system refused it." };
  return new StepError(`The file ${path} can't be written (${code}). ${what}`, { code, transient });
}
