/** How much memory the data of a Redis take, in bytes. */
import { Redis } from "ioredis";

export async function memoryOf(url: string): Promise<number> {
  const client = new Redis(url);
  const memory = await client.info("memory");
  client.disconnect();
  return Number(/^used_memory:(\d+)/m.exec(memory)![1]);
}
