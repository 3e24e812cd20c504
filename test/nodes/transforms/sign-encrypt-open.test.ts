/** The three nodes one after the other, on both kinds of store. */
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

const steps = ["sign", "encrypt", "open"];

describe.each([
  ["SQLite", () => "sqlite:test.sqlite"],
  ["Redis", () => redis.url],
])("a vCon in %s", (_, url) => {
  let store: VconStore;
  beforeAll(async () => {
    store = await openStore(url(), { folder: nodeRed.userFolder });
    const nodes = steps.map((step) => ({
      id: step,
      type: `vcon-${step}`,
      store: "store",
      keys: "keys",
      wires: [["out"]],
    }));
    await nodeRed.deploy([
      { id: "store", type: "vcon-store", url: url() },
      keysNode(ours),
      ...nodes,
      ...ends,
    ]);
  });
  afterAll(() => store.close());

  /** The UUID that comes out of the last of them. */
  async function throughAll(uuid: string): Promise<string> {
    let payload = uuid;
    for (const step of steps) {
      const { at, message } = await nodeRed.through(step, { payload });
      expect(at, message.error?.message ?? "").toBe("out");
      payload = String(message.payload);
    }
    return payload;
  }

  it("comes out as it went in, with a recording of 20 MB", async () => {
    const vcon = call(inline(randomBytes(20_000_000)));
    const uuid = await stored(store, vcon);
    const copy = (await store.get(await throughAll(uuid))) as Vcon;
    expect(copy.amended).toEqual({ uuid });
    expect(copy.parties).toEqual(vcon.parties);
    // Not by toEqual, which would print both.
    expect(copy.dialog![0]!.body === vcon.dialog![0]!.body).toBe(true);
    expect(formOf(await store.get(uuid))).toBe("encrypted");
    const trail = await store.trail(uuid);
    expect(trail).toMatchObject([
      { event: "vcon_enhanced", form: "signed" },
      { event: "vcon_enhanced", form: "encrypted" },
      { event: "vcon_created", copy: copy.uuid },
    ]);
  });

  it("is signed, encrypted and opened once when the first message comes again", async () => {
    const uuid = await stored(store, chat("Good morning."));
    const copy = await throughAll(uuid);
    const sealed = await store.get(uuid);
    expect(await throughAll(uuid)).toBe(copy);
    expect(await store.get(uuid)).toEqual(sealed);
    expect(await store.trail(uuid)).toHaveLength(3);
    expect(await store.trail(copy)).toHaveLength(1);
  });
});
