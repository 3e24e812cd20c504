import { describe, expect, it } from "vitest";
import { addAnalysis, addAttachment, type Vcon } from "../../../core/index.ts";
import { ends } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, inline, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** What the node puts on the message. */
async function read(vcon: Vcon, parts: string[], more: object = {}) {
  await nodeRed.deploy([
    storeNode,
    { id: "read", type: "vcon-read", store: "store", parts, ...more, wires: [["out"]] },
    ...ends,
  ]);
  const payload = await stored(store, vcon);
  const { at, message } = await nodeRed.through("read", { payload, topic: "kept" });
  expect(at, message.error?.message ?? "").toBe("out");
  expect(message).toMatchObject({ payload, topic: "kept" });
  expect(await store.get(payload)).toEqual(vcon);
  expect(await store.trail(payload)).toEqual([]);
  return message;
}

/** The least that a body must have to count as large is 64 kB. */
const long = "Good morning. ".repeat(10_000).trim();
const audio = Buffer.alloc(200_000, "audio");

function full(): Vcon {
  const vcon = chat("Good morning.", "Hello.");
  vcon.subject = "Kettle";
  vcon.extensions = ["wtf_transcription"];
  vcon["x_custom"] = { kept: true };
  for (const [dialog, text] of [
    [0, "One."],
    [1, "Two."],
  ] as const) {
    addAnalysis(vcon, { type: "transcript", vendor: "example", dialog, encoding: "json", body: { text } });
  }
  addAnalysis(vcon, {
    type: "summary",
    vendor: "example",
    dialog: [0, 1],
    encoding: "none",
    body: "A kettle.",
  });
  addAttachment(vcon, {
    purpose: "tags",
    encoding: "json",
    body: ["topic:recall", "link:https://example.com/"],
  });
  addAttachment(vcon, { purpose: "note", encoding: "none", body: "x" });
  return vcon;
}

describe("read vCon", () => {
  it("puts the parts on the message that are asked for, each by its name", async () => {
    const vcon = full();
    const { parties, dialog, analysis, attachments, ...head } = vcon;
    const { uuid } = vcon;
    expect((await read(vcon, ["head"]))["vcon"]).toEqual(head);
    expect((await read(full(), ["parties"]))["vcon"]).toMatchObject({ parties });
    const expected: [string, object][] = [
      ["parties", { uuid, parties }],
      ["dialog", { uuid, dialog }],
      ["analysis", { uuid, analysis }],
      ["attachments", { uuid, attachments }],
      ["transcript", { uuid, transcript: "One.\nTwo." }],
      ["tags", { uuid, tags: { topic: "recall", link: "https://example.com/" } }],
    ];
    for (const [part, shown] of expected) expect((await read(vcon, [part]))["vcon"]).toEqual(shown);
  });

  it("puts them all on the message", async () => {
    const vcon = full();
    const parts = ["head", "parties", "dialog", "analysis", "attachments", "transcript", "tags"];
    expect((await read(vcon, parts))["vcon"]).toEqual({
      ...vcon,
      transcript: "One.\nTwo.",
      tags: { topic: "recall", link: "https://example.com/" },
    });
  });

  it("puts what is not there on it as empty", async () => {
    const vcon = chat();
    vcon.parties = [];
    expect(
      (await read(vcon, ["parties", "dialog", "analysis", "attachments", "transcript", "tags"]))["vcon"],
    ).toEqual({
      uuid: vcon.uuid,
      parties: [],
      dialog: [],
      analysis: [],
      attachments: [],
      transcript: "",
      tags: {},
    });
  });

  it("puts it into the property that the node names, also a nested one", async () => {
    const vcon = full();
    expect(await read(vcon, ["transcript"], { property: "call" })).toMatchObject({
      call: { transcript: "One.\nTwo." },
    });
    const nested = await read(full(), ["transcript"], { property: "customer.calls.last" });
    expect(nested).toMatchObject({ customer: { calls: { last: { transcript: "One.\nTwo." } } } });
    expect(nested).not.toHaveProperty("vcon");
  });

  it.each([
    ["can't be one", "a..b["],
    ["lies below the UUID", "payload.vcon"],
  ])("names a property that %s", async (_, property) => {
    await nodeRed.deploy([
      storeNode,
      { id: "read", type: "vcon-read", store: "store", parts: ["head"], property, wires: [["out"]] },
      ...ends,
    ]);
    const { message } = await nodeRed.through("read", { payload: await stored(store, chat()) });
    expect(message.error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining(`msg.${property} can't be set`),
    });
  });

  it("has the tags as they are, in each of the forms in use", async () => {
    const list = ["a:1", "b:2:3", "bare"];
    const object = { a: "1", b: "2:3", bare: "" };
    for (const attachment of [
      { purpose: "tags", encoding: "json", body: list },
      { purpose: "tags", encoding: "json", body: object },
      { purpose: "tags", encoding: "json", body: JSON.stringify(list) },
      { type: "tags", encoding: "none", body: JSON.stringify(object) },
    ]) {
      const vcon = chat();
      vcon.attachments = [attachment, { purpose: "tags" }];
      expect((await read(vcon, ["tags"]))["vcon"]).toMatchObject({ tags: { a: "1", b: "2:3", bare: "" } });
    }
  });
});

describe("a body above 64 kB", () => {
  function large(): Vcon {
    const vcon = call({ ...inline(audio), filename: "1.mp3" }, inline(Buffer.from("short")));
    addAnalysis(vcon, {
      type: "transcript",
      vendor: "example",
      dialog: 0,
      encoding: "json",
      body: { text: long },
    });
    addAttachment(vcon, { purpose: "document", encoding: "none", body: long });
    return vcon;
  }

  it("is left out, the rest of its element is not", async () => {
    const shown = (await read(large(), ["dialog", "analysis", "attachments"]))["vcon"] as Vcon;
    const { body: _, ...recording } = large().dialog![0]!;
    expect(shown.dialog).toEqual([recording, large().dialog![1]]);
    expect(shown.analysis![0]).toMatchObject({ type: "transcript", vendor: "example" });
    expect(shown.attachments![0]).toMatchObject({ purpose: "document" });
    for (const element of [shown.analysis![0], shown.attachments![0]])
      expect(element).not.toHaveProperty("body");
  });

  it("comes along where the node wants it", async () => {
    const vcon = large();
    const { dialog, analysis, attachments } = vcon;
    expect((await read(vcon, ["dialog", "analysis", "attachments"], { large: true }))["vcon"]).toMatchObject({
      dialog,
      analysis,
      attachments,
    });
  });

  it("is read where it holds tags", async () => {
    const vcon = chat();
    addAttachment(vcon, { purpose: "tags", encoding: "json", body: ["topic:recall", `long:${long}`] });
    expect((await read(vcon, ["tags"]))["vcon"]).toMatchObject({ tags: { topic: "recall", long } });
  });

  it("is part of the transcript either way", async () => {
    expect((await read(large(), ["transcript"]))["vcon"]).toMatchObject({ transcript: long });
  });
});
