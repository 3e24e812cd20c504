/** What the kit does with what a step or a filter answers, other than an addition. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Vcon } from "../../../core/index.ts";
import { ends, type Message, root, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile(join(root, "test/support/nodes"));

/** The subject that the headline writer gives, and with which status; it is asked so many times. */
let answer: () => Promise<{ status?: number; subject?: string }>;
let asked: number;
const server = createServer(async (_, response) => {
  asked++;
  const { status = 200, subject } = await answer();
  response.writeHead(status).end(subject);
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  asked = 0;
  answer = async () => ({ subject: "A greeting" });
});

const deploy = (settings: object = {}) => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const headline = { id: "node", type: "vcon-headline", store: "store", url, wires: [["out"]], ...settings };
  return nodeRed.deploy([storeNode, headline, ...ends]);
};
const through = (message: Message) => nodeRed.through("node", message);
const subjectOf = async (uuid: string) => ((await store.get(uuid)) as Vcon).subject;
const sent = { event: "vcon_sent", recipient: { vendor: "headline writer" } };

describe("what takes the vCon's place", () => {
  it("is there when the message goes on, with who has seen the vCon and what the step says of it", async () => {
    await deploy();
    const payload = await stored(store, chat("Good morning."));
    expect(await through({ payload })).toMatchObject({
      at: "out",
      message: { payload, subject: "A greeting" },
    });
    expect(await subjectOf(payload)).toBe("A greeting");
    expect(await store.trail(payload)).toMatchObject([{ event: "vcon_enhanced", form: "unsigned" }, sent]);
  });

  it("is made anew where the vCon was changed meanwhile, and the trail has both who saw it then and now", async () => {
    await deploy();
    const payload = await stored(store, chat("Good morning."));
    answer = async () => {
      if (asked === 1) await store.append(payload, { tags: [{ name: "mood", value: "good" }] });
      return { subject: `Edition ${asked}` };
    };
    expect(await through({ payload })).toMatchObject({ at: "out", message: { subject: "Edition 2" } });
    expect(await store.get(payload)).toMatchObject({
      subject: "Edition 2",
      attachments: [{ body: ["mood:good"] }],
    });
    expect(await store.trail(payload)).toMatchObject([sent, { event: "vcon_enhanced" }, sent]);
  });

  it("is given up where the vCon is changed each time, and the message is as it came", async () => {
    await deploy();
    const payload = await stored(store, chat("Good morning."));
    answer = async () => {
      await store.append(payload, { tags: [{ name: "count", value: String(asked) }] });
      return { subject: "Never" };
    };
    const { at, message } = await through({ payload, topic: "kept" });
    expect(at).toBe("failure");
    const { error, _msgid, ...rest } = message;
    expect(rest).toEqual({ payload, topic: "kept" });
    expect(error).toMatchObject({
      code: "CHANGED_MEANWHILE",
      message: expect.stringContaining(payload),
    });
    expect(await subjectOf(payload)).toBeUndefined();
    expect(await store.trail(payload)).toHaveLength(asked);
  });
});

describe("a copy", () => {
  it("takes the place of the first one's UUID on the message, and each trail names the other", async () => {
    await deploy({ as: "copy", uuid: "call.vcon", uuidType: "msg" });
    const uuid = await stored(store, chat("Good morning."));
    const { message } = await through({ payload: "kept", call: { vcon: uuid, line: 3 } });
    expect(message).toMatchObject({ payload: "kept", call: { line: 3 }, subject: "A greeting" });
    const { vcon: copy } = message["call"] as { vcon: string };
    expect([await subjectOf(copy), await subjectOf(uuid)]).toEqual(["A greeting", undefined]);
    expect(await store.trail(copy)).toMatchObject([{ event: "vcon_created", source: uuid }]);
    expect(await store.trail(uuid)).toMatchObject([{ event: "vcon_created", copy }, sent]);
  });

  it("that can't be made leaves the message as it came, and the trail says who may have seen the vCon", async () => {
    await deploy({ as: "copy" });
    answer = async () => ({ status: 400 });
    const payload = await stored(store, chat("Good morning."));
    const before = await store.list({ limit: 1000 });
    expect(await through({ payload })).toMatchObject({ at: "failure", message: { payload } });
    expect(await store.list({ limit: 1000 })).toEqual(before);
    expect(await store.trail(payload)).toMatchObject([{ ...sent, failed: true }]);
  });
});

describe("what a filter says on the message", () => {
  const deployFilter = (settings: object = {}) =>
    nodeRed.deploy([
      storeNode,
      { id: "node", type: "vcon-scales", store: "store", wires: [["light"], ["heavy"]], ...settings },
      ...["light", "heavy"].map(sink),
      ...ends,
    ]);
  const payload = "01928374-0000-8000-8000-000000000001";

  it("goes on through the output that fits, beside what was there", async () => {
    await deployFilter();
    const light = await through({ payload, topic: "one", weight: { of: "it" } });
    expect(light).toMatchObject({ at: "light", message: { payload, weight: { of: "it", kg: 3 } } });
    expect(await through({ payload, topic: "three" })).toMatchObject({
      at: "heavy",
      message: { topic: "three", weight: { kg: 5 } },
    });
  });

  it("is an error where it can't be set", async () => {
    await deployFilter({ property: "topic.length" });
    const { at, message } = await through({ payload, topic: "one" });
    expect(at).toBe("failure");
    expect(message).toMatchObject({ topic: "one", error: { code: "NOT_CONFIGURED" } });
  });
});
