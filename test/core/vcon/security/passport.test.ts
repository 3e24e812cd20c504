import { sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import { decodePassport, verifyPassport } from "../../../../core/vcon/index.ts";
import { identity } from "../../../support/certificate.ts";
import { authority, base64url, ec, ed, refusal, root } from "../../../support/signers.ts";

const header = { typ: "passport", alg: "ES256", ppt: "shaken", x5u: "https://example.com/certificate.pem" };
const claims = {
  attest: "A",
  dest: { tn: ["12025550142"] },
  iat: 1767323045,
  orig: { tn: "12025550143" },
  origid: "123e4567-e89b-12d3-a456-426655440000",
};

function passport(changes: { header?: object; claims?: object } = {}, key = ec.key): string {
  const content = [
    { ...header, ...changes.header },
    { ...claims, ...changes.claims },
  ]
    .map(base64url)
    .join(".");
  return `${content}.${sign("sha256", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

function malformed(text: unknown): string {
  try {
    decodePassport(text);
  } catch (error) {
    expect(error).toBeInstanceOf(VconError);
    expect(error).toMatchObject({ code: "VCON_MALFORMED" });
    return (error as VconError).message;
  }
  throw new Error("It was read.");
}

describe("a PASSporT", () => {
  it("reads as its header and claims", () => {
    expect(decodePassport(passport())).toEqual({ header, claims });
  });

  it.each([
    ["without extension", { header: { ppt: undefined }, claims: { attest: undefined, origid: undefined } }],
    [
      "of an extension that is not known here",
      { header: { ppt: "div" }, claims: { div: { tn: "12025550144" }, attest: undefined } },
    ],
    [
      "with URIs",
      {
        claims: {
          orig: { uri: "sip:carol@example.com" },
          dest: { uri: ["sip:alice@example.com"], tn: ["12025550142"] },
        },
      },
    ],
  ])("may be %s", (_, changes) => {
    expect(decodePassport(passport(changes)).claims.iat).toBe(claims.iat);
  });

  it.each([
    ["typ", { header: { typ: "JWT" } }],
    ["alg", { header: { alg: "none" } }],
    ["alg", { header: { alg: "RS256" } }],
    ["x5u", { header: { x5u: undefined } }],
    ["x5u", { header: { x5u: "certificate" } }],
    ["ppt", { header: { ppt: 5 } }],
    ["crit", { header: { crit: ["b64"], b64: false } }],
    ["iat", { claims: { iat: undefined } }],
    ["iat", { claims: { iat: "1767323045" } }],
    ["orig", { claims: { orig: undefined } }],
    ["orig", { claims: { orig: { tn: "12025550143", uri: "sip:carol@example.com" } } }],
    ["orig", { claims: { orig: { tn: ["12025550143"] } } }],
    ["dest", { claims: { dest: {} } }],
    ["dest", { claims: { dest: { tn: "12025550142" } } }],
    ["dest", { claims: { dest: { tn: [] } } }],
    ["attest", { claims: { attest: "D" } }],
    ["origid", { claims: { origid: "1" } }],
  ])("is refused with a wrong %s, which is said", (what, changes) => {
    expect(malformed(passport(changes))).toContain(what);
  });

  it.each([
    ["nothing", ""],
    ["two parts", "AAAA.AAAA"],
    ["padding", `${passport()}=`],
    ["rubbish", "AAAA.AAAA.AAAA"],
    ["a list as header", `${base64url([])}.${base64url(claims)}.AAAA`],
    ["a million parts", ".".repeat(1_000_000)],
    ["a number", 5],
    ["a list of its parts", passport().split(".")],
  ])("is not %s", (_, text) => {
    malformed(text);
  });

  it("is any text or an error of ours", () => {
    const part = fc.oneof(fc.string(), fc.jsonValue().map(base64url));
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        malformed(parts.join("."));
      }),
      { numRuns: 300 },
    );
  });
});

describe("verifyPassport", () => {
  const { certificate } = ec;

  it("reads one that was signed with the certificate's key", async () => {
    expect(await verifyPassport(passport(), { certificate })).toEqual({ header, claims });
  });

  it("refuses one that was signed with another key, or was changed", async () => {
    const [one, two] = [passport(), passport({ claims: { attest: "B" } })].map((text) => text.split("."));
    const wrong = [
      passport({}, root.key),
      [one![0], two![1], one![2]].join("."),
      [one![0], one![1], two![2]].join("."),
    ];
    for (const text of wrong) {
      expect((await refusal(verifyPassport(text, { certificate }))).code).toBe("SIGNATURE_INVALID");
    }
    expect((await refusal(verifyPassport(passport(), { certificate: ed.certificate }))).code).toBe(
      "SIGNATURE_INVALID",
    );
  });

  it("asks whether the certificate was valid when it was issued, not whether it still is", async () => {
    const from = new Date((claims.iat - 60) * 1000);
    const to = new Date((claims.iat + 60) * 1000);
    const then = identity({ name: "Then", key: ec.key, issuer: authority, from, to });
    await verifyPassport(passport(), { certificate: then.certificate });
    const late = passport({ claims: { iat: claims.iat + 120 } });
    expect((await refusal(verifyPassport(late, { certificate: then.certificate }))).code).toBe(
      "CERTIFICATE_UNTRUSTED",
    );
  });
});
