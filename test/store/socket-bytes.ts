/** The promise of Redis stores: what a step moves over the network does not depend on the media in the vCon. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LargeBody, newUuid, openStore, type Part, type VconStore } from "../../core/index.ts";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.ts";
import { analysis, dialog, draft, happened } from "./contract.ts";

const MEDIA_BYTES = 10 * 1024 * 1024;
const ALLOWED_BYTES = 2048;

/** @param stop removes what these vCons left */
export function movesNoMedia(urlOf: () => string, stop?: (uuids: string[]) => Promise<void>): void {
  let proxy: CountingProxy;
  let store: VconStore;
  const [small, large] = [newUuid(), newUuid()];

  beforeAll(async () => {
    const { hostname, port } = new URL(urlOf());
    proxy = await startCountingProxy(hostname, Number(port));
    store = await openStore(`redis://127.0.0.1:${proxy.port}`);
    for (const [uuid, size] of [
      [small, 1000],
      [large, MEDIA_BYTES],
    ] as const) {
      await store.create(
        draft({
          uuid,
          parties: [{ name: "Alice" }],
          dialog: [dialog({ type: "recording", mediatype: "audio/wav", body: "A".repeat(size) })],
          analysis: [analysis("summary")],
          attachments: [{ purpose: "tags", body: ["a:1"] }],
        }),
      );
    }
    // Once, so that the scripts are known to the server.
    await step(small);
    for (const parts of READS) await store.read(small, parts);
    expect(proxy.take()).toBeGreaterThan(MEDIA_BYTES);
  });

  afterAll(async () => {
    await store.delete(small);
    await store.delete(large);
    await store.close();
    await stop?.([small, large]);
    proxy.close();
  });

  const READS: Part[][] = [
    ["attachments:tags"],
    ["head"],
    ["parties", "analysis:summary"],
    ["dialog"],
    ["sealed", "dialog"],
  ];

  async function step(uuid: string): Promise<unknown> {
    const addition = { tags: [{ name: "t", value: newUuid() }], analysis: [analysis(newUuid())] };
    return store.append(uuid, addition, [happened("vcon_enhanced")]);
  }

  async function bytesOf(work: Promise<unknown>): Promise<number> {
    await work;
    return proxy.take();
  }

  test.each(READS.map((parts) => [parts]))("in a read of %j", async (parts) => {
    const difference = (await bytesOf(store.read(large, parts))) - (await bytesOf(store.read(small, parts)));
    expect(Math.abs(difference)).toBeLessThan(ALLOWED_BYTES);
  });

  test("in a range of a body, but those of the range", async () => {
    const body = (await store.read(large, ["dialog"])).dialog.get(0)!.body as LargeBody;
    proxy.take();
    let length = 0;
    for await (const piece of body.stream(MEDIA_BYTES / 2, MEDIA_BYTES / 2 + 1000)) length += piece.length;
    expect(length).toBe(1000);
    expect(proxy.take()).toBeLessThan(1000 + ALLOWED_BYTES);
  });

  test("in an append", async () => {
    const difference = (await bytesOf(step(large))) - (await bytesOf(step(small)));
    expect(Math.abs(difference)).toBeLessThan(ALLOWED_BYTES);
  });
}
