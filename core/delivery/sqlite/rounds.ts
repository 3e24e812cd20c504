/** Looks for work again and again: as soon as somebody rings, and after a while by itself. */
import type { TellFault } from "../changes-only.ts";

/** What other processes add is found after this time at the latest, and what failed is tried again. */
export const ROUND_MS = 1000;

export class Rounds {
  readonly #round: () => Promise<number>;
  readonly #fault: TellFault;
  readonly #closed: AbortSignal;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #rung = false;
  #stopped = false;

  /**
   * Begins with the first of them.
   * @param round answers after how many milliseconds the next is due, at most {@link ROUND_MS}
   * @param closed ends them too
   */
  constructor(round: () => Promise<number>, fault: TellFault, closed: AbortSignal) {
    this.#round = round;
    this.#fault = fault;
    this.#closed = closed;
    closed.addEventListener("abort", this.#end);
    this.ring();
  }

  /** There is something new: a round begins now, or right after the one that is under way. */
  readonly ring = (): void => {
    this.#rung = true;
    this.#running ??= this.#run();
  };

  /** Resolves when no round is under way any more. */
  async stop(): Promise<void> {
    this.#closed.removeEventListener("abort", this.#end);
    this.#end();
    await this.#running;
  }

  readonly #end = (): void => {
    this.#stopped = true;
    clearTimeout(this.#timer);
  };

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    let wait = 0;
    while (!this.#stopped && (this.#rung || wait === 0)) {
      this.#rung = false;
      wait = await this.#round().catch((error) => {
        if (!this.#stopped) this.#fault(error);
        return ROUND_MS;
      });
    }
    this.#running = undefined;
    if (!this.#stopped) this.#timer = setTimeout(this.ring, wait);
  }
}
