/** The revisions of vCons in homes that write one down with each change. */
import { randomUUID } from "node:crypto";

/** Never given before: a vCon that was deleted and made anew is not taken for the former one. */
export function newRevision(): string {
  return randomUUID();
}
