/** A file as the kit takes it: read, and then moved, deleted or left. */
import { type Found, isTransient } from "../../kit/index.ts";
import type { Afterwards } from "./afterwards.ts";
import type { FilePath } from "./paths.ts";
import { inMotion, readWhole, type Stamp, stampWhenQuiet } from "./quiet.ts";
import { readFrom } from "./read-from.ts";

interface FoundFile extends FilePath {
  /** As it was when it was found quiet; where it is not given, the file is waited for. */
  stamp?: Stamp;
  /** Ends the waiting. */
  signal: AbortSignal;
  later?(): void;
  afterwards: Afterwards;
  maxBytes: number;
  again: boolean;
}

/** What is wrong with the file itself, and not with its disk or the store. */
const OWN_FAULT = /^(?:VCON|UUID)_/;

export function foundFile(file: FoundFile): Found {
  const { path, base, stamp, signal, later, afterwards, maxBytes, again } = file;
  let taken = stamp;
  const end = async (what: keyof Afterwards) => {
    if (taken !== undefined) await afterwards[what]({ path, base, stamp: taken });
  };
  return {
    message: { filename: path },
    again,
    async read(uuidFor) {
      taken ??= await stampWhenQuiet(path, signal);
      const bytes = await readWhole(path, taken, maxBytes);
      if (bytes !== undefined) return readFrom(bytes, maxBytes, uuidFor);
      // One that is watched will be seen again.
      if (stamp === undefined) throw inMotion();
      return undefined;
    },
    settle: () => end("done"),
    async fail(error) {
      if (isTransient(error)) later?.();
      else if (OWN_FAULT.test((error as { code?: string }).code ?? "")) await end("failed");
    },
  };
}
