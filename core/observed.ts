/**
 * What is done with vCons in this process, told on channels of `node:diagnostics_channel` to whoever listens: to our own
 * metrics, or to a tool that watches the process. While nobody listens nothing is measured. No UUID is told, and nothing
 * of what a vCon holds.
 */
import { channel } from "node:diagnostics_channel";
import type { VconErrorCode } from "./errors.ts";
import type { TrailEvent } from "./trail/event.ts";

/** One node's work on one vCon has ended. */
export interface StepEnded {
  /** Of the node. */
  type: string;
  /** The output's name, or "failed"; "done" for a node that has no more than one output. */
  outcome: string;
}

/** A store has answered a call. */
export interface StoreCalled {
  /** The method of {@link VconStore}. */
  operation: string;
  /** Why it failed, if it did. */
  code?: VconErrorCode | "UNEXPECTED";
  /** The names of the events that it wrote into trails. */
  events: readonly TrailEvent["event"][];
}

/** Something that ends, told as what it was and how long it took. */
export class Observed<Facts extends object> {
  readonly #channel: ReturnType<typeof channel>;

  /** @param name of the channel */
  constructor(name: string) {
    this.#channel = channel(name);
  }

  /** When it begins, to be handed to `end`; undefined while nobody listens. */
  begin(): number | undefined {
    return this.#channel.hasSubscribers ? performance.now() : undefined;
  }

  end(begun: number, facts: Facts): void {
    this.#channel.publish({ ...facts, seconds: (performance.now() - begun) / 1000 });
  }

  /** @param hear must not throw: that would end the process. @returns what to call to hear no more */
  listen(hear: (told: Facts & { seconds: number }) => void): () => void {
    const listener = (told: unknown) => hear(told as Facts & { seconds: number });
    this.#channel.subscribe(listener);
    return () => this.#channel.unsubscribe(listener);
  }
}

export const stepEnded = new Observed<StepEnded>("vcon.step.ended");
export const storeCalled = new Observed<StoreCalled>("vcon.store.called");
