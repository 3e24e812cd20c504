/** A flow whose store is a Redis that is down at start, goes away in the middle, or wants a password. */
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore } from "../../../core/index.ts";
import { ends, type FlowNode, startNodeRed, type TestNodeRed } from "../../support/node-red.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { chat } from "../../support/vcons.ts";

let nodeRed: TestNodeRed;
let redis: TestRedis;
beforeAll(async () => {
  [nodeRed, redis] = await Promise.all([startNodeRed(), startRedis()]);
});
afterAll(async () => {
  await nodeRed.stop();
  await redis.stop();
});

const flow = (url: string): FlowNode[] => [
  { id: "store", type: "vcon-store", url },
  {
    id: "tag",
    type: "vcon-tag",
    store: "store",
    tags: [{ name: "topic", nameType: "str", value: "payload", valueType: "str" }],
    wires: [["out"]],
  },
  ...ends,
];

async function storedIn(url: string): Promise<string> {
  const store = await openStore(url);
  const vcon = chat("Good morning.");
  await store.create(vcon);
  await store.close();
  return vcon.uuid;
}

describe("a flow on Redis", () => {
  it("does its work once the server that was down at start comes up", async () => {
    const payload = await storedIn(redis.url);
    await redis.kill();
    await nodeRed.deploy(flow(redis.url));
    const arrival = nodeRed.through("tag", { payload });
    await pause(2000);
    await redis.start();
    expect(await arrival).toMatchObject({ at: "out", message: { payload } });
  });

  it("loses nothing when the server goes away in the middle", async () => {
    const payloads = await Promise.all(Array.from({ length: 20 }, () => storedIn(redis.url)));
    await nodeRed.deploy(flow(redis.url));
    for (const payload of payloads.slice(0, 10)) nodeRed.send("tag", { payload });
    await redis.kill();
    for (const payload of payloads.slice(10)) nodeRed.send("tag", { payload });
    await redis.start();
    const arrived: unknown[] = [];
    while (arrived.length < payloads.length) arrived.push((await nodeRed.next("out")).payload);
    expect(arrived.sort()).toEqual([...payloads].sort());
    const store = await openStore(redis.url);
    for (const payload of payloads) {
      const { attachments } = await store.read(payload, ["attachments:tags"]);
      expect([...attachments.values()].map(({ body }) => body)).toEqual([["topic:payload"]]);
    }
    await store.close();
  });

  it("says that the password is wrong, and not which", async () => {
    const client = new Redis(redis.url);
    await client.config("SET", "requirepass", "right");
    client.disconnect();
    await nodeRed.deploy(flow(redis.url.replace("redis://", "redis://:wrong-one@")));
    const { at, message } = await nodeRed.through("tag", { payload: "01928374-0000-8000-8000-000000000001" });
    expect(at).toBe("failure");
    expect(message.error).toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringMatching(/password/),
    });
    expect(JSON.stringify(message)).not.toContain("wrong-one");
  });
});
