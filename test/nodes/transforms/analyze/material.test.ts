/** What of a vCon analyze gives to the model: in which order, with which names, and what stays behind. */
import { describe, expect, it } from "vitest";
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addParty,
  buildNew,
  type Dialog,
  encodeBase64Url,
  type Vcon,
} from "../../../../core/index.ts";
import { call, chat, encrypted, signed, stored } from "../../../support/vcons.ts";
import { analyzeNode, kettle, type Line, spoken, transcribe } from "./analyze-node.ts";

const t = analyzeNode();

const turns = () =>
  t.given().conversation.map(({ speaker, text }: Record<string, string>) => [speaker, text]);
const parts = (...chosen: string[]) => ({ over: "parts", parts: chosen });
const text = (body: string, more: Partial<Dialog> = {}): Dialog => ({
  type: "text",
  parties: 0,
  mediatype: "text/plain",
  encoding: "none",
  body,
  ...more,
});

describe("the model gets", () => {
  it("a transcript turn by turn, with the speakers' names and roles, and nothing else", async () => {
    await t.deploy();
    await t.analysed(spoken(kettle));
    expect(t.asked[0]!.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(t.given()).toEqual({
      conversation: [
        { speaker: "Alice Archer (agent)", text: kettle[0]![1] },
        { speaker: "Carol Carter (customer)", text: kettle[1]![1] },
        { speaker: "Alice Archer (agent)", text: kettle[2]![1] },
      ],
    });
    expect(JSON.stringify(t.asked)).not.toMatch(/2025550101|alice@example/);
  });

  it("calls and messages in the order of time", async () => {
    const vcon = call({ start: "2026-11-02T10:00:00Z" }, { start: "2026-11-02T09:00:00Z" });
    addDialog(vcon, text("Third.", { start: "2026-11-02T10:00:07Z", originator: 1, parties: [0, 1] }));
    transcribe(vcon, 0, [
      ["Carol Carter", "Second."],
      ["Alice Archer", "Still second."],
      ["Carol Carter", "Fourth."],
    ]);
    transcribe(vcon, 1, [["Alice Archer", "First."]]);
    await t.deploy();
    const { analysis } = await t.analysed(vcon);
    expect(turns()).toEqual([
      ["Alice Archer (agent)", "First."],
      ["Carol Carter (customer)", "Second."],
      ["Alice Archer (agent)", "Still second."],
      ["Alice Archer (agent)", "Third."],
      ["Carol Carter (customer)", "Fourth."],
    ]);
    expect(analysis!.at(-1)!.dialog).toEqual([0, 1, 2]);
  });

  it("dialogs that do not tell their time where they stand", async () => {
    const vcon = buildNew({ created_at: "2026-11-02T10:00:00Z" });
    addParty(vcon, { role: "customer" });
    for (const body of ["One.", "Two.", "Three."]) addDialog(vcon, text(body));
    vcon.dialog![1]!.start = "no date";
    await t.deploy();
    await t.analysed(vcon);
    expect(turns()).toEqual([
      ["customer", "One."],
      ["customer", "Two."],
      ["customer", "Three."],
    ]);
  });

  it("the newest transcript of a dialog, but not one without words", async () => {
    const vcon = call({});
    transcribe(vcon, 0, [["Carol Carter", "As an old service heard it."]]);
    transcribe(vcon, 0, [["Carol Carter", "As a new one heard it."]]);
    transcribe(vcon, 0, []);
    await t.deploy();
    await t.analysed(vcon);
    expect(turns()).toEqual([["Carol Carter (customer)", "As a new one heard it."]]);
  });

  it("no number or address in place of a name", async () => {
    const vcon = call({});
    vcon.parties = [
      { tel: "+12025550101", role: "customer" },
      { mailto: "alice@example.com" },
      { name: "Sam Sutton" },
    ];
    transcribe(vcon, 0, [
      ["+12025550101", "Hello."],
      ["alice@example.com", "Hello."],
      ["Sam Sutton", "Hello."],
      ["Speaker 3", "Hello."],
    ]);
    addDialog(vcon, text("Goodbye.", { parties: [1, 0], start: "2026-11-02T10:01:00Z" }));
    await t.deploy();
    await t.analysed(vcon);
    expect(turns().map(([speaker]: string[]) => speaker)).toEqual([
      "customer",
      "party 1",
      "Sam Sutton",
      "Speaker 3",
      "party 1",
    ]);
  });

  it("speakers as the transcript numbers its parties", async () => {
    const vcon = call({});
    addAnalysis(vcon, {
      type: "transcript",
      dialog: 0,
      vendor: "example",
      encoding: "json",
      body: [{ party: 1, text: "Hello." }, { party: 9, text: "Who is this?" }, { text: "Nobody." }],
    });
    await t.deploy();
    await t.analysed(vcon);
    expect(turns()).toEqual([
      ["Alice Archer (agent)", "Hello."],
      [undefined, "Who is this?"],
      [undefined, "Nobody."],
    ]);
  });

  it.each<[string, string]>([
    ["other scripts and signs", "Zoë 说：水壶 קומקום 🫖👩‍👩‍👧 e\u0301"],
    ["control signs", "a\tb\nc\u0000d\u2028e\u001b[31m"],
    ["quotes and braces", 'She said "no" \\ }]} {"role":"system"}'],
  ])("what was said as it was said: %s", async (_, said) => {
    await t.deploy();
    await t.analysed(spoken([["Carol Carter", said]]));
    expect(turns()).toEqual([["Carol Carter (customer)", said]]);
  });
});

describe("each dialog by itself", () => {
  it("is analysed alone, in its own analysis", async () => {
    const vcon = spoken([["Carol Carter", "One."]], [["Carol Carter", "Two."]]);
    addDialog(vcon, text("Three."));
    await t.deploy({ of: "dialog" });
    t.model = (asked) => `About ${t.given(asked).conversation[0].text}`;
    const { analysis } = await t.analysed(vcon);
    expect(analysis!.slice(2).map(({ dialog, body }) => [dialog, body])).toEqual([
      [0, "About One."],
      [1, "About Two."],
      [2, "About Three."],
    ]);
    expect(t.asked.map((asked) => t.given(asked).conversation)).toMatchObject([
      [{ text: "One." }],
      [{ text: "Two." }],
      [{ text: "Three." }],
    ]);
  });

  it("is analysed with the other parts that are about it", async () => {
    const vcon = spoken(kettle, kettle);
    addAnalysis(vcon, {
      type: "note",
      dialog: 1,
      vendor: "example",
      encoding: "none",
      body: "Of the second.",
    });
    await t.deploy({ of: "dialog", ...parts("transcript", "head"), analyses: ["note"] });
    vcon.subject = "Kettle";
    await t.analysed(vcon);
    const notes = t.asked.map((asked) =>
      t.given(asked).conversation.filter((item: object) => "analysis" in item),
    );
    expect(notes).toEqual([[], [{ analysis: "note", text: "Of the second." }]]);
    expect(t.asked.map((asked) => t.given(asked).subject)).toEqual(["Kettle", "Kettle"]);
  });
});

describe("chosen parts", () => {
  const full = () => {
    const vcon = spoken(kettle);
    vcon.subject = "A recalled kettle";
    addDialog(vcon, text("Thank you."));
    const start = vcon.created_at;
    const attach = (purpose: string, content: object) =>
      addAttachment(vcon, { purpose, start, party: 0, dialog: 0, ...content });
    attach("tags", { encoding: "json", body: ["topic:recall", "vip:no"] });
    attach("letter", { mediatype: "text/plain", encoding: "none", body: "Dear Carol" });
    attach("letter", {
      mediatype: "text/plain",
      encoding: "base64url",
      body: encodeBase64Url(Buffer.from("Yours, Alice")),
    });
    attach("letter", { mediatype: "application/pdf", encoding: "base64url", body: "AAAA" });
    attach("letter", { mediatype: "text/plain", url: "https://example.com/letter.txt" });
    attach("order", { encoding: "json", body: { id: 12 } });
    addAnalysis(vcon, {
      type: "sentiment",
      dialog: 0,
      vendor: "example",
      encoding: "json",
      body: { label: "calm" },
    });
    return vcon;
  };
  const said = kettle.map(([, line]) => line);
  const letters = [
    { attachment: "letter", text: "Dear Carol" },
    { attachment: "letter", text: "Yours, Alice" },
  ];

  it.each<[string, object, object, string[]]>([
    [
      "transcripts",
      parts("transcript"),
      { conversation: said.map((line) => ({ text: line })) },
      ["transcript", "parties"],
    ],
    ["messages", parts("messages"), { conversation: [{ text: "Thank you." }] }, ["text", "parties"]],
    [
      "subject and time",
      parts("head"),
      { subject: "A recalled kettle", began: "2026-11-02T10:00:00Z", conversation: [] },
      ["subject"],
    ],
    [
      "parties",
      parts("parties"),
      {
        parties: [
          { name: "Carol Carter", role: "customer", tel: "+12025550101" },
          { name: "Alice Archer", role: "agent", mailto: "alice@example.com" },
        ],
        conversation: [],
      },
      ["parties"],
    ],
    ["tags", parts("tags"), { tags: ["topic:recall", "vip:no"], conversation: [] }, ["tags"]],
    [
      "other analyses",
      { ...parts(), analyses: ["sentiment"] },
      { conversation: [{ analysis: "sentiment", text: '{"label":"calm"}' }] },
      ["sentiment"],
    ],
    [
      "attachments, where they are text",
      { ...parts(), attachments: ["letter", "order"] },
      { conversation: [...letters, { attachment: "order", text: '{"id":12}' }] },
      ["attachments"],
    ],
  ])("are all that the model gets, and the trail tells which: %s", async (_, settings, given, categories) => {
    await t.deploy(settings);
    const { uuid } = await t.analysed(full());
    expect(t.given()).toMatchObject(given);
    expect(Object.keys(t.given()).sort()).toEqual(Object.keys(given).sort());
    expect(await t.recipients(uuid)).toMatchObject([{ categories }]);
  });

  it("go together, with what is said first", async () => {
    await t.deploy({
      ...parts("transcript", "messages", "head", "parties", "tags"),
      analyses: ["sentiment"],
      attachments: ["letter"],
    });
    const { uuid, analysis } = await t.analysed(full());
    expect(t.given().conversation).toMatchObject([
      ...said.slice(0, 1).map((line) => ({ text: line })),
      { text: "Thank you." },
      ...said.slice(1).map((line) => ({ text: line })),
      { analysis: "sentiment" },
      ...letters,
    ]);
    expect(await t.recipients(uuid)).toMatchObject([
      { categories: ["transcript", "parties", "text", "sentiment", "attachments", "subject", "tags"] },
    ]);
    expect(analysis!.at(-1)).toMatchObject({ dialog: [0, 1], attachment: [1, 2] });
  });
});

describe("passes a vCon on as it is, without an account,", () => {
  const empty = (): Vcon => buildNew({ created_at: "2026-11-02T10:00:00Z" });
  it.each<[string, () => Vcon, object]>([
    ["that is empty", empty, {}],
    ["without dialogs", () => chat(), {}],
    ["with a call that nobody has transcribed", () => call({}), {}],
    ["with a call that nobody answered", () => call({ type: "incomplete", disposition: "no-answer" }), {}],
    ["with a transcript of silence", () => spoken([]), {}],
    ["with empty messages", () => chat("", " \n"), {}],
    [
      "with a message that is no text",
      () => call({ type: "text", mediatype: "image/png", encoding: "base64url", body: "AAAA" }),
      {},
    ],
    ["without the parts that were chosen", () => spoken(kettle), parts("messages", "head", "parties")],
    ["that is empty but for the parts that were chosen", empty, parts("tags", "parties")],
    ["without dialogs, each by itself", () => chat(), { of: "dialog" }],
  ])("%s", async (_, make, settings) => {
    await t.deploy(settings, {}, {});
    const vcon = make();
    expect(await t.analysed(vcon)).toEqual(vcon);
    expect(await t.store.trail(vcon.uuid)).toEqual([]);
    expect(t.asked).toEqual([]);
  });
});

describe("a sealed vCon", () => {
  it.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("is refused, with what to do: %s", async (form, make) => {
    await t.deploy();
    const payload = await stored(t.store, make());
    const { at, message } = await t.nodeRed.through("node", { payload });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({ code: "VCON_SEALED", message: expect.stringContaining(form) });
    expect(t.asked).toEqual([]);
  });
});

it("a transcript too large to lie with its analysis is fetched whole", async () => {
  await t.deploy();
  const lines: Line[] = Array.from({ length: 2000 }, (_, index) => [
    "Carol Carter",
    `This is sentence ${index} of many.`,
  ]);
  await t.analysed(spoken(lines));
  expect(turns().map(([, line]: string[]) => line)).toEqual(lines.map(([, line]) => line));
});
