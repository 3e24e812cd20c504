/** Publish and subscribe within one process, where the store has no server. */
import { undisturbed } from "./changes-only.ts";
import type { Channel, SubscribeOptions, Subscription } from "./delivery.ts";

/** Whoever is to hear each other shares one object. */
export class InProcessChannel implements Channel {
  readonly #listeners = new Set<SubscribeOptions>();

  async publish(uuid: string): Promise<void> {
    for (const listener of this.#listeners) setImmediate(() => this.#tell(listener, uuid));
  }

  subscribe({ hear, fault }: SubscribeOptions): Subscription {
    const listener = { hear, fault };
    this.#listeners.add(listener);
    return {
      stop: async () => {
        this.#listeners.delete(listener);
      },
    };
  }

  /** Not if it has stopped since. */
  #tell(listener: SubscribeOptions, uuid: string): void {
    if (this.#listeners.has(listener)) undisturbed(() => listener.hear(uuid));
  }
}
