import { generalVerify } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { formOf, newUuid, type SignedVcon, type Vcon } from "../../../core/index.ts";
import { identity, newKey } from "../../support/certificate.ts";
import { certificatePem, keyPem, keysNode, nodeWithKeys, ours, signing } from "../../support/keys.ts";
import { ends } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { authority, ec, ed, rsa } from "../../support/signers.ts";
import { call, chat, encrypted, inline, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
const { deploy, passed, refused } = nodeWithKeys(nodeRed, "vcon-sign");

/** What a signed vCon in the store signs, once plain jose has verified it. */
async function verified(uuid: string, { certificate } = rsa): Promise<Vcon> {
  const signed = (await store.get(uuid)) as SignedVcon;
  const { payload } = await generalVerify(signed as never, certificate.publicKey);
  return JSON.parse(Buffer.from(payload).toString());
}

describe("sign", () => {
  it.each([
    ["RS256", rsa],
    ["ES256", ec],
    ["EdDSA", ed],
  ])("signs a vCon by %s, as any JOSE library can verify", async (alg, who) => {
    await deploy({}, signing(who));
    const vcon = chat("Good morning.", "How can I help?");
    const uuid = await stored(store, vcon);
    expect(await passed(uuid, { topic: "kept" })).toMatchObject({ payload: uuid, topic: "kept" });

    const { updated_at, ...rest } = await verified(uuid, who);
    expect(rest).toEqual(vcon);
    expect(Date.parse(updated_at!)).toBeGreaterThan(Date.parse(vcon.created_at));
    const [signature] = ((await store.get(uuid)) as SignedVcon).signatures;
    expect(JSON.parse(Buffer.from(signature!.protected!, "base64url").toString())).toEqual({ alg });
    const x5c = [who, authority].map(({ certificate }) => certificate.raw.toString("base64"));
    expect(signature!.header).toEqual({ x5c, uuid });
    expect(await store.trail(uuid)).toMatchObject([
      { event: "vcon_enhanced", form: "signed", node: { id: "node", type: "vcon-sign" } },
    ]);
  });

  it("names the URL of the certificates where it has no others", async () => {
    const certificatesUrl = "https://example.com/certificates.pem";
    await deploy({}, { ...ours, certificates: "", certificatesUrl });
    const uuid = await stored(store, chat());
    await passed(uuid);
    await verified(uuid);
    const [signature] = ((await store.get(uuid)) as SignedVcon).signatures;
    expect(signature!.header).toEqual({ x5u: certificatesUrl, uuid });
  });

  it("signs large recordings whole", async () => {
    await deploy();
    const vcon = call(inline(Buffer.alloc(200_000, "first")), inline(Buffer.alloc(300_000, "second")));
    const uuid = await stored(store, vcon);
    await passed(uuid);
    expect((await verified(uuid)).dialog).toEqual(vcon.dialog);
  });

  it("signs once, however often the vCon comes and how many messages come at the same moment", async () => {
    await deploy();
    const uuid = await stored(store, chat());
    await Promise.all([1, 2, 3, 4].map(() => passed(uuid)));
    const once = await store.get(uuid);
    await passed(uuid);
    expect(await store.get(uuid)).toEqual(once);
    expect(await store.trail(uuid)).toHaveLength(1);
  });

  it("lets pass what is encrypted, also where no key is set", async () => {
    await deploy({}, {});
    const vcon = encrypted();
    const uuid = await stored(store, vcon);
    await passed(uuid);
    expect(await store.get(uuid)).toEqual(vcon);
    expect(await store.trail(uuid)).toEqual([]);
  });
});

describe("what is refused", () => {
  const to = new Date("2001-01-01T00:00:00Z");
  const expired = identity({ name: "Expired", key: newKey("p256"), issuer: authority, to });
  const short = identity({ name: "Short", key: newKey("shortRsa") });

  it.each<[string, object, string, RegExp]>([
    ["a key that is not the certificate's", { privateKey: keyPem(ec.key) }, "KEY_MALFORMED", /certificate/],
    ["a key that is too short", signing(short), "KEY_MALFORMED", /2048/],
    ["a key that can't sign", { privateKey: keyPem(newKey("x25519")) }, "KEY_MALFORMED", /Ed25519/],
    ["a certificate that has expired", signing(expired), "CERTIFICATE_UNTRUSTED", /expired/],
    [
      "certificates in the wrong order",
      { certificates: certificatePem(authority, rsa) },
      "CERTIFICATE_UNTRUSTED",
      /signer's first/,
    ],
    [
      "a URL that is not https",
      { certificates: "", certificatesUrl: "http://example.com/x.pem" },
      "CERTIFICATE_MALFORMED",
      /https/,
    ],
  ])("is %s: the vCon stays as it was", async (_, texts, code, words) => {
    await deploy({}, { ...ours, ...texts });
    const vcon = chat("secret words");
    const uuid = await stored(store, vcon);
    const error = await refused(uuid);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(error.message).toContain(uuid);
    expect(error.message).not.toMatch(/secret words|Carol/);
    expect(await store.get(uuid)).toEqual(vcon);
    expect(await store.trail(uuid)).toEqual([]);
  });

  it("is a vCon that is not in the store", async () => {
    await deploy();
    expect(await refused(newUuid())).toMatchObject({ code: "VCON_NOT_FOUND" });
  });
});

describe("in the middle of things", () => {
  const tag = {
    id: "tag",
    type: "vcon-tag",
    store: "store",
    tags: [{ name: "topic", nameType: "str", value: "recall", valueType: "str" }],
    wires: [["out"]],
  };
  const sign = { id: "node", type: "vcon-sign", store: "store", keys: "keys", wires: [["out"]] };
  beforeEach(() => nodeRed.deploy([storeNode, keysNode(ours), sign, tag, ...ends]));

  it("loses no addition that arrives while it signs", async () => {
    const uuids = await Promise.all(Array.from({ length: 20 }, () => stored(store, chat())));
    const arrivals = uuids.map(async (payload) => {
      const signed = nodeRed.through("node", { payload });
      const tagged = nodeRed.through("tag", { payload });
      expect(await signed).toMatchObject({ at: "out" });
      return (await tagged).at;
    });
    const outcomes = await Promise.all(arrivals);
    // Else none has come in time, and this test says nothing.
    expect(outcomes).toContain("out");
    for (const [index, uuid] of uuids.entries()) {
      const { attachments = [] } = await verified(uuid);
      expect(attachments.map(({ body }) => body)).toEqual(
        outcomes[index] === "out" ? [["topic:recall"]] : [],
      );
    }
  });

  it("leaves each vCon either whole or signed when a deploy stops it, and signs all that come again", async () => {
    const uuids = await Promise.all(
      Array.from({ length: 10 }, () => stored(store, call(inline(Buffer.alloc(1_000_000, "audio"))))),
    );
    for (const payload of uuids) nodeRed.send("node", { payload });
    await nodeRed.redeploy();
    for (const uuid of uuids) {
      const vcon = await store.get(uuid);
      if (formOf(vcon) === "signed") await verified(uuid);
      else expect((vcon as Vcon).dialog).toHaveLength(1);
    }
    for (const uuid of uuids) await passed(uuid);
    for (const uuid of uuids) {
      expect((await verified(uuid)).dialog).toHaveLength(1);
      expect(await store.trail(uuid)).toHaveLength(1);
    }
  });
});
