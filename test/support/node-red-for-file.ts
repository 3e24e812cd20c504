/** What nearly every test of a node begins with: a running Node-RED and its store. */
import { afterAll } from "vitest";
import type { VconStore } from "../../core/index.ts";
import { startNodeRed, type TestNodeRed } from "./node-red.ts";
import { storeOf } from "./vcons.ts";

/**
 * Node-RED for the tests of the file that calls this, and the store that its flows use; both end after the last test.
 * @param packages folders of more nodes
 */
export async function nodeRedForFile(
  ...packages: string[]
): Promise<{ nodeRed: TestNodeRed; store: VconStore }> {
  const nodeRed = await startNodeRed(...packages);
  const store = await storeOf(nodeRed);
  afterAll(async () => {
    await store.close();
    await nodeRed.stop();
  });
  return { nodeRed, store };
}
