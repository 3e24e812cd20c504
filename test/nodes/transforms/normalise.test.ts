import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AnyVcon,
  type Change,
  formatTag,
  newUuid,
  openStore,
  tagsIn,
  type Vcon,
  type VconStore,
  validateVcon,
} from "../../../core/index.ts";
import { type HoldingProxy, startHoldingProxy } from "../../support/holding-proxy.ts";
import { ends, type FlowNode, type Message } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { JSON_VARIABLE, jsonUrl, removeFromJson } from "../../support/redis-json.ts";
import { chat, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** A conversation as programs write it that follow older drafts. */
function old(members: object = {}): AnyVcon {
  return {
    vcon: "0.0.1",
    uuid: newUuid(),
    created_at: "2026-11-02 10:00:00",
    redacted: {},
    appended: null,
    group: [],
    parties: [
      { tel: "+12025550101", name: "Carol Carter", meta: { role: "customer" }, account: 7 },
      { mailto: "alice@example.com", name: "Alice Archer", meta: { role: "agent" } },
    ],
    dialog: [
      {
        type: "text",
        start: "2026-11-02T10:00:00+0000",
        parties: [0, 1],
        mimetype: "text/plain",
        body: "Good morning.",
        encoding: "none",
      },
    ],
    analysis: [
      { type: "summary", dialog: 0, vendor: "example", encoding: "json", body: '{"summary":"Hello."}' },
    ],
    attachments: [{ type: "tags", encoding: "json", body: '{"topic":"recall"}' }],
    ...members,
  } as unknown as AnyVcon;
}

const node = (more: object = {}): FlowNode => ({
  id: "normalise",
  type: "vcon-normalise",
  store: "store",
  wires: [["out"]],
  ...more,
});

const tag: FlowNode = {
  id: "tag",
  type: "vcon-tag",
  store: "store",
  tags: [{ name: "queue", nameType: "str", value: "support", valueType: "str" }],
  wires: [["out"]],
};

const deploy = (more: object = {}, home = storeNode) => nodeRed.deploy([home, node(more), tag, ...ends]);

/** Sends it through the node; gives the message that went on. */
async function normalised(payload: unknown, message: Message = {}): Promise<Message> {
  const arrival = await nodeRed.through("normalise", { ...message, payload });
  expect(arrival.at, arrival.message.error?.message ?? "").toBe("out");
  return arrival.message;
}

const rules = (message: Message) => (message["changes"] as Change[]).map(({ rule }) => rule);

describe("a vCon of old syntax", () => {
  it("becomes one of the newest, with what was changed on the message", async () => {
    await deploy();
    const payload = await stored(store, old());
    const message = await normalised(payload, { topic: "kept" });
    expect(message).toMatchObject({ payload, topic: "kept" });
    expect(message["changes"]).toContainEqual({ pointer: "/dialog/0/mediatype", rule: "oldNames" });
    expect(rules(message)).toEqual(expect.arrayContaining(["syntax", "dates", "tags", "jsonText"]));
    const vcon = (await store.get(payload)) as Vcon;
    expect(vcon).toMatchObject({
      vcon: "0.4.0",
      uuid: payload,
      created_at: "2026-11-02T10:00:00Z",
      dialog: [{ mediatype: "text/plain", encoding: "none", body: "Good morning." }],
      analysis: [{ encoding: "json", body: { summary: "Hello." } }],
      attachments: [{ purpose: "tags", encoding: "json", body: ["topic:recall"] }],
    });
    expect(validateVcon(vcon).filter(({ level }) => level === "error")).toEqual([]);
  });

  it("keeps what no draft knows, and tells when it was changed", async () => {
    await deploy();
    const before = new Date().toISOString();
    const payload = await stored(store, old({ wallpaper: "blue" }));
    await normalised(payload);
    const { parties, updated_at, ...rest } = (await store.get(payload)) as Vcon;
    expect(rest).toMatchObject({ wallpaper: "blue" });
    expect(parties![0]).toMatchObject({ account: 7, meta: { role: "customer" } });
    expect(updated_at! >= before).toBe(true);
  });

  it("says where something had to be guessed", async () => {
    await deploy();
    const message = await normalised(await stored(store, old()));
    const guessed = (message["changes"] as Change[]).filter(({ warning }) => warning !== undefined);
    expect(guessed.map(({ pointer }) => pointer)).toContain("/created_at");
  });

  it("is found as before, and has one event in its trail", async () => {
    await deploy({ name: "newest" });
    const tel = "+12025550142";
    const payload = await stored(store, old({ parties: [{ tel }] }));
    await normalised(payload);
    expect(await store.find({ tel })).toEqual([payload]);
    expect(await store.trail(payload)).toMatchObject([
      {
        event: "vcon_enhanced",
        form: "unsigned",
        node: { id: "normalise", type: "vcon-normalise", name: "newest" },
        duration: expect.any(Number),
      },
    ]);
  });

  it("can be added to afterwards", async () => {
    await deploy();
    const payload = await stored(store, old());
    await normalised(payload);
    expect(await nodeRed.through("tag", { payload })).toMatchObject({ at: "out" });
    expect(await store.get(payload)).toMatchObject({
      attachments: [{ purpose: "tags", body: ["topic:recall", "queue:support"] }],
    });
  });

  it("keeps a recording of 20 MB as it is, also when it comes twice at the same moment", async () => {
    await deploy();
    const body = "QUJD".repeat(5 * 1024 * 1024);
    const recording = { type: "recording", mimetype: "audio/x-wav", parties: [0, 1], encoding: "base64url" };
    const start = "2026-11-02T10:00:00Z";
    const payload = await stored(store, old({ dialog: [{ ...recording, start, body }] }));
    const messages = await Promise.all([normalised(payload), normalised(payload)]);
    expect(messages.filter((message) => rules(message).includes("syntax"))).toHaveLength(1);
    const [dialog] = ((await store.get(payload)) as Vcon).dialog!;
    expect(dialog).toMatchObject({ mediatype: "audio/x-wav", encoding: "base64url" });
    expect(dialog!.body === body).toBe(true);
  });

  it("is changed once, and keeps every addition, when it comes many times while others add to it", async () => {
    await deploy();
    const payloads = await Promise.all(Array.from({ length: 10 }, () => stored(store, old())));
    const messages = await Promise.all(
      payloads.flatMap((payload, index) => [
        normalised(payload),
        ...["a", "b", "c"].map((value) =>
          store.append(payload, { tags: [{ name: "by", value }] }).then(() => undefined),
        ),
        normalised(payload),
        ...(index % 2 === 0 ? [nodeRed.through("tag", { payload }).then(() => undefined)] : []),
      ]),
    );
    expect(messages.filter((message) => message && rules(message).includes("syntax"))).toHaveLength(10);
    for (const [index, payload] of payloads.entries()) {
      const vcon = (await store.get(payload)) as Vcon;
      expect(vcon.vcon).toBe("0.4.0");
      const names = ["by:a", "by:b", "by:c", ...(index % 2 === 0 ? ["queue:support"] : []), "topic:recall"];
      expect(tagsIn(vcon).map(formatTag).toSorted()).toEqual(names);
    }
  });
});

describe("a vCon of the newest syntax", () => {
  it("goes on as it is, with no change on the message, and nothing is written", async () => {
    await deploy();
    const payload = await stored(store, old());
    await normalised(payload);
    const once = [await store.get(payload), await store.trail(payload)];
    expect(await normalised(payload)).toMatchObject({ payload, changes: [] });
    expect([await store.get(payload), await store.trail(payload)]).toEqual(once);
  });

  it("has not been touched if it always was", async () => {
    await deploy();
    const vcon = { ...chat("Good morning."), extensions: ["CC"] };
    const payload = await stored(store, vcon);
    expect(await normalised(payload)).toMatchObject({ changes: [] });
    expect(await store.get(payload)).toEqual(vcon);
    expect(await store.trail(payload)).toEqual([]);
  });
});

describe("what can only be made up", () => {
  const withoutVendor = () =>
    old({ analysis: [{ type: "summary", dialog: 0, body: "Hello.", encoding: "none" }] });

  it("is left out", async () => {
    await deploy();
    const payload = await stored(store, withoutVendor());
    expect(rules(await normalised(payload))).not.toContain("vendor");
    expect(((await store.get(payload)) as Vcon).analysis![0]).not.toHaveProperty("vendor");
  });

  it("is made up where that is asked for, also later", async () => {
    const payload = await stored(store, withoutVendor());
    await deploy();
    await normalised(payload);
    await deploy({ repair: true });
    expect(await normalised(payload)).toMatchObject({
      changes: [{ pointer: "/analysis/0/vendor", rule: "vendor" }],
    });
    expect(await store.get(payload)).toMatchObject({ analysis: [{ vendor: "unknown" }] });
  });
});

describe("the properties of the message", () => {
  it("are those that the node names", async () => {
    await deploy({ uuid: "call.vcon", uuidType: "msg", property: "call.mended" });
    const uuid = await stored(store, old());
    const message = await normalised("kept", { call: { vcon: `vcon:${uuid}` } });
    expect(message).toMatchObject({ payload: "kept", call: { vcon: `vcon:${uuid}` } });
    expect((message["call"] as { mended: Change[] }).mended.length).toBeGreaterThan(3);
    expect(message).not.toHaveProperty("changes");
  });
});

describe.each([
  ["signed", signed],
  ["encrypted", encrypted],
])("a vCon that is %s", (form, make) => {
  it("is refused with what to do, and stays as it is", async () => {
    await deploy();
    const vcon = make();
    const payload = await stored(store, vcon);
    const { at, message } = await nodeRed.through("normalise", { payload });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({
      code: "VCON_SEALED",
      message: expect.stringMatching(new RegExp(`vCon ${payload}: It is ${form}.*"open" node before`)),
    });
    expect(await store.get(payload)).toEqual(vcon);
    expect(await store.trail(payload)).toEqual([]);
  });
});

it("says that a vCon is not in the store", async () => {
  await deploy();
  const payload = newUuid();
  const { at, message } = await nodeRed.through("normalise", { payload });
  expect(at).toBe("failure");
  expect(message.error).toMatchObject({ code: "VCON_NOT_FOUND", message: expect.stringContaining(payload) });
});

describe("on Redis that knows no JSON", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  onRedis(() => redis.url, ":body:", stored);
});

describe.skipIf(jsonUrl === undefined)(`on Redis that knows JSON, named by ${JSON_VARIABLE}`, () => {
  let client: Redis;
  const uuids: string[] = [];
  beforeAll(() => {
    client = new Redis(jsonUrl!);
  });
  afterAll(async () => {
    await removeFromJson(uuids);
    await client.quit();
  });

  /** As a program does that knows nothing of this package. */
  async function written(vcon: object): Promise<string> {
    const { uuid } = vcon as { uuid: string };
    uuids.push(uuid);
    await client.call("JSON.SET", `vcon:${uuid}`, "$", JSON.stringify(vcon));
    return uuid;
  }

  onRedis(
    () => jsonUrl!,
    "$.dialog[0].body",
    (_, vcon) => written(vcon),
  );

  it("mends what other programs write in place of arrays", async () => {
    await deploy({}, { ...storeNode, url: jsonUrl! });
    const payload = await written(old({ dialog: null, analysis: {}, attachments: {} }));
    await normalised(payload);
    const home = await openStore(jsonUrl!);
    const vcon = await home.get(payload);
    await home.close();
    expect(vcon).toMatchObject({
      vcon: "0.4.0",
      parties: [{ name: "Carol Carter" }, { name: "Alice Archer" }],
    });
    for (const section of ["dialog", "analysis", "attachments"]) expect(vcon).not.toHaveProperty(section);
  });

  it("begins anew if the other program changes the vCon meanwhile", async () => {
    const { hostname, port } = new URL(jsonUrl!);
    const proxy = await startHoldingProxy(hostname, Number(port));
    await deploy({}, { ...storeNode, url: `redis://127.0.0.1:${proxy.port}` });
    const payload = await written(old());
    const isHeld = proxy.hold("vcon_enhanced");
    const going = normalised(payload);
    await isHeld;
    await client.call("JSON.SET", `vcon:${payload}`, "$.dialog[0].body", '"Good evening."');
    proxy.open();
    await going;
    const home = await openStore(jsonUrl!);
    expect(await home.get(payload)).toMatchObject({ vcon: "0.4.0", dialog: [{ body: "Good evening." }] });
    await home.close();
    proxy.close();
  });
});

/**
 * @param bodyName of what the store asks for to read a recording
 * @param put stores a vCon as it is
 */
function onRedis(
  urlOf: () => string,
  bodyName: string,
  put: (home: VconStore, vcon: AnyVcon) => Promise<string>,
): void {
  let proxy: HoldingProxy;
  let home: VconStore;
  beforeAll(async () => {
    const { hostname, port } = new URL(urlOf());
    proxy = await startHoldingProxy(hostname, Number(port));
    home = await openStore(urlOf());
  });
  afterAll(async () => {
    proxy.close();
    await home.close();
  });
  const begin = () => deploy({}, { ...storeNode, url: `redis://127.0.0.1:${proxy.port}` });

  it("brings a vCon into the newest syntax once, and it can be added to", async () => {
    await begin();
    const payload = await put(home, old());
    expect(rules(await normalised(payload))).toContain("syntax");
    const once = await home.get(payload);
    expect(once).toMatchObject({ vcon: "0.4.0", attachments: [{ purpose: "tags", body: ["topic:recall"] }] });
    expect(await normalised(payload)).toMatchObject({ changes: [] });
    expect(await home.get(payload)).toEqual(once);
    expect(await nodeRed.through("tag", { payload })).toMatchObject({ at: "out" });
    expect(await home.get(payload)).toMatchObject({
      attachments: [{ body: ["topic:recall", "queue:support"] }],
    });
  });

  it("begins anew if another form takes its place while its recording is read", async () => {
    await begin();
    const recording = { type: "recording", parties: [0, 1], start: "2026-11-02T10:00:00Z" };
    const vcon = old({ dialog: [{ ...recording, ...inline(Buffer.alloc(200_000, "abc")) }] });
    const payload = await put(home, vcon);
    const isHeld = proxy.hold(bodyName);
    const going = normalised(payload);
    await isHeld;
    const { revision } = await home.read(payload, ["sealed"]);
    expect(await home.replace(payload, revision, { ...vcon, subject: "late" } as AnyVcon)).toBe(true);
    proxy.open();
    expect(rules(await going)).toContain("syntax");
    expect(await home.get(payload)).toMatchObject({ vcon: "0.4.0", subject: "late" });
  });

  it("loses nothing that is added between its reading and its writing", async () => {
    await begin();
    const payload = await put(home, old());
    const isHeld = proxy.hold("vcon_enhanced");
    const going = normalised(payload);
    await isHeld;
    await home.append(payload, {
      analysis: [{ type: "note", vendor: "example", encoding: "none", body: "late" }],
    });
    proxy.open();
    expect(rules(await going)).toContain("syntax");
    expect(await home.get(payload)).toMatchObject({
      vcon: "0.4.0",
      analysis: [{ body: { summary: "Hello." } }, { type: "note", body: "late" }],
    });
  });
}
