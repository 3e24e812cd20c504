/** What Redis stores have to clear away: keys of media that were replaced, never finished, or read in part. */
import { Cluster, type Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type IncomingMedia, type LargeBody, openStore, type VconStore } from "../../core/index.ts";
import { dialog, draft } from "./contract.ts";

const LENGTH = 7 * 1024 * 1024;

export function leavesNoMedia(urlOf: () => string, connect: () => Redis | Cluster): void {
  let store: VconStore;
  let client: Redis | Cluster;

  beforeAll(async () => {
    store = await openStore(urlOf());
    client = connect();
  });

  afterAll(async () => {
    await client.quit();
    await store.close();
  });

  async function make(): Promise<string> {
    const vcon = draft({ dialog: [dialog({ body: "x".repeat(100_000) }), dialog()] });
    await store.create(vcon);
    return vcon.uuid;
  }

  async function keysOf(uuid: string): Promise<string[]> {
    const servers = client instanceof Cluster ? client.nodes("master") : [client];
    const keys = await Promise.all(servers.map((server) => server.keys(`*${uuid}*`)));
    return keys.flat().sort();
  }

  async function expectAllLasting(uuid: string): Promise<void> {
    for (const key of await keysOf(uuid)) expect([key, await client.ttl(key)]).toEqual([key, -1]);
  }

  test("that were replaced, and all when the vCon is deleted", async () => {
    const uuid = await make();
    await store.setMedia(uuid, 0, media(LENGTH));
    const keys = await keysOf(uuid);
    for (const length of [80_000, LENGTH]) {
      await store.setMedia(uuid, 0, media(length));
      expect(await keysOf(uuid)).toHaveLength(keys.length);
      await expectAllLasting(uuid);
    }
    await store.setMedia(uuid, 0, media(10));
    expect((await keysOf(uuid)).filter((key) => key.includes(":body:"))).toEqual([]);
    await store.setMedia(uuid, 1, media(LENGTH));
    await store.delete(uuid);
    expect(await keysOf(uuid)).toEqual([]);
  });

  test("that could not be read to the end, or came too late", async () => {
    const uuid = await make();
    const keys = await keysOf(uuid);
    const { revision } = await store.read(uuid, ["sealed"]);
    const failing = store.setMedia(
      uuid,
      0,
      media(LENGTH, () => Promise.reject(new Error("Hung up."))),
    );
    await expect(failing).rejects.toThrow("Hung up.");
    expect(await keysOf(uuid)).toEqual(keys);
    const late = media(LENGTH, () => store.append(uuid, { tags: [{ name: "a", value: "1" }] }));
    await expect(store.setMedia(uuid, 0, late, { revision })).rejects.toMatchObject({ code: "VCON_CHANGED" });
    expect(await keysOf(uuid)).toEqual(keys);
    const orphaned = store.setMedia(
      uuid,
      0,
      media(LENGTH, () => store.delete(uuid)),
    );
    await expect(orphaned).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    expect(await keysOf(uuid)).toEqual([]);
  });

  test("that were read to the end, in part or by one who went away", async () => {
    const uuid = await make();
    await store.setMedia(uuid, 0, media(LENGTH));
    const keys = await keysOf(uuid);
    const body = (await store.read(uuid, ["dialog"])).dialog.get(0)!.body as LargeBody;
    for await (const _ of body.stream(1)) break;
    for await (const _ of body.stream(1, LENGTH));
    expect(await keysOf(uuid)).toEqual(keys);
    await store.delete(uuid);
  });
}

/** @param before is done before the end */
function media(length: number, before: () => Promise<unknown> = async () => {}): IncomingMedia {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(length);
    await before();
  }
  return { bytes: bytes(), mediatype: "audio/wav" };
}
