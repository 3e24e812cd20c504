/** The work of a node that finds vCons: each is stored, and goes on with a message of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { VconStore } from "../../core/index.ts";
import type { CollectorDefinition, Found } from "./definition.ts";
import { aboutVcon, stopped } from "./errors.ts";
import { copyOf, setOnMessage } from "./message.ts";
import type { Begun, Message } from "./runner.ts";
import { callFor, eventBy, retry, type Workplace } from "./workplace.ts";

/** How many are read at the same time: enough to keep the store busy, few enough for large ones. */
const READ_AT_ONCE = 4;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** What becomes of what was found; nothing here throws. */
export interface Each {
  started(): Begun;
  /**
   * @param message goes on
   * @returns false where it leads nowhere any more, because the flow is stopped
   */
  sent(message: Message, begun: Begun): boolean;
  /** One that goes no further: the store has had it before, or it is gone. */
  left(): void;
  /** @param message tells a Catch node where it was found */
  failed(error: Error, message: Message, begun: Begun): void;
  /** It was taken, but the place where it was found could not be tidied. */
  unsettled(error: Error, message: Message): void;
}

export class Collecting {
  readonly #definition: CollectorDefinition;
  readonly #place: Workplace;
  readonly #stopping = new AbortController();

  constructor(definition: CollectorDefinition, place: Workplace) {
    this.#definition = definition;
    this.#place = place;
  }

  /** Takes all that the message names. @throws where it can't be found out what there is, or the node is stopped */
  async collect(message: Message, each: Each): Promise<void> {
    const { signal } = this.#stopping;
    const call = await callFor(this.#place, message);
    await this.#takeAll(this.#definition.collect({ ...call, signal }), message, each);
    if (signal.aborted) throw stopped();
  }

  /**
   * Takes what comes to be found, until the node is stopped.
   * @param fault is told why nothing can be found for the time being, whenever the reason changes; undefined once
   *   there is none
   */
  async watch(each: Each, fault: (error: Error | undefined) => void): Promise<void> {
    const { signal } = this.#stopping;
    let told: string | undefined;
    let pause = FIRST_PAUSE_MS;
    const tell = (error?: Error) => {
      if (error?.message !== told) fault(error);
      told = error?.message;
    };
    const works = () => {
      tell();
      pause = FIRST_PAUSE_MS;
    };
    while (!signal.aborted) {
      try {
        const call = await callFor(this.#place, {} as Message);
        const found = this.#definition.watch({ ...call, signal, works });
        if (found === undefined) return;
        await this.#takeAll(found, {} as Message, each);
      } catch (error) {
        if (signal.aborted) return;
        tell(aboutVcon(undefined, error));
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  /** Ends what is begun, and begins no more. */
  stop(): void {
    this.#stopping.abort();
  }

  async #takeAll(all: AsyncIterable<Found>, message: Message, each: Each): Promise<void> {
    // What all of them were found in must not be copied for each.
    const { payload: _, ...rest } = message;
    const running = new Set<Promise<void>>();
    try {
      for await (const found of all) {
        if (this.#stopping.signal.aborted) break;
        const own = copyOf(this.#place.RED, rest as Message);
        const taking = this.#take(found, own, each).finally(() => running.delete(taking));
        running.add(taking);
        if (running.size >= READ_AT_ONCE) await Promise.race(running);
      }
    } finally {
      await Promise.all(running);
    }
  }

  /** Never rejects: that would end the whole Node-RED process before anybody looks. */
  async #take(found: Found, own: Message, each: Each): Promise<void> {
    const { RED } = this.#place;
    let uuid: string | undefined;
    const named = (error: unknown) => aboutVcon(uuid, error);
    const begun = each.started();
    try {
      setOnMessage(RED, own, found.message);
      const store = await retry(this.#place, this.#place.store);
      const read = await found.read((name) => this.#uuidFor(store, name));
      if (read === undefined) return each.left();
      uuid = read.uuid;
      const { vcon } = read;
      let attempts = 0;
      const isNew = await retry(this.#place, () => {
        attempts++;
        return store.create(vcon, eventBy(this.#place.node, "vcon_created"));
      });
      setOnMessage(RED, own, { ...read.message, payload: uuid });
      // One that the store has after an attempt that failed may be there by that attempt.
      if (!isNew && !found.again && attempts === 1) each.left();
      // What is found again after the stop must be left for then.
      else if (!each.sent(own, begun)) return;
    } catch (thrown) {
      const error = named(thrown);
      each.failed(error, own, begun);
      // One that fails because the flow stops is no worse than the others.
      if (this.#stopping.signal.aborted) return;
      return found.fail?.(error).catch((fault) => each.unsettled(named(fault), own));
    }
    await found.settle?.().catch((error) => each.unsettled(named(error), own));
  }

  #uuidFor(store: VconStore, name: string): Promise<string> {
    return retry(this.#place, () => store.uuidFor(`${this.#definition.type}:${name}`));
  }
}
