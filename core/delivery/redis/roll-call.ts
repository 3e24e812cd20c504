/** Finds who is gone, by how often each has said that it is alive. */

/** Somebody is missing who has said nothing new for so many calls. */
const CALLS = 4;

/** Counts calls instead of time, so that nobody seems to be gone because this process or Redis stood still. */
export class RollCall {
  #seen = new Map<string, { beats: string; again: number }>();

  /** @param all how often each has said so. @returns those of them who are gone; each once in a while */
  missing(all: ReadonlyMap<string, string>): [name: string, beats: string][] {
    const seen = new Map<string, { beats: string; again: number }>();
    for (const [name, beats] of all) {
      const last = this.#seen.get(name);
      seen.set(name, { beats, again: last?.beats === beats ? last.again + 1 : 0 });
    }
    const missing = [...seen].filter(([, { again }]) => again >= CALLS);
    for (const [name] of missing) seen.delete(name);
    this.#seen = seen;
    return missing.map(([name, { beats }]) => [name, beats]);
  }
}
