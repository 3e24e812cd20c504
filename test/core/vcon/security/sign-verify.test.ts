import { createPublicKey, sign as signBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { GeneralSign, generalVerify } from "jose";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import { type SignedVcon, signVcon, verifyVcon, writeVcon } from "../../../../core/vcon/index.ts";
import { type CertificateOptions, type Identity, identity, newKey } from "../../../support/certificate.ts";
import {
  authority,
  base64url,
  ec,
  ed,
  refusal,
  root,
  rsa,
  signer,
  trusted,
  vcon,
  wrongRoot,
} from "../../../support/signers.ts";

const signers = [
  { algorithm: "RS256", who: rsa },
  { algorithm: "ES256", who: ec },
  { algorithm: "EdDSA", who: ed },
] as const;

function headerOf(signed: SignedVcon): Record<string, unknown> {
  return JSON.parse(Buffer.from(signed.signatures[0]!.protected!, "base64url").toString());
}

/** Signs any payload under any headers, as another program might; a text is taken as the encoded header. */
function signedBy(
  { key }: Identity,
  payload: string,
  header: object | undefined,
  protectedHeader: object | string = { alg: "ES256" },
): SignedVcon {
  const encoded = typeof protectedHeader === "string" ? protectedHeader : base64url(protectedHeader);
  const signed = signBytes("sha256", Buffer.from(`${encoded}.${payload}`), {
    key,
    dsaEncoding: "ieee-p1363",
  });
  const signature = signed.toString("base64url");
  return { payload, signatures: [{ protected: encoded, header, signature }] } as SignedVcon;
}

const chain = [ec, authority].map(({ certificate }) => certificate.raw.toString("base64"));
const content = base64url(writeVcon(vcon));

describe.each(signers)("a vCon signed with $algorithm", ({ algorithm, who }) => {
  it("verifies, and is dated when it was signed", async () => {
    const before = Date.now();
    const signed = await signVcon(vcon, signer(who));
    const verified = await verifyVcon(signed, { trusted });
    const { updated_at, ...rest } = verified.vcon;
    expect(rest).toEqual(vcon);
    expect(Date.parse(updated_at!)).toBeGreaterThanOrEqual(before);
    expect(verified.changes).toEqual([]);
    expect(verified.payload.toString()).toBe(Buffer.from(signed.payload, "base64url").toString());
    expect(verified.signer!.raw).toEqual(who.certificate.raw);
    expect(vcon).not.toHaveProperty("updated_at");
  });

  it("verifies with plain jose, and tells each header once and where the draft wants it", async () => {
    const signed = await signVcon(vcon, { ...signer(who), algorithm });
    const { protectedHeader, unprotectedHeader } = await generalVerify(signed, who.certificate.publicKey);
    expect(protectedHeader).toEqual({ alg: algorithm });
    expect(unprotectedHeader).toEqual({
      x5c: [who, authority].map(({ certificate }) => certificate.raw.toString("base64")),
      uuid: vcon.uuid,
    });
  });

  it("verifies where jose has signed it", async () => {
    const x5c = [who, authority].map(({ certificate }) => certificate.raw.toString("base64"));
    const signed = await new GeneralSign(Buffer.from(writeVcon(vcon)))
      .addSignature(who.key)
      .setProtectedHeader({ alg: algorithm, x5c })
      .sign();
    expect((await verifyVcon(signed as SignedVcon, { trusted })).vcon).toEqual(vcon);
  });

  it("does not verify with a signature of another length", async () => {
    const { payload, signatures } = await signVcon(vcon, signer(who));
    const bytes = Buffer.from(signatures[0]!.signature, "base64url");
    for (const wrong of [bytes.subarray(0, 0), bytes.subarray(1), Buffer.concat([bytes, bytes])]) {
      const changed = {
        payload,
        signatures: [{ ...signatures[0]!, signature: wrong.toString("base64url") }],
      };
      expect((await refusal(verifyVcon(changed, { trusted }))).code).toBe("SIGNATURE_INVALID");
    }
  });

  it("no longer verifies after any change of payload, protected header or signature", async () => {
    const signed = await signVcon(vcon, signer(who));
    const [signature] = signed.signatures;
    const texts = {
      payload: signed.payload,
      protected: signature!.protected!,
      signature: signature!.signature,
    };
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...(Object.keys(texts) as (keyof typeof texts)[])),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (member, place, change) => {
          const bytes = Buffer.from(texts[member], "base64url");
          const at = place % bytes.length;
          bytes[at] = bytes[at]! ^ change;
          const { payload, ...rest } = { ...texts, [member]: bytes.toString("base64url") };
          const changed = { payload, signatures: [{ ...signature, ...rest }] };
          await refusal(verifyVcon(changed, { trusted }));
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("signVcon", () => {
  it("names the URL of the certificates instead of them", async () => {
    const certificatesUrl = "https://example.com/certificates.pem";
    const signed = await signVcon(vcon, { key: ec.key, certificatesUrl });
    expect(signed.signatures[0]!.header).toEqual({ x5u: certificatesUrl, uuid: vcon.uuid });

    const asked: string[] = [];
    const fetchCertificates = async (url: string) => {
      asked.push(url);
      return signer(ec).certificates;
    };
    await verifyVcon(signed, { trusted, fetchCertificates });
    expect(asked).toEqual([certificatesUrl]);
    const many = async () => Array(11).fill(ec.certificate);
    expect(await refusal(verifyVcon(signed, { trusted, fetchCertificates: many }))).toMatchObject({
      code: "CERTIFICATE_UNTRUSTED",
      message: expect.stringContaining("more than 10"),
    });
    expect((await refusal(verifyVcon(signed, { trusted }))).code).toBe("CERTIFICATE_UNTRUSTED");
  });

  const short = identity({ name: "Short", key: newKey("shortRsa"), issuer: authority });
  const p384 = identity({ name: "P-384", key: newKey("p384"), issuer: authority });
  const expired = identity({ name: "Expired", key: ec.key, issuer: authority, to: new Date("2001-01-01") });
  const future = identity({ name: "Future", key: ec.key, issuer: authority, from: new Date("2099-01-01") });
  it.each([
    ["the key of another certificate", { ...signer(ec), key: newKey("p256") }, "KEY_MALFORMED"],
    ["a short RSA key", signer(short), "KEY_MALFORMED"],
    ["a key that no algorithm here fits", signer(p384), "KEY_MALFORMED"],
    ["a public key", { ...signer(ec), key: ec.certificate.publicKey }, "KEY_MALFORMED"],
    ["another algorithm than the key's", { ...signer(ec), algorithm: "RS256" as const }, "KEY_MALFORMED"],
    ["an expired certificate", signer(expired), "CERTIFICATE_UNTRUSTED"],
    ["a certificate that is not valid yet", signer(future), "CERTIFICATE_UNTRUSTED"],
    [
      "certificates in the wrong order",
      { ...signer(ec), certificates: signer(ec).certificates.reverse() },
      "CERTIFICATE_UNTRUSTED",
    ],
    ["no certificates", { ...signer(ec), certificates: [] }, "CERTIFICATE_UNTRUSTED"],
    [
      "a URL without TLS",
      { key: ec.key, certificatesUrl: "http://example.com/certificates.pem" },
      "CERTIFICATE_MALFORMED",
    ],
    ["what is no URL", { key: ec.key, certificatesUrl: "certificates.pem" }, "CERTIFICATE_MALFORMED"],
  ])("refuses %s", async (_, wrong, code) => {
    expect((await refusal(signVcon(vcon, wrong))).code).toBe(code);
  });

  it("refuses a vCon that is signed already", async () => {
    const signed = await signVcon(vcon, signer(ec));
    const error = await refusal(signVcon(signed as never, signer(ec)));
    expect(error).toMatchObject({ code: "VCON_SEALED", message: expect.stringContaining(vcon.uuid) });
  });
});

describe("trust", () => {
  const day = (text: string) => new Date(`${text}T00:00:00Z`);
  const until2020 = { to: day("2020-01-01") };
  const noAuthority = identity({ name: "Nobody", key: newKey("p256"), issuer: root });
  const fromNobody = identity({ name: "From nobody", key: ec.key, issuer: noAuthority });
  const second = identity({ name: "Second", key: newKey("p256"), issuer: authority, ca: true });
  const tooDeep = identity({ name: "Too deep", key: ec.key, issuer: second });
  const noIssuing = identity({
    name: "Not for certificates",
    key: newKey("p256"),
    issuer: root,
    ca: true,
    keyUsage: 0x80,
  });
  const fromNoIssuing = identity({ name: "From it", key: ec.key, issuer: noIssuing });
  const selfSigned = identity({ name: "Self", key: ec.key });
  const forKeys = identity({ name: "For keys", key: ec.key, issuer: authority, keyUsage: 0x20 });
  const strange = identity({ name: "Strange", key: ec.key, issuer: authority, extra: ["2a0304", "0500"] });
  const rsaRoot = identity({ name: "RSA root", key: rsa.key, ca: true });
  const ofRsaRoot = (signature: CertificateOptions["signature"]) =>
    identity({ name: "Of RSA root", key: ec.key, issuer: rsaRoot, signature });
  const shortAuthority = identity({ name: "Short", key: newKey("shortRsa"), issuer: root, ca: true });
  const ofShort = identity({ name: "Of short", key: ec.key, issuer: shortAuthority });
  const future = identity({ name: "Future", key: ec.key, issuer: authority, from: day("2099-01-01") });
  const old = identity({ name: "Old", key: ec.key, issuer: authority, ...until2020 });
  const oldAuthority = identity({
    name: "Old authority",
    key: newKey("p256"),
    issuer: root,
    ca: true,
    ...until2020,
  });
  const ofOldAuthority = identity({ name: "Of old", key: ec.key, issuer: oldAuthority });
  const oldRoot = identity({ name: "Root", key: root.key, ca: true, ...until2020 });

  /** As another program would sign: nothing of ours is checked beforehand. */
  function verifyChain(identities: Identity[], options: Partial<Parameters<typeof verifyVcon>[1]> = {}) {
    const x5c = identities.map(({ certificate }) => certificate.raw.toString("base64"));
    return verifyVcon(signedBy(ec, content, { x5c }), { trusted, ...options });
  }

  it.each([
    ["nobody is trusted", "does not lead", [ec, authority, root], { trusted: [] }],
    [
      "only another root of the same name is trusted",
      "does not lead",
      [ec, authority, root],
      { trusted: [wrongRoot.certificate] },
    ],
    ["the chain brings a root that nobody trusts", "does not lead", [selfSigned], {}],
    ["the authority between is missing", "does not lead", [ec], {}],
    ["the certificates are in the wrong order", "is not a chain", [ec, root, authority], {}],
    ["something follows that issued nothing", "is not a chain", [ec, authority, wrongRoot], {}],
    ["the signer's certificate has expired", "expired", [old, authority], {}],
    ["the signer's certificate was not valid yet", "not valid yet", [future, authority], {}],
    ["the authority's certificate has expired", "expired", [ofOldAuthority, oldAuthority], {}],
    ["the root has expired", "does not lead", [ec, authority], { trusted: [oldRoot.certificate] }],
    ["the issuer is no authority", "no certificate authority", [fromNobody, noAuthority], {}],
    [
      "the issuer's key is not for certificates",
      "is not a chain",
      [fromNoIssuing, noIssuing],
      { checkAuthorities: false },
    ],
    ["there are more authorities than one of them allows", "longer", [tooDeep, second, authority], {}],
    ["the signer's key is for encrypting only", "not for signing", [forKeys, authority], {}],
    ["a critical extension is unknown", "critical", [strange, authority], {}],
    ["a signature is by SHA-1", "SHA-1", [ofRsaRoot("sha1")], { trusted: [rsaRoot.certificate] }],
    ["it is by SHA-1 under an old name", "SHA-1", [ofRsaRoot("oldSha1")], { trusted: [rsaRoot.certificate] }],
    ["it is by SHA-1 in RSASSA-PSS", "SHA-1", [ofRsaRoot("pssSha1")], { trusted: [rsaRoot.certificate] }],
  ])("is denied where %s", async (_, why, identities, options) => {
    const error = await refusal(verifyChain(identities, options));
    expect(error).toMatchObject({ code: "CERTIFICATE_UNTRUSTED", message: expect.stringContaining(why) });
  });

  it("is denied where an authority's RSA key is short enough to be found", async () => {
    const error = await refusal(verifyChain([ofShort, shortAuthority]));
    expect(error).toMatchObject({ code: "KEY_MALFORMED", message: expect.stringContaining("1024 bits") });
  });

  it.each([
    ["the root is sent along", [ec, authority, root], {}],
    ["the certificate was valid at the time asked for", [old, authority], { at: day("2019-01-01") }],
    [
      "a renewed root stands beside the expired one",
      [ec, authority],
      { trusted: [oldRoot.certificate, root.certificate] },
    ],
    ["authorities need not be marked", [fromNobody, noAuthority], { checkAuthorities: false }],
    ["the authority itself is trusted", [ec, authority], { trusted: [authority.certificate] }],
    ["the signer itself is trusted", [selfSigned], { trusted: [selfSigned.certificate] }],
    ["a signature is by SHA-256", [ofRsaRoot("sha256")], { trusted: [rsaRoot.certificate] }],
    ["a signature is by SHA-256 in RSASSA-PSS", [ofRsaRoot("pssSha256")], { trusted: [rsaRoot.certificate] }],
  ])("is given where %s", async (_, identities, options) => {
    expect((await verifyChain(identities, options)).vcon.uuid).toBe(vcon.uuid);
  });
});

describe("verifyVcon", () => {
  it("reads headers that overlap, if they say the same", async () => {
    const overlapping = { alg: "ES256", x5c: chain };
    await verifyVcon(
      signedBy(ec, content, { ...overlapping, uuid: vcon.uuid }, { ...overlapping, typ: "JWT" }),
      { trusted },
    );
  });

  it.each([
    ["algorithm", { alg: "none" }],
    ["certificates", { x5c: chain.toReversed() }],
    ["inner members of one", { x5c: chain, extra: { a: [1, { b: 2 }] } }],
  ])("refuses headers that overlap and differ in %s", async (_, header) => {
    const signed = signedBy(ec, content, header, { alg: "ES256", x5c: chain, extra: { a: [1, { b: 3 }] } });
    expect((await refusal(verifyVcon(signed, { trusted }))).code).toBe("SIGNATURE_INVALID");
  });

  it("reads an algorithm that is told beside the signature only", async () => {
    const payload = content;
    const signature = signBytes("sha256", Buffer.from(`.${payload}`), {
      key: ec.key,
      dsaEncoding: "ieee-p1363",
    });
    const signatures = [{ header: { alg: "ES256", x5c: chain }, signature: signature.toString("base64url") }];
    await verifyVcon({ payload, signatures }, { trusted });
  });

  it.each(["none", "HS256", "RS256", "ES384", undefined, 5])("refuses the algorithm %j", async (alg) => {
    const error = await refusal(verifyVcon(signedBy(ec, content, { x5c: chain }, { alg }), { trusted }));
    expect(error).toMatchObject({ code: "SIGNATURE_INVALID", message: expect.stringContaining("algorithm") });
  });

  it("refuses critical headers, unencoded payloads among them", async () => {
    const signed = signedBy(ec, content, { x5c: chain }, { alg: "ES256", b64: false, crit: ["b64"] });
    expect((await refusal(verifyVcon(signed, { trusted }))).code).toBe("SIGNATURE_INVALID");
  });

  it.each([
    ["another UUID beside the signature", { x5c: chain, uuid: "01928e10-193e-8231-b9a2-279e0d16bc47" }],
    ["what is no UUID beside the signature", { x5c: chain, uuid: ["x"] }],
  ])("refuses %s", async (_, header) => {
    const error = await refusal(verifyVcon(signedBy(ec, content, header), { trusted }));
    expect(error).toMatchObject({ code: "SIGNATURE_INVALID", message: expect.stringContaining("UUID") });
  });

  it.each([
    ["padded", (text: string) => `${text}=`],
    ["broken into lines", (text: string) => `${text.slice(0, 8)}\n${text.slice(8)}`],
    [
      "in the other alphabet",
      (text: string) => Buffer.from(text, "base64url").toString("base64").replace(/=+$/, ""),
    ],
    ["with a last digit that says the same", (text: string) => text.slice(0, -1) + nextDigit(text.at(-1)!)],
  ])("refuses a payload, header or signature that is base64url %s", async (_, rewrite) => {
    // Long enough for every alphabet's own digits, and with a last digit that has bits to spare.
    const payload = base64url(`${writeVcon({ ...vcon, subject: "ÿþ~~~???>>>" })} `.padEnd(700, " "));
    const protectedHeader = { alg: "ES256", note: "ÿþ~~~???>>>", pad: "  " };
    const signed = signedBy(ec, payload, { x5c: chain }, protectedHeader);
    await verifyVcon(signed, { trusted });
    const [signature] = signed.signatures;
    const rewritten = [
      { ...signed, payload: rewrite(payload) },
      ...(["protected", "signature"] as const).map((member) => ({
        payload,
        signatures: [{ ...signature!, [member]: rewrite(signature![member]!) }],
      })),
    ].filter((one) => JSON.stringify(one) !== JSON.stringify(signed));
    expect(rewritten.length).toBeGreaterThan(0);
    for (const one of rewritten) {
      expect((await refusal(verifyVcon(one, { trusted }))).code).toBe("SIGNATURE_INVALID");
    }
  });

  it("refuses base64url that was signed as it is but that others may read otherwise", async () => {
    const header = base64url({ alg: "ES256" });
    for (const signed of [
      signedBy(ec, `${content}\n`, { x5c: chain }),
      signedBy(ec, content, { x5c: chain }, `${header}\n`),
    ]) {
      const error = await refusal(verifyVcon(signed, { trusted }));
      expect(error).toMatchObject({
        code: "SIGNATURE_INVALID",
        message: expect.not.stringContaining("changed"),
      });
    }
  });

  it("refuses a signature by a short RSA key, though its certificate is trusted", async () => {
    const short = identity({ name: "Short", key: newKey("shortRsa") });
    const x5c = [short.certificate.raw.toString("base64")];
    const signed = signedBy(short, content, { x5c }, { alg: "RS256" });
    const error = await refusal(verifyVcon(signed, { trusted: [short.certificate] }));
    expect(error).toMatchObject({ code: "KEY_MALFORMED", message: expect.stringContaining("1024 bits") });
  });

  it("refuses a certificate that is built wrongly or much too long", async () => {
    const emptyUsage = identity({ name: "Empty", key: ec.key, extra: ["551d0f", "030100"] });
    const long = identity({ name: "x".repeat(50_000), key: ec.key, issuer: root });
    for (const { certificate } of [emptyUsage, long]) {
      const signed = signedBy(ec, content, { x5c: [certificate.raw.toString("base64")] });
      expect((await refusal(verifyVcon(signed, { trusted: [certificate] }))).code).toBe(
        "CERTIFICATE_MALFORMED",
      );
    }
  });

  it("reads a gzipped payload, up to the limit on what it unpacks to", async () => {
    const gzipped = gzipSync(writeVcon({ ...vcon, subject: "a".repeat(100_000) }));
    const signed = signedBy(ec, gzipped.toString("base64url"), { x5c: chain });
    const verified = await verifyVcon(signed, { trusted });
    expect(verified.vcon.uuid).toBe(vcon.uuid);
    expect(verified.payload.equals(gzipped)).toBe(true);
    expect((await refusal(verifyVcon(signed, { trusted, maxBytes: 50_000 }))).code).toBe("VCON_TOO_LARGE");
  });

  it("brings what an old draft signed into the new syntax, and leaves the signed object alone", async () => {
    const payload = base64url({
      ...vcon,
      vcon: "0.0.1",
      dialog: [{ type: "text", mimetype: "text/plain", body: "Hi" }],
    });
    const signed = signedBy(ec, payload, { x5c: chain });
    const before = structuredClone(signed);
    const verified = await verifyVcon(signed, { trusted });
    expect(verified.vcon.dialog![0]).toMatchObject({ mediatype: "text/plain" });
    expect(verified.changes.length).toBeGreaterThan(0);
    expect(verified.payload.toString("base64url")).toBe(payload);
    expect(signed).toEqual(before);
  });

  it("refuses to call a vCon verified that is sealed once more inside", async () => {
    const inner = base64url(await signVcon(vcon, signer(ec)));
    const error = await refusal(verifyVcon(signedBy(ec, inner, { x5c: chain }), { trusted }));
    expect(error.code).toBe("VCON_MALFORMED");
  });

  it("is content with one good signature among several, wherever it stands", async () => {
    const good = signedBy(ec, content, { x5c: chain }).signatures[0]!;
    const unknown = signedBy(wrongRoot, content, { x5c: [wrongRoot.certificate.raw.toString("base64")] })
      .signatures[0]!;
    const forged = { ...good, signature: unknown.signature };
    for (const signatures of [
      [good, unknown],
      [unknown, good],
      [forged, good],
    ]) {
      const { signer: found } = await verifyVcon({ payload: content, signatures }, { trusted });
      expect(found!.raw).toEqual(ec.certificate.raw);
    }
    const untrusted = await refusal(
      verifyVcon({ payload: content, signatures: [unknown, forged] }, { trusted }),
    );
    expect(untrusted.code).toBe("CERTIFICATE_UNTRUSTED");
    const changed = await refusal(
      verifyVcon({ payload: content, signatures: [forged, unknown] }, { trusted }),
    );
    expect(changed.code).toBe("SIGNATURE_INVALID");
  });

  it("compares the UUID beside every signature, not only beside the good one", async () => {
    const good = signedBy(ec, content, { x5c: chain }).signatures[0]!;
    const misleading = { ...good, header: { x5c: chain, uuid: "01928e10-193e-8231-b9a2-279e0d16bc47" } };
    const signed = { payload: content, signatures: [good, misleading] };
    expect((await refusal(verifyVcon(signed, { trusted }))).code).toBe("SIGNATURE_INVALID");
  });

  describe("of a signature inside the unsigned vCon, without certificates, as vcon-lib writes it", () => {
    const { payload, signatures } = signedBy(ec, content, undefined, { alg: "ES256", typ: "JWS" });
    const hybrid = { ...vcon, payload, signatures: signatures.map(({ header, ...rest }) => rest) };

    it("refuses it, unless the key is given", async () => {
      const error = await refusal(verifyVcon(hybrid, { trusted }));
      expect(error).toMatchObject({
        code: "SIGNATURE_INVALID",
        message: expect.stringContaining("without certificates"),
      });
      expect((await refusal(verifyVcon(hybrid, { trusted, keys: [root.certificate.publicKey] }))).code).toBe(
        "SIGNATURE_INVALID",
      );

      const keys = [root.certificate.publicKey, createPublicKey(ec.key)];
      expect(await verifyVcon(hybrid, { trusted: [], keys })).toMatchObject({ vcon, signer: undefined });
    });

    it("reads what was signed, not what stands around it", async () => {
      const keys = [createPublicKey(ec.key)];
      const { vcon: read } = await verifyVcon({ ...hybrid, subject: "Not signed" }, { trusted: [], keys });
      expect(read).toEqual(vcon);
      const renamed = { ...hybrid, uuid: "01928e10-193e-8231-b9a2-279e0d16bc47" };
      expect((await refusal(verifyVcon(renamed, { trusted: [], keys }))).code).toBe("SIGNATURE_INVALID");
    });
  });

  it.each([
    ["nothing", null],
    ["a list", []],
    ["no signatures", { payload: content }],
    ["an empty list of signatures", { payload: content, signatures: [] }],
    ["signatures that are none", { payload: content, signatures: [null, 5, "x"] }],
    [
      "a thousand signatures",
      { payload: content, signatures: Array(1000).fill(signedBy(ec, content, { x5c: chain }).signatures[0]) },
    ],
    ["a payload that is a number", { ...signedBy(ec, content, {}), payload: 5 }],
    ["a header that is no object", signedBy(ec, content, [chain])],
    ["a protected header that is no object", signedBy(ec, content, { x5c: chain }, ["ES256"])],
    [
      "a header that nests too deep",
      signedBy(ec, content, { x5c: chain, deep: JSON.parse("[".repeat(5000) + "]".repeat(5000)) }),
    ],
    [
      "a header that plays with the prototype",
      signedBy(ec, content, JSON.parse('{"__proto__":{"x5c":["AA"]}}')),
    ],
    ["x5c with rubbish", signedBy(ec, content, { x5c: ["AAAA"] })],
    ["x5c that is no base64", signedBy(ec, content, { x5c: ["!"] })],
    ["x5c with numbers", signedBy(ec, content, { x5c: [1, 2] })],
    ["x5c that is a text", signedBy(ec, content, { x5c: chain[0] })],
    ["x5c with a certificate cut off", signedBy(ec, content, { x5c: [chain[0]!.slice(0, 400)] })],
    ["10,000 certificates", signedBy(ec, content, { x5c: Array(10_000).fill(chain[0]) })],
    ["x5u without TLS", signedBy(ec, content, { x5u: "http://example.com/" })],
    ["x5u that is no text", signedBy(ec, content, { x5u: {} })],
    ["a payload that is no vCon", signedBy(ec, base64url("Hello"), { x5c: chain })],
  ])("refuses %s with an error of ours", async (_, hostile) => {
    const error = await refusal(verifyVcon(hostile as never, { trusted, fetchCertificates: async () => [] }));
    expect(["SIGNATURE_INVALID", "CERTIFICATE_MALFORMED", "VCON_MALFORMED"]).toContain(error.code);
  });

  it("refuses any object with an error of ours", async () => {
    const header = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          alg: fc.jsonValue(),
          x5c: fc.oneof(fc.jsonValue(), fc.array(fc.base64String())),
          x5u: fc.jsonValue(),
          uuid: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    const signature = fc.record(
      {
        protected: fc.oneof(fc.jsonValue(), header.map(base64url)),
        header,
        signature: fc.oneof(fc.jsonValue(), fc.constant("AAAA")),
      },
      { requiredKeys: [] },
    );
    const signed = fc.record(
      {
        payload: fc.oneof(fc.jsonValue(), fc.constant(content)),
        signatures: fc.oneof(fc.jsonValue(), fc.array(signature)),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(signed, async (hostile) => {
        expect(await refusal(verifyVcon(hostile as never, { trusted }))).toBeInstanceOf(VconError);
      }),
      { numRuns: 500 },
    );
  });

  it("tells of no key, certificate or conversation in its errors", async () => {
    const signed = await signVcon(vcon, signer(ec));
    const errors = await Promise.all([
      refusal(verifyVcon(signed, { trusted: [] })),
      refusal(verifyVcon({ ...signed, payload: base64url({ ...vcon, subject: "Changed" }) }, { trusted })),
    ]);
    for (const { message } of errors)
      expect(message).not.toMatch(/Carol|Changed|Authority|[A-Za-z0-9_-]{30}/);
  });
});

it("signs under a header that says the algorithm only", async () => {
  expect(headerOf(await signVcon(vcon, signer(ed)))).toEqual({ alg: "EdDSA" });
});

/** The digit with the same upper bits: 0 to 3 differ in the two lowest. */
function nextDigit(digit: string): string {
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return digits[digits.indexOf(digit) ^ 1]!;
}
