import { describe, expect, it } from "vitest";
import type { Dialog, Vcon } from "../../../core/index.ts";
import { recordingFile } from "../../stand-ins/conversations.ts";
import { ends, type FlowNode, type Message } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** The node as its form leaves it, for the chats of the demo. */
const create: FlowNode = {
  id: "create",
  type: "vcon-create",
  store: "store",
  conversation: "payload.id",
  conversationType: "msg",
  subject: "Chat",
  subjectType: "str",
  began: "payload.started_at",
  beganType: "msg",
  parties: [
    {
      role: "customer",
      name: "payload.customer.name",
      nameType: "msg",
      tel: "payload.customer.tel",
      telType: "msg",
      mailto: "$lowercase(payload.customer.email)",
      mailtoType: "jsonata",
    },
    {
      role: "agent",
      name: "Alice Archer",
      nameType: "str",
      tel: "",
      telType: "str",
      mailto: "",
      mailtoType: "str",
    },
  ],
  content: "messages",
  messages: "payload.messages",
  messagesType: "msg",
  messageText: "text",
  messageTime: "at",
  messageSender: "from",
  body: "payload.body",
  bodyType: "msg",
  mediatype: "audio/x-mp3",
  source: "web chat",
  wires: [["out"]],
};

let count = 0;
const chat = () => ({
  id: `chat ${count++}`,
  started_at: "2026-11-02T10:00:00Z",
  customer: { name: "Carol Carter", tel: "+12025550101", email: "Carol@Example.com" },
  messages: [
    { from: "customer", at: "2026-11-02T10:00:00Z", text: "Is my kettle part of the recall?" },
    { from: "Alice Archer", at: "2026-11-02T10:00:20Z", text: "It is." },
  ] as unknown,
});

/** Deploys the node with these settings and sends the message through. */
async function sent(settings: object, message: Message) {
  await nodeRed.deploy([storeNode, { ...create, ...settings }, ...ends]);
  return nodeRed.through("create", message);
}

/** The vCon that is made of the message. */
async function made(settings: object, payload: unknown): Promise<Vcon> {
  const { at, message } = await sent(settings, { payload });
  expect(at, message.error?.message ?? "").toBe("out");
  return (await store.get(message.payload as string)) as Vcon;
}

/** The error that comes of the message. */
async function refused(settings: object, payload: unknown) {
  const before = await store.list({ limit: 1000 });
  const { at, message } = await sent(settings, { payload });
  expect(at).toBe("failure");
  expect(message.payload).toEqual(payload);
  expect(await store.list({ limit: 1000 })).toEqual(before);
  return message.error!;
}

describe("create vCon of messages", () => {
  it("makes the parties and one dialog a message, and sends the UUID alone", async () => {
    const payload = chat();
    const { message } = await sent({}, { payload, topic: "kept" });
    expect(message.payload).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(message["topic"]).toBe("kept");
    expect(await store.get(message.payload as string)).toMatchObject({
      uuid: message.payload,
      subject: "Chat",
      created_at: "2026-11-02T10:00:00Z",
      parties: [
        { role: "customer", name: "Carol Carter", tel: "+12025550101", mailto: "carol@example.com" },
        { role: "agent", name: "Alice Archer" },
      ],
      dialog: [
        {
          type: "text",
          start: "2026-11-02T10:00:00Z",
          parties: [0, 1],
          mediatype: "text/plain",
          encoding: "none",
          body: "Is my kettle part of the recall?",
        },
        { type: "text", start: "2026-11-02T10:00:20Z", parties: [1, 0], body: "It is." },
      ],
    });
  });

  it("writes no member that has nothing to say", async () => {
    const { customer: _, ...payload } = chat();
    const vcon = await made({ subject: "" }, payload);
    expect(vcon.parties![0]).toEqual({ role: "customer" });
    expect(vcon).not.toHaveProperty("subject");
  });

  it.each([
    ["role", "agent"],
    ["name", "Alice Archer"],
    ["e-mail", "alice@example.com"],
    ["telephone", "+12025550102"],
  ])("knows the sender by %s", async (_, from) => {
    const agent = { ...(create["parties"] as object[])[1], tel: "+12025550102", mailto: "alice@example.com" };
    const vcon = await made(
      { parties: [(create["parties"] as object[])[0], agent] },
      { ...chat(), messages: [{ from, text: "Good morning." }] },
    );
    expect(vcon.dialog![0]!.parties).toEqual([1, 0]);
  });

  it("does not put words into the mouth of a party where the sender is somebody else", async () => {
    const vcon = await made({}, { ...chat(), messages: [{ from: "a bot", text: "How may I help?" }] });
    // The first of a dialog's parties is the one that it comes from.
    expect(vcon.dialog![0]).not.toHaveProperty("parties");
    expect(vcon.dialog![0]!.body).toBe("How may I help?");
  });

  it("takes messages from an expression", async () => {
    const vcon = await made(
      {
        messages: 'payload.lines.{"body": $, "who": "agent"}[]',
        messagesType: "jsonata",
        messageText: "body",
        messageSender: "who",
      },
      { id: "by lines", lines: ["one", "two"] },
    );
    expect(vcon.dialog).toMatchObject([
      { body: "one", parties: [1, 0] },
      { body: "two", parties: [1, 0] },
    ]);
  });

  it("writes numbers as text", async () => {
    const vcon = await made({}, { ...chat(), messages: [{ from: "agent", text: 200 }] });
    expect(vcon.dialog![0]!.body).toBe("200");
  });

  it("makes a vCon without dialogs of no messages", async () => {
    const vcon = await made({}, { ...chat(), messages: [] });
    expect(vcon.dialog ?? []).toEqual([]);
    expect(vcon.parties).toHaveLength(2);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["a text", "Good morning."],
    ["an object", { text: "Good morning." }],
    ["a list of texts", ["Good morning."]],
    ["a list with a null in it", [{ text: "Good morning." }, null]],
    ["a list of lists", [["Good morning."]]],
    ["a message whose text is an object", [{ from: "customer", text: { html: "Good morning." } }]],
  ])("refuses %s where the messages belong", async (_, messages) => {
    const error = await refused({}, { ...chat(), messages });
    expect(error.code).toBe("BAD_INPUT");
    expect(JSON.stringify(error)).not.toContain("Good morning");
  });
});

describe("the times", () => {
  it.each<[unknown, string]>([
    ["2026-11-02T10:00:00+02:00", "2026-11-02T08:00:00.000Z"],
    ["Mon, 02 Nov 2026 10:00:00 +0000", "2026-11-02T10:00:00.000Z"],
    [1793613600, "2026-11-02T10:00:00.000Z"],
    [1793613600000, "2026-11-02T10:00:00.000Z"],
    [new Date("2026-11-02T10:00:00Z"), "2026-11-02T10:00:00.000Z"],
  ])("are read from %s", async (at, expected) => {
    const vcon = await made(
      {},
      { ...chat(), started_at: at, messages: [{ from: "agent", at, text: "Hello." }] },
    );
    for (const date of [vcon.created_at, vcon.dialog![0]!.start!]) {
      expect(new Date(date).toISOString()).toBe(expected);
    }
  });

  it("are now where nothing says otherwise, and a message's is the conversation's", async () => {
    const begun = Date.now();
    const vcon = await made({ began: "", beganType: "str" }, { ...chat(), messages: [{ text: "Hello." }] });
    expect(Date.parse(vcon.created_at)).toBeGreaterThanOrEqual(begun - 1);
    expect(Date.parse(vcon.created_at)).toBeLessThanOrEqual(Date.now());
    expect(vcon.dialog![0]!.start).toBe(vcon.created_at);
  });

  it.each<[string, unknown]>([
    ["a word", "yesterday"],
    ["a day that does not exist", "2026-13-45T10:00:00Z"],
    ["an object", { date: "2026-11-02" }],
    ["a Date that is none", new Date("yesterday")],
  ])("are refused where they are %s", async (_, at) => {
    expect(await refused({}, { ...chat(), started_at: at })).toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining('"Began at"'),
    });
    expect(await refused({}, { ...chat(), messages: [{ at, text: "Hello." }] })).toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining('"Time member"'),
    });
  });
});

describe("a conversation that comes twice", () => {
  it("makes one vCon, the first, and one event", async () => {
    const payload = chat();
    const first = await sent({}, { payload });
    const second = await sent({}, { payload: { ...payload, messages: [] } });
    expect(second.message.payload).toBe(first.message.payload);
    const uuid = first.message.payload as string;
    expect(((await store.get(uuid)) as Vcon).dialog).toHaveLength(2);
    expect(await store.trail(uuid)).toMatchObject([
      { event: "vcon_created", node: { id: "create", type: "vcon-create" } },
    ]);
  });

  it("makes one vCon also when both come at the same moment", async () => {
    const payload = chat();
    await nodeRed.deploy([storeNode, create, ...ends]);
    const arrivals = await Promise.all([1, 2, 3].map(() => nodeRed.through("create", { payload })));
    expect(new Set(arrivals.map(({ message }) => message.payload)).size).toBe(1);
    expect(await store.trail(arrivals[0]!.message.payload as string)).toHaveLength(1);
  });

  it("makes two where two systems name theirs the same", async () => {
    const payload = chat();
    await nodeRed.deploy([storeNode, create, { ...create, id: "other", source: "mail" }, ...ends]);
    const [one, other] = [
      await nodeRed.through("create", { payload }),
      await nodeRed.through("other", { payload }),
    ];
    expect([one.at, other.at]).toEqual(["out", "out"]);
    expect(other.message.payload).not.toBe(one.message.payload);
  });

  it("makes two where the conversation has no name", async () => {
    const payload = { ...chat(), id: "" };
    const [one, other] = [await made({}, payload), await made({}, payload)];
    expect(one.uuid).not.toBe(other.uuid);
  });

  it("is refused where the name is no text, since two could not be told apart", async () => {
    expect(await refused({}, { ...chat(), id: { chat: 1 } })).toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringContaining('"Conversation"'),
    });
  });

  it("makes its vCon after an attempt that failed", async () => {
    const payload = chat();
    await refused({}, { ...payload, messages: "none" });
    expect((await made({}, payload)).dialog).toHaveLength(2);
  });
});

describe("create vCon of a text", () => {
  const settings = { content: "text" };

  it("makes one dialog of all parties", async () => {
    const vcon = await made(settings, { ...chat(), body: "Dear Alice,\n…" });
    expect(vcon.dialog).toEqual([
      {
        type: "text",
        start: "2026-11-02T10:00:00Z",
        parties: [0, 1],
        mediatype: "text/plain",
        encoding: "none",
        body: "Dear Alice,\n…",
      },
    ]);
  });

  it.each<[string, string]>([
    ["1 MB", "Ünïcödé ".repeat(125_000)],
    ["none", ""],
    ["a NUL and a lone surrogate", "a\0b\ud800c"],
  ])("keeps it as it is: %s", async (_, body) => {
    expect((await made(settings, { ...chat(), body })).dialog![0]!.body).toBe(body);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["an object", { text: "secret" }],
    ["a Buffer", Buffer.from("secret")],
  ])("refuses %s", async (_, body) => {
    const error = await refused(settings, { ...chat(), body });
    expect(error).toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining('"From"') });
    expect(JSON.stringify(error)).not.toContain("secret");
  });
});

describe("create vCon of a recording", () => {
  const settings = { content: "recording" };
  const recording = async (body: unknown): Promise<Dialog> =>
    (await made(settings, { ...chat(), body })).dialog![0]!;

  it("keeps a Buffer's bytes", async () => {
    const audio = recordingFile("01-kettle-recall.mp3");
    const dialog = await recording(audio);
    expect(dialog).toMatchObject({ type: "recording", mediatype: "audio/x-mp3", encoding: "base64url" });
    expect(dialog.body).toBe(audio.toString("base64url"));
  });

  it("keeps an https address", async () => {
    const url = "https://recordings.example.com/1.mp3";
    const dialog = await recording(url);
    expect(dialog).toMatchObject({ type: "recording", url });
    expect(dialog).not.toHaveProperty("body");
  });

  it.each<[string, unknown]>([
    ["an address that is not https", "http://recordings.example.com/1.mp3"],
    ["half an address", "https://"],
    ["a path", "/etc/passwd"],
    ["no bytes", Buffer.alloc(0)],
    ["nothing", undefined],
    ["an object", { data: [1, 2] }],
  ])("refuses %s", async (_, body) => {
    const error = await refused(settings, { ...chat(), body });
    expect(error).toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining('"From"') });
    expect(error.message).not.toMatch(/example\.com|passwd/);
  });
});

describe("create vCon", () => {
  it("of nothing makes the parties alone", async () => {
    const vcon = await made({ content: "nothing" }, chat());
    expect(vcon.dialog ?? []).toEqual([]);
    expect(vcon.parties).toHaveLength(2);
  });

  it("notes where the conversation came from", async () => {
    const begun = Date.now();
    const { attachments } = await made({}, chat());
    expect(attachments).toMatchObject([
      {
        purpose: "ingress_info",
        start: "2026-11-02T10:00:00Z",
        party: 0,
        dialog: 0,
        mediatype: "application/json",
        encoding: "json",
        body: { source: "web chat", converted_at: expect.any(String) },
      },
    ]);
    const { converted_at } = attachments![0]!.body as { converted_at: string };
    expect(Date.parse(converted_at)).toBeGreaterThanOrEqual(begun - 1);
  });

  it("is found by its parties", async () => {
    const payload = chat();
    payload.customer.tel = "(202) 555-0177";
    const { uuid } = await made({}, payload);
    expect(await store.find({ tel: "+1 202 555 0177" })).toEqual([uuid]);
  });

  it.each([
    ["an expression that can't be read", { subject: "payload.(", subjectType: "jsonata" }, '"Subject"'],
    ["an expression that fails", { subject: '$number("many")', subjectType: "jsonata" }, '"Subject"'],
    ["one in a row", { parties: [{ role: "customer", name: "payload.(", nameType: "jsonata" }] }, '"Name"'],
  ])("names the field whose expression is wrong: %s", async (_, settings, field) => {
    const error = await refused(settings, chat());
    expect(error.message).toContain(field);
    expect(error.code).not.toBe("UNEXPECTED");
    expect(error.message).not.toContain("many");
  });

  it.each([undefined, null, "", 7, true, [], "a text"])("survives a payload of %j", async (payload) => {
    const { at, message } = await sent({}, { payload });
    expect(at).toBe("failure");
    expect(message.error!.code).toBe("BAD_INPUT");
  });
});
