/** What whoever listens is told of the calls of a store. */
import { channel } from "node:diagnostics_channel";
import { afterAll, beforeEach, expect, test } from "vitest";
import {
  newUuid,
  observedStore,
  openStore,
  type StoreCalled,
  storeCalled,
  type TrailEvent,
} from "../../core/index.ts";
import { chat } from "../support/vcons.ts";

const store = observedStore(await openStore("sqlite::memory:"));
let told: (StoreCalled & { seconds: number })[] = [];

beforeEach(() => {
  told = [];
});
afterAll(() => store.close());

const event = (name: TrailEvent["event"]): TrailEvent => ({ event: name, at: "2026-11-02T10:00:00Z" });

/** What is told of the calls that this makes. */
async function listening(calls: () => Promise<unknown>): Promise<object[]> {
  const stop = storeCalled.listen((one) => told.push(one));
  try {
    await calls();
  } finally {
    stop();
  }
  for (const { seconds } of told) expect(seconds).toBeGreaterThan(0);
  return told.map(({ seconds: _, ...others }) => others);
}

test("every call is told with its operation and the events that it has written, and no event that it has not", async () => {
  const vcon = chat("Good morning.");
  const { uuid } = vcon;
  const calls = await listening(async () => {
    await store.create(vcon, event("vcon_created"));
    await store.create(vcon, event("vcon_created"));
    const tags = { tags: [{ name: "about", value: "kettles" }] };
    await store.append(uuid, tags, [event("vcon_enhanced"), event("vcon_sent")]);
    await store.append(uuid, tags, [event("vcon_enhanced"), event("vcon_sent")]);
    const { revision } = await store.read(uuid, ["sealed"]);
    await store.replace(uuid, revision, vcon, [event("vcon_enhanced")]);
    await store.replace(uuid, revision, vcon, [event("vcon_enhanced")]);
    await store.delete(uuid, event("vcon_deleted"));
    await store.delete(uuid, event("vcon_deleted"));
  });
  expect(calls).toEqual([
    { operation: "create", events: ["vcon_created"] },
    { operation: "create", events: [] },
    { operation: "append", events: ["vcon_enhanced", "vcon_sent"] },
    { operation: "append", events: ["vcon_sent"] },
    { operation: "read", events: [] },
    { operation: "replace", events: ["vcon_enhanced"] },
    { operation: "replace", events: [] },
    { operation: "delete", events: ["vcon_deleted"] },
    { operation: "delete", events: [] },
  ]);
  const written = (await store.trail(uuid)).map((entry) => entry.event);
  expect(calls.flatMap((one) => (one as StoreCalled).events)).toEqual(written);
});

test("a call that fails is told with the error's code, and fails as it would have", async () => {
  const uuid = newUuid();
  const calls = await listening(() =>
    expect(store.append(uuid, {}, [event("vcon_sent")])).rejects.toMatchObject({ code: "VCON_NOT_FOUND" }),
  );
  expect(calls).toEqual([{ operation: "append", code: "VCON_NOT_FOUND", events: [] }]);
});

test("after the last listener has gone nothing is told", async () => {
  await listening(() => store.ping());
  expect(told).toHaveLength(1);
  await store.ping();
  expect(told).toHaveLength(1);
  expect(channel("vcon.store.called").hasSubscribers).toBe(false);
});
