import { describe, expect, it } from "vitest";
import { openStore, type Vcon, type VconStore, validateVcon } from "../../../core/index.ts";
import { ends, type Message } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { startRedis } from "../../support/redis.ts";
import { JSON_VARIABLE, jsonUrl, removeFromJson } from "../../support/redis-json.ts";
import { call, chat, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

const tag = {
  id: "tag",
  type: "vcon-tag",
  store: "store",
  tags: [{ name: "queue", nameType: "str", value: "support", valueType: "str" }],
  wires: [["out"]],
};

const deploy = (settings: object = {}, home = storeNode) =>
  nodeRed.deploy([
    home,
    { id: "copy", type: "vcon-copy", store: "store", wires: [["out"]], ...settings },
    tag,
    ...ends,
  ]);

/** Sends it through the node; gives the UUID of the new vCon. */
async function copied(payload: unknown, message: Message = {}): Promise<string> {
  const arrival = await nodeRed.through("copy", { ...message, payload });
  expect(arrival.at, arrival.message.error?.message ?? "").toBe("out");
  expect(arrival.message).toMatchObject(message);
  return arrival.message.payload as string;
}

const conversation = (): Vcon => ({ ...chat("Good morning.", "Hello."), extensions: ["CC"] });

/** All but what makes it a vCon of its own. */
function content({ uuid: _, created_at: _1, updated_at: _2, amended: _3, redacted: _4, ...rest }: Vcon) {
  return rest;
}

describe.each([
  ["an amended version", "amended"],
  ["a vCon of its own", "copy"],
])("%s", (_, as) => {
  it("has the same content, large bodies included, under a UUID of its own", async () => {
    await deploy({ as });
    const first = { ...call(inline(Buffer.alloc(200_000, "abc"))), extensions: ["CC"], wallpaper: "blue" };
    const payload = await stored(store, first);
    const uuid = await copied(payload, { topic: "kept" });
    expect(uuid).not.toBe(payload);
    const copy = (await store.get(uuid)) as Vcon;
    expect(copy.uuid).toBe(uuid);
    expect(content(copy)).toEqual(content(first));
    expect(Date.parse(copy.created_at)).toBeGreaterThan(Date.parse(first.created_at));
    expect(validateVcon(copy).filter(({ level }) => level === "error")).toEqual([]);
  });

  it("leaves the first one as it was, and its trail tells of the new one", async () => {
    await deploy({ as });
    const first = conversation();
    const payload = await stored(store, first);
    const uuid = await copied(payload);
    expect(await nodeRed.through("tag", { payload: uuid })).toMatchObject({ at: "out" });
    expect(await store.get(payload)).toEqual(first);
    expect(await store.trail(payload)).toMatchObject([{ event: "vcon_created", copy: uuid }]);
    expect(await store.get(uuid)).toMatchObject({ attachments: [{ body: ["queue:support"] }] });
  });

  it("begins its trail with where it comes from", async () => {
    await deploy({ as, name: "for others" });
    const payload = await stored(store, conversation());
    expect(await store.trail(await copied(payload))).toEqual([
      {
        event: "vcon_created",
        source: payload,
        at: expect.any(String),
        node: { id: "copy", type: "vcon-copy", name: "for others", flow: "tab" },
      },
    ]);
  });

  it("is found by its parties, as the first one is", async () => {
    await deploy({ as });
    const first = conversation();
    first.parties![0]!.tel = `+1202555014${as === "copy" ? 1 : 2}`;
    const payload = await stored(store, first);
    const uuid = await copied(payload);
    expect((await store.find({ tel: first.parties![0]!.tel })).toSorted()).toEqual(
      [payload, uuid].toSorted(),
    );
  });

  it("is one, however often the same message comes, and another once the first one has changed", async () => {
    await deploy({ as });
    const payload = await stored(store, conversation());
    const [uuid, ...others] = await Promise.all([1, 2, 3].map(() => copied(payload)));
    expect(others).toEqual([uuid, uuid]);
    expect(await store.trail(uuid!)).toHaveLength(1);
    await store.append(payload, { tags: [{ name: "topic", value: "recall" }] });
    const later = await copied(payload);
    expect(later).not.toBe(uuid);
    expect(await store.get(later)).toMatchObject({ attachments: [{ body: ["topic:recall"] }] });
    expect(await store.get(uuid!)).not.toHaveProperty("attachments");
  });

  it("has its UUID where the node finds that of the first one", async () => {
    await deploy({ as, uuid: "call.vcon", uuidType: "msg" });
    const uuid = await stored(store, conversation());
    const { at, message } = await nodeRed.through("copy", { payload: "kept", call: { vcon: uuid, line: 3 } });
    expect([at, message.payload]).toEqual(["out", "kept"]);
    const made = message["call"] as { vcon: string; line: number };
    expect([made.line, made.vcon === uuid]).toEqual([3, false]);
    expect(content((await store.get(made.vcon)) as Vcon)).toEqual(content((await store.get(uuid)) as Vcon));
  });

  it.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("is not made of one that is %s", async (form, make) => {
    await deploy({ as });
    const sealed = make();
    const payload = await stored(store, sealed);
    const before = await store.list({ limit: 1000 });
    const { at, message } = await nodeRed.through("copy", { payload });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({
      code: "VCON_SEALED",
      message: expect.stringMatching(new RegExp(`vCon ${payload}: It is ${form}.*"open" node`)),
    });
    expect(await store.list({ limit: 1000 })).toEqual(before);
    expect(await store.get(payload)).toEqual(sealed);
  });
});

describe("the two kinds", () => {
  it("differ in whether they name the first one", async () => {
    const payload = await stored(store, conversation());
    await deploy({ as: "amended" });
    const amended = await copied(payload);
    expect(await store.get(amended)).toMatchObject({ amended: { uuid: payload } });
    await deploy({ as: "copy" });
    const own = await copied(payload);
    expect(own).not.toBe(amended);
    expect(JSON.stringify(await store.get(own))).not.toContain(payload);
  });

  it("can each be made of the other", async () => {
    await deploy({ as: "amended" });
    const payload = await stored(store, conversation());
    const second = await copied(payload);
    const third = await copied(second);
    expect(await store.get(third)).toMatchObject({ amended: { uuid: second } });
    await deploy({ as: "copy" });
    expect(await store.get(await copied(third))).not.toHaveProperty("amended");
  });
});

/** One copy on a Redis; gives the UUIDs that it left there. */
async function onRedis(url: string): Promise<string[]> {
  await deploy({}, { ...storeNode, url });
  const home: VconStore = await openStore(url);
  const first = { ...call(inline(Buffer.alloc(200_000, "abc"))), extensions: ["CC"] };
  const payload = await stored(home, first);
  const uuid = await copied(payload);
  expect(await copied(payload)).toBe(uuid);
  const copy = (await home.get(uuid)) as Vcon;
  expect([content(copy), copy.amended]).toEqual([content(first), { uuid: payload }]);
  expect(await home.trail(uuid)).toMatchObject([{ event: "vcon_created", source: payload }]);
  await home.close();
  return [payload, uuid];
}

it("copies on Redis that knows no JSON", async () => {
  const redis = await startRedis();
  await onRedis(redis.url);
  await redis.stop();
});

it.skipIf(jsonUrl === undefined)(`copies on Redis that knows JSON, named by ${JSON_VARIABLE}`, async () => {
  await removeFromJson(await onRedis(jsonUrl!));
});
