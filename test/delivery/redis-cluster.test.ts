import { setTimeout as pause } from "node:timers/promises";
import { Cluster } from "ioredis";
import { test } from "vitest";
import { openStore } from "../../core/index.ts";
import { startCluster, type TestRedis } from "../support/redis.ts";
import { chat } from "../support/vcons.ts";
import { queueContract } from "./queue-contract.ts";
import { Taker, until } from "./taker.ts";

let contractServers: TestRedis[] = [];

queueContract("Redis Cluster", {
  start: async () => {
    const { url, servers } = await startCluster();
    contractServers = servers;
    return { url };
  },
  stop: () => stop(contractServers),
});

// These two wait together.
test.concurrent("a consumer can stop in a cluster, whenever a part of it was away before", async () => {
  const { url, servers } = await startCluster();
  const store = await openStore(url);
  const queue = (await store.delivery()).queue("calls");
  for (let turn = 0; turn < 6; turn++) {
    const takers = [new Taker(queue), new Taker(queue)];
    const server = servers[turn % 3]!;
    await server.kill();
    await pause(turn * 200);
    await server.start();
    await Promise.all(takers.map((taker) => taker.end()));
  }
  await store.close();
  await stop(servers);
});

test.concurrent("queues and vCons in every slot of a cluster work, and go on when a part of it was away", async () => {
  const { url, servers } = await startCluster();
  const client = new Cluster(servers.map(({ port }) => ({ host: "127.0.0.1", port })));
  client.on("error", () => {});
  const store = await openStore(url);
  const delivery = await store.delivery();
  // So many that some lie on each server.
  const queues = Array.from({ length: 9 }, (_, i) => delivery.queue(`queue ${i}`));
  const vcons = Array.from({ length: 9 }, () => chat("Good morning."));
  for (const vcon of vcons) {
    await store.create(vcon);
    await client.pexpire(`vcon:${vcon.uuid}`, 60 * 60_000);
  }
  const takers = queues.map((queue) => new Taker(queue, {}, () => ({ is: "done" })));
  const add = () => Promise.all(queues.map((queue, i) => queue.add(vcons[i]!.uuid)));
  await add();
  for (const taker of takers) await taker.nth(1);

  await servers[0]!.kill();
  await until(() => takers.some((taker) => taker.faults.length > 0));
  // For some of these, the part is away that has the queue, and not the one that has the vCon.
  await Promise.allSettled(queues.flatMap((queue) => vcons.map(({ uuid }) => queue.add(uuid))));
  await servers[0]!.start();
  await until(async () => (await Promise.allSettled([add()]))[0]!.status === "fulfilled");
  for (const taker of takers) await taker.nth(2);
  await until(() => takers.every((taker) => taker.faults.at(-1) === undefined));

  // What was not settled when the part went away is handed out again.
  for (const queue of queues)
    await until(async () => Object.values(await queue.counts()).every((count) => count === 0));
  for (const taker of takers) await taker.end();
  for (const { uuid } of vcons) await until(async () => (await client.pttl(`vcon:${uuid}`)) > 0);
  await store.close();
  client.disconnect();
  await stop(servers);
});

async function stop(servers: TestRedis[]): Promise<void> {
  for (const server of servers) await server.stop();
}
