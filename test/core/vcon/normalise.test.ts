import { describe, expect, it } from "vitest";
import { findUuid, type ReadOptions, readVcon, type Vcon } from "../../../core/vcon/index.ts";

const head = {
  vcon: "0.4.0",
  uuid: "01928e10-193e-8231-b9a2-279e0d16bc46",
  created_at: "2026-01-02T03:04:05Z",
};
const place = { start: head.created_at, party: 0, dialog: 0 };

function read(members: object, options: ReadOptions = {}) {
  const { vcon, changes, left } = readVcon({ ...head, ...members }, options);
  return {
    vcon: vcon as Vcon,
    rules: [...new Set(changes.map(({ rule }) => rule))],
    pointers: changes.map(({ pointer }) => pointer),
    warned: changes.filter(({ warning }) => warning !== undefined).map(({ pointer }) => pointer),
    left: left.map(({ pointer }) => pointer),
  };
}

const dialogOf = (dialog: object) => read({ dialog: [dialog] }).vcon.dialog![0];
const analysisOf = (analysis: object) => read({ analysis: [analysis] }).vcon.analysis![0];
const attachmentOf = (attachment: object) => read({ attachments: [attachment] }).vcon.attachments![0];

describe("the top level", () => {
  it("needs no change in core-04", () => {
    expect(
      read({ redacted: { uuid: head.uuid, type: "names" }, dialog: [{ type: "recording" }] }).rules,
    ).toEqual([]);
  });

  it.each([
    [{ appended: { uuid: "a" } }, { amended: { uuid: "a" } }],
    [{ amended_from: { uuid: "a" } }, { amended: { uuid: "a" } }],
    [{ redacted: {}, redacted_from: { type: "names" } }, { redacted: { type: "names" } }],
    [{ redacted: {}, appended: null, amended: false, group: [], subject: null }, {}],
    [{ redacted_from: { type: "names" }, redacted: {} }, { redacted: { type: "names" } }],
    [{ redacted: { uuid: null, type: "names" } }, { redacted: { type: "names" } }],
    [{ redacted: { uuid: null }, appended: { url: null } }, {}],
    [{ group: [{ uuid: "a" }] }, { group: [{ uuid: "a" }] }],
    [
      { redacted: { type: "names", alg: "SHA-512", signature: "a".repeat(86) } },
      { redacted: { type: "names", content_hash: `sha512-${"a".repeat(86)}` } },
    ],
    [{ must_support: ["a", "b"], critical: ["b", "c"] }, { critical: ["b", "c", "a"] }],
    [{ must_understand: "a" }, { critical: ["a"] }],
    [{ must_support: null, critical: null }, {}],
    [{ extensions: "CC" }, { extensions: ["CC"] }],
    [{ vcon: "0.0.2" }, {}],
    [{ vcon: "0.5.0", sessions: [{ start: 1 }] }, { sessions: [{ start: 1 }] }],
    [{ uuid: "urn:uuid:01928E10-193E-8231-B9A2-279E0D16BC46" }, {}],
    [{ created_at: "2026-01-02T03:04:05" }, {}],
    [{ updated_at: "2026-01-02 03:04:05.5+0100" }, { updated_at: "2026-01-02T03:04:05.5+01:00" }],
  ])("%j becomes %j", (given, members) => {
    expect(read(given).vcon).toEqual({ ...head, ...members });
  });

  it("keeps both names where the new one is there already", () => {
    const both = { appended: { uuid: "old" }, amended: { uuid: "new" } };
    expect(read(both).vcon).toEqual({ ...head, ...both });
  });

  it.each([[null], [{}]])("drops %j where an array belongs", (nothing) => {
    const { vcon, rules } = read({ parties: nothing, analysis: nothing });
    expect(vcon).toEqual(head);
    expect(rules).not.toEqual([]);
  });

  it("tells 10,000 changes and no more, however many there are", () => {
    const { vcon, changes, left } = readVcon({
      ...head,
      parties: Array(20_000).fill(null),
      dialog: Array(20_000).fill({ type: "text", start: "soon" }),
    });
    expect(changes).toHaveLength(10_000);
    expect(left).toHaveLength(10_000);
    expect((vcon as Vcon).parties!.slice(-1)).toEqual([{}]);
  });

  it("wraps a single object where an array belongs", () => {
    const { vcon, pointers } = read({ parties: { name: "Alice" } });
    expect(vcon.parties).toEqual([{ name: "Alice" }]);
    expect(pointers).toEqual(["/parties"]);
  });

  it("keeps the index of every element: null becomes a placeholder, and placeholders stay", () => {
    const { vcon, pointers } = read({
      parties: [{}, null, { tel: null }],
      attachments: [{}],
      analysis: [{}],
    });
    expect(vcon).toEqual({ ...head, parties: [{}, {}, {}], attachments: [{}], analysis: [{}] });
    expect(pointers).toEqual(["/parties/1", "/parties/2/tel"]);
  });

  it.each([[undefined], [null], [""]])("gives a vCon with the UUID %j a new one, and warns", (uuid) => {
    const { vcon, warned } = read({ uuid });
    expect(findUuid(vcon.uuid)).toBe(vcon.uuid);
    expect(warned).toEqual(["/uuid"]);
  });

  it.each([[undefined], [""], ["10 June 2022 8:55PM"]])(
    "dates a vCon of %j by its earliest dialog",
    (created_at) => {
      const dialog = [
        { type: "text", start: "2026-01-02T12:00:00+02:00" },
        { type: "text", start: "2026-01-02T11:00:00Z" },
        { type: "text", start: "soon" },
      ];
      const { vcon, pointers, warned, left } = read({ created_at, dialog });
      expect(vcon.created_at).toBe("2026-01-02T12:00:00+02:00");
      expect(pointers).toEqual(["/created_at"]);
      expect(warned).toEqual(["/created_at"]);
      expect(vcon["x_created_at"]).toBe(created_at || undefined);
      expect(left).toEqual(["/dialog/2/start"]);
    },
  );

  it("dates a vCon without dialogs now", () => {
    const before = Date.now();
    const { vcon } = read({ created_at: undefined });
    expect(Date.parse(vcon.created_at)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(vcon.created_at)).toBeLessThanOrEqual(Date.now());
  });
});

describe("a date", () => {
  it("without a time zone is taken as UTC, with a warning; any other is read without", () => {
    const naive = read({ created_at: "2026-01-02T03:04:05", updated_at: "2026-01-03 04:05" });
    expect(naive.vcon).toMatchObject({
      created_at: "2026-01-02T03:04:05Z",
      updated_at: "2026-01-03T04:05:00Z",
    });
    expect(naive.warned).toEqual(["/updated_at", "/created_at"]);

    const others = [
      1652915105,
      "1652915105.5",
      "Wed, 18 May 2022 23:05:05 -0000",
      "2026-01-02T03:04:05+0000",
    ];
    const dialog = others.map((start) => ({ type: "text", start }));
    const { vcon, pointers, warned } = read({ dialog });
    expect(vcon.dialog!.map(({ start }) => start)).toEqual([
      "2022-05-18T23:05:05.000Z",
      "2022-05-18T23:05:05.500Z",
      "2022-05-18T23:05:05.000Z",
      "2026-01-02T03:04:05+00:00",
    ]);
    expect(pointers).toHaveLength(others.length);
    expect(warned).toEqual([]);
  });

  it("that can't be read stays, and is told of", () => {
    const { vcon, pointers, left } = read({ updated_at: "soon", dialog: [{ type: "text", start: {} }] });
    expect(vcon).toMatchObject({ updated_at: "soon", dialog: [{ start: {} }] });
    expect(pointers).toEqual([]);
    expect(left).toEqual(["/updated_at", "/dialog/0/start"]);
  });
});

describe("a dialog", () => {
  const digest = Buffer.alloc(64, 0xfb);
  const hash = `sha512-${digest.toString("base64url")}`;

  it.each([
    [
      { type: "audio", mimetype: "audio/x-wav" },
      { type: "recording", mediatype: "audio/x-wav" },
    ],
    [{ type: "mcp_session" }, { type: "mcp_session" }],
    [{ type: "recording", mimetype: null, filename: null }, { type: "recording" }],
    [
      { type: "transfer", "transfer-target": 1, "target-dialog": 2 },
      { type: "transfer", transfer_target: 1, target_dialog: 2 },
    ],
    [
      { type: "recording", alg: "SHA-512", signature: digest.toString("base64url") },
      { type: "recording", content_hash: hash },
    ],
    [
      { type: "recording", alg: "sha512", signature: digest.toString("base64") },
      { type: "recording", content_hash: hash },
    ],
    [
      { type: "recording", alg: "SHA-512", signature: digest.toString("hex").toUpperCase() },
      { type: "recording", content_hash: hash },
    ],
    [
      { type: "recording", alg: "SHA-512", signature: "tooshort" },
      { type: "recording", alg: "SHA-512", signature: "tooshort" },
    ],
    [
      { type: "text", start: 1652915105, duration: 5, parties: [0, [1, 2], null] },
      { type: "text", start: "2022-05-18T23:05:05.000Z", duration: 5, parties: [0, [1, 2], null] },
    ],
    [
      {
        type: "recording",
        party_history: [
          { party: 0, time: 1652915105, event: "dtmfdown", dtmf: "5" },
          null,
          { event: "join" },
        ],
      },
      {
        type: "recording",
        party_history: [
          { party: 0, time: "2022-05-18T23:05:05.000Z", event: "keydown", button: "5" },
          null,
          { event: "join" },
        ],
      },
    ],
    [
      { type: "recording-set", recordings: [1, 2], session_id: [{ local: "a" }, {}], parties: [0, 1] },
      { type: "recording-set", recordings: [1, 2], session_id: [{ local: "a" }, {}], parties: [0, 1] },
    ],
    [
      { type: "incomplete", disposition: "no-answer", start: head.created_at },
      { type: "incomplete", disposition: "no-answer", start: head.created_at },
    ],
  ])("%j becomes %j", (given, expected) => {
    expect(dialogOf(given)).toEqual(expected);
  });

  it("keeps a session_id that is one text under a name of its own, and warns", () => {
    const { vcon, warned } = read({ dialog: [{ type: "text", session_id: "a" }] });
    expect(vcon.dialog).toEqual([{ type: "text", x_session_id: "a" }]);
    expect(warned).toEqual(["/dialog/0/session_id"]);
  });

  it.each(["transferee", "transferor", "transfer_target", "original", "consultation", "target_dialog"])(
    "has one index as %s: the first of several, which are kept, with a warning",
    (name) => {
      const dialog = [[3, 1], [3], 3].map((given) => ({ type: "transfer", [name]: given }));
      const { vcon, pointers, warned } = read({ dialog });
      expect(vcon.dialog).toEqual([
        { type: "transfer", [name]: 3, [`x_${name}`]: [3, 1] },
        { type: "transfer", [name]: 3 },
        { type: "transfer", [name]: 3 },
      ]);
      expect(pointers).toEqual([0, 1].map((index) => `/dialog/${index}/${name}`));
      expect(warned).toEqual([`/dialog/0/${name}`]);
    },
  );

  it("takes old names of transfers and their lists in one go", () => {
    expect(dialogOf({ type: "transfer", "transfer-target": [2, 1] })).toEqual({
      type: "transfer",
      transfer_target: 2,
      x_transfer_target: [2, 1],
    });
  });

  it("leaves what it could only overwrite another member with, or what is no list of indices", () => {
    const dialog = [
      { type: "text", session_id: "a", x_session_id: "mine" },
      { type: "transfer", original: [1, 2], x_original: "mine" },
      { type: "transfer", original: ["a"] },
      { type: "transfer", original: [] },
    ];
    const { vcon, pointers, left } = read({ dialog });
    expect(vcon.dialog).toEqual(dialog);
    expect(pointers).toEqual([]);
    expect(left).toEqual([
      "/dialog/0/session_id",
      "/dialog/1/original",
      "/dialog/2/original",
      "/dialog/3/original",
    ]);
  });

  it("keeps a hash of another kind, and tells of it", () => {
    const lmots = {
      type: "recording",
      url: "https://example.com/a",
      alg: "LMOTS_SHA256_N32_W8",
      signature: "x",
    };
    const { vcon, pointers, left } = read({ dialog: [lmots] });
    expect(vcon.dialog).toEqual([lmots]);
    expect(pointers).toEqual([]);
    expect(left).toEqual(["/dialog/0/alg"]);
  });

  it("takes the first of two old names", () => {
    expect(analysisOf({ vendor: "v", vendor_schema: "b", schema_version: "a" })).toEqual({
      vendor: "v",
      vendor_schema: "b",
      schema: "a",
    });
  });

  it("says what was changed and where", () => {
    expect(
      readVcon({ ...head, dialog: [{}, { type: "video", mimetype: "video/mp4", start: 0 }] }).changes,
    ).toEqual([
      { pointer: "/dialog/1/mediatype", rule: "oldNames" },
      { pointer: "/dialog/1/type", rule: "oldValues" },
      { pointer: "/dialog/1/start", rule: "dates" },
    ]);
  });
});

describe("what moved to the contact center extension", () => {
  it.each([
    [{ dialog: [{ type: "text", campaign: "c" }] }],
    [{ dialog: [{ type: "text", skill: "s" }] }],
    [{ dialog: [{ type: "text", interaction_type: "t" }] }],
    [{ parties: [{}, { role: "agent" }] }],
    [{ parties: [{ contact_list: "l" }] }],
  ])("makes it stand among the extensions: %j", (members) => {
    const { vcon, pointers } = read(members);
    expect(vcon).toEqual({ ...head, ...members, extensions: ["CC"] });
    expect(pointers).toEqual(["/extensions/0"]);
  });

  it("is the interaction too, which has another name there", () => {
    const { vcon, pointers } = read({ extensions: ["a"], dialog: [{ type: "text", interaction: "i" }] });
    expect(vcon).toEqual({
      ...head,
      extensions: ["a", "CC"],
      dialog: [{ type: "text", interaction_id: "i" }],
    });
    expect(pointers).toEqual(["/dialog/0/interaction_id", "/extensions/1"]);
  });

  it("is not the role of a party that is an agent's session", () => {
    const parties = [{ role: "agent", meta: { agent_session: { model_id: "m", provider: "p" } } }];
    expect(read({ extensions: ["agent_session"], parties }).pointers).toEqual([]);
  });

  it("is named once, and not for what says nothing", () => {
    const members = { extensions: ["CC"], parties: [{ role: "agent" }, { role: "customer" }] };
    expect(read(members)).toMatchObject({ vcon: { ...head, ...members }, pointers: [] });
    expect(read({ parties: [{ role: "", contact_list: null }] }).vcon).toEqual({
      ...head,
      parties: [{ role: "" }],
    });
  });
});

describe("a body", () => {
  it.each([
    ["text without encoding", { body: "Hello" }, { body: "Hello", encoding: "none" }],
    ["text of no encoding", { body: "Hello", encoding: "" }, { body: "Hello", encoding: "none" }],
    ["an object without encoding", { body: { a: 1 } }, { body: { a: 1 }, encoding: "json" }],
    ["an object called text", { body: [1], encoding: "none" }, { body: [1], encoding: "json" }],
    ["false", { body: false }, { body: false, encoding: "json" }],
    ["an object called base64", { body: { a: 1 }, encoding: "base64" }, { body: { a: 1 }, encoding: "json" }],
    ["a null body", { body: null, encoding: null }, {}],
    ["an empty body", { body: "" }, { body: "" }],
    [
      "no body",
      { encoding: "base64url", url: "https://example.com/a" },
      { encoding: "base64url", url: "https://example.com/a" },
    ],
    ["base64", { body: "+/+/\r\nAA==", encoding: "base64" }, { body: "-_-_AA", encoding: "base64url" }],
    [
      "padded base64url",
      { body: "-_-_AA==", encoding: "base64url" },
      { body: "-_-_AA", encoding: "base64url" },
    ],
    ["base64 that is none", { body: "a b!", encoding: "base64" }, { body: "a b!", encoding: "base64" }],
    [
      "a data URL",
      { body: "data:audio/wav;base64,AA==", mediatype: "audio/wav" },
      { body: "data:audio/wav;base64,AA==", encoding: "none", mediatype: "audio/wav" },
    ],
    [
      "audio without encoding",
      { body: "+/8=", mediatype: "audio/x-wav" },
      { body: "-_8", encoding: "base64url", mediatype: "audio/x-wav" },
    ],
    [
      "a word without encoding",
      { body: "Okay", mediatype: "text/plain" },
      { body: "Okay", encoding: "none", mediatype: "text/plain" },
    ],
    [
      "JSON by its media type",
      { body: "[1]", mediatype: "Application/JSON; charset=utf-8" },
      { body: [1], encoding: "json", mediatype: "Application/JSON; charset=utf-8" },
    ],
    ["stringified JSON", { body: ' {"a": [1]}', encoding: "json" }, { body: { a: [1] }, encoding: "json" }],
    ["a JSON text", { body: "happy", encoding: "json" }, { body: "happy", encoding: "json" }],
    ["a JSON number as text", { body: "12", encoding: "json" }, { body: "12", encoding: "json" }],
    [
      "JSON text twice over",
      { body: '"{\\"a\\":1}"', encoding: "json" },
      { body: '"{\\"a\\":1}"', encoding: "json" },
    ],
    ["broken JSON", { body: '{"a":', encoding: "json" }, { body: '{"a":', encoding: "json" }],
    ["an unknown encoding", { body: "x", encoding: "gzip" }, { body: "x", encoding: "gzip" }],
  ])("%s", (_, given, expected) => {
    expect(analysisOf({ type: "report", vendor: "v", ...given })).toEqual({
      type: "report",
      vendor: "v",
      ...expected,
    });
    expect(dialogOf({ type: "text", ...given })).toEqual({ type: "text", ...expected });
    expect(attachmentOf({ purpose: "x", ...place, ...given })).toEqual({
      purpose: "x",
      ...place,
      ...expected,
    });
  });

  it.each(["0.0.1", "0.0.2", "0.3.0"])(
    "with the encoding json is text in syntax %s, whatever it holds",
    (vcon) => {
      const bodies = ['"happy"', "12", "false", "null", "happy", '"[1]"', '{"a":1}', '"\\"a\\""'];
      const analysis = bodies.map((body) => ({ type: "report", vendor: "v", encoding: "json", body }));
      expect(read({ vcon, analysis }).vcon.analysis!.map(({ body }) => body)).toEqual([
        "happy",
        12,
        false,
        "null",
        "happy",
        [1],
        { a: 1 },
        '"a"',
      ]);
      const tags = { purpose: "tags", ...place, encoding: "json", body: "12" };
      expect(read({ vcon, attachments: [tags] }).vcon.attachments).toEqual([tags]);
    },
  );

  it("stays text if it nests deeper than a vCon may", () => {
    const body = "[".repeat(98) + "]".repeat(98);
    expect(analysisOf({ type: "report", vendor: "v", encoding: "json", body })!.body).toBe(body);
    const fitting = body.slice(1, -1);
    expect(analysisOf({ type: "report", vendor: "v", encoding: "json", body: fitting })!.body).toEqual(
      JSON.parse(fitting),
    );
  });
});

describe("an analysis", () => {
  it.each([
    [
      { type: "transcript", transcript: { a: "b" }, vendor_schema: { model: "m" }, vendor_product: "p" },
      { type: "transcript", body: { a: "b" }, encoding: "json", schema: '{"model":"m"}', product: "p" },
    ],
    [
      { type: "transcript", vendor: "v", body: "new", transcript: "old", encoding: "none" },
      { type: "transcript", vendor: "v", body: "new", transcript: "old", encoding: "none" },
    ],
    [{}, {}],
    [
      { type: "summary", vendor: "v", schema_version: "1", body: "Short." },
      { type: "summary", vendor: "v", schema: "1", body: "Short.", encoding: "none" },
    ],
  ])("%j becomes %j", (given, expected) => {
    expect(analysisOf(given)).toEqual(expected);
  });
});

describe("an analysis without a vendor", () => {
  const given = { analysis: [{ type: "summary" }, {}, { type: "report", vendor: "v" }] };

  it("is told of, and left without one", () => {
    expect(read(given)).toMatchObject({
      vcon: { ...head, ...given },
      pointers: [],
      left: ["/analysis/0/vendor"],
    });
  });

  it("gets an unknown one if repair is asked for, with a warning", () => {
    const { vcon, warned, left } = read(given, { repair: true });
    expect(vcon.analysis).toEqual([
      { type: "summary", vendor: "unknown" },
      {},
      { type: "report", vendor: "v" },
    ]);
    expect(warned).toEqual(["/analysis/0/vendor"]);
    expect(left).toEqual([]);
  });
});

describe("an attachment", () => {
  it("is told of where it did not say when, by whom or to what", () => {
    const { warned } = read({ attachments: [{ type: "x", party: 1 }, {}, { ...place, purpose: "y" }] });
    expect(warned).toEqual(["/attachments/0/start", "/attachments/0/dialog"]);
  });

  it("keeps a type beside its purpose", () => {
    const both = { ...place, purpose: "x", type: "y" };
    expect(attachmentOf(both)).toEqual(both);
  });

  it("has a purpose, and says when, by whom and to what", () => {
    expect(attachmentOf({ type: "generation_info", body: { a: 1 }, encoding: "none" })).toEqual({
      purpose: "generation_info",
      body: { a: 1 },
      encoding: "json",
      ...place,
    });
    expect(attachmentOf({ purpose: "x", start: "2026-01-01T00:00:00Z", party: 2, dialog: 3 })).toEqual({
      purpose: "x",
      start: "2026-01-01T00:00:00Z",
      party: 2,
      dialog: 3,
    });
  });
});

describe("tags", () => {
  const json = { ...place, encoding: "json", mediatype: "application/json" };

  it.each<[string, unknown, string[]]>([
    ["a list", ["a:b", "c"], ["a:b", "c"]],
    ["a list as text", '["a:b", "c"]', ["a:b", "c"]],
    [
      "an object",
      { a: "b", c: ["d:e", 1], f: null, g: { h: 1 } },
      ["a:b", "c:d:e", "c:1", "f:", 'g:{"h":1}'],
    ],
    ["an object as text", '{"a":"b"}', ["a:b"]],
    ["a list of mixed things", [1, { a: "b" }, null, ["c"]], ["1", "a:b", "c"]],
  ])("as %s become a list of texts", (_, given, body) => {
    const tags = { type: "tags", mediatype: "application/json", body: given };
    expect(attachmentOf(tags)).toEqual({ ...json, purpose: "tags", body });
  });

  it("as text without encoding get both encoding and media type", () => {
    expect(attachmentOf({ type: "tags", body: '["a:b"]' })).toEqual({
      ...json,
      purpose: "tags",
      body: ["a:b"],
    });
  });

  it("leave a text alone that is no list", () => {
    expect(attachmentOf({ purpose: "tags", body: "vip", ...place })).toMatchObject({
      body: "vip",
      encoding: "none",
    });
  });

  it("at the top level move into an attachment behind the others", () => {
    const { vcon, pointers } = read({ tags: { vip: "yes" }, attachments: [{}] });
    expect(vcon.attachments).toEqual([{}, { ...json, purpose: "tags", body: ["vip:yes"] }]);
    expect(vcon).not.toHaveProperty("tags");
    expect(pointers).toEqual(["/tags", "/attachments/1"]);
    expect(read({ tags: {} }).vcon).toEqual(head);
    expect(read({ tags: "mine" }).vcon).toEqual({ ...head, tags: "mine" });
  });
});
