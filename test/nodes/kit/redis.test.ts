/** A flow whose store is a Redis that is down at start, goes away in the middle, takes no writes, or wants a password. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore, type TrailEvent } from "../../../core/index.ts";
import { ends, type FlowNode, root, startNodeRed, type TestNodeRed } from "../../support/node-red.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { chat } from "../../support/vcons.ts";

let nodeRed: TestNodeRed;
let redis: TestRedis;
beforeAll(async () => {
  [nodeRed, redis] = await Promise.all([startNodeRed(join(root, "test/support/nodes")), startRedis()]);
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

  describe("that sends to a system outside", () => {
    /** Gets the vCons that came to the system outside, which then answers. */
    let came: (uuids: string[]) => void;
    let answer: () => Promise<void>;
    const server = createServer(async (request, response) => {
      came((await json(request)) as string[]);
      await answer();
      response.end('["ok"]');
    });
    beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
    afterAll(() => {
      server.close();
      server.closeAllConnections();
    });

    /** Sends so many vCons, and waits until some came to the system outside. */
    async function sent(count = 1): Promise<{ uuids: string[]; came: string[] }> {
      const uuids = await Promise.all(Array.from({ length: count }, () => storedIn(redis.url)));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await nodeRed.deploy([
        { id: "store", type: "vcon-store", url: redis.url },
        { id: "node", type: "vcon-letter-box", store: "store", url, timeLimit: 60, wires: [["out"]] },
        ...ends,
      ]);
      const arrival = new Promise<string[]>((resolve) => {
        came = resolve;
      });
      for (const payload of uuids) nodeRed.send("node", { payload });
      return { uuids, came: await arrival };
    }

    async function trailOf(uuid: string): Promise<TrailEvent[]> {
      const store = await openStore(redis.url);
      const trail = await store.trail(uuid);
      await store.close();
      return trail;
    }

    it("tells the trail of what is on its way when a deploy stops it", async () => {
      answer = () => new Promise(() => {});
      const { uuids, came } = await sent(20);
      await nodeRed.redeploy();
      const left = { event: "vcon_sent", failed: true, handle: { box: 1 } };
      // What waited behind them has never left.
      expect(came.length).toBeLessThan(uuids.length);
      for (const uuid of uuids) expect(await trailOf(uuid)).toMatchObject(came.includes(uuid) ? [left] : []);
    });

    it("tells the trail of what has arrived, though the store takes no writes for a while", async () => {
      const client = new Redis(redis.url);
      answer = async () => {
        await client.config("SET", "maxmemory", "1");
      };
      const [uuid] = (await sent()).came;
      const refusals = async () =>
        Number(/errorstat_OOM:count=(\d+)/.exec(await client.info("errorstats"))?.[1]);
      // More than all other work is tried.
      await expect.poll(refusals, { timeout: 30_000 }).toBeGreaterThan(5);
      await client.config("SET", "maxmemory", "0");
      expect(await nodeRed.next("out")).toMatchObject({ payload: uuid });
      expect(await trailOf(uuid!)).toMatchObject([{ event: "vcon_sent", handle: { box: 1 } }]);
      client.disconnect();
    });

    it("says where the copy is if its vCon is gone, and so can't tell of it", async () => {
      const held = Promise.withResolvers<void>();
      answer = () => held.promise;
      const [uuid] = (await sent()).came;
      const store = await openStore(redis.url);
      await store.delete(uuid!);
      await store.close();
      held.resolve();
      const { error } = (await nodeRed.next("failure")) as { error?: { code: string; message: string } };
      expect(error).toMatchObject({
        code: "NOT_IN_TRAIL",
        message: expect.stringMatching(/arrived at The letter box, .*not in the store.*\{"box":1\}$/),
      });
    });
  });

  it("gives the password that is kept as a credential", async () => {
    const payload = await storedIn(redis.url);
    const client = new Redis(redis.url);
    await client.config("SET", "requirepass", "kept");
    await nodeRed.deploy(flow(redis.url), { store: { password: "kept" } });
    expect(await nodeRed.through("tag", { payload })).toMatchObject({ at: "out" });
    await client.config("SET", "requirepass", "");
    client.disconnect();
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
