/** What every node does about its store: waits for it to come up, and leaves sealed vCons as they are. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AnyVcon } from "../../../core/index.ts";
import { startDeepgramStandIn } from "../../../flows/stand-ins/deepgram.ts";
import type { StandIn } from "../../../flows/stand-ins/stand-in.ts";
import { transcripts } from "../../stand-ins/conversations.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { encrypted, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let deepgram: StandIn;
beforeAll(async () => {
  deepgram = await startDeepgramStandIn({ transcripts });
  process.env["DEEPGRAM_API_KEY"] = "key";
});
afterAll(async () => {
  await deepgram.close();
});

describe("a store that can't be opened", () => {
  const create: FlowNode = {
    id: "create",
    type: "vcon-create",
    store: "store",
    content: "text",
    body: "payload",
    bodyType: "msg",
    parties: [],
    wires: [["out"]],
  };

  it("fails every message with an error that says so, and works once it can be opened", async () => {
    const inTheWay = join(nodeRed.userFolder, "blocked");
    writeFileSync(inTheWay, "a file where a folder belongs");
    await nodeRed.deploy([{ ...storeNode, url: "sqlite:blocked/below/vcon.sqlite" }, create, ...ends]);
    for (const topic of ["first", "second"]) {
      const { at, message } = await nodeRed.through("create", { payload: "Good morning.", topic });
      expect(at).toBe("failure");
      expect(message).toMatchObject({
        payload: "Good morning.",
        topic,
        error: { code: "STORE_UNAVAILABLE", message: expect.stringContaining("store") },
      });
    }
    rmSync(inTheWay);
    expect(await nodeRed.through("create", { payload: "Good morning." })).toMatchObject({ at: "out" });
  });

  it("that holds something else than a database says so", async () => {
    writeFileSync(join(nodeRed.userFolder, "letter.sqlite"), "Dear Carol, ".repeat(1000));
    await nodeRed.deploy([{ ...storeNode, url: "sqlite:letter.sqlite" }, create, ...ends]);
    const { message } = await nodeRed.through("create", { payload: "Good morning." });
    expect(message.error).toMatchObject({ code: expect.stringMatching(/^STORE_/) });
    expect(JSON.stringify(message.error)).not.toContain("Carol");
  });
});

describe.each<[string, () => AnyVcon]>([
  ["signed", signed],
  ["encrypted", encrypted],
])("a %s vCon", (form, make) => {
  const steps: FlowNode[] = [
    {
      id: "tag",
      type: "vcon-tag",
      tags: [{ name: "topic", nameType: "str", value: "recall", valueType: "str" }],
    },
    { id: "find", type: "vcon-find-text", words: ["recall"], where: "anything", wires: [["out"], ["out"]] },
    { id: "transcribe", type: "vcon-transcribe", vendor: "deepgram", deepgram: "account" },
    { id: "projection", type: "vcon-projection" },
    { id: "read", type: "vcon-read", parts: ["head"] },
  ];

  it.each(steps.map(({ id }) => id))("is refused by %s, and stays as it is", async (id) => {
    const uuid = await stored(store, make());
    const before = await store.get(uuid);
    await nodeRed.deploy([
      storeNode,
      { id: "account", type: "vcon-deepgram", url: deepgram.url },
      ...steps.map((node) => ({ store: "store", wires: [["out"]], ...node })),
      ...ends,
    ]);
    const { at, message } = await nodeRed.through(id, { payload: uuid, topic: "kept" });
    expect(at).toBe("failure");
    expect(message).toMatchObject({
      payload: uuid,
      topic: "kept",
      error: { code: "VCON_SEALED", message: expect.stringContaining(`${uuid} is ${form}`) },
    });
    expect(await store.get(uuid)).toEqual(before);
    expect(await store.trail(uuid)).toEqual([]);
    expect(deepgram.requests).toEqual([]);
  });
});
