import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ReadOptions, readVcon, type Vcon, writeVcon } from "../../../core/vcon/index.ts";

const minimal = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc46", created_at: "2026-01-02T03:04:05Z" };

const nested = (levels: number) => `{"uuid":"","x":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;

function refusal(input: unknown, options?: ReadOptions): Error & { code: string } {
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
    ["bytes with a byte order mark", Buffer.from(`\uFEFF${JSON.stringify(minimal)}`)],
    [
      "bytes of another realm",
      runInNewContext("Uint8Array.from(bytes)", { bytes: [...Buffer.from(JSON.stringify(minimal))] }),
    ],
    ["gzipped bytes", gzipSync(JSON.stringify(minimal))],
    [
      "gzip in two members",
      Buffer.concat([
        gzipSync(JSON.stringify(minimal).slice(0, 20)),
        gzipSync(JSON.stringify(minimal).slice(20)),
      ]),
    ],
    ["an object", minimal],
    ["an object of another realm", runInNewContext("JSON.parse(text)", { text: JSON.stringify(minimal) })],
  ])("reads %s", (_, input) => {
    expect(readVcon(input)).toEqual({
      form: "unsigned",
      vcon: { vcon: "0.4.0", ...minimal },
      changes: [{ pointer: "/vcon", rule: "syntax" }],
      left: [],
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
    ["undefined", undefined, "this is undefined"],
    ["bytes that are UTF-16", Buffer.from(JSON.stringify(minimal), "utf16le"), "not JSON"],
    ["gzip within gzip", gzipSync(gzipSync(JSON.stringify(minimal))), "not UTF-8"],
    [
      "an object that does not want to be read",
      {
        ...minimal,
        toJSON: () => {
          throw new Error("secret");
        },
      },
      "can't be written as JSON",
    ],
    ["a UUID that is none", { ...minimal, uuid: "call-17" }, "/uuid is not a UUID"],
    ["a UUID that is a number", { ...minimal, uuid: 17 }, "/uuid is not a UUID"],
    ["a party that is a text", { ...minimal, parties: [{}, "Alice"] }, "/parties/1 is not an object"],
    ["a dialog that is a number", { ...minimal, dialog: 3 }, "/dialog is a number where an array belongs"],
    ["a seal without its list", { payload: "e30", signatures: {} }, '"signatures" not an array'],
    ["a seal without its text", { ciphertext: 1, recipients: [] }, '"ciphertext" is not a text'],
    [
      "a signature with another seal's text",
      { payload: null, cyphertext: "x", signatures: [] },
      '"payload" is not a text',
    ],
    [
      "an object that has no JSON",
      {
        ...minimal,
        toJSON() {
          return undefined;
        },
      },
      "this is undefined",
    ],
    [
      "names that are an object",
      { ...minimal, extensions: { a: 1 } },
      "/extensions is an object where an array",
    ],
  ])("refuses %s", (_, input, message) => {
    expect(refusal(input)).toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringContaining(message),
    });
  });

  it("refuses an object that refers to itself", () => {
    const loop: Record<string, unknown> = { ...minimal };
    loop.self = loop;
    expect(refusal(loop)).toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringContaining("refers to itself"),
    });
  });

  it("reads long texts of an object as they are, wherever they stand", () => {
    const texts = ["A", "é", '"', "\ud800"].map((letter) => letter.repeat(70_000));
    const given = {
      ...minimal,
      subject: texts[0],
      dialog: texts.map((body) => ({ type: "text", body, x: [body] })),
    };
    const { vcon } = readVcon(given);
    expect((vcon as Vcon).subject).toBe(texts[0]);
    expect((vcon as Vcon).dialog!.map(({ body }) => body)).toEqual(texts);
    expect((vcon as Vcon).dialog!.map((dialog) => dialog["x"])).toEqual(texts.map((text) => [text]));
    expect(refusal({ ...given, x: JSON.parse(nested(100)) as object }).message).toContain("deeper than 100");
  });

  it("reads an object as the JSON that it would be written as", () => {
    const anything = fc.anything({
      withDate: true,
      withBoxedValues: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(anything, (x) => {
        const { vcon } = readVcon({ ...minimal, x });
        expect((vcon as Vcon)["x"]).toEqual(JSON.parse(JSON.stringify({ x })).x);
      }),
      { numRuns: 300 },
    );
  });

  it("takes the last of two members of one name, as programs do everywhere", () => {
    const text = `{"uuid": "${minimal.uuid}", "created_at": "${minimal.created_at}", "subject": "a", "subject": "b"}`;
    expect(readVcon(text).vcon.subject).toBe("b");
  });

  it("keeps half a surrogate pair", () => {
    const text = JSON.stringify({ ...minimal, subject: "\ud83d" });
    expect(text).toContain("\\ud83d");
    for (const input of [text, Buffer.from(text)]) {
      const { vcon } = readVcon(input);
      expect(vcon.subject).toBe("\ud83d");
      expect(writeVcon(vcon)).toContain("\\ud83d");
    }
  });

  it("says where JSON is broken and quotes nothing of it", () => {
    const near = refusal('{"uuid": "x",\n "body": "my secret" "is"}');
    expect(near.message).toContain("at position 35");
    const quoted = refusal('{"body": my secret}');
    for (const error of [near, quoted]) {
      expect(`${error.message} ${error.cause ?? ""}`).not.toContain("secret");
    }
  });

  it("reads up to 100 levels and refuses more, unless another limit is given", () => {
    expect(readVcon(nested(100)).form).toBe("unsigned");
    expect(refusal(nested(101))).toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringContaining("100"),
    });
    expect(refusal(JSON.parse(nested(101)) as object).message).toContain("deeper than 100");
    expect(refusal(nested(200_000)).code).toBe("VCON_MALFORMED");
    expect(readVcon(nested(10), { maxNesting: 10 }).form).toBe("unsigned");
    expect(refusal(nested(11), { maxNesting: 10 }).message).toContain("deeper than 10 ");
  });

  it("lets JSON that stood in a text nest no deeper than the vCon may", () => {
    const body = "[[[[1]]]]";
    const given = { ...minimal, analysis: [{ type: "report", vendor: "v", encoding: "json", body }] };
    const bodyRead = (maxNesting: number) =>
      (readVcon(given, { maxNesting }).vcon as Vcon).analysis![0]!.body;
    expect(bodyRead(7)).toEqual([[[[1]]]]);
    expect(bodyRead(6)).toBe(body);
  });

  it("refuses a single element that would nest too deep once it stands in its array", () => {
    const dialog = (levels: number) => ({ ...minimal, dialog: { x: JSON.parse(nested(levels)).x } });
    expect(readVcon(writeVcon(readVcon(dialog(98)).vcon)).changes).toEqual([]);
    expect(refusal(dialog(99)).message).toContain("/dialog is an object where an array belongs");
  });

  it.each([
    ["text", JSON.stringify],
    [
      "text of characters that take three bytes",
      (vcon: object) => JSON.stringify(vcon).replaceAll("a", "€").slice(0, -40_000),
    ],
    ["bytes", (vcon: object) => Buffer.from(JSON.stringify(vcon))],
    ["an object", (vcon: object) => vcon],
    ["an object with a long text", (vcon: object) => ({ ...vcon, subject: "a".repeat(70_000) })],
    ["an object's names", () => ({ ...minimal, ["a".repeat(60_000)]: 1 })],
    ["gzip, once it is unpacked", (vcon: object) => gzipSync(JSON.stringify(vcon))],
    ["gzip, as it came", () => Buffer.concat([gzipSync(JSON.stringify(minimal)), Buffer.alloc(50_000)])],
  ])("refuses more than the limit as %s", (_, given) => {
    const input = given({ ...minimal, subject: "a".repeat(60_000) });
    expect(refusal(input, { maxBytes: 50_000 })).toMatchObject({
      code: "VCON_TOO_LARGE",
      message: expect.stringContaining("50000 bytes"),
    });
  });

  it.each([
    ["text", (json: string) => json],
    ["bytes", (json: string) => Buffer.from(json)],
    [
      "bytes beside a long recording",
      (json: string) => Buffer.from(`{"a":"${"A".repeat(100_000)}",${json.slice(1)}`),
    ],
  ])("refuses more values than any conversation has, though they take few bytes, as %s", (_, given) => {
    const json = JSON.stringify(minimal).replace("}", `,"x":[${"[],".repeat(2_500_000)}1]}`);
    expect(refusal(given(json))).toMatchObject({
      code: "VCON_TOO_LARGE",
      message: expect.stringContaining("5000000 values"),
    });
  });

  it("takes what stands in a text for no values", () => {
    const subject = `\\",[{`.repeat(1_500_000);
    expect(readVcon(JSON.stringify({ ...minimal, subject })).vcon.subject).toBe(subject);
  });

  it("leaves a body of more values as the text that it is", () => {
    const body = `[${"[],".repeat(2_600_000)}1]`;
    const given = {
      ...minimal,
      vcon: "0.3.0",
      analysis: [{ type: "report", vendor: "v", encoding: "json", body }],
    };
    expect((readVcon(JSON.stringify(given)).vcon as Vcon).analysis![0]!.body).toBe(body);
  });

  it("reads what is just within the limit", () => {
    const text = JSON.stringify({ ...minimal, subject: "é".repeat(1000) });
    const maxBytes = Buffer.byteLength(text);
    for (const input of [text, Buffer.from(text), gzipSync(text), JSON.parse(text)]) {
      expect(readVcon(input, { maxBytes }).vcon.subject).toHaveLength(1000);
    }
    for (const input of [text, Buffer.from(text), gzipSync(text)]) {
      expect(refusal(input, { maxBytes: maxBytes - 1 }).code).toBe("VCON_TOO_LARGE");
    }
  });

  it("gives a sealed vCon as it is", () => {
    const signed = { payload: "e30", signatures: [{ signature: "x" }], mimetype: "kept" };
    expect(readVcon(signed)).toEqual({ form: "signed", vcon: signed, changes: [], left: [] });
    expect(readVcon(gzipSync(JSON.stringify(signed))).vcon).toEqual(signed);
    const encrypted = { cyphertext: "x", recipients: [{}] };
    expect(readVcon(encrypted)).toEqual({ form: "encrypted", vcon: encrypted, changes: [], left: [] });
  });

  it("takes a signature that stands inside the unsigned vCon for a signed one, and changes nothing in it", () => {
    const members = { vcon: "0.0.1", parties: null, dialog: [{ mimetype: "text/plain" }] };
    const hybrid = {
      ...minimal,
      ...members,
      payload: "e30",
      signatures: [{ protected: "e30", signature: "x" }],
    };
    expect(readVcon(hybrid)).toEqual({ form: "signed", vcon: hybrid, changes: [], left: [] });
  });
});

describe("long recordings in bytes", () => {
  const long = (letter: string) => letter.repeat(70_000);
  const asBytes = (value: unknown) => Buffer.from(JSON.stringify(value));

  it("are read as JSON.parse does, wherever they stand", () => {
    const text = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom("A", "_", "=").map(long) },
      fc.constantFrom("é", "\\", '"', " ", "\n", "😀").map(long),
      fc.constantFrom(`"${long("A")}`, `${long("A")}"`, `\\${long("A")}`, `${long("A")}\\`, `${long("A")}!`),
      fc.string(),
    );
    const value = fc.oneof(text, fc.array(text, { maxLength: 3 }), fc.dictionary(text, text, { maxKeys: 2 }));
    fc.assert(
      fc.property(
        fc.array(fc.record({ a: value, __proto__: value, b: value }), { maxLength: 2 }),
        fc.constantFrom(0, 1),
        (x, indent) => {
          const json = JSON.stringify({ ...minimal, x }, null, indent);
          expect((readVcon(Buffer.from(json)).vcon as Vcon)["x"]).toStrictEqual(JSON.parse(json).x);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("count as their last value where a member is named twice", () => {
    const json = `{"uuid": "", "subject": "${long("A")}", "subject": "${long("B")}"}`;
    expect(readVcon(Buffer.from(json)).vcon.subject).toBe(long("B"));
  });

  it.each([
    ["a fault behind one", Buffer.from(`{"uuid": "", "subject": "${long("A")}", x}`), "at position 70028"],
    ["one that never ends", Buffer.from(`{"uuid": "", "subject": "${long("A")}`), "not JSON"],
    ["one outside of quotes", Buffer.from(`{"uuid": "", "subject" ${long("A")} ""}`), "not JSON"],
    ["one between two texts", Buffer.from(`{"uuid": "", "a"${long("A")}"b": 1}`), "not JSON"],
    [
      "one beside bytes that are not UTF-8",
      Buffer.concat([asBytes(long("A")), Buffer.from([0xff])]),
      "not UTF-8",
    ],
    ["one too deep down", Buffer.from(nested(150).replace("[]", `["${long("A")}"]`)), "deeper than 100"],
  ])("make no difference to what is refused: %s", (_, bytes, message) => {
    expect(refusal(bytes)).toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringContaining(message),
    });
  });

  it("are written as JSON.stringify does", () => {
    const bodies = [
      long("A"),
      `${long("A")}"`,
      long("é"),
      long("\n"),
      "\ud800",
      long("B"),
      long("B"),
      [long("C")],
    ];
    const vcon: Vcon = {
      vcon: "0.4.0",
      ...minimal,
      dialog: bodies.map((body) => ({ type: "recording", body })),
      x: long("D"),
    };
    expect(writeVcon(vcon)).toBe(JSON.stringify(vcon));
    for (const body of bodies) {
      const one = { vcon: "0.4.0", ...minimal, attachments: [{ body }, {}] };
      expect(writeVcon(one)).toBe(JSON.stringify(one));
    }
    const signed = { payload: long("A"), signatures: [{ signature: "x" }] };
    expect(writeVcon(signed)).toBe(JSON.stringify(signed));
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
    const written = writeVcon(readVcon(text).vcon);
    expect(writeVcon(readVcon(JSON.parse(text)).vcon)).toBe(written);
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

  it("says so where an object has no JSON", () => {
    const loop: Vcon = { ...minimal };
    loop["self"] = loop;
    for (const vcon of [loop, { ...minimal, big: 1n }]) {
      expect(() => writeVcon(vcon)).toThrow(expect.objectContaining({ code: "VCON_MALFORMED" }));
    }
  });
});
