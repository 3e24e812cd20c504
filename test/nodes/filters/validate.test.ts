import { generateKeyPairSync } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AnyVcon,
  encryptVcon,
  type Finding,
  newUuid,
  openStore,
  readPrivateKey,
  readPublicKeys,
  signVcon,
  type Vcon,
} from "../../../core/index.ts";
import { startHoldingProxy } from "../../support/holding-proxy.ts";
import { catcher, type Message, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { startRedis } from "../../support/redis.ts";
import { JSON_VARIABLE, jsonUrl, removeFromJson } from "../../support/redis-json.ts";
import { call, chat, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

const deploy = (more: object = {}, home = storeNode) =>
  nodeRed.deploy([
    home,
    {
      id: "validate",
      type: "vcon-validate",
      store: "store",
      wires: [["valid"], ["not valid"]],
      ...more,
    },
    sink("valid"),
    sink("not valid"),
    catcher,
    sink("failure"),
  ]);

/** The output that the vCon leaves by, and what was found. */
async function judged(payload: unknown, message: Message = {}): Promise<{ at: string; findings: Finding[] }> {
  const arrival = await nodeRed.through("validate", { ...message, payload });
  expect(arrival.message, arrival.message.error?.message ?? "").toMatchObject({ ...message, payload });
  return { at: arrival.at, findings: arrival.message["findings"] as Finding[] };
}

/** Judged, and neither the vCon nor its trail is touched by it. */
async function way(vcon: AnyVcon): Promise<{ at: string; findings: Finding[] }> {
  const payload = await stored(store, vcon);
  const result = await judged(payload, { topic: "kept" });
  expect(await store.get(payload)).toEqual(vcon);
  expect(await store.trail(payload)).toEqual([]);
  return result;
}

/** A chat of which nothing but the odd recommendation can be said. */
const good = (members: object = {}): Vcon =>
  ({ ...chat("Good morning."), extensions: ["CC"], ...members }) as Vcon;

/** Who speaks is nobody that the vCon lists. */
function bad(): Vcon {
  const vcon = good();
  vcon.dialog![0]!.parties = [0, 7];
  return vcon;
}

function perfect(): Vcon {
  const vcon = good();
  for (const party of vcon.parties!) party.validation = "none";
  return vcon;
}

const levels = ({ findings }: { findings: Finding[] }) => new Set(findings.map(({ level }) => level));

describe("a vCon", () => {
  it("without an error is valid, and brings what else there is to say", async () => {
    await deploy();
    const result = await way(good());
    expect(result.at).toBe("valid");
    expect(levels(result)).toEqual(new Set(["warning", "info"]));
  });

  it("with an error is not valid, and brings where and what it is", async () => {
    await deploy();
    const result = await way(bad());
    expect(result.at).toBe("not valid");
    expect(result.findings).toContainEqual({
      level: "error",
      pointer: "/dialog/0/parties/1",
      rule: expect.any(String),
      section: expect.stringMatching(/^core-04 4\.3/),
      message: expect.stringMatching(/^[A-Z].+\.$/),
    });
  });

  it("in an older syntax is not valid, although the node could read it", async () => {
    await deploy();
    const result = await way(good({ created_at: "2026-11-02 10:00" }));
    expect(result.at).toBe("not valid");
    expect(result.findings).toContainEqual(expect.objectContaining({ pointer: "/created_at" }));
  });

  it("has nobody's name, number, address or words in what is said of it", async () => {
    await deploy();
    const vcon = bad();
    vcon.parties![0]!.tel = "carol's number" as never;
    vcon.parties![1]!.mailto = "alice at example.com" as never;
    Object.assign(vcon.dialog![0]!, { encoding: "Good morning.", disposition: "Carol Carter" });
    const { findings } = await way(vcon);
    expect(findings.length).toBeGreaterThan(4);
    expect(JSON.stringify(findings)).not.toMatch(/carol|alice|morning/i);
  });

  it("with a recording of 20 MB is judged as any other", async () => {
    await deploy();
    const audio = Buffer.alloc(15 * 1024 * 1024, "abc");
    expect(await way({ ...call(inline(audio)), extensions: ["CC"] })).toMatchObject({ at: "valid" });
    const cut = { ...inline(audio), encoding: "base64" as never };
    const { at, findings } = await way({ ...call(cut), extensions: ["CC"] });
    expect([at, findings.filter(({ level }) => level === "error")]).toEqual([
      "not valid",
      [expect.objectContaining({ pointer: "/dialog/0/encoding" })],
    ]);
  });

  it("that is not in the store is a failure that names it", async () => {
    await deploy();
    const payload = newUuid();
    const { at, message } = await nodeRed.through("validate", { payload });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({
      code: "VCON_NOT_FOUND",
      message: expect.stringContaining(payload),
    });
  });
});

describe("where warnings count", () => {
  it("a vCon with a warning is not valid", async () => {
    await deploy({ against: "warnings" });
    const result = await way(good());
    expect([result.at, levels(result).has("error")]).toEqual(["not valid", false]);
  });

  it("a vCon that does all that is recommended is valid, whatever else is worth knowing", async () => {
    await deploy({ against: "warnings" });
    const result = await way(perfect());
    expect(result.at).toBe("valid");
    expect(levels(result)).toEqual(new Set(["info"]));
  });
});

describe("the properties of the message", () => {
  it("are those that the node names", async () => {
    await deploy({ uuid: "call.vcon", uuidType: "msg", property: "call.report" });
    const uuid = await stored(store, bad());
    const { at, message } = await nodeRed.through("validate", { payload: "kept", call: { vcon: uuid } });
    expect(at).toBe("not valid");
    expect(message).toMatchObject({
      payload: "kept",
      call: { vcon: uuid, report: expect.arrayContaining([expect.objectContaining({ level: "error" })]) },
    });
    expect(message).not.toHaveProperty("findings");
  });
});

describe("a sealed vCon", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const [key] = [readPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" }).toString())];
  const recipients = readPublicKeys(publicKey.export({ type: "spki", format: "pem" }).toString());
  const sign = (vcon: Vcon) => signVcon(vcon, { key, certificatesUrl: "https://example.com/certificates" });

  it("is judged by its outside, whatever is inside", async () => {
    await deploy();
    for (const sealed of [await sign(bad()), await encryptVcon(bad(), { recipients })]) {
      const result = await way(sealed);
      expect(result.at).toBe("valid");
      expect(result.findings.every(({ pointer }) => !pointer.startsWith("/dialog"))).toBe(true);
    }
  });

  it("is not valid where its outside is not", async () => {
    await deploy();
    for (const sealed of [signed(), encrypted()]) {
      const { at, findings } = await way(sealed);
      expect(at).toBe("not valid");
      expect(findings).toContainEqual(
        expect.objectContaining({ section: expect.stringMatching(/core-04 5/) }),
      );
    }
  });
});

it("judges a vCon on Redis that knows no JSON", async () => {
  const redis = await startRedis();
  await deploy({}, { ...storeNode, url: redis.url });
  const home = await openStore(redis.url);
  expect(await judged(await stored(home, good()))).toMatchObject({ at: "valid" });
  expect(await judged(await stored(home, bad()))).toMatchObject({ at: "not valid" });
  await home.close();
  await redis.stop();
});

it("judges what takes the vCon's place while its recording is read", async () => {
  const redis = await startRedis();
  const proxy = await startHoldingProxy("127.0.0.1", redis.port);
  await deploy({}, { ...storeNode, url: `redis://127.0.0.1:${proxy.port}` });
  const home = await openStore(redis.url);
  const vcon = { ...call(inline(Buffer.alloc(200_000, "abc"))), extensions: ["CC"] };
  const payload = await stored(home, vcon);
  const isHeld = proxy.hold(":body:");
  const going = judged(payload);
  await isHeld;
  const { revision } = await home.read(payload, ["sealed"]);
  expect(await home.replace(payload, revision, { ...bad(), uuid: payload })).toBe(true);
  proxy.open();
  expect(await going).toMatchObject({ at: "not valid" });
  proxy.close();
  await home.close();
  await redis.stop();
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

  it.each<[string, object, string | undefined]>([
    ["nothing wrong", {}, undefined],
    [
      "an encoding that there is not",
      { analysis: [{ type: "summary", vendor: "v", dialog: 0, encoding: "base64", body: "SGVsbG8=" }] },
      "/analysis/0/encoding",
    ],
    [
      "a large body of another kind",
      {
        analysis: [
          { type: "summary", vendor: "v", dialog: 0, encoding: "none", body: ["x".repeat(100_000)] },
        ],
      },
      "/analysis/0/body",
    ],
    [
      "a member of an older draft",
      {
        dialog: [
          {
            type: "text",
            start: "2026-11-02T10:00:00Z",
            parties: 0,
            mimetype: "text/plain",
            body: "Hello.",
            encoding: "none",
          },
        ],
      },
      "/dialog/0/mimetype",
    ],
    ["null for an element", { dialog: [null] }, "/dialog/0"],
    ["a text for an element", { analysis: ["summary"] }, "/analysis/0"],
    ["a number for a party", { parties: [7] }, "/parties/0"],
  ])("judges what another program wrote with %s", async (_, members, pointer) => {
    await deploy({}, { ...storeNode, url: jsonUrl! });
    const vcon = { ...perfect(), ...members };
    uuids.push(vcon.uuid);
    await client.call("JSON.SET", `vcon:${vcon.uuid}`, "$", JSON.stringify(vcon));
    const { findings } = await judged(vcon.uuid);
    if (pointer === undefined) expect(findings.every(({ level }) => level === "info")).toBe(true);
    else expect(findings.map((finding) => finding.pointer)).toContain(pointer);
    expect(JSON.parse((await client.call("JSON.GET", `vcon:${vcon.uuid}`)) as string)).toEqual(vcon);
  });
});
