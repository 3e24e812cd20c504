import { describe, expect, it } from "vitest";
import type { Vcon } from "../../../core/index.ts";
import { ends, type Message } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

type Row = { name: string; nameType: string; value: string; valueType: string };
const row = (name: string, value: string, valueType = "str"): Row => ({
  name,
  nameType: "str",
  value,
  valueType,
});

const deploy = (...tags: Row[]) =>
  nodeRed.deploy([
    storeNode,
    { id: "tag", type: "vcon-tag", store: "store", tags, wires: [["out"]] },
    ...ends,
  ]);

/** The tags attachments of the vCon after it went through. */
async function tagged(payload: string, message: Message = {}) {
  const { at, message: sent } = await nodeRed.through("tag", { ...message, payload });
  expect(at, sent.error?.message ?? "").toBe("out");
  return ((await store.get(payload)) as Vcon).attachments;
}

describe("tag", () => {
  it("puts tags on a vCon, as one attachment", async () => {
    await deploy(row("topic", "recall"), row("queue", "support"));
    const payload = await stored(store, chat("Good morning."));
    expect(await tagged(payload)).toEqual([
      {
        purpose: "tags",
        start: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        party: 0,
        dialog: 0,
        mediatype: "application/json",
        encoding: "json",
        body: ["topic:recall", "queue:support"],
      },
    ]);
  });

  it("takes names and values from the message and from expressions", async () => {
    await deploy(
      { name: "call.kind", nameType: "msg", value: "call.value", valueType: "msg" },
      row("words", "$count(call.words)", "jsonata"),
      row("answered", "call.answered", "msg"),
    );
    const payload = await stored(store, chat());
    const call = { kind: "topic", value: "safety: urgent", words: ["a", "b"], answered: false };
    const attachments = await tagged(payload, { call });
    expect(attachments![0]!.body).toEqual(["topic:safety: urgent", "words:2", "answered:false"]);
  });

  it("writes an object as its JSON, and nothing where there is no value", async () => {
    await deploy(
      row("from", "call.from", "msg"),
      row("list", "call.list", "msg"),
      row("gone", "call.gone", "msg"),
      row("void", "call.void", "msg"),
    );
    const payload = await stored(store, chat());
    const attachments = await tagged(payload, { call: { from: { name: "x" }, list: [1, 2], void: null } });
    expect(attachments![0]!.body).toEqual(['from:{"name":"x"}', "list:[1,2]", "gone:", "void:"]);
  });

  it("adds a tag once, however often the vCon comes, and writes one event", async () => {
    await deploy(row("topic", "recall"));
    const payload = await stored(store, chat());
    await tagged(payload);
    const once = await store.get(payload);
    expect(await tagged(payload)).toMatchObject([{ body: ["topic:recall"] }]);
    expect(await store.get(payload)).toEqual(once);
    expect(await store.trail(payload)).toMatchObject([
      { event: "vcon_enhanced", added: ["attachments:tags"], node: { id: "tag", type: "vcon-tag" } },
    ]);
  });

  it("adds a tag once also where one node names it twice, or many messages come at the same moment", async () => {
    await deploy(row("topic", "recall"), row("topic", "recall"));
    const payload = await stored(store, chat());
    await Promise.all([1, 2, 3, 4].map(() => tagged(payload)));
    expect(await tagged(payload)).toMatchObject([{ body: ["topic:recall"] }]);
  });

  it("keeps the tags that are there, and another value of the same name", async () => {
    await deploy(row("topic", "recall"));
    const payload = await stored(store, chat());
    await tagged(payload);
    await deploy(row("topic", "refund"));
    expect(await tagged(payload)).toMatchObject([{ body: ["topic:recall", "topic:refund"] }]);
  });

  it("leaves everything else as it was", async () => {
    await deploy(row("topic", "recall"));
    const vcon = chat("Good morning.");
    const payload = await stored(store, vcon);
    await tagged(payload);
    const { attachments: _, updated_at, ...rest } = (await store.get(payload)) as Vcon;
    expect(rest).toEqual(vcon);
    expect(Date.parse(updated_at!)).toBeGreaterThan(Date.parse(vcon.created_at));
  });

  it.each<[string, Row, Message]>([
    ["has a colon in it", row("a:b", "x"), {}],
    ["is empty", row("", "x"), {}],
    ["is missing in the message", { ...row("call.name", "x"), nameType: "msg" }, {}],
    ["is no text", { ...row("call", "x"), nameType: "msg" }, { call: { name: "secret" } }],
  ])("refuses a name that %s, and adds nothing", async (_, wrong, message) => {
    await deploy(row("fine", "x"), wrong);
    const vcon = chat();
    const payload = await stored(store, vcon);
    const { at, message: failed } = await nodeRed.through("tag", { ...message, payload });
    expect(at).toBe("failure");
    expect(failed.error).toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining("tag's name") });
    expect(failed.error!.message).not.toContain("secret");
    expect(await store.get(payload)).toEqual(vcon);
  });
});
