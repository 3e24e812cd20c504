/** What older syntaxes make of each part of a vCon. */
import { describe, expect, it } from "vitest";
import { buildNew, readVcon, type Syntax, type Vcon, writeVcon } from "../../../core/vcon/index.ts";

const head = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc46", created_at: "2026-01-02T03:04:05Z" };
const place = { start: head.created_at, party: 0, dialog: 0 };
const digest = Buffer.alloc(64, 0xfb).toString("base64url");
const both = ["0.3.0", "0.0.1"] as const;

/** Writes it in the syntax, and makes sure that it reads as it was. */
function older(syntax: Syntax, members: object): Record<string, unknown> {
  const vcon: Vcon = { vcon: "0.4.0", ...head, ...members };
  const written = writeVcon(vcon, { syntax });
  expect(readVcon(written).vcon).toEqual(vcon);
  return JSON.parse(written);
}

const partOf = (syntax: Syntax, section: string, part: object) =>
  (older(syntax, { [section]: [part] })[section] as unknown[])[0];

describe.each(both)("in syntax %s", (syntax) => {
  it("a vCon says so, and keeps what no draft knows", () => {
    const members = { x: { mediatype: 1 }, parties: [{ name: "Carol Carter", x: 1 }], extensions: ["a"] };
    expect(older(syntax, members)).toEqual({ ...head, ...members, vcon: syntax });
  });

  it("an amended vCon is an appended one", () => {
    expect(older(syntax, { amended: { uuid: "a" } })).toEqual({
      ...head,
      vcon: syntax,
      appended: { uuid: "a" },
    });
  });

  it("a JSON body is text", () => {
    const analysis = { type: "report", vendor: "v", encoding: "json" };
    for (const [body, text] of [
      [{ a: [1] }, '{"a":[1]}'],
      [["a"], '["a"]'],
      ["happy", '"happy"'],
      [12, "12"],
      [false, "false"],
    ]) {
      expect(partOf(syntax, "analysis", { ...analysis, body })).toEqual({ ...analysis, body: text });
    }
    const text = { type: "report", vendor: "v", encoding: "none", body: "{}" };
    expect(partOf(syntax, "analysis", text)).toEqual(text);
  });

  it("an attachment has a type, and tags stay the list that programs look for", () => {
    expect(partOf(syntax, "attachments", { ...place, purpose: "slides" })).toEqual({
      ...place,
      type: "slides",
    });
    const tags = { ...place, mediatype: "application/json", encoding: "json", body: ["a:b"] };
    expect(partOf(syntax, "attachments", { ...tags, purpose: "tags" })).toMatchObject({
      type: "tags",
      body: ["a:b"],
    });
    const typed = { ...place, purpose: "slides", type: "mine" };
    expect(partOf(syntax, "attachments", typed)).toEqual(typed);
  });

  it("keys are heard as DTMF", () => {
    const time = head.created_at;
    const events = (names: string[], button: string) => [
      { party: 0, time, event: "join" },
      ...names.map((event) => ({ party: 0, time, event, [button]: "5" })),
    ];
    expect(
      partOf(syntax, "dialog", { type: "recording", party_history: events(["keydown", "keyup"], "button") }),
    ).toEqual({ type: "recording", party_history: events(["dtmfdown", "dtmfup"], "dtmf") });
  });

  it("a placeholder stays one, and so does what only newer drafts know", () => {
    const set = { type: "recording-set", recordings: [1], session_id: { local: "a", remote: "b" } };
    const members = {
      parties: [{}],
      dialog: [set, { type: "recording", recording_set: 0 }],
      attachments: [{}],
    };
    expect(older(syntax, members)).toEqual({ ...head, ...members, vcon: syntax });
  });

  it.each([
    ["signed", { payload: "e30", signatures: [] }],
    ["encrypted", { ciphertext: "x", recipients: [] }],
  ])("a %s vCon can't be written", (form, vcon) => {
    expect(() => writeVcon(vcon as never, { syntax })).toThrow(
      expect.objectContaining({ code: "VCON_SEALED", message: expect.stringContaining(form) }),
    );
    expect(JSON.parse(writeVcon(vcon as never, { syntax: "0.4.0" }))).toEqual(vcon);
  });
});

describe("in syntax 0.3.0", () => {
  it("has media types, hashes and names of transfers as core-04 has, and critical extensions under their old name", () => {
    const dialog = { type: "transfer", transfer_target: 1, target_dialog: 0, mediatype: "audio/x-wav" };
    const hashed = { ...dialog, url: "https://example.com/a", content_hash: `sha512-${digest}` };
    expect(partOf("0.3.0", "dialog", hashed)).toEqual(hashed);
    expect(older("0.3.0", { critical: ["a", "a"] })).toEqual({
      ...head,
      vcon: "0.3.0",
      must_support: ["a", "a"],
    });
  });

  it("gives a session that is one text its place back", () => {
    expect(partOf("0.3.0", "dialog", { type: "text", x_session_id: "a" })).toEqual({
      type: "text",
      session_id: "a",
    });
  });
});

describe("in syntax 0.0.1", () => {
  it("has the names of its time", () => {
    const dialog = {
      type: "transfer",
      transfer_target: 1,
      target_dialog: 0,
      mediatype: "text/plain",
      interaction_id: "i",
    };
    expect(older("0.0.1", { extensions: ["CC"], dialog: [dialog] })["dialog"]).toEqual([
      {
        type: "transfer",
        "transfer-target": 1,
        "target-dialog": 0,
        mimetype: "text/plain",
        interaction: "i",
      },
    ]);
    for (const [section, part] of [
      ["analysis", { type: "report", vendor: "v" }],
      ["attachments", { ...place, filename: "a" }],
    ] as const) {
      expect(partOf("0.0.1", section, { ...part, mediatype: "a/b" })).toEqual({ ...part, mimetype: "a/b" });
    }
  });

  it("keeps the new name where the old one is taken by something else", () => {
    const dialog = { type: "text", mediatype: "text/plain", mimetype: "mine" };
    expect(partOf("0.0.1", "dialog", dialog)).toEqual(dialog);
  });

  it.each([256, 384, 512])("takes a SHA-%d hash apart", (bits) => {
    const signature = Buffer.alloc(bits / 8, 0xfb).toString("base64url");
    const recording = { type: "recording", url: "https://example.com/a" };
    expect(partOf("0.0.1", "dialog", { ...recording, content_hash: `sha${bits}-${signature}` })).toEqual({
      ...recording,
      alg: `SHA-${bits}`,
      signature,
    });
  });

  it("takes the hash of the other instance apart", () => {
    const content_hash = `sha512-${digest}`;
    const hashed = { alg: "SHA-512", signature: digest };
    const url = "https://example.com/a";
    expect(older("0.0.1", { redacted: { type: "names", url, content_hash } })["redacted"]).toEqual({
      type: "names",
      url,
      ...hashed,
    });
    expect(older("0.0.1", { amended: { url, content_hash } })["appended"]).toEqual({ url, ...hashed });
  });

  it.each([
    ["a list of them", [`sha512-${digest}`]],
    ["one cut short", "sha512-abc"],
    ["another algorithm", `sha3-${digest}`],
  ])("leaves a hash that it can't say: %s", (_, content_hash) => {
    const recording = { type: "recording", url: "https://example.com/a", content_hash };
    expect(partOf("0.0.1", "dialog", recording)).toEqual(recording);
  });
});

it("a syntax that nobody writes is refused", () => {
  const write = () => writeVcon(buildNew(), { syntax: "0.0.2" as never });
  expect(write).toThrow(expect.objectContaining({ code: "VCON_MALFORMED" }));
});
