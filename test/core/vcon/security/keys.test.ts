import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import { readCertificates, readPrivateKey, readPublicKeys } from "../../../../core/vcon/index.ts";
import { certificateDer, newKey } from "../../../support/certificate.ts";
import { authority, ec, ed, root, rsa } from "../../../support/signers.ts";

const x25519 = newKey("x25519");
const p384 = newKey("p384");

function pem(key: KeyObject, type: "pkcs1" | "pkcs8" | "sec1" | "spki"): string {
  return key.export({ format: "pem", type: type as "pkcs8" }).toString();
}

function jwk(key: KeyObject): string {
  return JSON.stringify(key.export({ format: "jwk" }));
}

function same(read: KeyObject, key: KeyObject): void {
  expect(read.equals(key)).toBe(true);
}

/** How a text survives a form field of one line, an environment variable, a mail. */
const accidents: [string, (text: string) => string][] = [
  ["as it is", (text) => text],
  ["with Windows line ends", (text) => text.replaceAll("\n", "\r\n")],
  ["in one line with blanks", (text) => text.replaceAll("\n", " ")],
  ["in one line without anything between", (text) => text.replaceAll("\n", "")],
  ["with \\n in place of line ends", (text) => text.replaceAll("\n", "\\n")],
  ["with \\r\\n and quotes", (text) => `"${text.replaceAll("\n", "\\r\\n")}"`],
  ["indented", (text) => text.replaceAll("\n", "\n    ")],
];

function refusal(read: () => unknown): VconError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(VconError);
    return error as VconError;
  }
  throw new Error("It was read.");
}

describe.each(accidents)("a text %s", (_, accident) => {
  it("reads as a private key of every kind", () => {
    const texts: [string, KeyObject][] = [
      [pem(rsa.key, "pkcs8"), rsa.key],
      [pem(rsa.key, "pkcs1"), rsa.key],
      [pem(ec.key, "sec1"), ec.key],
      [pem(ec.key, "pkcs8"), ec.key],
      [pem(p384, "sec1"), p384],
      [pem(ed.key, "pkcs8"), ed.key],
      [pem(x25519, "pkcs8"), x25519],
    ];
    for (const [text, key] of texts) same(readPrivateKey(accident(text)), key);
  });

  it("reads as public keys and certificates", () => {
    const publicKey = createPublicKey(rsa.key);
    same(readPublicKeys(accident(pem(publicKey, "spki")))[0]!, publicKey);
    same(readPublicKeys(accident(pem(publicKey, "pkcs1")))[0]!, publicKey);

    const bundle = [ec, authority, root].map(({ certificate }) => certificate.toString()).join("");
    expect(readCertificates(accident(bundle)).map(({ subject }) => subject)).toEqual([
      "CN=EC",
      "CN=Authority",
      "CN=Root",
    ]);
  });
});

describe("readPrivateKey", () => {
  it.each([rsa.key, ec.key, ed.key, x25519, p384])("reads a JWK", (key) => {
    same(readPrivateKey(jwk(key)), key);
    same(readPrivateKey(`\n ${JSON.stringify(JSON.parse(jwk(key)), undefined, 2)}\n`), key);
  });

  it("finds the key among the other blocks that tools write", () => {
    const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    same(readPrivateKey(ec.certificate.toString() + parameters + pem(ec.key, "sec1")), ec.key);
  });

  const encrypted = { format: "pem", cipher: "aes-256-cbc", passphrase: "secret" } as const;
  it.each([
    ["a key with a password", rsa.key.export({ ...encrypted, type: "pkcs8" }), "password"],
    ["an old key with a password", rsa.key.export({ ...encrypted, type: "pkcs1" }), "password"],
    ["a public key", pem(createPublicKey(ec.key), "spki"), "no private key"],
    ["a certificate", ec.certificate.toString(), "no private key"],
    ["a public JWK", jwk(createPublicKey(ec.key)), "damaged"],
    ["a symmetric JWK", '{"kty":"oct","k":"AAAA"}', "damaged"],
    ["half a key", pem(rsa.key, "pkcs8").slice(0, 600), "whole text"],
    ["a key with a piece missing", pem(rsa.key, "pkcs8").replace(/\n.{64}\n/, "\n"), "damaged"],
    ["half a JWK", jwk(ec.key).slice(0, 40), "not JSON"],
    ["nothing", "", "whole text"],
    ["a path", "/etc/keys/private.pem", "whole text"],
    ["what is much too long", "-----BEGIN PRIVATE KEY-----".repeat(100_000), "longer"],
  ])("refuses %s and says why", (_, text, why) => {
    const error = refusal(() => readPrivateKey(text.toString()));
    expect(error).toMatchObject({ code: "KEY_MALFORMED", message: expect.stringContaining(why) });
    expect(error.cause).toBeUndefined();
  });
});

describe("readPublicKeys", () => {
  it("reads several, of every form", () => {
    const keys = [rsa.key, x25519].map((key) => createPublicKey(key));
    const read = readPublicKeys(keys.map((key) => pem(key, "spki")).join("\n"));
    expect(read.map((key, index) => key.equals(keys[index]!))).toEqual([true, true]);

    const set = { keys: keys.map((key) => key.export({ format: "jwk" })) };
    expect(readPublicKeys(JSON.stringify(set)).map((key, index) => key.equals(keys[index]!))).toEqual([
      true,
      true,
    ]);
    same(readPublicKeys(jwk(keys[0]!))[0]!, keys[0]!);
  });

  it("takes the key of a chain's first certificate, not of those who issued it", () => {
    const texts = [ec, authority, root, rsa].map(({ certificate }) => certificate.toString());
    const read = readPublicKeys(texts.join(""));
    expect(read).toHaveLength(2);
    same(read[0]!, ec.certificate.publicKey);
    same(read[1]!, rsa.certificate.publicKey);
    same(readPublicKeys(root.certificate.toString())[0]!, root.certificate.publicKey);
  });

  it.each([
    ["a private key", pem(ec.key, "pkcs8")],
    ["a private JWK", jwk(ec.key)],
    ["a private key in a set", JSON.stringify({ keys: [ec.key.export({ format: "jwk" })] })],
  ])("refuses %s, which should stay secret", (_, text) => {
    expect(refusal(() => readPublicKeys(text))).toMatchObject({
      code: "KEY_MALFORMED",
      message: expect.stringContaining("private key where a public one belongs"),
    });
  });

  it.each([
    "",
    "{}",
    '{"keys":5}',
    '{"keys":[]}',
    '{"keys":[null]}',
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
  ])("refuses %j", (text) => {
    expect(refusal(() => readPublicKeys(text)).code).toBe("KEY_MALFORMED");
  });
});

describe("readCertificates", () => {
  it.each([
    ["nothing", ""],
    ["a key", pem(ec.key, "pkcs8")],
    ["rubbish between BEGIN and END", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
    ["a certificate cut off", block(certificateDer({ name: "X", key: ec.key }).subarray(0, 100))],
    ["a certificate with a key of no known kind", block(strangeKey())],
  ])("refuses %s", (_, text) => {
    expect(refusal(() => readCertificates(text)).code).toBe("CERTIFICATE_MALFORMED");
  });
});

it("any text is a key, or an error of ours that quotes nothing of it", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "-----BEGIN PRIVATE KEY-----",
      "-----END PRIVATE KEY-----",
      "-----BEGIN CERTIFICATE-----",
      "-----END CERTIFICATE-----",
      "\\n",
      "{",
      '{"kty":"RSA","n":"',
    ),
    fc.base64String(),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      for (const read of [readPrivateKey, readPublicKeys, readCertificates])
        refusal(() => read(pieces.join("")));
    }),
    { numRuns: 300 },
  );
});

it("an error quotes nothing of a damaged key", () => {
  const text = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
  const { message, cause } = refusal(() => readPrivateKey(JSON.stringify({ ...text, x: "AAAA" })));
  expect(message).not.toContain(text.d);
  expect(cause).toBeUndefined();
  expect(createPrivateKey({ key: text, format: "jwk" }).type).toBe("private");
});

function block(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----`;
}

/** A whole certificate with another name for the algorithm of its key. */
function strangeKey(): Buffer {
  const whole = certificateDer({ name: "X", key: ed.key, issuer: root });
  const at = whole.indexOf(Buffer.from("06032b6570", "hex"));
  whole[at + 4] = 0x01;
  return whole;
}
