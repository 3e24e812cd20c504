/** What the world outside sees of a job's row: its id and its times. */

/** With the time of its addition, so that it is unique also where a file is begun anew. */
export function idOf(row: number, addedAt: number): string {
  return `${addedAt.toString(36)}-${row}`;
}

/** The row that an id would be of, if it is one. */
export function rowOf(id: string): number | undefined {
  const row = Number(id.split("-")[1]);
  return Number.isSafeInteger(row) ? row : undefined;
}

/** @param time milliseconds since 1970 */
export function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
