import { describe, expect, it } from "vitest";
import {
  decryptVcon,
  type EncryptedVcon,
  encodeBase64Url,
  type SignedVcon,
  signVcon,
  type Vcon,
  verifyVcon,
} from "../../../core/index.ts";
import { identity, newKey } from "../../support/certificate.ts";
import { certificatePem, keyPem, nodeWithKeys } from "../../support/keys.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { authority, ec, ed, root, rsa, signer } from "../../support/signers.ts";
import { call, chat, inline, stored } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
const { deploy, passed, refused } = nodeWithKeys(nodeRed, "vcon-encrypt");

const recipients = certificatePem(rsa, ec);

async function decrypted(uuid: string, { key } = rsa) {
  return decryptVcon((await store.get(uuid)) as EncryptedVcon, { keys: [key] });
}

function enc(vcon: unknown): unknown {
  return JSON.parse(Buffer.from(String((vcon as EncryptedVcon)["protected"]), "base64url").toString()).enc;
}

describe("encrypt", () => {
  it("encrypts a vCon so that each recipient can open it, and nobody else", async () => {
    await deploy({}, { recipients });
    const vcon = chat("Good morning.", "How can I help?");
    const uuid = await stored(store, vcon);
    expect(await passed(uuid, { topic: "kept" })).toMatchObject({ payload: uuid, topic: "kept" });

    for (const recipient of [rsa, ec]) expect((await decrypted(uuid, recipient)).vcon).toMatchObject(vcon);
    const stranger = { ...rsa, key: newKey("rsa") };
    await expect(decrypted(uuid, stranger)).rejects.toMatchObject({ code: "DECRYPTION_FAILED" });
    expect(await store.trail(uuid)).toMatchObject([
      { event: "vcon_enhanced", form: "encrypted", node: { id: "node", type: "vcon-encrypt" } },
    ]);
  });

  it("leaves nothing in the store to be read, but the vCon is still found by whom it is of", async () => {
    await deploy({}, { recipients });
    const audio = Buffer.alloc(200_000, "audio");
    const vcon = { ...call(inline(audio)), subject: "secret words" };
    const uuid = await stored(store, vcon);
    await passed(uuid);
    const text = JSON.stringify([await store.get(uuid), await store.trail(uuid)]);
    for (const told of ["secret words", "Carol", "12025550101", encodeBase64Url(audio).slice(0, 100)])
      expect(text).not.toContain(told);
    expect(await store.find({ tel: "+12025550101" })).toContain(uuid);
  });

  it("keeps the signature inside", async () => {
    await deploy({}, { recipients });
    const vcon = chat();
    const uuid = await stored(store, await signVcon(vcon, signer(ec)));
    await passed(uuid);
    const { vcon: inside } = await decrypted(uuid);
    const verified = await verifyVcon(inside as SignedVcon, { trusted: [root.certificate] });
    expect(verified.vcon.parties).toEqual(vcon.parties);
  });

  it.each(["A256CBC-HS512", "A256GCM"])(
    "encrypts the content by %s where it is told so",
    async (encryption) => {
      await deploy({ encryption }, { recipients });
      const uuid = await stored(store, chat());
      await passed(uuid);
      expect(enc(await store.get(uuid))).toBe(encryption);
      await decrypted(uuid);
    },
  );

  it("takes recipients as public keys and as a JWK set, too", async () => {
    const { publicKey } = ec.certificate;
    const pem = String(publicKey.export({ type: "spki", format: "pem" }));
    for (const texts of [pem, JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] })]) {
      await deploy({}, { recipients: texts });
      const uuid = await stored(store, chat());
      await passed(uuid);
      await decrypted(uuid, ec);
    }
  });

  it("encrypts for the recipient alone where its authority stands below it", async () => {
    await deploy({}, { recipients: certificatePem(ec, authority, root) });
    const uuid = await stored(store, chat());
    await passed(uuid);
    expect(((await store.get(uuid)) as EncryptedVcon).recipients).toHaveLength(1);
    await decrypted(uuid, ec);
  });

  it("encrypts once, however often the vCon comes and how many messages come at the same moment", async () => {
    await deploy({}, { recipients });
    const uuid = await stored(store, chat());
    await Promise.all([1, 2, 3, 4].map(() => passed(uuid)));
    const once = await store.get(uuid);
    await deploy({}, {});
    await passed(uuid);
    expect(await store.get(uuid)).toEqual(once);
    expect(await store.trail(uuid)).toHaveLength(1);
  });

  const short = identity({ name: "Short", key: newKey("shortRsa") });
  it.each<[string, string, string, RegExp]>([
    ["has a key that is too short", certificatePem(short), "KEY_MALFORMED", /2048/],
    ["has a key that is only for signing", certificatePem(rsa, ed), "KEY_MALFORMED", /recipients' keys/],
    ["is given by a private key", keyPem(ec.key), "NOT_CONFIGURED", /"Recipients" holds a private key/],
    ["is no key at all", "secret words", "NOT_CONFIGURED", /"Recipients" can't be used\. .*BEGIN/],
  ])("refuses a recipient who %s: the vCon stays as it was", async (_, texts, code, words) => {
    await deploy({}, { recipients: texts });
    const vcon: Vcon = chat("secret words");
    const uuid = await stored(store, vcon);
    const error = await refused(uuid);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) });
    expect(error.message).toContain(uuid);
    expect(error.message).not.toMatch(/secret words|Carol/);
    expect(await store.get(uuid)).toEqual(vcon);
    expect(await store.trail(uuid)).toEqual([]);
  });
});
