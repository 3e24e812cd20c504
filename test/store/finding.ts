/** What every home has to do for those who look for vCons: in the order of time, by party, and in its notes. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type AnyVcon, type Entry, newUuid, type PageOptions, type VconStore } from "../../core/index.ts";
import { COUNTRY, draft, encrypted, signed } from "./contract.ts";

/**
 * @param open a store whose telephone numbers are of this country
 * @param stop removes what these vCons left
 */
export function finding(
  open: (country: string) => Promise<VconStore>,
  stop: (uuids: string[]) => Promise<void> = async () => {},
): void {
  let store: VconStore;
  const uuids: string[] = [];

  beforeAll(async () => {
    store = await open(COUNTRY);
  });

  afterAll(async () => {
    await Promise.all(uuids.map((uuid) => store.delete(uuid)));
    await stop(uuids);
    await store.close();
  });

  async function make(createdAt: number, name: string, members: object = {}): Promise<Entry> {
    const created_at = new Date(createdAt).toISOString();
    const vcon = draft({ created_at, parties: [{ name }], ...members });
    await create(vcon);
    return { uuid: vcon.uuid, createdAt };
  }

  async function create(vcon: AnyVcon): Promise<void> {
    uuids.push(String(vcon["uuid"]));
    await store.create(vcon);
  }

  /** All of them, page after page. */
  async function pages(options: PageOptions): Promise<Entry[]> {
    const all: Entry[] = [];
    for (let page: Entry[] | undefined; page?.length !== 0; ) {
      const after = all.at(-1);
      page = await store.page({ ...options, ...(after && { after }) });
      expect(page.length).toBeLessThanOrEqual(options.limit!);
      all.push(...page);
      expect(all.length).toBeLessThan(5000);
    }
    return all;
  }

  describe("a page", () => {
    test("goes on behind the one before, newest first, of the same moment the greatest UUID first", async () => {
      const { at, since, until } = someDay();
      const name = `Paged ${newUuid()}`;
      const made: Entry[] = [];
      for (const moment of [0, 0, 0, 1, 1000, 1000, 1000, 1000, 1001, 5000]) {
        made.push(await make(at(moment), name));
      }
      for (const limit of [1, 3, 4, 10, 11]) {
        expect(await pages({ since, until, limit })).toEqual(made.sort(newestFirst));
        expect(await pages({ party: { name }, limit })).toEqual(made);
      }
      expect(await store.page({ since, until })).toEqual(made);
      expect(await store.page({ since, until, limit: 0 })).toEqual([]);
      const some = { since: iso(at(1)), until: iso(at(1000)), limit: 3 };
      expect(await pages(some)).toEqual(made.slice(2, 7));
      expect(await pages({ ...some, party: { name } })).toEqual(made.slice(2, 7));
      expect(await store.page({ ...some, after: made[1]! })).toEqual(made.slice(2, 5));
      expect(await store.page({ ...some, after: made[6]! })).toEqual([]);
    });

    test("begins behind a vCon that is gone, whatever was created meanwhile", async () => {
      const { at, since, until } = someDay();
      const name = `Moved ${newUuid()}`;
      const moments = Array.from({ length: 9 }, (_, i) => at(Math.floor(i / 3)));
      const made = (await Promise.all(moments.map((moment) => make(moment, name)))).sort(newestFirst);
      for (const options of [{ since, until }, { party: { name } }]) {
        const [, last] = await store.page({ ...options, limit: 2 });
        const [gone] = made.splice(1, 1);
        expect(last).toEqual(gone);
        await store.delete(gone!.uuid);
        const newer = await make(at(3), name);
        expect(await store.page({ ...options, after: last! })).toEqual(made.slice(1));
        made.unshift(newer);
      }
    });

    test("has those that find would find", async () => {
      const name = `Found ${newUuid()}`;
      const mailto = `${newUuid()}@example.com`;
      const { at } = someDay();
      const one = await make(at(0), name, { parties: [{ name: "Carol Carter" }, { name, mailto }] });
      const two = await make(at(1), name, { parties: [{ name }, { mailto }] });
      const former = await make(at(2), name, { parties: [{ name, mailto }] });
      const { revision } = await store.read(former.uuid, ["sealed"]);
      await store.replace(former.uuid, revision, signed(former.uuid));
      const fitting = [former, one];
      for (const party of [
        { name, mailto },
        { mailto: mailto.toUpperCase(), name },
      ]) {
        expect(await store.page({ party })).toEqual(fitting);
        expect((await store.find(party)).sort()).toEqual(fitting.map(({ uuid }) => uuid).sort());
      }
      expect(await store.page({ party: { name } })).toEqual([former, two, one]);
      expect(await store.page({ party: { name, tel: "+12025550199" } })).toEqual([]);
      expect(await store.page({ party: { name: "" } })).toEqual([]);
      expect(await store.page({ party: {} })).toEqual([]);
    });

    describe("of thousands that were created in the same moment", () => {
      const { at, since, until } = someDay();
      const [common, rare] = [`Common ${newUuid()}`, `Rare ${newUuid()}`];
      let made: Entry[];

      beforeAll(async () => {
        made = await Promise.all(
          Array.from({ length: 1100 }, (_, i) =>
            make(at(0), common, { parties: [{ name: common }, { name: i % 10 ? "Carol Carter" : rare }] }),
          ),
        );
        made.sort(newestFirst);
      });

      test("skips none and gives none twice", async () => {
        expect(await pages({ since, until, limit: 400 })).toEqual(made);
        expect(await pages({ since, until, limit: 2000 })).toEqual(made);
      });

      test("finds a party that all have, and one that few have", async () => {
        expect(await pages({ party: { name: common }, limit: 400 })).toEqual(made);
        expect(await pages({ party: { name: common }, since, until, limit: 400 })).toEqual(made);
        const found = await pages({ party: { name: rare }, limit: 40 });
        expect(found).toHaveLength(110);
        expect(found).toEqual(made.filter(({ uuid }) => found.some((entry) => entry.uuid === uuid)));
      });
    });
  });

  test("a list leaves out as many of the newest as it is asked to", async () => {
    const { at, since, until } = someDay();
    const made = [];
    for (const moment of [0, 1, 2, 3]) made.unshift((await make(at(moment), "Listed")).uuid);
    const all = { since, until };
    expect(await store.list({ ...all, offset: 1, limit: 2 })).toEqual(made.slice(1, 3));
    expect(await store.list({ ...all, offset: 4 })).toEqual([]);
    await store.delete(made[0]!);
    expect(await store.list({ ...all, offset: 1, limit: 2 })).toEqual(made.slice(2, 4));
  });

  describe("entering all anew", () => {
    test("finds numbers by another country than before", async () => {
      const tel = "020 7946 0123";
      const { at } = someDay();
      const entry = await make(at(0), "Anew", { parties: [{ tel }] });
      const british = await open("GB");
      const international = { tel: "+442079460123" };
      const isFound = async (party: object) => (await british.find(party)).includes(entry.uuid);
      expect(await isFound(international)).toBe(false);
      expect(await british.reindex()).toBeGreaterThan(0);
      expect([await isFound(international), await isFound({ tel })]).toEqual([true, true]);
      expect(await british.page({ party: international })).toContainEqual(entry);
      await british.delete(entry.uuid);
      expect([await isFound(international), await isFound({ tel })]).toEqual([false, false]);
      await british.close();
    });

    test("leaves sealed ones and those that were replaced where they were", async () => {
      const { at, since, until } = someDay();
      const name = `Former ${newUuid()}`;
      const replaced = await make(at(0), name);
      const { revision } = await store.read(replaced.uuid, ["sealed"]);
      await store.replace(replaced.uuid, revision, encrypted(replaced.uuid));
      const sealed = signed();
      await create(sealed);
      const [before] = (await store.page()).filter(({ uuid }) => uuid === sealed["uuid"]);
      await store.reindex();
      expect(await store.page({ since, until })).toEqual([replaced]);
      expect(await store.page({ party: { name } })).toEqual([replaced]);
      expect(await store.page()).toContainEqual(before);
    });

    test("moves one whose time has changed", async () => {
      const { at } = someDay();
      const name = `Moved ${newUuid()}`;
      const { uuid } = await make(at(0), name);
      const { revision } = await store.read(uuid, ["sealed"]);
      const created_at = iso(at(5));
      await store.replace(uuid, revision, draft({ uuid, created_at, parties: [{ name }] }));
      expect(await store.page({ party: { name } })).toEqual([{ uuid, createdAt: at(0) }]);
      await store.reindex();
      expect(await store.page({ party: { name } })).toEqual([{ uuid, createdAt: at(5) }]);
    });
  });

  describe("a note", () => {
    test.each(["", "a", "a:b {c} *", "été 日本 🎈"])(
      "is kept under the key %j, and not written over",
      async (end) => {
        const key = `${newUuid()}${end}`;
        expect(await store.notes.get(key)).toBeUndefined();
        expect(await store.notes.add(key, "one", 60)).toBeUndefined();
        expect(await store.notes.add(key, "two", 60)).toBe("one");
        expect(await store.notes.get(key)).toBe("one");
        await store.notes.set(key, "", 60);
        expect(await store.notes.get(key)).toBe("");
        expect(await store.notes.add(key, "three", 60)).toBe("");
        await store.notes.drop(key);
        await store.notes.drop(key);
        expect(await store.notes.get(key)).toBeUndefined();
        expect(await store.notes.add(key, "four", 60)).toBeUndefined();
        await store.notes.drop(key);
      },
    );

    test("is added by one of many", async () => {
      const key = newUuid();
      const other = await open(COUNTRY);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).notes.add(key, String(i), 60)),
      );
      const first = answers.indexOf(undefined);
      expect(answers.filter((_, i) => i !== first)).toEqual(Array(19).fill(String(first)));
      await other.notes.drop(key);
      await other.close();
    });

    test("is gone after its time, also where it was set again", async () => {
      const key = newUuid();
      await store.notes.add(key, "one", 60);
      await store.notes.set(key, "two", 0.03);
      const isGone = async () => (await store.notes.add(key, "three", 0.03)) === undefined;
      await vi.waitUntil(isGone, 10_000);
      await vi.waitUntil(async () => (await store.notes.get(key)) === undefined, 10_000);
      await vi.waitUntil(isGone, 10_000);
    });
  });
}

/** Somewhere in the past, since the vCons of an earlier run may still be there. */
let day = Math.floor(Math.random() * 15_000) + 1;

/** A day of its own, so that nothing else is in between; `at` gives a moment of it. */
export function someDay(): { at(milliseconds: number): number; since: string; until: string } {
  const start = day++ * 86_400_000;
  const at = (milliseconds: number) => start + milliseconds;
  return { at, since: iso(start), until: iso(start + 86_399_999) };
}

export function newestFirst(one: Entry, other: Entry): number {
  return other.createdAt - one.createdAt || (one.uuid < other.uuid ? 1 : -1);
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
