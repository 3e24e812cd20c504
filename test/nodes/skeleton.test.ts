import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, sink, startNodeRed, type TestNodeRed } from "../support/node-red.ts";

let nodeRed: TestNodeRed;
beforeAll(async () => {
  nodeRed = await startNodeRed();
});
afterAll(() => nodeRed.stop());

const flow: FlowNode[] = [
  { id: "store", type: "vcon-store", url: "sqlite:skeleton.sqlite" },
  {
    id: "create",
    type: "vcon-create",
    store: "store",
    conversation: "payload.id",
    conversationType: "msg",
    content: "messages",
    parties: [
      { role: "customer", name: "payload.customer", nameType: "msg" },
      { role: "agent", name: "Alice Archer", nameType: "str" },
    ],
    wires: [["find"]],
  },
  {
    id: "find",
    type: "vcon-find-text",
    store: "store",
    words: ["recall"],
    where: "anything",
    wires: [["read"], ["other"]],
  },
  { id: "read", type: "vcon-read", store: "store", parts: ["parties", "dialog"], wires: [["seen"]] },
  sink("seen"),
  sink("other"),
  { id: "caught", type: "catch", scope: null, wires: [["failure"]] },
  sink("failure"),
];

const chat = (id: string, text: string) => ({
  payload: {
    id,
    customer: "Carol Carter",
    messages: [{ from: "customer", at: "2026-11-02T10:00:00Z", text }],
  },
  topic: "chat",
});

describe("the walking skeleton", () => {
  it("creates, finds and reads a conversation, and carries only its UUID", async () => {
    await nodeRed.deploy(flow);
    nodeRed.send("create", chat("1", "Is my kettle part of the Recall?"));
    const seen = await nodeRed.next("seen");
    expect(seen.payload).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen.topic).toBe("chat");
    expect(seen.vcon).toMatchObject({
      uuid: seen.payload,
      parties: [{ name: "Carol Carter", role: "customer" }, { name: "Alice Archer" }],
      dialog: [{ type: "text", parties: [0, 1], body: "Is my kettle part of the Recall?" }],
    });
  });

  it("sends a conversation without the word to the other output", async () => {
    await nodeRed.deploy(flow);
    nodeRed.send("create", chat("2", "I don't recollect my password."));
    expect((await nodeRed.next("other")).payload).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("makes one vCon of a conversation that comes twice", async () => {
    await nodeRed.deploy(flow);
    nodeRed.send("create", chat("3", "a recall"));
    const first = await nodeRed.next("seen");
    nodeRed.send("create", chat("3", "a recall"));
    expect((await nodeRed.next("seen")).payload).toBe(first.payload);
  });

  it("says what came instead of a UUID, and leaves the message as it was", async () => {
    await nodeRed.deploy(flow);
    nodeRed.send("find", { payload: { secret: "words of a customer" }, topic: "kept" });
    const failure = await nodeRed.next("failure");
    expect(failure).toMatchObject({ payload: { secret: "words of a customer" }, topic: "kept" });
    expect(failure.error).toMatchObject({
      message: expect.stringContaining("msg.payload holds an object"),
      code: "NO_UUID",
    });
    expect(JSON.stringify(failure.error)).not.toContain("words of a customer");
  });

  it("names the vCon that is not in the store", async () => {
    await nodeRed.deploy(flow);
    const uuid = "01928374-0000-8000-8000-000000000001";
    nodeRed.send("find", { payload: `vcon:${uuid}` });
    const failure = await nodeRed.next("failure");
    expect(failure.error).toMatchObject({ message: expect.stringContaining(uuid), code: "VCON_NOT_FOUND" });
  });

  it("refuses messages while a field names an environment variable that nobody set", async () => {
    await nodeRed.deploy([
      { id: "store", type: "vcon-store", url: "$" + "{VCON_NOBODY_SET_THIS}" },
      ...flow.slice(1),
    ]);
    nodeRed.send("create", chat("4", "a recall"));
    const failure = await nodeRed.next("failure");
    expect(failure.error).toMatchObject({ message: expect.stringContaining("VCON_NOBODY_SET_THIS") });
  });
});
