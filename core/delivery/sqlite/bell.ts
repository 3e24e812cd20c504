/** Tells those in this process who wait for something new in a queue. */

export class Bell {
  readonly #waiting = new Map<string, Set<() => void>>();

  ring(queue: string): void {
    for (const call of this.#waiting.get(queue) ?? []) call();
  }

  /** @returns ends it */
  listen(queue: string, call: () => void): () => void {
    const calls = this.#waiting.get(queue) ?? new Set();
    this.#waiting.set(queue, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#waiting.delete(queue);
    };
  }
}
