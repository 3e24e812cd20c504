/** A Redis that knows JSON, where somebody names one: Debian's does not. It outlives the tests. */
import { Redis } from "ioredis";
import { openStore } from "../../core/index.ts";

export const JSON_VARIABLE = "VCON_TEST_REDIS_JSON_URL";
export const jsonUrl = process.env[JSON_VARIABLE];

/** Removes the vCons and their trails, which no store removes. */
export async function removeFromJson(uuids: readonly string[]): Promise<void> {
  const store = await openStore(jsonUrl!);
  const client = new Redis(jsonUrl!);
  for (const uuid of uuids) {
    await store.delete(uuid);
    await client.unlink(`{vcon:${uuid}}:trail`);
  }
  await client.quit();
  await store.close();
}
