/** What tells faults: each reason once. */

export type TellFault = (error: Error | undefined) => void;

/** Passes on each reason once, until it is over, and that it is over. A listener may throw. */
export function changesOnly(tell: TellFault): TellFault {
  /** Tries to connect fail for one reason and another in turn. */
  const told = new Set<string>();
  return (error) => {
    if (error === undefined ? told.size === 0 : told.has(error.message)) return;
    if (error === undefined) told.clear();
    else told.add(error.message);
    undisturbed(() => tell(error));
  };
}

/** Calls somebody else's function: what it throws is its own affair. */
export function undisturbed(call: () => void): void {
  try {
    call();
  } catch {
    // Nobody here could do anything about it.
  }
}
