import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newUuid, outerUuid, VconError } from "../../../core/index.ts";

const [ONE, OTHER] = [newUuid(), newUuid()];
const MEGABYTE = 1024 * 1024;

function encode(payload: unknown, pack: (json: Buffer) => Uint8Array = (json) => json): string {
  const json = typeof payload === "string" ? payload : JSON.stringify(payload);
  return Buffer.from(pack(Buffer.from(json))).toString("base64url");
}

function signed(payload: unknown, ...headers: unknown[]): never {
  const signatures = headers.map((header) => ({ header, signature: "c2ln" }));
  return { payload, signatures } as never;
}

describe("the UUID of a signed vCon", () => {
  test.each([
    ["in a header", signed(encode({}), { uuid: ONE })],
    ["in the second header", signed(encode({}), {}, { uuid: ONE })],
    ["in the payload", signed(encode({ uuid: ONE }))],
    ["in a gzipped payload", signed(encode({ uuid: ONE }, gzipSync), { alg: "RS256" })],
    [
      "in both, written differently",
      signed(encode({ uuid: ONE }), { uuid: `urn:uuid:${ONE.toUpperCase()}` }),
    ],
    ["beside the signature", { ...(signed(encode({ uuid: ONE })) as object), uuid: ONE } as never],
  ])("is found %s", (_, vcon) => {
    expect(outerUuid(vcon)).toBe(ONE);
  });

  test.each([
    ["the header and the payload", signed(encode({ uuid: ONE }), { uuid: OTHER })],
    ["the header and the gzipped payload", signed(encode({ uuid: ONE }, gzipSync), { uuid: OTHER })],
    ["two headers", signed(encode({}), { uuid: ONE }, { uuid: OTHER })],
    ["the outside and the payload", { ...(signed(encode({ uuid: ONE })) as object), uuid: OTHER } as never],
  ])("is refused where %s contradict", (_, vcon) => {
    expect(() => outerUuid(vcon)).toThrow(expect.objectContaining({ code: "VCON_MALFORMED" }));
  });

  test.each([
    ["no base64", "é!"],
    ["no JSON", encode("{")],
    ["no object", encode([{ uuid: ONE }])],
    ["no text", { uuid: ONE }],
    ["a damaged gzip", encode({ uuid: ONE }, (json) => gzipSync(json).subarray(0, 20))],
    ["a payload with no UUID", encode({ uuid: "none" })],
    ["a payload that nests deep", encode("[".repeat(MEGABYTE))],
  ])("is not found in %s, which leaves the header's", (_, payload) => {
    expect(outerUuid(signed(payload))).toBeUndefined();
    expect(outerUuid(signed(payload, { uuid: ONE }))).toBe(ONE);
  });

  test("is not looked for in a payload that unpacks to more than 128 MiB", () => {
    const bomb = gzipSync(Buffer.alloc(129 * MEGABYTE, " "));
    expect(bomb.length).toBeLessThan(MEGABYTE);
    expect(() => outerUuid(signed(bomb.toString("base64url"), { uuid: ONE }))).toThrow(
      expect.objectContaining({ code: "VCON_TOO_LARGE" }),
    );
  });
});

describe("the UUID of an encrypted vCon", () => {
  test("is found in the header that is not encrypted, or beside it", () => {
    const vcon = { ciphertext: "Y3Q", recipients: [] };
    expect(outerUuid({ ...vcon, unprotected: { uuid: ONE } })).toBe(ONE);
    expect(outerUuid({ ...vcon, uuid: ONE })).toBe(ONE);
    expect(outerUuid(vcon)).toBeUndefined();
    expect(() => outerUuid({ ...vcon, uuid: OTHER, unprotected: { uuid: ONE } })).toThrow(VconError);
  });
});

test("whatever the members hold, the answer is a UUID, nothing or a typed error", () => {
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(ONE, OTHER, encode({ uuid: ONE })));
  const header = fc.oneof(value, fc.record({ uuid: value }));
  const shape = fc.record({
    payload: value,
    signatures: fc.oneof(value, fc.array(fc.oneof(value, fc.record({ header })))),
    unprotected: header,
    uuid: value,
  });
  fc.assert(
    fc.property(shape, (vcon) => {
      try {
        expect([ONE, OTHER, undefined]).toContain(outerUuid(vcon as never));
      } catch (error) {
        expect(error).toMatchObject({ code: "VCON_MALFORMED" });
      }
    }),
    { numRuns: 2000 },
  );
});
