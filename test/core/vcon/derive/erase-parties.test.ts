import { describe, expect, it } from "vitest";
import {
  type Analysis,
  type Attachment,
  addAnalysis,
  addAttachment,
  addDialog,
  addLawfulBasis,
  addTag,
  checkPermission,
  type Dialog,
  type Index,
  type JsonObject,
  type JsonValue,
  type LawfulBasisBody,
  lawfulBasisAttachment,
  type Party,
  redactVcon,
  tagsIn,
  transcriptText,
  type Vcon,
  validateVcon,
  type WtfBody,
  wtfAnalysis,
} from "../../../../core/vcon/index.ts";
import { frozen } from "../../../support/frozen.ts";
import { call, chat, inline } from "../../../support/vcons.ts";

const HASH = `sha512-${"a".repeat(86)}`;

/** Without Carol Carter, the customer, if nobody else is named. */
function without(vcon: Vcon, parties: Index[] = [0]): Vcon {
  return redactVcon(frozen(vcon), { parties }, { type: "a party" });
}

function text(body: JsonValue, members: Partial<Dialog> = {}): Dialog {
  const encoding = typeof body === "string" ? "none" : "json";
  return { type: "text", parties: [1, 0], mediatype: "text/plain", encoding, body, ...members };
}

/** What is left of one dialog of a conversation between Carol (0) and Alice (1). */
function left(dialog: Dialog): Dialog {
  const vcon = chat();
  addDialog(vcon, dialog);
  return without(vcon).dialog![0]!;
}

function analysisLeft(analysis: Partial<Analysis>, dialog: Partial<Dialog> = {}): Analysis {
  const vcon = call(dialog);
  addAnalysis(vcon, { type: "transcript", vendor: "v", dialog: 0, encoding: "json", ...analysis });
  return without(vcon).analysis![0]!;
}

function attachmentLeft(attachment: Attachment): Attachment {
  const vcon = chat();
  addAttachment(vcon, attachment);
  return without(vcon).attachments![0]!;
}

describe("parties", () => {
  it("that are taken out leave a placeholder, and nothing that names them is left with the others", () => {
    const vcon = chat();
    const others: Party[] = [
      {
        name: "Bob Baker",
        tel: "+1 202 555 0101",
        contact_list: "Friends of Carol",
        meta: { a: 1 },
        stir: "e.e.e",
      },
      { name: "Bob Carter", role: "sme", civicaddress: { country: "US" } },
    ];
    vcon.parties!.push(...others);
    expect(without(vcon).parties).toEqual([
      {},
      { role: "agent", name: "Alice Archer", mailto: "alice@example.com" },
      { name: "Bob Baker" },
      { name: "Bob Carter", role: "sme", civicaddress: { country: "US" } },
    ]);
  });

  it("may be several", () => {
    const vcon = chat("Hello Alice.", "Hello Carol.");
    expect(without(vcon, [0, 1]).parties).toEqual([{}, {}]);
    expect(JSON.stringify(without(vcon, [0, 1]).dialog)).not.toContain("Hello");
  });
});

describe("a text", () => {
  it.each<[string, Partial<Dialog>]>([
    ["that they wrote", { parties: [0, 1] }],
    ["that they wrote, as the only party", { parties: 0 }],
    ["that they are the originator of", { parties: [1, 0], originator: 0 }],
    ["that nobody is said to have written", { parties: undefined }],
    ["of a party that isn't there", { parties: [9, 1] }],
    ["of several at once", { parties: [[1, 0]] as unknown as Index[] }],
  ])("%s loses its content and keeps its place in time", (_, members) => {
    const dialog = left(text("Hello.", { ...members, start: "2026-11-02T10:00:00Z", filename: "carol.txt" }));
    expect(dialog).toMatchObject({ type: "text", start: "2026-11-02T10:00:00Z" });
    for (const member of ["body", "url", "encoding", "content_hash", "filename"])
      expect(dialog).not.toHaveProperty(member);
  });

  it.each<[string, Dialog, Partial<Dialog>]>([
    ["is replaced", text("Hello Ms Carter, +1 202-555-0101?"), { body: "Hello Ms [redacted], [redacted]?" }],
    [
      "is replaced in Markdown",
      text("**Carol**", { mediatype: "text/markdown" }),
      { body: "**[redacted]**" },
    ],
    [
      "is replaced inside base64url",
      text(Buffer.from("Hello Carol").toString("base64url"), { encoding: "base64url" }),
      { encoding: "base64url", body: Buffer.from("Hello [redacted]").toString("base64url") },
    ],
    ["goes with what a message quotes", text("Yes.\n> my pin is 1234\n"), { body: "Yes.\n> [redacted]\n" }],
    ["is not found where there is none", text("Order number: 17"), { body: "Order number: 17" }],
    [
      "in a greeting or on a line of its own takes nothing else with it",
      text("Dear Carol Carter:\nyour options at 10:30:\nCarol is in\n"),
      { body: "Dear [redacted]:\nyour options at 10:30:\n[redacted] is in\n" },
    ],
  ])("of another party: a mention %s", (_, dialog, expected) => {
    expect(left(dialog)).toMatchObject(expected);
  });

  it.each([
    ["-----Original Message-----\nFrom: helpdesk\n", "-----Original Message-----\n[redacted]"],
    [`${"_".repeat(32)}\nFrom: helpdesk\n`, `${"_".repeat(32)}\n[redacted]`],
    ["From: Carol Carter\nSent: Monday\n\n", "From: [redacted]\n[redacted]"],
    ["Von: Carol Carter\nGesendet: Montag\n\n", "Von: [redacted]\n[redacted]"],
    [
      "On Mon, Nov 2, 2026 at 10:00 AM Carol Carter <x@example.com>\nwrote:\n\n",
      "On Mon, Nov 2, 2026 at 10:00 AM [redacted] <x@example.com>\nwrote:\n[redacted]",
    ],
    ["Am 02.11.26 um 10:00 schrieb Carol:\n", "Am 02.11.26 um 10:00 schrieb [redacted]:\n[redacted]"],
    ["Carol Carter wrote:\n> ", "[redacted] wrote:\n> [redacted]"],
  ])("of another party goes without what it quotes below %j", (introduction, expected) => {
    expect(left(text(`Yes.\n\n${introduction}My pin is 1234.`)).body).toBe(`Yes.\n\n${expected}`);
  });

  it("of another party keeps what is written below quoted lines", () => {
    const body = "On 2 Nov at 10:00 Carol Carter wrote:\n> My pin?\n\nIt is in the post.";
    expect(left(text(body)).body).toBe(
      "On 2 Nov at 10:00 [redacted] wrote:\n> [redacted]\n\nIt is in the post.",
    );
  });

  it.each([
    "[10:02] Alice: Hi\n[10:03] Carol: My pin is 1234",
    "02/11/2026, 10:02 - Alice Archer: Hi\n02/11/2026, 10:03 - Carol Carter: My pin\nis 1234",
    "Alice Archer  10:02 AM\nHi\nCarol Carter  10:03 AM\nMy pin is 1234",
    "[10:03 AM] Carol Carter\nMy pin is 1234",
    "2 Nov 2026 10:03:11 UTC Carol (customer): My pin is 1234",
    "(10:03) Customer: My pin is 1234",
    "[02/11/2026, 10:03:11] +1 (202) 555-0101: My pin is 1234",
  ])("of another party is gone if it is a chat with times: %j", (body) => {
    expect(left(text(body))).not.toHaveProperty("body");
  });

  it.each<[string, Dialog]>([
    ["HTML, where a name may be in a code", text("<b>Jos&eacute;</b>", { mediatype: "text/html" })],
    ["MIME", text("Carol=20Carter", { mediatype: "multipart/mixed; boundary=b" })],
    ["a URL", { ...text("x", { url: "https://example.com/1", content_hash: HASH }), body: undefined }],
    ["a chat whose speakers can't be told", text("Hi there\nCarol: my pin is 1234")],
    [
      "a list of messages whose speakers can't be told",
      text([
        { speaker: "A", text: "Hi" },
        { speaker: "B", text: "Ho" },
      ]),
    ],
  ])("of another party is gone if it is %s", (_, dialog) => {
    expect(left(dialog)).not.toHaveProperty("body");
    expect(left(dialog)).not.toHaveProperty("url");
  });

  it("that is a whole chat is told apart", () => {
    const dialog = left(text("Alice: Hello Carol.\nCarol: My pin is 1234.\nAlice: Thank you."));
    expect(dialog).toMatchObject({ mediatype: "application/json", encoding: "json" });
    expect(dialog.body).toEqual([
      { party: 1, speaker: "Alice", text: "Hello [redacted]." },
      { party: 0, text: "[redacted]" },
      { party: 1, speaker: "Alice", text: "Thank you." },
    ]);
  });
});

describe("a recording", () => {
  const recording = {
    type: "recording",
    ...inline(Buffer.from("sound")),
    filename: "carol.mp3",
    content_hash: HASH,
  };

  it.each<[string, Partial<Dialog>]>([
    ["in which they took part", { parties: [1, 0] }],
    ["with a channel of theirs", { parties: [1, null, [0]] as unknown as Index[] }],
    ["of nobody knows whom", {}],
    ["of a party that isn't there", { parties: [1, 9] }],
    [
      "at a URL",
      { parties: [0], body: undefined, encoding: undefined, url: "https://example.com/carol.mp3" },
    ],
  ])("%s loses its media and its name", (_, members) => {
    const dialog = left({ ...recording, ...members });
    expect(dialog).toEqual({
      type: "recording",
      mediatype: "audio/x-mp3",
      content_hash: HASH,
      ...(members.parties && { parties: members.parties }),
    });
  });

  it("of others stays", () => {
    expect(left({ ...recording, parties: [1], session_id: { local: "a" } })).toEqual({
      ...recording,
      parties: [1],
      filename: "[redacted].mp3",
      session_id: { local: "a" },
    });
    const url = "https://example.com/1.mp3";
    const external = { type: "recording", parties: [1], url, content_hash: HASH };
    expect(left(external)).toEqual(external);
    const typed = { ...recording, parties: [0], mediatype: 'audio/wav; name="my pin 1234.wav"' };
    expect(left(typed).mediatype).toBe("audio/wav");
    expect(left({ ...external, url: "https://example.com/+12025550101.mp3" })).not.toHaveProperty("url");
  });
});

it("what a dialog says beside its content is kept as far as it names nobody", () => {
  const dialog = {
    type: "recording",
    start: "2026-11-02T10:00:00Z",
    duration: 12.5,
    parties: [0, 1],
    originator: 1,
    application: "Carol's phone",
    campaign: "spring",
    skill: "billing",
    session_id: { local: "a", remote: "b" },
    sip_call_id: "1@203.0.113.5",
    message_id: "m-1",
    meta: { note: "secret" },
    party_history: [
      { party: 0, time: "2026-11-02T10:00:01Z", event: "keydown", button: "7" },
      { party: 1, time: "2026-11-02T10:00:02Z", event: "join", note: "secret" },
    ],
  } as Dialog;
  expect(left(dialog)).toEqual({
    type: "recording",
    start: "2026-11-02T10:00:00Z",
    duration: 12.5,
    parties: [0, 1],
    originator: 1,
    application: "[redacted]'s phone",
    campaign: "spring",
    skill: "billing",
    party_history: [{ party: 1, time: "2026-11-02T10:00:02Z", event: "join" }],
  });
});

it.each<[string, Dialog]>([
  [
    "a transfer",
    { type: "transfer", transferee: 0, transferor: 1, transfer_target: 1, original: 0, target_dialog: 0 },
  ],
  ["a call that came to nothing", { type: "incomplete", disposition: "busy", parties: [1, 0] }],
  ["a recording set", { type: "recording-set", recordings: [0], parties: [0, 1] }],
  ["a recording in a set", { type: "recording", recording_set: 0, parties: [0] }],
])("%s stays as it is", (_, dialog) => {
  expect(left(dialog)).toEqual(dialog);
});

it("a dialog of a kind that is not known keeps no content", () => {
  expect(left({ type: "mcp_session", parties: [1], encoding: "json", body: "Carol", x: 1 })).toEqual({
    type: "mcp_session",
    parties: [1],
  });
});

const wtf: WtfBody = {
  transcript: {
    text: "Hello Carol. My pin is 1234. Thanks.",
    language: "en-GB",
    duration: 6,
    confidence: 0.9,
  },
  segments: [
    { id: 0, start: 0, end: 1, text: "Hello Carol.", confidence: 0.9, speaker: 1, words: [0, 1] },
    { id: 1, start: 1, end: 4, text: "My pin is 1234.", confidence: 0.9, speaker: 0 },
    { id: 2, start: 4, end: 6, text: "Thanks.", confidence: 0.9, speaker: 1 },
  ],
  metadata: {
    created_at: "2026-01-02T03:04:05Z",
    processed_at: "2026-01-02T03:04:05Z",
    provider: "deepgram",
    model: "nova-3",
    options: { keywords: ["Carol"] },
  },
  words: [{ id: 0, start: 0, end: 1, text: "Hello", confidence: 1 }],
  speakers: {
    0: { id: 0, label: "Carol Carter", segments: [1], total_time: 3, confidence: 0.9 },
    1: { id: 1, label: "Alice Archer", segments: [0, 2], total_time: 3, confidence: 0.9 },
  },
  enrichments: { summary: "Carol told her pin." },
};

describe("a transcript", () => {
  it("in WTF stays one, with their turns taken out and without what repeats them", () => {
    const { speaker: _, ...analysis } = wtfAnalysis({
      body: wtf,
      vendor: "deepgram",
      dialog: 0,
    }) as JsonObject;
    const redacted = analysisLeft(analysis as unknown as Analysis);
    expect(redacted).toMatchObject({
      type: "wtf_transcription",
      vendor: "deepgram",
      dialog: 0,
      encoding: "json",
    });
    expect(redacted.body).toEqual({
      transcript: {
        text: "Hello [redacted].\n[redacted]\nThanks.",
        language: "en-GB",
        duration: 6,
        confidence: 0.9,
      },
      segments: [
        { id: 0, start: 0, end: 1, text: "Hello [redacted].", confidence: 0.9, speaker: 1 },
        { id: 1, start: 1, end: 4, text: "[redacted]", confidence: 0.9, speaker: 0 },
        { id: 2, start: 4, end: 6, text: "Thanks.", confidence: 0.9, speaker: 1 },
      ],
      metadata: {
        created_at: "2026-01-02T03:04:05Z",
        processed_at: "2026-01-02T03:04:05Z",
        provider: "deepgram",
        model: "nova-3",
      },
      speakers: {
        0: { id: 0, label: "[redacted]", segments: [1], total_time: 3, confidence: 0.9 },
        1: { id: 1, label: "Alice Archer", segments: [0, 2], total_time: 3, confidence: 0.9 },
      },
    });
  });

  it.each<[string, JsonValue]>([
    ["named lines", "Alice Archer: Hello Carol.\nCarol Carter: My pin is 1234."],
    ["lines with a title or a first name alone", "Agent Alice: Hello Carol.\n\nCarol: My pin is 1234."],
    ["roles", "Agent: Hello Carol.\nCustomer: My pin is 1234."],
    [
      "utterances",
      [
        { speaker: "Agent", message: "Hello Carol." },
        { speaker: "Customer", message: "My pin is 1234." },
      ],
    ],
    [
      "indices",
      {
        utterances: [
          { party: 1, text: "Hello Carol." },
          { party: 0, text: "My pin is 1234." },
        ],
      },
    ],
    [
      "JSON in a text",
      JSON.stringify([
        { party: 1, text: "Hello Carol." },
        { parties: 0, text: "My pin is 1234." },
      ]),
    ],
  ])("with %s becomes a list of turns without theirs", (_, body) => {
    const redacted = analysisLeft({ body, schema: "v1" });
    expect(redacted).not.toHaveProperty("schema");
    expect(transcriptText(redacted)).toBe("Hello [redacted].\n[redacted]");
    expect(redacted.body).toMatchObject([{ party: 1 }, { party: 0, text: "[redacted]" }]);
  });

  it.each<[string, JsonValue]>([
    ["plain text", "Hello Carol. My pin is 1234."],
    [
      "numbered speakers",
      [
        { speaker: 0, text: "Hello." },
        { speaker: 1, text: "My pin is 1234." },
      ],
    ],
    ["some speaker of whom nobody knows", "Alice: Hello.\nLady: My pin is 1234."],
    [
      "a party that isn't there",
      [
        { party: 1, text: "Hello." },
        { party: 7, text: "My pin is 1234." },
      ],
    ],
    [
      "everything said by one of the two",
      [
        { party: 1, text: "Hello." },
        { party: 1, text: "My pin is 1234." },
      ],
    ],
    ["nothing to read", { results: 5 }],
  ])("with %s is gone", (_, body) => {
    expect(analysisLeft({ body })).toEqual({});
    expect(analysisLeft({ body, type: "diarized" })).toEqual({});
  });

  it("with addresses for speakers is told apart however the vCon writes them", () => {
    const vcon = call({});
    Object.assign(vcon.parties![0]!, { tel: "tel:+1-202-555-0101" });
    Object.assign(vcon.parties![1]!, { sip: "sip:Alice@pbx.example.com" });
    const body = [
      { speaker: "alice@pbx.example.com", text: "Hello." },
      { speaker: "+12025550101", text: "My pin is 1234." },
    ];
    addAnalysis(vcon, { type: "transcript", vendor: "v", dialog: 0, encoding: "json", body });
    expect(transcriptText(without(vcon).analysis![0]!)).toBe("Hello.\n[redacted]");
  });

  it("of a recording with one voice is theirs as a whole, or the other's", () => {
    const body = "My pin is 1234.";
    expect(analysisLeft({ body }, { parties: 0 }).body).toEqual([{ party: 0, text: "[redacted]" }]);
    expect(analysisLeft({ body, encoding: "none" }, { parties: [1] })).toMatchObject({
      encoding: "none",
      body,
    });
  });

  it("in WTF is known by its shape, and an attachment by its turns", () => {
    const body = [
      { party: 1, text: "Hello." },
      { party: 0, text: "My pin is 1234." },
    ];
    expect(analysisLeft({ type: "x-notes", body })).toEqual({});
    expect(transcriptText(analysisLeft({ type: "x-notes", body: wtf }))).toContain("Thanks.");
    const vcon = call({});
    addAttachment(vcon, { purpose: "log", encoding: "json", body, party: 1, mediatype: "application/json" });
    expect(transcriptText(without(vcon).attachments![0]!)).toBe("Hello.\n[redacted]");
  });

  it("whose words were taken out before doesn't name who spoke them", () => {
    const body = [
      { speaker: "Alice", text: "[redacted]" },
      { speaker: "Carol Carter", text: "[redacted]" },
      { speaker: "Cousin of Carol", text: "[redacted]" },
    ];
    expect(analysisLeft({ body }).body).toEqual([
      { party: 1, speaker: "Alice", text: "[redacted]" },
      { party: 0, text: "[redacted]" },
      { speaker: "Cousin of [redacted]", text: "[redacted]" },
    ]);
  });

  it("does not take a shared first name for the other one", () => {
    const vcon = call({});
    vcon.parties![1]!.name = "Carol Smith";
    addAnalysis(vcon, {
      type: "transcript",
      vendor: "v",
      dialog: 0,
      encoding: "none",
      body: "Carol: 1234.\nCarol Smith: Hi.",
    });
    expect(transcriptText(without(vcon).analysis![0]!)).toBe("[redacted]\nHi.");
  });
});

describe("other analyses", () => {
  it.each<[string, Partial<Analysis>]>([
    ["of what they took part in", { dialog: [0] }],
    ["of nobody knows what", { dialog: undefined }],
    ["of a dialog that isn't there", { dialog: 5 }],
    ["of a dialog named by a text", { dialog: "0" as unknown as Index }],
  ])("%s are gone", (_, members) => {
    const vcon = call({ parties: [0, 1] }, { parties: [1] });
    addAnalysis(vcon, { type: "summary", vendor: "v", encoding: "none", body: "A call.", ...members });
    expect(without(vcon).analysis).toEqual([{}]);
  });

  it("of what others said or contributed stay, with mentions replaced", () => {
    const vcon = call({ parties: [0, 1] }, { parties: [1] });
    addAttachment(vcon, { purpose: "note", party: 1, encoding: "none", body: "A note." });
    addAttachment(vcon, { purpose: "note", party: 0, encoding: "none", body: "A note." });
    const summary = { type: "summary", vendor: "v", encoding: "none", body: "About Carol." };
    for (const place of [{ dialog: 1 }, { attachment: 0 }, { attachment: 1 }])
      addAnalysis(vcon, { ...summary, ...place });
    expect(without(vcon).analysis).toEqual([
      { ...summary, dialog: 1, body: "About [redacted]." },
      { ...summary, attachment: 0, body: "About [redacted]." },
      {},
    ]);
  });
});

describe("an attachment", () => {
  const place = { start: "2026-11-02T10:00:00Z", dialog: 0 };

  it.each<[string, Attachment]>([
    ["of theirs", { purpose: "note", party: 0, encoding: "none", body: "Mine." }],
    ["of nobody known", { purpose: "note", party: 9, encoding: "none", body: "Mine." }],
    [
      "of SIP",
      { purpose: "sip-invite", party: 1, encoding: "none", body: "INVITE sip:a@example.com SIP/2.0" },
    ],
    [
      "of STIR",
      { purpose: "stir-verification-report", party: 1, encoding: "json", body: { result: "verified" } },
    ],
    ["of SIP, named otherwise", { purpose: "SIP_trace", party: 1, encoding: "json", body: { via: "a" } }],
    ["with the chat", { purpose: "chatlog", party: 1, encoding: "none", body: "Hi." }],
    [
      "that can't be read",
      { purpose: "photo", party: 1, mediatype: "image/png", encoding: "base64url", body: "aaaa" },
    ],
    ["in HTML", { purpose: "note", party: 1, mediatype: "text/html", encoding: "none", body: "Jos&eacute;" }],
    ["at a URL", { purpose: "note", party: 1, url: "https://example.com/n.txt", content_hash: HASH }],
    [
      "that says it is text and isn't",
      { party: 1, mediatype: "text/plain", encoding: "base64url", body: "_w" },
    ],
  ])("%s is gone", (_, attachment) => {
    expect(attachmentLeft(attachment)).toEqual({});
  });

  it("of another stays, with mentions replaced and without members that nobody knows", () => {
    const note = {
      purpose: "note for Carol",
      ...place,
      party: 1,
      mediatype: "application/json",
      encoding: "json",
    };
    const body = { who: "Carol Carter", Carol: [2025550101, true] };
    expect(attachmentLeft({ ...note, body, filename: "carol.json", "x-own": 1 })).toEqual({
      ...note,
      purpose: "note for [redacted]",
      filename: "[redacted].json",
      body: { who: "[redacted]", "[redacted]": ["[redacted]", true] },
    });
  });

  it("of the first party is gone, whoever that is, because those of nobody known are said to be its", () => {
    const vcon = chat();
    vcon.parties!.reverse();
    addAttachment(vcon, { purpose: "lead", encoding: "json", body: { born: "1990-01-01" } });
    expect(without(vcon, [1]).attachments).toEqual([{}]);
  });

  it("of tags stays, whoever it is said to be of", () => {
    const vcon = chat();
    addTag(vcon, "topic", "billing");
    addTag(vcon, "customer", "Carol Carter");
    expect(tagsIn(without(vcon))).toEqual([
      { name: "topic", value: "billing" },
      { name: "customer", value: "[redacted]" },
    ]);
  });

  it("of a lawful basis keeps what it grants, and no proof", () => {
    const grant = { purpose: "analysis", granted: false, granted_at: "2026-11-02T10:00:00Z" };
    const basis = lawfulBasisAttachment({
      body: {
        lawful_basis: "consent",
        expiration: null,
        purpose_grants: [grant],
        proof_mechanisms: [
          {
            proof_type: "verbal_confirmation",
            timestamp: place.start,
            proof_data: { text: "Yes, I agree." },
          },
        ],
        metadata: { note: "secret" },
      },
      start: place.start,
      hash: "sha-256",
    });
    expect(attachmentLeft(basis)).toEqual({
      ...basis,
      body: { lawful_basis: "consent", expiration: null, purpose_grants: [grant] },
    });
  });
});

it.each<[string, JsonObject]>([
  [
    "denied on a ground that is none",
    { lawful_basis: "x", purpose_grants: [{ purpose: "analysis", granted: false }] },
  ],
  [
    "whose hash doesn't fit",
    { content_hash: { algorithm: "sha-256", canonicalization: "jcs", value: "00" } },
  ],
])("a lawful basis %s allows no more than before", (_, members) => {
  const vcon = chat("Hello.");
  const grant = { purpose: "analysis", granted: true, granted_at: "2026-11-02T10:00:00Z" };
  const body: LawfulBasisBody = { lawful_basis: "consent", expiration: null, purpose_grants: [grant] };
  addLawfulBasis(vcon, { body, party: 1 });
  addLawfulBasis(vcon, { body: { ...body, ...members } as LawfulBasisBody });
  expect(checkPermission(vcon, "analysis").allowed).toBe(false);
  expect(checkPermission(without(vcon), "analysis")).toEqual(checkPermission(vcon, "analysis"));
  const granted = { ...vcon, attachments: vcon.attachments!.slice(0, 1) };
  expect(checkPermission(without(granted), "analysis").allowed).toBe(true);
});

it("of the vCon itself go the subject and what no draft knows", () => {
  const vcon = { ...chat("Hi."), subject: "Carol's dog", group: [{ uuid: "a" }], room: { id: "b" } } as Vcon;
  vcon.extensions = ["CC", "x-unknown"];
  expect(Object.keys(without(vcon)).sort()).toEqual(
    ["created_at", "dialog", "extensions", "parties", "redacted", "uuid", "vcon"].sort(),
  );
  expect(without(vcon).extensions).toEqual(["CC"]);
});

it("details that go too are still looked for in everything else", () => {
  const vcon = chat();
  addDialog(vcon, text("Hello Carol."));
  const what = { parties: [0], details: { which: "all" }, analyses: "all" } as const;
  const { parties, dialog } = redactVcon(vcon, what, { type: "a party" });
  expect(parties).toEqual([{}, { role: "agent" }]);
  expect(dialog![0]!.body).toBe("Hello [redacted].");
});

it("taking nobody out takes nothing out", () => {
  const vcon = { ...chat("Hi."), subject: "Carol's dog" } as Vcon;
  expect(without(vcon, [])).toMatchObject({ subject: "Carol's dog", dialog: vcon.dialog });
});

it("what is left is valid, but for the placeholders", () => {
  const vcon = call({ ...inline(Buffer.from("sound")), parties: [0, 1] });
  addDialog(vcon, { ...text("Hello Carol."), start: vcon.created_at });
  addDialog(vcon, { ...text("Hello Alice.", { parties: [0, 1] }), start: vcon.created_at });
  addAnalysis(vcon, wtfAnalysis({ body: wtf, vendor: "deepgram", dialog: 0 }));
  addTag(vcon, "topic", "billing");
  const errors = validateVcon(without(vcon)).filter(({ level }) => level === "error");
  expect(errors).toEqual([]);
});

it("what was redacted can be redacted again and loses nothing more by it", () => {
  const vcon = call({});
  addDialog(vcon, text("Hello Carol."));
  addDialog(vcon, text("Alice: Hello Carol.\nCarol: My pin is 1234."));
  const body = [
    { speaker: "Agent", text: "Hello Carol." },
    { speaker: "Customer", text: "Hello." },
  ];
  addAnalysis(vcon, { type: "transcript", vendor: "v", dialog: 0, encoding: "json", body });
  addAnalysis(vcon, wtfAnalysis({ body: wtf, vendor: "deepgram", dialog: 0 }));
  addTag(vcon, "topic", "billing");
  const once = without(vcon);
  const twice = without(once);
  for (const section of ["parties", "dialog", "analysis", "attachments"] as const) {
    expect(twice[section]).toEqual(once[section]);
  }
});
