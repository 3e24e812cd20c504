/** Gathers what goes to a destination: what comes while a batch is on its way goes together in the next one. */
import type { Handle } from "../../core/index.ts";
import type { Item, Outcome } from "./definition.ts";
import { isTransient, StepError } from "./errors.ts";
import { withRetries } from "./retry.ts";

interface Waiting {
  config: object;
  item: Item;
  arrived(handle: Handle): void;
  failed(error: unknown): void;
}

export interface BatchesOptions {
  /** How many go together. */
  most: number;
  /** How many batches are on their way at the same time. */
  atOnce: number;
  closing: AbortSignal;
  /** Sends once. See {@link DestinationDefinition.send}. */
  // biome-ignore lint/suspicious/noExplicitAny: the config of whichever node it is
  send(config: any, items: Item[]): Promise<readonly Outcome[] | undefined>;
}

export class Batches {
  readonly #options: BatchesOptions;
  #waiting: Waiting[] = [];
  #onTheirWay = 0;
  #isAwake = false;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Resolves with the handle under which the item arrived; rejects if it did not. */
  send(config: object, item: Item): Promise<Handle> {
    return new Promise((arrived, failed) => {
      this.#waiting.push({ config, item, arrived, failed });
      this.#wake();
    });
  }

  /** A turn of the event loop later, so that what comes in the same one goes together. */
  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => {
      this.#isAwake = false;
      while (this.#onTheirWay < this.#options.atOnce && this.#waiting.length > 0)
        void this.#start(this.#take());
    });
  }

  async #start(batch: Waiting[]): Promise<void> {
    this.#onTheirWay++;
    await this.#deliver(batch);
    this.#onTheirWay--;
    this.#wake();
  }

  /** The longest waiting, and those that go with it: a batch is sent by one config. */
  #take(): Waiting[] {
    const { config } = this.#waiting[0]!;
    const batch = this.#waiting.filter((waiting) => waiting.config === config).slice(0, this.#options.most);
    const taken = new Set(batch);
    this.#waiting = this.#waiting.filter((waiting) => !taken.has(waiting));
    return batch;
  }

  /** Sends until each item has arrived, or failed for good; never rejects. */
  async #deliver(batch: Waiting[]): Promise<void> {
    let left = batch;
    try {
      await withRetries(async () => {
        const outcomes = await this.#options.send(
          left[0]!.config,
          left.map(({ item }) => item),
        );
        // Whatever it says nothing of would be taken for arrived.
        if (outcomes && outcomes.length !== left.length) throw new TypeError("not an outcome for each item");
        const again = left.filter((waiting, index) => !isSettled(waiting, outcomes?.[index]));
        const reason = outcomes?.find(isTransient);
        left = again;
        if (reason) throw reason;
      }, this.#options.closing);
    } catch (error) {
      if (!(error instanceof StepError && error.oneOfBatch) || left.length === 1) {
        for (const { failed } of left) failed(error);
        return;
      }
      const middle = Math.ceil(left.length / 2);
      await this.#deliver(left.slice(0, middle));
      await this.#deliver(left.slice(middle));
    }
  }
}

/** Tells an item's sender what became of it, unless it can be sent again. */
function isSettled({ item, arrived, failed }: Waiting, outcome: Outcome): boolean {
  if (isTransient(outcome)) return false;
  if (outcome instanceof Error) failed(outcome);
  else arrived(outcome ?? item.handle);
  return true;
}
