/** The three nodes in a row, on both kinds of store. */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formOf, openStore, type Vcon, type VconStore } from "../../../core/index.ts";
import { keysNode, ours } from "../../support/keys.ts";
import { ends, startNodeRed, type TestNodeRed } from "../../support/node-red.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { call, chat, inline, stored } from "../../support/vcons.ts";

let nodeRed: TestNodeRed;
let redis: TestRedis;
beforeAll(async () => {
  [nodeRed, redis] = await Promise.all([startNodeRed(), startRedis()]);
});
afterAll(async () => {
  await nodeRed.stop();
  await redis.stop();
});

describe.each([
  ["SQLite", () => "sqlite:test.sqlite"],
  ["Redis", () => redis.url],
])("a vCon in %s", (_, url) => {
  let store: VconStore;
  beforeAll(async () => {
    store = await openStore(url(), { folder: nodeRed.userFolder });
    const node = (type: string, wires: string[]) => ({
      id: type,
      type: `vcon-${type}`,
      store: "store",
      keys: "keys",
      wires: [wires],
    });
    await nodeRed.deploy([
      { id: "store", type: "vcon-store", url: url() },
      keysNode(ours),
      node("sign", ["encrypt"]),
      node("encrypt", ["open"]),
      node("open", ["out"]),
      ...ends,
    ]);
  });
  afterAll(() => store.close());

  it("comes out as it went in, with a recording of 20 MB", async () => {
    const vcon = call(inline(randomBytes(20_000_000)));
    const uuid = await stored(store, vcon);
    const { at, message } = await nodeRed.through("sign", { payload: uuid });
    expect(at, message.error?.message ?? "").toBe("out");
    const copy = (await store.get(String(message.payload))) as Vcon;
    expect(copy.amended).toEqual({ uuid });
    expect(copy.parties).toEqual(vcon.parties);
    // Not by toEqual, which would print both.
    expect(copy.dialog![0]!.body === vcon.dialog![0]!.body).toBe(true);
    expect(formOf(await store.get(uuid))).toBe("encrypted");
    const trail = await store.trail(uuid);
    expect(trail.map(({ event, form }) => [event, form])).toEqual([
      ["vcon_enhanced", "signed"],
      ["vcon_enhanced", "encrypted"],
    ]);
  });

  it("is signed, encrypted and opened once when the first message comes again", async () => {
    const uuid = await stored(store, chat("Good morning."));
    const first = await nodeRed.through("sign", { payload: uuid });
    const sealed = await store.get(uuid);
    const second = await nodeRed.through("sign", { payload: uuid });
    expect(second).toMatchObject({ at: "out", message: { payload: first.message.payload } });
    expect(await store.get(uuid)).toEqual(sealed);
    expect(await store.trail(uuid)).toHaveLength(2);
    expect(await store.trail(String(first.message.payload))).toHaveLength(1);
  });
});
