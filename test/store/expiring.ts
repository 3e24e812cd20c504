/** What a home has to do with vCons that would expire, as those that a conserver stores do. */
import { setTimeout as pause } from "node:timers/promises";
import type { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openStore, type Vcon, type VconStore } from "../../core/index.ts";
import { draft } from "./contract.ts";

const HOUR_MS = 60 * 60_000;

/** @param stop removes what these vCons left */
export function expiring(
  url: () => string,
  connect: () => Redis | Cluster,
  stop: (uuids: string[]) => Promise<void> = async () => {},
): void {
  let store: VconStore;
  let other: VconStore;
  let client: Redis | Cluster;
  const uuids: string[] = [];

  beforeAll(async () => {
    store = await openStore(url());
    other = await openStore(url());
    client = connect();
  });

  afterAll(async () => {
    await stop(uuids);
    await client.quit();
    await other.close();
    await store.close();
  });

  async function make(lifetime: number): Promise<Vcon> {
    const vcon = draft();
    uuids.push(vcon.uuid);
    await store.create(vcon);
    await client.pexpire(`vcon:${vcon.uuid}`, lifetime);
    return vcon;
  }

  function left({ uuid }: Vcon): Promise<number> {
    return client.pttl(`vcon:${uuid}`);
  }

  async function isHeld({ uuid }: Vcon): Promise<boolean> {
    return (await client.exists(`{vcon:${uuid}}:held`)) === 1;
  }

  test("one that is held has no end, and after the last release the time that it had left", async () => {
    const vcon = await make(HOUR_MS);
    expect(await store.hold(vcon.uuid, "a")).toBe(true);
    expect(await left(vcon)).toBe(-1);
    expect(await other.hold(vcon.uuid, "b")).toBe(true);
    expect(await store.hold(vcon.uuid, "b")).toBe(true);
    await store.release(vcon.uuid, "a");
    await store.release(vcon.uuid, "nobody");
    await store.release(vcon.uuid, "a");
    expect(await left(vcon)).toBe(-1);
    await store.release(vcon.uuid, "b");
    expect(await left(vcon)).toBeGreaterThan(HOUR_MS - 60_000);
    expect(await left(vcon)).toBeLessThanOrEqual(HOUR_MS);
    expect(await isHeld(vcon)).toBe(false);
  });

  test("one outlives its time while it is held, and no longer", async () => {
    const vcon = await make(300);
    await store.hold(vcon.uuid, "a");
    await pause(600);
    expect((await other.read(vcon.uuid, ["head"])).head.uuid).toBe(vcon.uuid);
    await other.release(vcon.uuid, "a");
    await vi.waitUntil(async () => (await left(vcon)) === -2, 10_000);
    await expect(store.hold(vcon.uuid, "a")).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
  });

  test.each(["", " ", "left", "by:left", "__proto__", "a:b {c}", "été 日本 🎈", "a\0b"])(
    "the name of a holder can be %j",
    async (holder) => {
      const vcon = await make(HOUR_MS);
      await store.hold(vcon.uuid, holder);
      await store.hold(vcon.uuid, "another");
      await store.release(vcon.uuid, holder);
      expect(await left(vcon)).toBe(-1);
      await store.release(vcon.uuid, "another");
      expect(await left(vcon)).toBeGreaterThan(0);
    },
  );

  test("many may hold one at the same moment, and only the last release counts", async () => {
    const vcon = await make(HOUR_MS);
    const holders = Array.from({ length: 50 }, (_, i) => `holder ${i}`);
    await Promise.all(holders.map((holder, i) => (i % 2 ? store : other).hold(vcon.uuid, holder)));
    const last = holders.pop()!;
    await Promise.all(holders.map((holder, i) => (i % 3 ? store : other).release(vcon.uuid, holder)));
    expect(await left(vcon)).toBe(-1);
    await store.release(vcon.uuid, last);
    expect(await left(vcon)).toBeGreaterThan(0);
  });

  test("one that was given another end while it was held has none again when it is held once more", async () => {
    const vcon = await make(HOUR_MS);
    await store.hold(vcon.uuid, "a");
    await client.pexpire(`vcon:${vcon.uuid}`, 2 * HOUR_MS);
    expect(await store.hold(vcon.uuid, "b")).toBe(true);
    expect(await left(vcon)).toBe(-1);
    await store.release(vcon.uuid, "a");
    await store.release(vcon.uuid, "b");
    expect(await left(vcon)).toBeLessThanOrEqual(HOUR_MS);
  });

  test("one that was replaced while it was held expires after it all the same", async () => {
    const vcon = await make(HOUR_MS);
    await store.hold(vcon.uuid, "a");
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    expect(await store.replace(vcon.uuid, revision, { ...vcon, subject: "Another" })).toBe(true);
    expect(await left(vcon)).toBe(-1);
    await store.release(vcon.uuid, "a");
    expect(await left(vcon)).toBeGreaterThan(0);
  });

  test.each(["by the store", "by another program"])(
    "one that was deleted %s leaves no end to its successor",
    async (by) => {
      const vcon = await make(HOUR_MS);
      await store.hold(vcon.uuid, "a");
      if (by === "by the store") await store.delete(vcon.uuid);
      else await client.del(`vcon:${vcon.uuid}`);
      await other.create(vcon);
      expect(await isHeld(vcon)).toBe(false);
      await store.release(vcon.uuid, "a");
      expect(await left(vcon)).toBe(-1);
      expect(await store.hold(vcon.uuid, "b")).toBe(false);
    },
  );
}
