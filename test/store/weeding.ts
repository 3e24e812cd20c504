/** What a home in Redis has to do with what others remove there, let expire, and enter in their own way. */
import type { Cluster, Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Entry, newUuid, openStore, type VconStore } from "../../core/index.ts";
import { draft } from "./contract.ts";
import { newestFirst, someDay } from "./finding.ts";

/** @param stop removes what these vCons left */
export function weeding(
  url: () => string,
  connect: () => Redis | Cluster,
  stop: (uuids: string[]) => Promise<void> = async () => {},
): void {
  let store: VconStore;
  let client: Redis | Cluster;
  let day: ReturnType<typeof someDay>;
  let name: string;
  const uuids: string[] = [];

  beforeAll(async () => {
    store = await openStore(url());
    client = connect();
  });

  afterAll(async () => {
    await Promise.all(uuids.map((uuid) => store.delete(uuid)));
    await stop(uuids);
    await client.quit();
    await store.close();
  });

  beforeEach(() => {
    day = someDay();
    name = `Weeded ${newUuid()}`;
  });

  async function make(...moments: number[]): Promise<Entry[]> {
    return Promise.all(
      moments.map(async (moment) => {
        const createdAt = day.at(moment);
        const vcon = draft({ created_at: new Date(createdAt).toISOString(), parties: [{ name }] });
        uuids.push(vcon.uuid);
        await store.create(vcon);
        return { uuid: vcon.uuid, createdAt };
      }),
    );
  }

  async function pages(limit: number): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let page: Entry[] | undefined; page?.length !== 0; ) {
      const { since, until } = day;
      const after = all.at(-1);
      page = await store.page({ since, until, limit, ...(after && { after }) });
      all.push(...page);
      expect(all.length).toBeLessThan(5000);
    }
    return all;
  }

  /** The members of the index by creation time on this day. */
  function entered(): Promise<string[]> {
    return client.zrangebyscore("vcons", Date.parse(day.since) / 1000, Date.parse(day.until) / 1000);
  }

  const inOrder = (entries: Entry[]) => entries.map(({ uuid }) => uuid);
  const keysOf = (entries: Entry[]) => entries.map(({ uuid }) => `vcon:${uuid}`).sort();

  describe("what others have removed", () => {
    test("is not listed, does not count, and leaves the index", async () => {
      const made = (await make(0, 1, 2, 3, 4)).reverse();
      const [gone, expired] = [made[0]!, made[2]!];
      await client.del(`vcon:${gone.uuid}`);
      await client.pexpire(`vcon:${expired.uuid}`, 1);
      await vi.waitUntil(async () => (await client.exists(`vcon:${expired.uuid}`)) === 0, 10_000);
      const there = made.filter((entry) => entry !== gone && entry !== expired);
      const { since, until } = day;
      expect(await store.list({ since, until, limit: 1, offset: 1 })).toEqual([there[1]!.uuid]);
      expect(await store.list({ since, until, limit: 2 })).toEqual(inOrder(there.slice(0, 2)));
      expect(await pages(2)).toEqual(there);
      expect((await entered()).sort()).toEqual(keysOf(there));
    });

    test("is not found by its party, and leaves that index", async () => {
      const made = await make(0, 1, 2, 3);
      await client.del(`vcon:${made[0]!.uuid}`);
      expect((await store.find({ name })).sort()).toEqual(inOrder(made.slice(1)).sort());
      expect((await client.smembers(`name:${name}`)).sort()).toEqual(inOrder(made.slice(1)).sort());
      await client.del(`vcon:${made[3]!.uuid}`);
      expect(await store.page({ party: { name }, limit: 1 })).toEqual([made[2]]);
      expect((await client.smembers(`name:${name}`)).sort()).toEqual(inOrder(made.slice(1, 3)).sort());
      expect((await entered()).sort()).toEqual(expect.not.arrayContaining(keysOf([made[3]!])));
    });

    test("is entered again with a vCon of the same UUID", async () => {
      const [{ uuid, createdAt }] = (await make(0)) as [Entry];
      await client.del(`vcon:${uuid}`);
      expect(await pages(1)).toEqual([]);
      await store.create(draft({ uuid, created_at: new Date(createdAt).toISOString(), parties: [{ name }] }));
      expect(await pages(1)).toEqual([{ uuid, createdAt }]);
      expect(await store.find({ name })).toEqual([uuid]);
    });

    test("may be thousands that are newer than what is there", async () => {
      const made = await make(0);
      const gone = Array.from({ length: 2500 }, (_, i) => [day.at(1000 + i) / 1000, `vcon:${newUuid()}`]);
      await client.zadd("vcons", ...gone.flat());
      expect(await store.page({ since: day.since, until: day.until, limit: 1 })).toEqual(made);
      expect(await entered()).toEqual(keysOf(made));
    });
  });

  describe("what a conserver enters", () => {
    test("by a bare UUID is listed once, in its place", async () => {
      const made = (await make(...Array(260).fill(0))).sort(newestFirst);
      for (const [i, { uuid, createdAt }] of made.entries()) {
        if (i % 3 === 0) continue;
        await client.zadd("vcons", createdAt / 1000, uuid);
        if (i % 3 === 1) await client.zrem("vcons", `vcon:${uuid}`);
      }
      expect(await pages(60)).toEqual(made);
      expect((await entered()).sort()).toEqual(keysOf(made));
    });

    test("by a bare UUID alone is found by its party", async () => {
      const [made] = (await make(0)) as [Entry];
      await client.zadd("vcons", made.createdAt / 1000, made.uuid);
      await client.zrem("vcons", `vcon:${made.uuid}`);
      expect(await store.page({ party: { name } })).toEqual([made]);
    });

    test("with microseconds is in the order of milliseconds", async () => {
      const made = (await make(...Array.from({ length: 60 }, (_, i) => 250 + (i % 3)))).sort(newestFirst);
      for (const [i, { uuid, createdAt }] of made.entries()) {
        const micros = `${Math.floor(createdAt / 1000)}.${createdAt % 1000}${i % 2 ? "999" : "001"}`;
        await client.zadd("vcons", micros, `vcon:${uuid}`);
      }
      expect(await store.page({ party: { name } })).toEqual(made);
      const second = { ...day, until: new Date(day.at(251)).toISOString() };
      expect(await store.page(second)).toEqual(made.slice(20));
      expect(await pages(7)).toEqual(made);
    });

    test("and nobody can read is neither listed nor in the way", async () => {
      const made = await make(0);
      await client.zadd("vcons", day.at(1) / 1000, "nonsense", day.at(2) / 1000, "vcon:more");
      expect(await pages(1)).toEqual(made);
    });
  });

  test("a party in thousands of vCons, most of them older than thousands of others, is found", async () => {
    const scored = (length: number, from: number) =>
      Array.from({ length }, (_, i): Entry => ({ uuid: newUuid(), createdAt: day.at(from + i) }));
    const others = scored(10_000, 5000);
    const own = [...scored(5, 7000), ...scored(1495, 0)].sort(newestFirst);
    const members = [...others, ...own].flatMap(({ uuid, createdAt }) => [createdAt / 1000, `vcon:${uuid}`]);
    await client.zadd("vcons", ...members);
    await client.sadd(`name:${name}`, ...inOrder(own));
    await Promise.all(own.map(({ uuid }) => client.set(`vcon:${uuid}`, "")));
    const { until } = day;
    const first = await store.page({ party: { name }, until, limit: 10 });
    expect(first).toEqual(own.slice(0, 10));
    const rest = await store.page({ party: { name }, until, limit: 1490, after: first[9]! });
    expect(rest).toEqual(own.slice(10));
    await Promise.all(own.map(({ uuid }) => client.del(`vcon:${uuid}`)));
    expect(await store.page({ party: { name }, until, limit: 10 })).toEqual([]);
    expect(await client.exists(`name:${name}`)).toBe(0);
    await client.zrem("vcons", ...others.map(({ uuid }) => `vcon:${uuid}`));
    expect(await entered()).toEqual([]);
  });

  describe("entering all anew", () => {
    test("finds what others have put here, and drops what they have removed", async () => {
      const [made, gone] = (await make(0, 1)) as [Entry, Entry];
      await client.zrem("vcons", `vcon:${made.uuid}`);
      await client.del(`name:${name}`);
      await client.del(`{vcon:${made.uuid}}:elsewhere`);
      await client.del(`vcon:${gone.uuid}`);
      expect(await store.reindex()).toBeGreaterThan(0);
      expect(await entered()).toEqual(keysOf([made]));
      expect(await store.find({ name })).toEqual([made.uuid]);
      expect(await pages(10)).toEqual([made]);
      await store.delete(made.uuid);
      expect(await entered()).toEqual([]);
      expect(await store.find({ name })).toEqual([]);
    });

    test("enters one of thousands of parties", async () => {
      const parties = Array.from({ length: 9000 }, (_, i) => ({ name: `${name} ${i}` }));
      const { uuid } = draft();
      uuids.push(uuid);
      await store.create(draft({ uuid, parties }));
      await client.srem(`name:${name} 8999`, uuid);
      await store.reindex();
      expect(await store.find({ name: `${name} 8999` })).toEqual([uuid]);
    });

    test("passes over what is no vCon", async () => {
      const strange = [`vcon:${newUuid()}`, "vcon:no-uuid", `vcon:${newUuid().toUpperCase()}`];
      for (const key of strange) await client.set(key, "no vCon");
      const before = await store.reindex();
      await make(0);
      expect(await store.reindex()).toBe(before + 1);
      for (const key of strange) {
        expect(await client.zscore("vcons", key)).toBeNull();
        await client.del(key);
      }
    });

    test("keeps nothing of what expires longer than that", async () => {
      const [{ uuid }] = (await make(0)) as [Entry];
      await client.del(`{vcon:${uuid}}:elsewhere`);
      await client.expire(`vcon:${uuid}`, 3600);
      await store.reindex();
      expect(await client.ttl(`vcon:${uuid}`)).toBeGreaterThan(3500);
      expect(await client.ttl(`{vcon:${uuid}}:elsewhere`)).toBeGreaterThan(3500);
    });
  });
}
