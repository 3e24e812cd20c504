/** What every destination promises, as tests: what arrives, once, with its handle in the trail, and how it is erased. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { addAnalysis, type Handle, projectionAnalysis, type Row, type VconStore } from "../../core/index.ts";
import type { TestNodeRed } from "./node-red.ts";
import { anyValue, oddValues, oneMegabyte, type Value } from "./values.ts";
import { chat, stored } from "./vcons.ts";

/** The projection that the destination under test takes. */
export const PROJECTION = "calls";

export interface DestinationUnderTest {
  nodeRed: TestNodeRed;
  store: VconStore;
  /** Deploys the destination as "node", wired to "out", beside `ends`, and writing to an empty place. */
  deploy(): Promise<void>;
  /** What the other side holds of the vCon: its copies, each with the members of the row. */
  copies(uuid: string): Promise<Record<string, unknown>[]>;
  /** How often the other side was asked to take something; undefined where nothing is gathered. */
  requests: (() => number | Promise<number>) | undefined;
  /** Of the recipient in the trail. */
  vendor: string;
  /** How the other side has this value; the value itself where not given. */
  held?(value: Value): unknown;
}

/** A chat with a row, in the store. */
export function withRow(store: VconStore, row: Row): Promise<string> {
  const vcon = chat("Good morning.");
  addAnalysis(vcon, projectionAnalysis({ name: PROJECTION, row, dialog: [0] }));
  return stored(store, vcon);
}

/** A newer row of the same projection. */
export async function rowAgain(store: VconStore, uuid: string, row: Row): Promise<void> {
  const analysis = [projectionAnalysis({ name: PROJECTION, row, dialog: [0] })];
  await store.append(uuid, { analysis, seen: 1 });
}

export function keepsTheContract(underTest: () => DestinationUnderTest): void {
  let tested: DestinationUnderTest;
  beforeEach(() => {
    tested = underTest();
  });

  async function sent(uuid: string): Promise<void> {
    const { at, message } = await tested.nodeRed.through("node", { payload: uuid, topic: "kept" });
    expect(at, message.error?.message).toBe("out");
    expect(message).toMatchObject({ payload: uuid, topic: "kept" });
  }

  /** The event that says where the copy is. */
  async function handleOf(uuid: string): Promise<Handle> {
    const events = (await tested.store.trail(uuid)).filter(({ event }) => event === "vcon_sent");
    return events.at(-1)!.handle!;
  }

  describe("as every destination", () => {
    it("writes into the trail who has the data and under which handle, and nothing of the data", async () => {
      await tested.deploy();
      const uuid = await withRow(tested.store, { text: "secret words" });
      await sent(uuid);
      const trail = await tested.store.trail(uuid);
      expect(trail).toMatchObject([
        {
          event: "vcon_sent",
          node: { id: "node" },
          recipient: { vendor: tested.vendor, categories: ["projection"] },
          handle: expect.anything(),
        },
      ]);
      expect(trail[0]).not.toHaveProperty("failed");
      expect(JSON.stringify([trail, tested.nodeRed.log])).not.toContain("secret");
    });

    it("has one copy however often the vCon comes, also twice at the same moment", async () => {
      await tested.deploy();
      const uuid = await withRow(tested.store, { text: "first" });
      await Promise.all([sent(uuid), sent(uuid)]);
      await sent(uuid);
      expect(await tested.copies(uuid)).toMatchObject([{ text: "first" }]);
    });

    it("has one copy after a redeploy, too", async () => {
      await tested.deploy();
      const uuid = await withRow(tested.store, { text: "first" });
      await sent(uuid);
      await tested.nodeRed.redeploy();
      await sent(uuid);
      expect(await tested.copies(uuid)).toHaveLength(1);
    });

    it("erases the copy of one vCon, and no other; and again, where it is gone", async () => {
      await tested.deploy();
      const kept = await withRow(tested.store, { text: "kept" });
      const erased = await withRow(tested.store, { text: "erased" });
      await sent(kept);
      await sent(erased);
      const handle = await handleOf(erased);
      await tested.nodeRed.erase("node", erased, handle);
      expect(await tested.copies(erased)).toEqual([]);
      expect(await tested.copies(kept)).toMatchObject([{ text: "kept" }]);
      await tested.nodeRed.erase("node", erased, handle);
      expect(await tested.copies(kept)).toHaveLength(1);
      expect((await tested.store.trail(erased)).at(-1)).toMatchObject({ event: "vcon_deleted", handle });
    });

    it("makes the copy again when a vCon comes again whose copy was erased", async () => {
      await tested.deploy();
      const uuid = await withRow(tested.store, { text: "x" });
      await sent(uuid);
      await tested.nodeRed.erase("node", uuid, await handleOf(uuid));
      await sent(uuid);
      expect(await tested.copies(uuid)).toMatchObject([{ text: "x" }]);
    });

    it("takes many that come fast, each once", async () => {
      await tested.deploy();
      const uuids = await Promise.all(
        Array.from({ length: 60 }, (_, number) => withRow(tested.store, { text: `row ${number}` })),
      );
      const before = await tested.requests?.();
      await Promise.all(uuids.map(sent));
      for (const [number, uuid] of uuids.entries()) {
        expect(await tested.copies(uuid)).toMatchObject([{ text: `row ${number}` }]);
      }
      const after = await tested.requests?.();
      if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(uuids.length / 2);
    });

    /** What became of the value: it arrived as it was, or was refused in words that do not quote it. */
    async function expectWhole(value: Value): Promise<void> {
      const uuid = await withRow(tested.store, { text: "x", value });
      const { at, message } = await tested.nodeRed.through("node", { payload: uuid });
      if (at === "out") {
        const held = tested.held ?? ((as: Value) => as);
        // A store keeps JSON, which knows no -0.
        expect(await tested.copies(uuid)).toMatchObject([{ value: held(JSON.parse(JSON.stringify(value))) }]);
        return;
      }
      expect(message.error).toMatchObject({ code: "BAD_VALUE" });
      expect(message.error!.message).toContain('"value"');
      if (typeof value === "string" && value.length > 3) expect(message.error!.message).not.toContain(value);
      expect(await tested.copies(uuid)).toEqual([]);
    }

    it("has every odd value as it was, or refuses it and says why", async () => {
      await tested.deploy();
      for (const value of oddValues) await expectWhole(value);
    });

    it("has any value as it was, or refuses it and says why", async () => {
      await tested.deploy();
      await fc.assert(fc.asyncProperty(anyValue, expectWhole), { numRuns: 60 });
    });

    it("has 1 MB of text as it was, or refuses it and says why", async () => {
      await tested.deploy();
      await expectWhole(oneMegabyte);
    });
  });
}
