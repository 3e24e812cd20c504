import { createPublicKey, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { FlattenedEncrypt, GeneralEncrypt, generalDecrypt } from "jose";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import {
  type ContentEncryption,
  decryptVcon,
  type EncryptedVcon,
  encryptVcon,
  outerUuid,
  type RsaEncryption,
  signVcon,
  verifyVcon,
  writeVcon,
} from "../../../../core/vcon/index.ts";
import { newKey } from "../../../support/certificate.ts";
import { ec, ed, refusal, rsa, signer, trusted, vcon } from "../../../support/signers.ts";

const x25519 = newKey("x25519");
const p384 = newKey("p384");
const other = newKey("p256");

const open = (key: KeyObject): KeyObject => createPublicKey(key);
const protectedOf = (encrypted: EncryptedVcon) =>
  JSON.parse(Buffer.from(encrypted.protected!, "base64url").toString());

describe.each<{ algorithm: RsaEncryption | "ECDH-ES"; key: KeyObject; kind: string }>([
  { algorithm: "RSA-OAEP", key: rsa.key, kind: "RSA" },
  { algorithm: "RSA-OAEP-256", key: rsa.key, kind: "RSA" },
  { algorithm: "ECDH-ES", key: ec.key, kind: "P-256" },
  { algorithm: "ECDH-ES", key: p384, kind: "P-384" },
  { algorithm: "ECDH-ES", key: x25519, kind: "X25519" },
])("a vCon encrypted with $algorithm for $kind", ({ algorithm, key }) => {
  it.each<ContentEncryption>(["A256CBC-HS512", "A256GCM"])("decrypts, with %s", async (encryption) => {
    const rsaEncryption = algorithm === "ECDH-ES" ? undefined : algorithm;
    const encrypted = await encryptVcon(vcon, { recipients: [open(key)], rsaEncryption, encryption });
    expect(protectedOf(encrypted)).toMatchObject({ alg: algorithm, enc: encryption });
    expect(await decryptVcon(encrypted, { keys: [key] })).toMatchObject({
      form: "unsigned",
      vcon,
      changes: [],
    });
    const { plaintext } = await generalDecrypt(encrypted, key);
    expect(Buffer.from(plaintext).toString()).toBe(writeVcon(vcon));
  });
});

describe("encryptVcon", () => {
  it("takes what the draft asks for unless told otherwise, and tells what is inside", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(rsa.key)] });
    expect(protectedOf(encrypted)).toEqual({ alg: "RSA-OAEP", enc: "A256CBC-HS512" });
    expect(encrypted.unprotected).toEqual({ cty: "application/vcon", uuid: vcon.uuid });
    expect(encrypted.recipients).toEqual([{ encrypted_key: expect.any(String) }]);
    expect(JSON.stringify(encrypted)).not.toContain("Carol");
  });

  it("encrypts for several, each of whom can open it alone", async () => {
    const keys = [rsa.key, ec.key, x25519];
    const recipients = keys.map(open);
    const encrypted = await encryptVcon(vcon, { recipients, rsaEncryption: "RSA-OAEP-256" });
    expect(encrypted.recipients.map(({ header }) => header!.alg)).toEqual([
      "RSA-OAEP-256",
      "ECDH-ES+A256KW",
      "ECDH-ES+A256KW",
    ]);
    for (const key of keys) {
      expect((await decryptVcon(encrypted, { keys: [other, key] })).vcon).toEqual(vcon);
      expect((await generalDecrypt(encrypted, key)).plaintext).toHaveLength(
        Buffer.byteLength(writeVcon(vcon)),
      );
    }
    const keyOfNobody = await refusal(decryptVcon(encrypted, { keys: [other, p384] }));
    expect(keyOfNobody.code).toBe("DECRYPTION_FAILED");
  });

  it("takes a signed vCon, which verifies after it was decrypted", async () => {
    const signed = await signVcon(vcon, signer(ec));
    const encrypted = await encryptVcon(signed, { recipients: [open(ec.key)] });
    expect(outerUuid(encrypted)).toBe(vcon.uuid);
    const read = await decryptVcon(encrypted, { keys: [ec.key] });
    expect(read).toMatchObject({ form: "signed", vcon: signed });
    if (read.form === "signed") expect((await verifyVcon(read.vcon, { trusted })).vcon.uuid).toBe(vcon.uuid);
  });

  it.each([
    ["no recipient", { recipients: [] }],
    ["a key that can only sign", { recipients: [open(ed.key)] }],
    ["a private key", { recipients: [ec.key] }],
    ["one recipient among others who can't have it", { recipients: [open(rsa.key), open(ed.key)] }],
    ["a short RSA key", { recipients: [open(newKey("shortRsa"))] }],
  ])("refuses %s", async (_, options) => {
    expect((await refusal(encryptVcon(vcon, options))).code).toBe("KEY_MALFORMED");
  });

  it("refuses what is encrypted already", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(ec.key)] });
    const error = await refusal(encryptVcon(encrypted as never, { recipients: [open(ec.key)] }));
    expect(error).toMatchObject({ code: "VCON_SEALED", message: expect.stringContaining(vcon.uuid) });
  });
});

/** As py-vcon writes it: `enc` in three places, `alg` under protection only, another cty. */
async function asPublished(): Promise<EncryptedVcon> {
  const { header, encrypted_key, ...shared } = await new FlattenedEncrypt(Buffer.from(writeVcon(vcon)))
    .setProtectedHeader({ alg: "RSA-OAEP", enc: "A256CBC-HS512" })
    .encrypt(open(rsa.key));
  return {
    ...shared,
    recipients: [{ header: { enc: "A256CBC-HS512" }, encrypted_key }],
    unprotected: { uuid: vcon.uuid, cty: "application/vcon+json", enc: "A256CBC-HS512" },
  } as EncryptedVcon;
}

describe("decryptVcon", () => {
  it("reads the published way to write it", async () => {
    expect((await decryptVcon(await asPublished(), { keys: [rsa.key] })).vcon).toEqual(vcon);
  });

  it("reads the key under its old spelling", async () => {
    const { ciphertext, ...rest } = await asPublished();
    const old = { ...rest, cyphertext: ciphertext } as unknown as EncryptedVcon;
    expect((await decryptVcon(old, { keys: [rsa.key] })).vcon).toEqual(vcon);
  });

  it.each([
    ["beside the recipients", { unprotected: { enc: "A256GCM" } }],
    ["beside one of them", { recipients: [{ header: { alg: "RSA-OAEP-256" } }] }],
  ])("refuses a header that contradicts the protected one %s", async (_, change) => {
    const error = await refusal(decryptVcon({ ...(await asPublished()), ...change }, { keys: [rsa.key] }));
    expect(error).toMatchObject({
      code: "DECRYPTION_FAILED",
      message: expect.stringContaining("contradict"),
    });
  });

  it("refuses another UUID outside than inside, signed or not", async () => {
    const unprotected = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc47" };
    const signed = await signVcon(vcon, signer(ec));
    // Without a UUID beside its signature, only the payload tells it.
    delete signed.signatures[0]!.header!.uuid;
    for (const inside of [vcon, signed]) {
      const encrypted = await encryptVcon(inside, { recipients: [open(ec.key)] });
      const error = await refusal(decryptVcon({ ...encrypted, unprotected }, { keys: [ec.key] }));
      expect(error).toMatchObject({ code: "DECRYPTION_FAILED", message: expect.stringContaining("UUID") });
    }
  });

  it("refuses another UUID with any of the recipients", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(rsa.key)] });
    delete encrypted.unprotected;
    const header = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc47" };
    const recipients = [...encrypted.recipients, { header }];
    const error = await refusal(decryptVcon({ ...encrypted, recipients }, { keys: [rsa.key] }));
    expect(error).toMatchObject({ code: "DECRYPTION_FAILED", message: expect.stringContaining("UUID") });
  });

  it("opens for one recipient, whatever the others are", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [rsa.key, ec.key].map(open) });
    const [first, second] = encrypted.recipients;
    const others = [{}, { header: { alg: "none" } }, { ...first, encrypted_key: "AAAA" }];
    const recipients = [...others, second!] as EncryptedVcon["recipients"];
    const { vcon: read } = await decryptVcon({ ...encrypted, recipients }, { keys: [rsa.key, ec.key] });
    expect(read).toEqual(vcon);
  });

  it("reads no header of more members than any has, as they are compared again and again", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(ec.key)] });
    const unprotected = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, 0]));
    const error = await refusal(decryptVcon({ ...encrypted, unprotected }, { keys: [ec.key] }));
    expect(error).toMatchObject({
      code: "DECRYPTION_FAILED",
      message: expect.stringContaining("header can't be read"),
    });
  });

  it("refuses compressed content", async () => {
    const bomb = await new GeneralEncrypt(Buffer.alloc(1_000_000, " "))
      .setProtectedHeader({ alg: "RSA-OAEP", enc: "A256GCM", zip: "DEF" })
      .addRecipient(open(rsa.key))
      .encrypt();
    const error = await refusal(decryptVcon(bomb as never, { keys: [rsa.key] }));
    expect(error).toMatchObject({
      code: "DECRYPTION_FAILED",
      message: expect.stringContaining("compressed"),
    });
  });

  it("reads no more than it is allowed to", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(ec.key)] });
    expect((await refusal(decryptVcon(encrypted, { keys: [ec.key], maxBytes: 100 }))).code).toBe(
      "VCON_TOO_LARGE",
    );
  });

  it("refuses algorithms that it does not write", async () => {
    const secret = Buffer.alloc(32, 1);
    const symmetric = await new GeneralEncrypt(Buffer.from(writeVcon(vcon)))
      .setProtectedHeader({ alg: "A256KW", enc: "A256GCM" })
      .addRecipient(secret)
      .encrypt();
    const weak = await new GeneralEncrypt(Buffer.from(writeVcon(vcon)))
      .setProtectedHeader({ alg: "ECDH-ES", enc: "A128GCM" })
      .addRecipient(open(ec.key))
      .encrypt();
    for (const encrypted of [symmetric, weak]) {
      expect((await refusal(decryptVcon(encrypted as never, { keys: [ec.key, rsa.key] }))).code).toBe(
        "DECRYPTION_FAILED",
      );
    }
  });

  it("refuses content that was changed anywhere", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(ec.key)] });
    const members = ["protected", "iv", "ciphertext", "tag"] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...members),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (member, place, change) => {
          const bytes = Buffer.from(encrypted[member]!, "base64url");
          const at = place % bytes.length;
          bytes[at] = bytes[at]! ^ change;
          const changed = { ...encrypted, [member]: bytes.toString("base64url") };
          expect((await refusal(decryptVcon(changed, { keys: [ec.key] }))).code).toBe("DECRYPTION_FAILED");
        },
      ),
      { numRuns: 100 },
    );
  });

  it("tries no more recipients than anybody has", async () => {
    const encrypted = await encryptVcon(vcon, { recipients: [open(ec.key)] });
    const recipients = [...encrypted.recipients, ...Array(10_000).fill(encrypted.recipients[0])];
    expect((await refusal(decryptVcon({ ...encrypted, recipients }, { keys: [ec.key] }))).code).toBe(
      "DECRYPTION_FAILED",
    );
  });

  it.each([
    ["nothing", null],
    ["no recipients", { ciphertext: "AAAA" }],
    ["no ciphertext", { recipients: [{}] }],
    ["recipients that are none", { ciphertext: "AAAA", recipients: [null, 5] }],
    ["a header that is no object", { ciphertext: "AAAA", recipients: [{ header: [] }], unprotected: 5 }],
    ["a protected header that is no JSON", { ciphertext: "AAAA", recipients: [{}], protected: "AAAA" }],
  ])("refuses %s", async (_, hostile) => {
    expect((await refusal(decryptVcon(hostile as never, { keys: [ec.key] }))).code).toBe("DECRYPTION_FAILED");
  });

  it("refuses any object with an error of ours", async () => {
    const {
      ciphertext,
      recipients,
      protected: encoded,
      iv,
      tag,
    } = await encryptVcon(vcon, { recipients: [open(rsa.key)] });
    const oneOf = (value: unknown) => fc.oneof(fc.jsonValue(), fc.constant(value));
    const anything = fc.record(
      {
        ciphertext: oneOf(ciphertext),
        recipients: oneOf(recipients),
        protected: oneOf(encoded),
        iv: oneOf(iv),
        tag: oneOf(tag),
        unprotected: fc.jsonValue(),
        aad: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (hostile) => {
        await decryptVcon(hostile as never, { keys: [rsa.key, ec.key] }).catch((error) =>
          expect(error).toBeInstanceOf(VconError),
        );
      }),
      { numRuns: 300 },
    );
  });
});
