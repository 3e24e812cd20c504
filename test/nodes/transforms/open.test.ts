import tls from "node:tls";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type AnyVcon,
  encryptVcon,
  type SignedVcon,
  signVcon,
  type Vcon,
  verifyVcon,
} from "../../../core/index.ts";
import { selfSigned, serveHttps } from "../../core/vcon/fetch/servers.ts";
import { type Identity, identity, newKey } from "../../support/certificate.ts";
import { certificatePem, keyPem, nodeWithKeys, ours } from "../../support/keys.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { authority, ec, root, rsa, signer, wrongRoot } from "../../support/signers.ts";
import { call, chat, inline, stored } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
const { deploy, passed, refused } = nodeWithKeys(nodeRed, "vcon-open");

const signed = (vcon: Vcon, who: Identity = ec) => signVcon(vcon, signer(who));
const encrypted = (vcon: Vcon | SignedVcon) =>
  encryptVcon(vcon, { recipients: [ec, rsa].map(({ certificate }) => certificate.publicKey) });

/** As verifying reads it: with the time at which it was signed. */
async function inside(vcon: SignedVcon): Promise<Vcon> {
  return (await verifyVcon(vcon, { trusted: [root.certificate] })).vcon;
}

const theSigner = {
  subject: { CN: "EC" },
  issuer: { CN: "Authority" },
  serialNumber: ec.certificate.serialNumber,
  validTo: "2100-01-01T00:00:00.000Z",
};

describe("open, to make an amended version,", () => {
  it.each<[string, (vcon: SignedVcon) => AnyVcon | Promise<AnyVcon>]>([
    ["signed", (vcon) => vcon],
    ["signed and then encrypted", encrypted],
  ])("makes a new vCon of one that is %s, which stays as it is", async (_, seal) => {
    await deploy();
    const proof = await signed(call(inline(Buffer.alloc(200_000, "audio"))));
    const sealed = await seal(proof);
    const uuid = await stored(store, sealed);
    const message = await passed(uuid, { topic: "kept" });
    expect(message).toMatchObject({ topic: "kept", signer: theSigner });
    expect(message.payload).not.toBe(uuid);

    const { updated_at: _signedAt, ...content } = await inside(proof);
    expect(await store.get(String(message.payload))).toEqual({
      ...content,
      uuid: message.payload,
      created_at: expect.any(String),
      amended: { uuid },
    });
    expect(await store.get(uuid)).toEqual(sealed);
    expect(await store.trail(uuid)).toMatchObject([{ event: "vcon_created", copy: message.payload }]);
    expect(await store.trail(String(message.payload))).toMatchObject([
      { event: "vcon_created", source: uuid, node: { id: "node", type: "vcon-open" } },
    ]);
  });

  it("makes one of the same vCon, however often it comes and how many messages come at the same moment", async () => {
    await deploy();
    const uuid = await stored(store, await signed(chat("Good morning.")));
    const messages = await Promise.all([1, 2, 3, 4].map(() => passed(uuid)));
    messages.push(await passed(uuid));
    const copies = new Set(messages.map(({ payload }) => String(payload)));
    expect(copies.size).toBe(1);
    expect(await store.trail([...copies][0]!)).toHaveLength(1);
  });

  it("keeps what was added to it when the first one comes again", async () => {
    await deploy();
    const uuid = await stored(store, await signed(chat()));
    const copy = String((await passed(uuid)).payload);
    await store.append(copy, { tags: [{ name: "topic", value: "recall" }] });
    const added = await store.get(copy);
    await passed(uuid);
    expect(await store.get(copy)).toEqual(added);
  });
});

describe("open, in its place,", () => {
  it.each<[string, (vcon: SignedVcon) => AnyVcon | Promise<AnyVcon>]>([
    ["signed", (vcon) => vcon],
    ["signed and then encrypted", encrypted],
  ])("puts what was inside in the place of a vCon that is %s", async (_, seal) => {
    await deploy({ as: "replaced" });
    const proof = await signed(chat("Good morning."));
    const uuid = await stored(store, await seal(proof));
    expect(await passed(uuid)).toMatchObject({ payload: uuid, signer: theSigner });
    expect(await store.get(uuid)).toEqual(await inside(proof));
    expect(await store.trail(uuid)).toMatchObject([{ event: "vcon_enhanced", form: "unsigned" }]);
  });
});

describe("open, only to check,", () => {
  it("lets a genuine vCon pass and leaves it as it is", async () => {
    await deploy({ as: "nothing" });
    const sealed = await encrypted(await signed(chat()));
    const uuid = await stored(store, sealed);
    expect(await passed(uuid)).toMatchObject({ payload: uuid, signer: theSigner });
    expect(await store.get(uuid)).toEqual(sealed);
    expect(await store.trail(uuid)).toEqual([]);
  });
});

describe("a vCon that is not signed", () => {
  const make = [
    ["neither signed nor encrypted", (vcon: Vcon) => vcon],
    ["only encrypted", encrypted],
  ] as const;

  it.each(make)("is refused if it is %s, because nobody vouches for it", async (_, seal) => {
    await deploy({ as: "replaced" });
    const sealed = await seal(chat("secret words"));
    const uuid = await stored(store, sealed);
    const error = await refused(uuid);
    expect(error).toMatchObject({ code: "NOT_SIGNED", message: expect.stringContaining(uuid) });
    expect(error.message).not.toContain("secret words");
    expect(await store.get(uuid)).toEqual(sealed);
  });

  it("goes on as it is where signatures are only checked, and names no signer", async () => {
    await deploy({ signature: "checked" }, {});
    const vcon = chat();
    const uuid = await stored(store, vcon);
    const message = await passed(uuid, { signer: theSigner });
    expect(message.payload).toBe(uuid);
    expect(message).not.toHaveProperty("signer");
    expect(await store.get(uuid)).toEqual(vcon);
    expect(await store.trail(uuid)).toEqual([]);
  });

  it("is opened where signatures are only checked, if it is encrypted", async () => {
    await deploy({ signature: "checked", as: "replaced" }, { privateKey: keyPem(ec.key) });
    const vcon = chat();
    const uuid = await stored(store, await encrypted(vcon));
    expect(await passed(uuid, { signer: theSigner })).not.toHaveProperty("signer");
    expect(await store.get(uuid)).toMatchObject(vcon);
  });
});

describe("what is not genuine", () => {
  const to = new Date("2001-01-01T00:00:00Z");
  const expired = identity({ name: "Expired", key: newKey("p256"), issuer: authority, to });

  /** Signed as long as it was valid. */
  async function longAgo(vcon: Vcon): Promise<SignedVcon> {
    const sealed = await signVcon(vcon, { key: expired.key, certificatesUrl: "https://example.com/x.pem" });
    const x5c = [expired, authority].map(({ certificate }) => certificate.raw.toString("base64"));
    return { ...sealed, signatures: [{ ...sealed.signatures[0]!, header: { x5c, uuid: vcon.uuid } }] };
  }

  /** What somebody could do who can write to the store. */
  async function tampered(vcon: Vcon): Promise<SignedVcon> {
    const sealed = await signed(vcon);
    const payload = Buffer.from(sealed.payload, "base64url").toString().replace("Good", "Dear");
    return { ...sealed, payload: Buffer.from(payload).toString("base64url") };
  }

  /** Somebody's genuine vCon in the name of another. */
  async function swapped(vcon: Vcon): Promise<AnyVcon> {
    const genuine = await encrypted(await signed(chat()));
    return { ...genuine, unprotected: { cty: "application/vcon" }, uuid: vcon.uuid };
  }

  const cases: [string, (vcon: Vcon) => AnyVcon | Promise<AnyVcon>, object, string, RegExp][] = [
    ["was changed since", tampered, {}, "SIGNATURE_INVALID", /changed after it was signed/],
    [
      "is of a signer below another root",
      signed,
      { trusted: certificatePem(wrongRoot) },
      "CERTIFICATE_UNTRUSTED",
      /set whom you trust/,
    ],
    ["is of a signer whose certificate has expired", longAgo, {}, "CERTIFICATE_UNTRUSTED", /expired/],
    [
      "is encrypted for others",
      async (vcon) => encrypted(await signed(vcon)),
      { privateKey: keyPem(newKey("rsa")) },
      "DECRYPTION_FAILED",
      /None of the keys/,
    ],
    ["is another vCon inside", swapped, {}, "VCON_MALFORMED", /another vCon/],
    [
      "only looks signed",
      (vcon) => ({ payload: "e30", signatures: [], uuid: vcon.uuid }),
      {},
      "SIGNATURE_INVALID",
      /signatures/,
    ],
  ];

  describe.each(["amended", "replaced", "nothing"])("is refused where %s is made", (as) => {
    it.each(cases)("if it %s: nothing is opened", async (_, seal, texts, code, words) => {
      await deploy({ as }, { ...ours, ...texts });
      const sealed = await seal(chat("Good secret words."));
      const uuid = await stored(store, sealed);
      const before = await store.list({ limit: 1000 });
      const error = await refused(uuid);
      expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
      expect(error.message).toContain(uuid);
      expect(error.message).not.toMatch(/secret words|Carol|CN=|Authority/);
      expect(await store.get(uuid)).toEqual(sealed);
      expect(await store.list({ limit: 1000 })).toEqual(before);
    });
  });

  it("fails on its message, which a Catch node gets as it was", async () => {
    await deploy();
    const payload = await stored(store, await tampered(chat("Good morning.")));
    const { message } = await nodeRed.through("node", { payload, topic: "kept", signer: "kept" });
    expect(message).toMatchObject({ payload, topic: "kept", signer: "kept" });
    expect(message.error).toMatchObject({ source: { id: "node", type: "vcon-open" } });
  });
});

describe("the signer", () => {
  it("is told in the property that the form names", async () => {
    await deploy({ property: "proof.by" });
    const message = await passed(await stored(store, await signed(chat(), rsa)));
    expect(message).toMatchObject({ proof: { by: { subject: { CN: "RSA" } } } });
    expect(message).not.toHaveProperty("signer");
  });

  it("may be below somebody who is no authority only where that is switched off", async () => {
    const lay = identity({ name: "Lay", key: newKey("p256"), issuer: root });
    const below = identity({ name: "Below", key: newKey("p256"), issuer: lay });
    const certificates = [below, lay].map(({ certificate }) => certificate);
    const uuid = await stored(store, await signVcon(chat(), { key: below.key, certificates }));
    await deploy({ as: "nothing" });
    expect(await refused(uuid)).toMatchObject({ code: "CERTIFICATE_UNTRUSTED" });
    await deploy({ as: "nothing", checkAuthorities: false });
    expect(await passed(uuid)).toMatchObject({ signer: { subject: { CN: "Below" } } });
  });
});

describe("certificates at a URL", () => {
  beforeAll(() => tls.setDefaultCACertificates([...tls.getCACertificates(), selfSigned]));

  async function signedBySomebodyAt(path: string): Promise<{ uuid: string; asked: () => number }> {
    let asked = 0;
    const server = await serveHttps((request, response) => {
      asked++;
      if (request.url === "/busy" && asked < 3) return response.writeHead(503).end();
      if (request.url === "/gone") return response.writeHead(404).end();
      return response.end(certificatePem(ec, authority));
    });
    const vcon = await signVcon(chat(), { key: ec.key, certificatesUrl: server + path });
    return { uuid: await stored(store, vcon), asked: () => asked };
  }

  it("are fetched from the own network only where that is allowed", async () => {
    const { uuid, asked } = await signedBySomebodyAt("/secret.pem");
    await deploy();
    const error = await refused(uuid);
    expect(error).toMatchObject({ code: "MEDIA_REFUSED", message: expect.stringContaining(uuid) });
    expect(error.message).not.toContain("secret");
    expect(asked()).toBe(0);
    await deploy({ ownNetwork: true });
    expect(await passed(uuid)).toMatchObject({ signer: theSigner });
    expect(asked()).toBe(1);
  });

  it("are asked for again where the server is busy, and not where it has none", async () => {
    await deploy({ ownNetwork: true });
    const busy = await signedBySomebodyAt("/busy");
    expect(await passed(busy.uuid)).toMatchObject({ signer: theSigner });
    expect(busy.asked()).toBe(3);
    const gone = await signedBySomebodyAt("/gone");
    expect(await refused(gone.uuid)).toMatchObject({ code: "MEDIA_UNAVAILABLE" });
    expect(gone.asked()).toBe(1);
  });
});
