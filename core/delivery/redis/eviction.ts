/** Whether a Redis may throw away what is in a queue. */
import { VconError } from "../../errors.ts";
import type { RedisClient } from "../../store/redis/connection.ts";

/** @returns undefined if it keeps everything */
export async function evictionFault(client: RedisClient): Promise<VconError | undefined> {
  const memory = await client.info("memory");
  const limit = Number(fieldOf(memory, "maxmemory") ?? 0);
  const policy = fieldOf(memory, "maxmemory_policy") ?? "noeviction";
  if (limit === 0 || policy === "noeviction") return;
  return new VconError(
    "STORE_UNAVAILABLE",
    "The store's Redis removes keys, and jobs with them, when its memory is full. Set its maxmemory-policy to noeviction.",
    { transient: true },
  );
}

function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
}
