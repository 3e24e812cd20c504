/** What is seen of the jobs while the flows work: who has begun which, and how long a killed one's wait for another. */

export class Watch {
  /** By UUID, how often a flow was begun with it. */
  readonly begun = new Map<string, number>();
  readonly finished = new Set<string>();
  /** Milliseconds from a kill until somebody began again what the killed one had begun and not finished. */
  readonly takeovers: number[] = [];
  /** How much was seen. */
  count = 0;
  /** By UUID, which process has it. */
  readonly #open = new Map<string, number>();
  /** By UUID, when the process that had it was killed. */
  readonly #orphans = new Map<string, number>();

  hasBegun(uuid: string, by: number): void {
    this.count++;
    this.begun.set(uuid, (this.begun.get(uuid) ?? 0) + 1);
    this.#open.set(uuid, by);
    const since = this.#orphans.get(uuid);
    if (since === undefined) return;
    this.#orphans.delete(uuid);
    this.takeovers.push(performance.now() - since);
  }

  hasFinished(uuid: string): void {
    this.count++;
    this.finished.add(uuid);
    this.#open.delete(uuid);
  }

  hasFailed(uuid: string): void {
    this.#open.delete(uuid);
  }

  wasKilled(by: number): void {
    for (const [uuid, holder] of this.#open) if (holder === by) this.#orphans.set(uuid, performance.now());
    this.hasEnded(by);
  }

  /** It has given back what it had. */
  hasEnded(by: number): void {
    for (const [uuid, holder] of this.#open) if (holder === by) this.#open.delete(uuid);
  }
}
