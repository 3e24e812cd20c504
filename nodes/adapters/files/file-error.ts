/** What went wrong with a file that others have put there, in our own words and without its name. */
import { StepError } from "../../kit/index.ts";

/** By the system's code for the error. */
const WORDS: Record<string, { what: string; transient?: boolean }> = {
  ENOENT: { what: "It is not there." },
  ENOTDIR: { what: "A file stands where a folder should be." },
  EISDIR: { what: "It is a folder." },
  EACCES: { what: "Node-RED's user has no right to. Give it the right, also to the folder." },
  EPERM: { what: "Node-RED's user has no right to. Give it the right, also to the folder." },
  EROFS: { what: "The disk can only be read." },
  ENOSPC: { what: "The disk is full. Make room on it.", transient: true },
  EDQUOT: { what: "The user's share of the disk is used up. Make room on it.", transient: true },
  ENAMETOOLONG: { what: "Its path is too long for the file system." },
  ELOOP: { what: "Links on the way to it lead in a circle." },
  EBUSY: { what: "Another program holds it.", transient: true },
  EMFILE: { what: "Too many files are open at the moment.", transient: true },
  ENFILE: { what: "Too many files are open at the moment.", transient: true },
  EIO: { what: "The disk fails.", transient: true },
  ESTALE: { what: "The network drive was lost.", transient: true },
  ETIMEDOUT: { what: "The network drive does not answer.", transient: true },
  EHOSTDOWN: { what: "The network drive does not answer.", transient: true },
};

/**
 * A file system's error as one that may be shown; what is none passes as it is.
 * @param fact what can't be done, as a clause: "The file can't be read"
 */
export function fileError(fact: string, error: unknown): unknown {
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  if (error instanceof StepError || typeof code !== "string" || typeof syscall !== "string") return error;
  const { what, transient = false } = WORDS[code] ?? { what: "The file system refused it." };
  return new StepError(`${fact} (${code}). ${what}`, { code, transient });
}
