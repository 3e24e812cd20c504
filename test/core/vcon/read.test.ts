import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readVcon, type Vcon, writeVcon } from "../../../core/vcon/index.ts";

const minimal = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc46", created_at: "2026-01-02T03:04:05Z" };

function refusal(input: unknown, options?: { maxBytes: number }): Error & { code: string } {
  try {
    readVcon(input as string, options);
  } catch (error) {
    return error as Error & { code: string };
  }
  throw new Error("It was read.");
}

describe("readVcon", () => {
  it.each([
    ["text", JSON.stringify(minimal)],
    ["text with a byte order mark", `\uFEFF${JSON.stringify(minimal)}`],
    ["bytes", Buffer.from(JSON.stringify(minimal))],
    ["a plain Uint8Array", new TextEncoder().encode(JSON.stringify(minimal))],
    ["gzipped bytes", gzipSync(JSON.stringify(minimal))],
    ["an object", minimal],
  ])("reads %s", (_, input) => {
    expect(readVcon(input)).toEqual({
      form: "unsigned",
      vcon: { vcon: "0.4.0", ...minimal },
      changes: [{ pointer: "/vcon", rule: "syntax" }],
    });
  });

  it("leaves the caller's object as it was", () => {
    const given = { ...minimal, dialog: [{ type: "audio", mimetype: "audio/x-wav" }] };
    const before = structuredClone(given);
    readVcon(given);
    expect(given).toEqual(before);
  });

  it.each([
    ["nothing", "", "It is empty."],
    ["blanks", " \n", "It is empty."],
    ["broken JSON", '{"uuid": "x",}', "It is not JSON"],
    ["an array", "[]", "this is an array"],
    ["null", "null", "this is null"],
    ["a number", "5", "this is a number"],
    ["a text", '"vcon"', "this is a string"],
    ["another object", '{"hello": "world"}', "none of a vCon's members"],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "not UTF-8"],
    ["a cut gzip", gzipSync(JSON.stringify(minimal)).subarray(0, 20), "gzip is damaged"],
    ["a BigInt", { ...minimal, big: 1n }, "can't be written as JSON"],
    ["undefined", undefined, "It is empty."],
    ["a UUID that is none", { ...minimal, uuid: "call-17" }, "/uuid is not a UUID"],
    ["a UUID that is a number", { ...minimal, uuid: 17 }, "/uuid is not a UUID"],
    ["a party that is a text", { ...minimal, parties: [{}, "Alice"] }, "/parties/1 is not an object"],
    ["a dialog that is a number", { ...minimal, dialog: 3 }, "/dialog is a number where an array belongs"],
    ["a seal without its list", { payload: "e30", signatures: {} }, '"signatures" not an array'],
    ["a seal without its text", { ciphertext: 1, recipients: [] }, '"ciphertext" is not a text'],
  ])("refuses %s", (_, input, message) => {
    expect(refusal(input)).toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringContaining(message),
    });
  });

  it("refuses an object that refers to itself", () => {
    const loop: Record<string, unknown> = { ...minimal };
    loop.self = loop;
    expect(refusal(loop).code).toBe("VCON_MALFORMED");
  });

  it("says where JSON is broken and quotes nothing of it", () => {
    const near = refusal('{"uuid": "x",\n "body": "my secret" "is"}');
    expect(near.message).toContain("at position 35");
    const quoted = refusal('{"body": my secret}');
    for (const error of [near, quoted]) {
      expect(`${error.message} ${error.cause ?? ""}`).not.toContain("secret");
    }
  });

  it("reads up to 100 levels and refuses more", () => {
    const nested = (levels: number) => `{"uuid":"","x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    expect(readVcon(nested(100)).form).toBe("unsigned");
    expect(refusal(nested(101)).message).toContain("deeper than 100");
    expect(refusal(nested(200_000)).code).toBe("VCON_MALFORMED");
  });

  it("refuses what unpacks to more than the limit", () => {
    const large = { ...minimal, subject: "a".repeat(100_000) };
    const packed = gzipSync(JSON.stringify(large));
    expect(packed.length).toBeLessThan(1000);
    expect(refusal(packed, { maxBytes: 50_000 }).code).toBe("VCON_TOO_LARGE");
    expect(refusal(Buffer.from(JSON.stringify(large)), { maxBytes: 50_000 }).code).toBe("VCON_TOO_LARGE");
    expect(readVcon(packed, { maxBytes: 200_000 }).vcon.subject).toHaveLength(100_000);
  });

  it("gives a sealed vCon as it is", () => {
    const signed = { payload: "e30", signatures: [{ signature: "x" }], mimetype: "kept" };
    expect(readVcon(signed)).toEqual({ form: "signed", vcon: signed, changes: [] });
    const encrypted = { cyphertext: "x", recipients: [{}] };
    expect(readVcon(encrypted)).toEqual({ form: "encrypted", vcon: encrypted, changes: [] });
    // vcon-lib signs inside the unsigned object.
    const hybrid = { ...minimal, ...signed };
    expect(readVcon(hybrid)).toEqual({ form: "signed", vcon: hybrid, changes: [] });
  });
});

describe("unknown members", () => {
  const text = `{
    "uuid": "${minimal.uuid}", "created_at": "${minimal.created_at}", "x_null": null, "x": {"mimetype": 1},
    "__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}, "hasOwnProperty": 1,
    "parties": [{"__proto__": {"tel": "+12025550101"}, "name": "Alice"}],
    "dialog": [{"type": "constructor", "party_history": [{"event": "toString"}], "toString": "x"}]
  }`;

  it("are kept through reading and writing, whatever their names", () => {
    const written = writeVcon(readVcon(text).vcon as Vcon);
    expect(JSON.parse(written)).toEqual({ ...JSON.parse(text), vcon: "0.4.0" });
    expect(Object.keys(JSON.parse(written))).toEqual(
      expect.arrayContaining(["__proto__", "constructor", "hasOwnProperty", "x_null", "x"]),
    );
    expect(written).toContain('"__proto__":{"tel":"+12025550101"}');
  });

  it("change no prototype", () => {
    const { vcon } = readVcon(text);
    expect(Object.getPrototypeOf(vcon)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((vcon as Vcon).parties![0]!.tel).toBeUndefined();
  });
});

describe("writeVcon", () => {
  it("names the syntax of core-04", () => {
    expect(JSON.parse(writeVcon({ ...minimal, vcon: "0.0.1" }))).toEqual({ ...minimal, vcon: "0.4.0" });
    expect(JSON.parse(writeVcon(minimal))).toEqual({ ...minimal, vcon: "0.4.0" });
  });

  it("writes a sealed vCon as it is", () => {
    const signed = { payload: "e30", signatures: [{ signature: "x" }] };
    expect(JSON.parse(writeVcon(signed))).toEqual(signed);
  });
});
