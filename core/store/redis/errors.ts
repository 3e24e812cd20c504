/** Says in our own words why a Redis did not do what was asked. */
import { VconError } from "../../errors.ts";

/** What the first word of a Redis error or the code of a socket error means; `passing` if a later call may succeed. */
const REASONS: Record<string, { says: string; passing: boolean }> = {
  LOADING: { says: "is still loading its data", passing: true },
  OOM: { says: "is out of memory", passing: true },
  READONLY: { says: "is a replica that takes no writes", passing: true },
  UNBLOCKED: { says: "has become a replica", passing: true },
  MISCONF: { says: "can't write to its disk", passing: true },
  BUSY: { says: "is busy with a script", passing: true },
  MASTERDOWN: { says: "is a replica without its master", passing: true },
  NOREPLICAS: { says: "has too few replicas", passing: true },
  CLUSTERDOWN: { says: "is a cluster of which a part is down", passing: true },
  TRYAGAIN: { says: "is moving the vCon to another node", passing: true },
  MOVED: { says: "has moved the vCon to another node", passing: true },
  ASK: { says: "is moving the vCon to another node", passing: true },
  ECONNREFUSED: { says: "refuses connections", passing: true },
  ECONNRESET: { says: "closed the connection", passing: true },
  ETIMEDOUT: { says: "does not answer", passing: true },
  EHOSTUNREACH: { says: "can't be reached", passing: true },
  ENETUNREACH: { says: "can't be reached", passing: true },
  ENOTFOUND: { says: "has a host name that is not known here", passing: true },
  EAI_AGAIN: { says: "has a host name that is not known here", passing: true },
  NOAUTH: { says: "asks for a password, and the store's URL has none", passing: false },
  WRONGPASS: { says: "does not accept the user and password of the store's URL", passing: false },
  NOPERM: { says: "does not allow this user one of the commands or keys that a store needs", passing: false },
  WRONGTYPE: {
    says: "holds something of another kind under a key or list that the store uses",
    passing: false,
  },
};

/**
 * The error to hand on. It quotes neither the server nor the command, whose arguments may be a conversation, and
 * has no `cause` for the same reason.
 */
export function asVconError(error: unknown): unknown {
  if (error instanceof VconError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  const { says, passing } = REASONS[code] ?? unknownReason(error, code);
  return new VconError("STORE_UNAVAILABLE", `The store's Redis ${says}.`, { transient: passing });
}

/** "ECONNREFUSED" of a socket's error; "OOM" of the reply "OOM command not allowed ...". */
export function codeOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return code ?? /^-?([A-Z]+)\b/.exec(error.message)?.[1] ?? "";
}

function unknownReason(error: Error, code: string): { says: string; passing: boolean } {
  if (error.name === "ReplyError") {
    return { says: `answered with the error ${code || "of an unknown kind"}`, passing: false };
  }
  return { says: "can't be reached", passing: true };
}
