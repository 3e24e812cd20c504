/** What every node does with a message: finds the UUID, passes the rest on, and ends it once. */
import { beforeAll, describe, expect, it } from "vitest";
import { newUuid } from "../../../core/index.ts";
import { ends, type FlowNode, type Message, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let uuid: string;
beforeAll(async () => {
  uuid = await stored(store, chat("Good morning."));
});

const read: FlowNode = {
  id: "read",
  type: "vcon-read",
  store: "store",
  parts: ["parties"],
  wires: [["out"]],
};
const complete: FlowNode = { id: "complete", type: "complete", scope: ["read"], wires: [["completed"]] };

const deploy = (settings: object = {}) =>
  nodeRed.deploy([storeNode, { ...read, ...settings }, ...ends, complete, sink("completed")]);

describe("the UUID", () => {
  it.each([
    ["bare", (it: string) => it],
    ["as vcon:", (it: string) => `vcon:${it}`],
    ["as urn:uuid:", (it: string) => `urn:uuid:${it}`],
    ["in capitals", (it: string) => it.toUpperCase()],
    ["with blanks around it", (it: string) => ` ${it}\n`],
  ])("is taken %s", async (_, written) => {
    await deploy();
    const { at, message } = await nodeRed.through("read", { payload: written(uuid) });
    expect(at).toBe("out");
    expect(message).toMatchObject({ payload: written(uuid), vcon: { uuid } });
  });

  it("is taken from the property that the node names", async () => {
    await deploy({ uuid: "call.id", uuidType: "msg" });
    const { message } = await nodeRed.through("read", { payload: "something else", call: { id: uuid } });
    expect(message).toMatchObject({ payload: "something else", call: { id: uuid }, vcon: { uuid } });
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "nothing"],
    ["null", null, "nothing"],
    ["an empty text", "", "an empty text"],
    ["another text", "a customer's words", "a text of 18 characters"],
    ["a UUID that is too short", "01928374-0000-8000-8000-00000000000", "a text of 35 characters"],
    ["a UUID in a sentence", `see ${newUuid()}`, "a text of 40 characters"],
    ["a number", 20255501, "a number"],
    ["a list", ["a customer's words"], "a list"],
    ["a Buffer", Buffer.from("a customer's words"), "a buffer"],
    ["an object", { text: "a customer's words" }, "an object"],
    ["a truth value", true, "a boolean"],
  ])(
    "is missed where %s comes, and the error names the kind without quoting it",
    async (_, payload, kind) => {
      await deploy();
      const { at, message } = await nodeRed.through("read", { payload });
      expect(at).toBe("failure");
      expect(message.error).toMatchObject({ code: "NO_UUID" });
      expect(message.error!.message).toContain(`msg.payload holds ${kind} `);
      expect(JSON.stringify(message.error)).not.toMatch(/words|20255501|01928374/);
    },
  );

  it("is missed where the property that the node names lies below nothing", async () => {
    await deploy({ uuid: "call.id", uuidType: "msg" });
    const { message } = await nodeRed.through("read", { payload: uuid });
    expect(message.error).toMatchObject({
      code: "NO_UUID",
      message: expect.stringContaining("msg.call.id holds nothing"),
    });
  });

  it("that no vCon in the store has is named in the error", async () => {
    await deploy({ parts: ["head"] });
    const unknown = newUuid();
    const { message } = await nodeRed.through("read", { payload: unknown });
    expect(message.error).toMatchObject({
      code: "VCON_NOT_FOUND",
      message: expect.stringContaining(unknown),
    });
  });
});

describe("a message", () => {
  const passenger: Message = { topic: "chat", _session: { id: 7 }, nested: { list: [1, { two: 2 }] } };

  it("keeps its other properties", async () => {
    await deploy();
    const { message } = await nodeRed.through("read", { ...passenger, payload: uuid });
    expect(message).toMatchObject({ ...passenger, payload: uuid });
  });

  it("comes to a Catch node as it was, with the error and its code", async () => {
    await deploy();
    const { message } = await nodeRed.through("read", { ...passenger, payload: "none" });
    const { error, _msgid, ...rest } = message;
    expect(rest).toEqual({ ...passenger, payload: "none" });
    expect(error).toMatchObject({ source: { id: "read", type: "vcon-read" }, code: "NO_UUID" });
  });

  it("that goes through ends once, at the Complete node", async () => {
    await deploy();
    await nodeRed.through("read", { payload: uuid });
    expect(await nodeRed.next("completed")).toMatchObject({ payload: uuid });
    await nodeRed.through("read", { payload: uuid });
    await nodeRed.next("completed");
    expect(nodeRed.received("completed")).toEqual([]);
    expect(nodeRed.received("failure")).toEqual([]);
  });

  it("that fails ends once, at the Catch node, and not at the Complete node", async () => {
    await deploy();
    await nodeRed.through("read", { payload: "none" });
    // What is sent now would come after anything that the first message still caused.
    await nodeRed.through("read", { payload: uuid });
    await nodeRed.next("completed");
    for (const id of ["out", "failure", "completed"]) expect(nodeRed.received(id)).toEqual([]);
  });

  it("is one of many that each arrive once", async () => {
    await deploy();
    const topics = Array.from({ length: 500 }, (_, index) => index);
    const arrivals = await Promise.all(
      topics.map((topic) => nodeRed.through("read", { topic, payload: topic % 10 === 3 ? "none" : uuid })),
    );
    for (const { at, message } of arrivals) {
      expect(at).toBe((message["topic"] as number) % 10 === 3 ? "failure" : "out");
    }
    expect(arrivals.map(({ message }) => message["topic"])).toEqual(topics);
    expect(nodeRed.received("out")).toEqual([]);
    expect(nodeRed.received("failure")).toEqual([]);
  });

  describe("that nests too deep to be copied", () => {
    let deep: object = {};
    for (let level = 0; level < 50_000; level++) deep = { deep };
    const flow = [
      storeNode,
      { ...read, wires: [["out", "other"]] },
      ...ends,
      complete,
      sink("completed"),
      sink("other"),
    ];

    it.each([
      ["for a second wire and a Catch node", () => uuid],
      ["for a Catch node", () => "none"],
    ])("%s ends nothing but itself, and is told in the log", async (_, payload) => {
      await nodeRed.deploy(flow);
      nodeRed.log.length = 0;
      nodeRed.send("read", { payload: payload(), deep });
      await expect.poll(() => nodeRed.log.map(({ id }) => id)).toContain("read");
      expect(await nodeRed.through("read", { payload: uuid })).toMatchObject({ message: { vcon: { uuid } } });
    });

    it("for a Complete node goes through", async () => {
      await nodeRed.deploy([storeNode, read, sink("out"), complete, sink("completed")]);
      nodeRed.send("read", { payload: uuid, deep });
      expect(await nodeRed.next("out")).toMatchObject({ vcon: { uuid } });
      expect(await nodeRed.through("read", { payload: uuid })).toMatchObject({ message: { vcon: { uuid } } });
    });
  });
});
