/** Tells a reader of the dead letters of a queue. */
import { changesOnly, undisturbed } from "../changes-only.ts";
import type { Consumer, WatchOptions } from "../queue.ts";
import type { Letters } from "./letters.ts";
import { ROUND_MS, Rounds } from "./rounds.ts";

export class LetterWatcher implements Consumer {
  readonly #rounds: Rounds;
  readonly #stopListening: () => void;

  constructor(queue: string, letters: Letters, reader: string, options: WatchOptions, closed: AbortSignal) {
    const fault = changesOnly(options.fault);
    let enrolled = false;
    const round = async () => {
      if (!enrolled) await letters.enrol(queue, reader);
      enrolled = true;
      const unseen = await letters.takeUnseen(queue, reader);
      fault(undefined);
      for (const letter of unseen) undisturbed(() => options.tell(letter));
      return unseen.length === 0 ? ROUND_MS : 0;
    };
    this.#rounds = new Rounds(round, fault, closed);
    this.#stopListening = letters.bell.listen(queue, this.#rounds.ring);
  }

  stop(): Promise<void> {
    this.#stopListening();
    return this.#rounds.stop();
  }
}
