/** What every node does with a flow file that is not in order: it says what is wrong, and does nothing. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, inline, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let uuid: string;
beforeAll(async () => {
  delete process.env["DEEPGRAM_API_KEY"];
  uuid = await stored(store, chat("A recall of kettles."));
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith("VCON_TEST_")) delete process.env[name];
});

const variable = (name: string) => `$\{${name}}`;
const find: FlowNode = {
  id: "node",
  type: "vcon-find-text",
  store: "store",
  words: ["recall"],
  where: "anything",
  wires: [["out"], ["out"]],
};
const account: FlowNode = { id: "account", type: "vcon-deepgram", url: "http://127.0.0.1:9" };
const transcribe: FlowNode = {
  id: "node",
  type: "vcon-transcribe",
  store: "store",
  vendor: "deepgram",
  deepgram: "account",
  wires: [["out"]],
};

/** Deploys and sends; gives what became of it. */
async function outcome(nodes: FlowNode[]) {
  await nodeRed.deploy([...nodes, ...ends]);
  return nodeRed.through("node", { payload: uuid });
}

describe("a field that can't be used is named, and every message fails", () => {
  const nodes: [string, FlowNode[], RegExp][] = [
    ["no store chosen", [{ ...find, store: "" }], /"Store" is not set/],
    ["the store deleted", [find], /"Store" is not set, or its node was deleted/],
    ["the store disabled", [{ ...storeNode, d: true }, find], /"Store" is not set/],
    ["a config node of another kind as the store", [account, { ...find, store: "account" }], /"Store"/],
    ["another node as the store", [storeNode, { ...find, store: "out" }], /"Store"/],
    ["no account", [storeNode, { ...transcribe, deepgram: "" }], /"Account" is not set/],
    ["an account of another vendor", [storeNode, { ...transcribe, deepgram: "store" }], /"Account"/],
    ["a required list empty", [storeNode, { ...find, words: [] }], /"Words" is not set/],
    ["a required list that holds nothing but blanks", [storeNode, { ...find, words: ["", " "] }], /"Words"/],
    ["a text where a list belongs", [storeNode, { ...find, words: "recall" }], /"Words" is not a list/],
    ["a choice that does not exist", [storeNode, { ...find, where: "nowhere" }], /"In" holds a value/],
    ["a choice by the name of a method", [storeNode, { ...find, where: "toString" }], /"In" holds a value/],
    [
      "a number that is none",
      [storeNode, account, { ...transcribe, atOnce: "many" }],
      /"At once" is not a number/,
    ],
    [
      "a number out of range",
      [storeNode, account, { ...transcribe, atOnce: 0 }],
      /"At once" is not a number/,
    ],
    [
      "a time limit that ends at once",
      [storeNode, account, { ...transcribe, timeLimit: "" }],
      /"Time limit" is not a number/,
    ],
    ["no model", [storeNode, account, { ...transcribe, deepgramModel: "" }], /"Model" is not set/],
    [
      "no parts to read",
      [storeNode, { id: "node", type: "vcon-read", store: "store", parts: [], wires: [["out"]] }],
      /"Parts" is not set/,
    ],
  ];

  it.each(nodes)("%s", async (_, flow, words) => {
    const { at, message } = await outcome(flow);
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({ code: "NOT_CONFIGURED", message: expect.stringMatching(words) });
    expect(message.payload).toBe(uuid);
    expect(nodeRed.status("node")).toEqual({ fill: "red", shape: "ring", text: "not configured" });
  });
});

describe("an environment variable", () => {
  it("that nobody set is named, in a config node", async () => {
    const { message } = await outcome([{ ...storeNode, url: variable("VCON_TEST_STORE") }, find]);
    expect(message.error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining('"URL" names the environment variable VCON_TEST_STORE'),
    });
  });

  it("that nobody set is named, inside a text", async () => {
    const url = `sqlite:${variable("VCON_TEST_STORE")}.sqlite`;
    const { message } = await outcome([{ ...storeNode, url }, find]);
    expect(message.error!.message).toContain("VCON_TEST_STORE");
  });

  it("that is empty counts as one that nobody set", async () => {
    process.env["VCON_TEST_STORE"] = "";
    const url = `sqlite:${variable("VCON_TEST_STORE")}`;
    const { message } = await outcome([{ ...storeNode, url }, find]);
    expect(message.error!.message).toContain("VCON_TEST_STORE");
  });

  it("that nobody set is named, in a node's own field and in a list", async () => {
    const { message } = await outcome([storeNode, { ...find, words: [variable("VCON_TEST_WORD")] }]);
    expect(message.error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining('"Words" names the environment variable VCON_TEST_WORD'),
    });
  });

  it("that nobody set is named where a credential would come from it", async () => {
    await nodeRed.deploy([storeNode, account, transcribe, ...ends]);
    const payload = await stored(store, call(inline(Buffer.from("ID3"))));
    const { message } = await nodeRed.through("node", { payload });
    expect(message.error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("DEEPGRAM_API_KEY"),
    });
  });

  it("takes effect whole, in a part of a text, and in a list", async () => {
    process.env["VCON_TEST_STORE"] = "sqlite:test.sqlite";
    process.env["VCON_TEST_NAME"] = "test";
    process.env["VCON_TEST_WORD"] = "kettles";
    const word = { ...find, words: [variable("VCON_TEST_WORD")], wires: [["out"], []] };
    for (const url of [variable("VCON_TEST_STORE"), `sqlite:${variable("VCON_TEST_NAME")}.sqlite`]) {
      const { at } = await outcome([{ ...storeNode, url }, word]);
      expect(at).toBe("out");
    }
  });
});

describe("a store's URL that can't be used", () => {
  it.each([["redi://user:very-secret@host"], ["sqlite:"], ["/var/lib/very-secret.sqlite"]])(
    "%s fails every message, without quoting it",
    async (url) => {
      const { at, message } = await outcome([{ ...storeNode, url }, find]);
      expect(at).toBe("failure");
      expect(message.error!.code).toBe("STORE_URL_MALFORMED");
      expect(JSON.stringify([message.error, nodeRed.log])).not.toContain("very-secret");
    },
  );
});

describe("a flow file that lacks a property", () => {
  it("means the default, as a node that was placed before the property existed", async () => {
    await nodeRed.deploy([
      storeNode,
      { ...account, url: undefined },
      { ...transcribe, vendor: undefined },
      ...ends,
    ]);
    // The chat has no recording, so that nothing is sent to the account that the default vendor names.
    expect(await nodeRed.through("node", { payload: uuid })).toMatchObject({ at: "out" });
  });

  it("means the default also where other fields depend on it", async () => {
    await nodeRed.deploy([storeNode, { ...transcribe, vendor: undefined, deepgram: "" }, ...ends]);
    const { message } = await nodeRed.through("node", { payload: uuid });
    expect(message.error!.message).toContain('"Account" is not set');
  });
});
