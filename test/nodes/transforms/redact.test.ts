import { generateKeyPairSync } from "node:crypto";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addTag,
  newUuid,
  openStore,
  readPrivateKey,
  signVcon,
  type Vcon,
  type VconStore,
  validateVcon,
} from "../../../core/index.ts";
import { ends, type Message } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { startRedis } from "../../support/redis.ts";
import { JSON_VARIABLE, jsonUrl, removeFromJson } from "../../support/redis-json.ts";
import { chat, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** What may be left of Carol nowhere. */
const CAROL = /carol|carter|550.?101|7-41-9/i;
const ALICE = /alice|archer/i;

interface Row {
  by: string;
  value: string;
  valueType: string;
}
const person = (by: string, value: string, valueType = "str"): Row => ({ by, value, valueType });
const customer = person("role", "customer");

const deploy = (settings: object, home = storeNode) =>
  nodeRed.deploy([
    home,
    { id: "redact", type: "vcon-redact", store: "store", wires: [["out"]], ...settings },
    ...ends,
  ]);

/** A chat, a call and all that was made of them, with Carol in every corner. */
function conversation(): Vcon {
  const vcon = chat(
    "This is Carol Carter, I'm at +1 (202) 555-0101.",
    "Good morning, Carol.",
    "My code is 7-41-9.",
  );
  vcon.extensions = ["CC"];
  vcon.subject = "A call from Carol";
  vcon.parties![0]!["account"] = "Carter 7-41-9";
  addDialog(vcon, {
    type: "recording",
    start: vcon.created_at,
    parties: [0, 1],
    filename: "carol-carter.wav",
    ...inline(Buffer.alloc(100_000, "Carol Carter"), "audio/x-wav"),
  });
  addAnalysis(vcon, {
    type: "transcript",
    vendor: "example",
    dialog: 3,
    encoding: "json",
    body: [
      { speaker: "Carol Carter", text: "It's Carol, my code is 7-41-9." },
      { speaker: "Alice Archer", text: "Thank you, Ms Carter." },
    ] as never,
  });
  addAnalysis(vcon, {
    type: "summary",
    vendor: "example",
    dialog: [0, 3],
    encoding: "none",
    body: "Carol Carter called.",
  });
  const attachment = {
    start: vcon.created_at,
    dialog: 0,
    mediatype: "text/plain",
    encoding: "none",
  } as const;
  addAttachment(vcon, { ...attachment, party: 0, purpose: "note", body: "By Carol: 7-41-9" });
  addAttachment(vcon, { ...attachment, party: 1, purpose: "note", body: "Call carol.carter@example.com" });
  addTag(vcon, "customer", "Carol Carter");
  addTag(vcon, "topic", "recall");
  return vcon;
}

/** Sends it through the node; gives the UUID of the redacted version. */
async function redacted(payload: string, message: Message = {}): Promise<string> {
  const arrival = await nodeRed.through("redact", { ...message, payload });
  expect(arrival.at, arrival.message.error?.message ?? "").toBe("out");
  return arrival.message.payload as string;
}

async function versionOf(vcon: Vcon, message: Message = {}): Promise<Vcon> {
  return (await store.get(await redacted(await stored(store, vcon), message))) as Vcon;
}

const everything = (vcon: object) => JSON.stringify(vcon) + decodedBodies(vcon);

/** What the base64url in it says. */
function decodedBodies(vcon: object): string {
  const { dialog = [], attachments = [] } = vcon as Vcon;
  return [...dialog, ...attachments]
    .filter(({ encoding }) => encoding === "base64url")
    .map(({ body }) => Buffer.from(String(body), "base64url").toString("latin1"))
    .join();
}

describe("a person", () => {
  it.each<[string, Row, Message]>([
    ["role", customer, {}],
    ["name", person("name", "Carol Carter"), {}],
    ["name in the message", person("name", "customer.name", "msg"), { customer: { name: "Carol Carter" } }],
    ["telephone number, written otherwise", person("tel", "tel:+1-202-555-0101"), {}],
    ["an expression", person("tel", '"+" & number', "jsonata"), { number: "12025550101" }],
  ])("found by %s is nowhere in the redacted version", async (_, row, message) => {
    await deploy({ people: [row] });
    const vcon = await versionOf(conversation(), message);
    expect(everything(vcon)).not.toMatch(CAROL);
    expect(vcon.parties).toMatchObject([{}, { name: "Alice Archer" }]);
    expect(vcon.dialog![1]).toMatchObject({ body: "Good morning, [redacted]." });
    expect(vcon.attachments!.at(-1)).toMatchObject({
      purpose: "tags",
      body: ["customer:[redacted]", "topic:recall"],
    });
  });

  it("leaves an empty place, so that all others keep theirs", async () => {
    await deploy({ people: [customer] });
    const [before, after] = [conversation(), await versionOf(conversation())];
    expect(after.parties![0]).toEqual({});
    for (const section of ["parties", "dialog", "analysis", "attachments"] as const)
      expect(after[section], section).toHaveLength(before[section]!.length);
  });

  it("and another one can both be taken out", async () => {
    await deploy({ people: [customer, person("mailto", "ALICE@example.com")] });
    const vcon = await versionOf(conversation());
    expect(everything(vcon)).not.toMatch(CAROL);
    expect(everything(vcon)).not.toMatch(ALICE);
  });

  it("is found in a vCon of old syntax, with a place that is empty", async () => {
    await deploy({ people: [customer] });
    const { extensions: _, ...vcon } = conversation();
    const { role, ...carol } = vcon.parties![0]!;
    const parties = [null, vcon.parties![1], { ...carol, meta: { role } }];
    const old = { ...vcon, vcon: "0.0.1", parties, dialog: [], analysis: [], attachments: [], appended: {} };
    const made = await versionOf(old as never);
    expect(everything(made)).not.toMatch(CAROL);
    expect(made).toMatchObject({ vcon: "0.4.0", parties: [{}, { name: "Alice Archer" }, {}] });
  });

  it("is no more found by the redacted version", async () => {
    await deploy({ people: [customer] });
    const first = conversation();
    first.parties![0]!.tel = "+12025550143";
    const payload = await stored(store, first);
    await redacted(payload);
    expect(await store.find({ tel: "+12025550143" })).toEqual([payload]);
  });
});

describe("a kind of content", () => {
  const audio = { type: "recording", mediatype: "audio/x-wav" };

  it.each<[string, object, (vcon: Vcon) => void]>([
    [
      "recordings",
      { recordings: true },
      ({ dialog }) => {
        expect(dialog![3]).toMatchObject(audio);
        expect(dialog![3]).not.toHaveProperty("body");
        expect(dialog![0]).toHaveProperty("body");
      },
    ],
    [
      "texts",
      { texts: true },
      ({ dialog }) => {
        for (const text of dialog!.slice(0, 3)) expect(text).not.toHaveProperty("body");
        expect(dialog![3]).toHaveProperty("body");
      },
    ],
    [
      "transcripts",
      { analyses: "transcripts" },
      ({ analysis }) => expect(analysis).toMatchObject([{}, { type: "summary" }]),
    ],
    ["analyses", { analyses: "all" }, ({ analysis }) => expect(analysis).toEqual([{}, {}])],
    [
      "attachments but tags",
      { attachments: "others" },
      ({ attachments }) =>
        expect(attachments).toEqual([{}, {}, expect.objectContaining({ purpose: "tags" })]),
    ],
    ["attachments", { attachments: "all" }, ({ attachments }) => expect(attachments).toEqual([{}, {}, {}])],
  ])("is taken out alone: %s", async (_, settings, check) => {
    await deploy(settings);
    const first = conversation();
    const vcon = await versionOf(first);
    check(vcon);
    expect(vcon.parties).toEqual(first.parties);
  });

  it("is taken out of every party's details, whoever it is", async () => {
    const first = conversation();
    const token = "eyJh.eyJi.c2ln";
    Object.assign(first.parties![1]!, {
      stir: token,
      org: "Example",
      uuid: newUuid(),
      validation: "by voice",
      tel: "+12025550102",
    });
    const kept = async (...details: string[]) => {
      await deploy({ details });
      return (await versionOf(first)).parties!.map((party) => Object.keys(party).toSorted());
    };
    expect(await kept("name", "tel")).toEqual([
      ["account", "role"],
      ["mailto", "org", "role", "uuid", "validation"],
    ]);
    expect(await kept("mailto", "organisation", "identifiers", "other")).toEqual([
      ["name", "role", "tel"],
      ["name", "role", "stir", "tel"],
    ]);
  });
});

describe("the redacted version", () => {
  it("is a new vCon that names the first one and the reason; the first one stays as it was", async () => {
    await deploy({ people: [customer], reason: "customer", name: "for others" });
    const first = conversation();
    const payload = await stored(store, first);
    const uuid = await redacted(payload);
    expect(await store.get(uuid)).toMatchObject({ uuid, redacted: { uuid: payload, type: "customer" } });
    expect(await store.get(payload)).toEqual(first);
    expect(await store.trail(payload)).toMatchObject([{ event: "vcon_created", copy: uuid }]);
    expect(await store.trail(uuid)).toEqual([
      {
        event: "vcon_created",
        source: payload,
        at: expect.any(String),
        node: { id: "redact", type: "vcon-redact", name: "for others", flow: "tab" },
      },
    ]);
  });

  it("keeps the rules of the draft, and can be signed", async () => {
    await deploy({ people: [customer], details: ["mailto"], recordings: true, attachments: "others" });
    const vcon = await versionOf(conversation());
    expect(validateVcon(vcon).filter(({ level }) => level === "error")).toEqual([]);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = readPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const sealed = await signVcon(vcon, { key, certificatesUrl: "https://example.com/certificates" });
    expect(await store.create(sealed)).toBe(false);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    expect(await store.replace(vcon.uuid, revision, sealed)).toBe(true);
    expect(await store.get(vcon.uuid)).toEqual(sealed);
  });

  it("is one, however often the same message comes", async () => {
    await deploy({ people: [customer] });
    const payload = await stored(store, conversation());
    const uuids = await Promise.all([1, 2, 3].map(() => redacted(payload)));
    expect(new Set([...uuids, await redacted(payload)]).size).toBe(1);
    expect(await store.trail(uuids[0]!)).toHaveLength(1);
  });

  it("is another one once the first vCon has changed", async () => {
    await deploy({ people: [customer] });
    const payload = await stored(store, conversation());
    const before = await redacted(payload);
    await store.append(payload, { tags: [{ name: "queue", value: "support" }] });
    const after = await redacted(payload);
    expect(after).not.toBe(before);
    expect(JSON.stringify(await store.get(after))).toContain("queue:support");
  });

  it("is another one for another person, and once the node is told to take out something else", async () => {
    await deploy({ people: [person("name", "who", "msg")] });
    const payload = await stored(store, conversation());
    const carols = await redacted(payload, { who: "Carol Carter" });
    const alices = await redacted(payload, { who: "Alice Archer" });
    expect(everything(await store.get(alices))).not.toMatch(ALICE);
    expect(everything(await store.get(carols))).not.toMatch(CAROL);
    await deploy({ people: [person("name", "who", "msg")], attachments: "all" });
    const less = await redacted(payload, { who: "Alice Archer" });
    expect(await store.get(less)).toMatchObject({ attachments: [{}, {}, {}] });
    await deploy({ people: [person("name", "who", "msg")], attachments: "all", reason: "staff" });
    const renamed = await redacted(payload, { who: "Alice Archer" });
    expect(await store.get(renamed)).toMatchObject({ redacted: { type: "staff" } });
  });

  it("has its UUID where the node finds that of the first one", async () => {
    await deploy({ people: [customer], uuid: "call.vcon", uuidType: "msg" });
    const uuid = await stored(store, conversation());
    const { at, message } = await nodeRed.through("redact", {
      payload: "kept",
      call: { vcon: uuid, line: 3 },
    });
    expect([at, message.payload]).toEqual(["out", "kept"]);
    const { vcon, line } = message["call"] as { vcon: string; line: number };
    expect(line).toBe(3);
    expect(await store.get(vcon)).toMatchObject({ redacted: { uuid, type: "personal data" } });
  });
});

describe("nothing is made, and the message fails with what to do,", () => {
  async function refused(vcon: object, message: Message = {}) {
    const payload = await stored(store, vcon as Vcon);
    const before = await store.list({ limit: 1000 });
    const { at, message: failed } = await nodeRed.through("redact", { ...message, payload });
    expect(at).toBe("failure");
    expect(failed.error!.message).toContain(`vCon ${payload}: `);
    expect(JSON.stringify(failed.error)).not.toMatch(CAROL);
    expect(await store.list({ limit: 1000 })).toEqual(before);
    expect(await store.trail(payload)).toEqual([]);
    return { code: failed.error!.code, message: failed.error!.message };
  }

  it.each([
    ["has another name", person("name", "Carol Cart")],
    ["has another number", person("tel", "+12025550109")],
    ["has another role", person("role", "supervisor")],
  ])("if nobody fits a row: who took part %s", async (_, row) => {
    await deploy({ people: [person("role", "agent"), row] });
    expect(await refused(conversation())).toEqual({
      code: "PERSON_NOT_FOUND",
      message: expect.stringMatching(/row 2 of "People".*Correct/),
    });
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty text", " "],
    ["a number", 12025550101],
    ["an object", { name: "Carol Carter" }],
  ])("if the message was to name somebody and holds %s", async (_, who) => {
    await deploy({ people: [person("name", "who", "msg")] });
    expect(await refused(conversation(), { who })).toEqual({
      code: "BAD_INPUT",
      message: expect.stringMatching(/names nobody for row 1 of "People".*correct/),
    });
  });

  it("if a row was left empty", async () => {
    await deploy({ people: [customer, person("name", "")] });
    const { at, message } = await nodeRed.through("redact", { payload: await stored(store, conversation()) });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining('"Who" is not set'),
    });
  });

  it("if nobody has said what to take out", async () => {
    await deploy({});
    expect(await refused(conversation())).toEqual({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("not told what to take out"),
    });
  });

  it.each([
    ["signed", signed()],
    ["encrypted", encrypted()],
  ])("if the vCon is %s", async (form, vcon) => {
    await deploy({ people: [customer] });
    expect(await refused(vcon)).toEqual({
      code: "VCON_SEALED",
      message: expect.stringMatching(new RegExp(`It is ${form}.*"open" node`)),
    });
  });

  it("if what is listed as a party is none", async () => {
    await deploy({ people: [customer] });
    const vcon = { ...conversation(), parties: ["Carol Carter"] };
    expect(await refused(vcon)).toMatchObject({ code: "VCON_MALFORMED" });
  });

  it("if the vCon lists a critical extension that nobody knows here", async () => {
    await deploy({ people: [customer] });
    const vcon = { ...conversation(), extensions: ["CC", "x"], critical: ["x"] };
    expect(await refused(vcon)).toMatchObject({ code: "EXTENSION_UNSUPPORTED" });
  });
});

/** One redaction on a Redis; gives the UUIDs that it left there. */
async function onRedis(url: string): Promise<string[]> {
  await deploy({ people: [customer] }, { ...storeNode, url });
  const home: VconStore = await openStore(url);
  const payload = await stored(home, conversation());
  const uuid = await redacted(payload);
  expect(await redacted(payload)).toBe(uuid);
  expect(everything(await home.get(uuid))).not.toMatch(CAROL);
  expect(await home.trail(uuid)).toMatchObject([{ event: "vcon_created", source: payload }]);
  await home.append(payload, { tags: [{ name: "queue", value: "support" }] });
  const later = await redacted(payload);
  expect(later).not.toBe(uuid);
  await home.close();
  return [payload, uuid, later];
}

it("redacts on Redis that knows no JSON, and leaves nothing of the person in any key of the redacted version", async () => {
  const redis = await startRedis();
  const [first] = await onRedis(redis.url);
  const home = await openStore(redis.url);
  await home.delete(first!);
  await home.close();
  const client = new Redis(redis.url);
  const kept: string[] = [];
  for (const key of await client.keys("*")) {
    kept.push(key, JSON.stringify(await contentOf(client, key)));
  }
  expect(kept.join("\n")).toMatch(ALICE);
  expect(kept.filter((text) => CAROL.test(text))).toEqual([]);
  await client.quit();
  await redis.stop();
});

async function contentOf(client: Redis, key: string): Promise<unknown> {
  switch (await client.type(key)) {
    case "hash":
      return client.hgetall(key);
    case "list":
      return client.lrange(key, 0, -1);
    case "set":
      return client.smembers(key);
    case "zset":
      return client.zrange(key, "0", "-1");
    default:
      return client.get(key);
  }
}

it.skipIf(jsonUrl === undefined)(`redacts on Redis that knows JSON, named by ${JSON_VARIABLE}`, async () => {
  await removeFromJson(await onRedis(jsonUrl!));
});
