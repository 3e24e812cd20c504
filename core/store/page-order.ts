/** The order of the pages of every store. */
import type { Entry } from "./store.ts";

/** The order of {@link VconStore.page}. */
export function newestFirst(one: Entry, other: Entry): number {
  if (one.createdAt !== other.createdAt) return other.createdAt - one.createdAt;
  if (one.uuid === other.uuid) return 0;
  return one.uuid < other.uuid ? 1 : -1;
}
