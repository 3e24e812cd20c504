/** The lists of the conserver's API: queues of this store or, where the settings say so, lists of a Python conserver. */
import type { ConserverList, DeadLetter, Queue } from "../../core/index.ts";
import type { ApiContext } from "../call.ts";

/** What both can do. */
export interface Way {
  /** @param key as in a queue's AddOptions; a conserver's list knows none, and takes what it is given */
  add(uuid: string, key?: string): Promise<void>;
  /** Takes the oldest for good. */
  pull(limit: number): Promise<string[]>;
  /** How many wait. */
  waiting(): Promise<number>;
  /** What has failed for good, the one that has been there longest first. */
  dead(): Promise<string[]>;
  /** Lets so many of these begin again. @returns how many */
  replay(limit: number): Promise<number>;
}

/** @throws VconError `DELIVERY_NAME_MALFORMED`, `DELIVERY_UNSUPPORTED`, `STORE_UNAVAILABLE` */
export async function wayOf({ store, settings }: ApiContext, name: string): Promise<Way> {
  const delivery = await (await store()).delivery();
  const { conserverLists } = settings;
  const isList = conserverLists.includes("*") || conserverLists.includes(name);
  return isList ? ofList(delivery.conserverList(name)) : ofQueue(delivery.queue(name));
}

function ofList(list: ConserverList): Way {
  return {
    add: (uuid) => list.push(uuid),
    pull: (limit) => list.pull(limit),
    waiting: () => list.length(),
    dead: () => list.dead(),
    replay: (limit) => list.replay(limit),
  };
}

function ofQueue(queue: Queue): Way {
  return {
    add: (uuid, key) => queue.add(uuid, { key }),
    pull: (limit) => queue.pull(limit),
    waiting: async () => {
      const { waiting, delayed } = await queue.counts();
      return waiting + delayed;
    },
    dead: async () => {
      const uuids: string[] = [];
      for await (const { uuid } of lettersIn(queue)) uuids.push(uuid);
      return uuids;
    },
    replay: async (limit) => {
      const letters = await queue.deadLetters({ limit });
      return queue.replay(
        letters.map(({ id }) => id),
        "start",
      );
    },
  };
}

const LETTERS_AT_ONCE = 1000;

/** All dead letters, the one that has been there longest first. */
export async function* lettersIn(queue: Queue): AsyncGenerator<DeadLetter> {
  for (let offset = 0; ; offset += LETTERS_AT_ONCE) {
    const letters = await queue.deadLetters({ offset, limit: LETTERS_AT_ONCE });
    yield* letters;
    if (letters.length < LETTERS_AT_ONCE) return;
  }
}
