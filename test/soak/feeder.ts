/** Whoever sends conversations: posts each to one of the Node-REDs, and again where nothing confirmed it. */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";

const AT_ONCE = 24;
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

export interface Conversation {
  /** In its source. */
  name: string;
  text: string;
}

export interface Fed {
  /** By its name, the UUID that the conversation was given. */
  uuids: Map<string, string>;
  /** How many posts were not confirmed and sent again. */
  repeated: number;
}

/** @param target where to post the next one; undefined where nobody is there at the moment */
export async function feed(
  conversations: readonly Conversation[],
  target: () => string | undefined,
): Promise<Fed> {
  const fed: Fed = { uuids: new Map(), repeated: 0 };
  const limit = pLimit(AT_ONCE);
  const feedOne = async (conversation: Conversation): Promise<void> => {
    for (;;) {
      const uuid = await confirmed(conversation, target());
      if (uuid !== undefined) return void fed.uuids.set(conversation.name, uuid);
      fed.repeated++;
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all(conversations.map((conversation) => limit(() => feedOne(conversation))));
  return fed;
}

async function confirmed(conversation: Conversation, url: string | undefined): Promise<string | undefined> {
  if (url === undefined) return undefined;
  try {
    const response = await fetch(`${url}/conversations`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(conversation),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}
