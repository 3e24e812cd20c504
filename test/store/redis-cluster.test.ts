import { setTimeout as pause } from "node:timers/promises";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../core/index.ts";
import { waitingKey } from "../../core/store/redis/waiting.ts";
import { startCluster, type TestRedis } from "../support/redis.ts";
import { COUNTRY, contract, draft } from "./contract.ts";
import { expiring } from "./expiring.ts";
import { finding } from "./finding.ts";
import { leavesNoMedia } from "./media-keys.ts";
import { weeding } from "./weeding.ts";

let servers: TestRedis[];
let url: string;

beforeAll(async () => {
  ({ servers, url } = await startCluster());
});

afterAll(async () => {
  for (const server of servers) await server.stop();
});

contract("Redis Cluster", {
  keepsLoneSurrogates: true,
  open: () => openStore(url, { country: COUNTRY }),
});

const connect = () => new Cluster(servers.map(({ port }) => ({ host: "127.0.0.1", port })));

describe("vCons that expire in Redis Cluster", () => expiring(() => url, connect));

describe("Redis Cluster keeps no media", () => leavesNoMedia(() => url, connect));

describe("finding in Redis Cluster", () => finding((country) => openStore(url, { country })));

describe("weeding Redis Cluster", () => weeding(() => url, connect));

test("a sweep finishes the indexes that a crash has left", async () => {
  const admin = connect();
  const first = await openStore(url);
  const [created, deleted] = [
    draft({ parties: [{ name: "Created" }] }),
    draft({ parties: [{ name: "Deleted" }] }),
  ];
  const replaced = draft();
  await first.create(created);
  await first.create(deleted);
  await first.create(replaced);
  const { revision } = await first.read(replaced.uuid, ["sealed"]);
  await first.replace(replaced.uuid, revision, { ...replaced, parties: [{ name: "Replaced" }] });
  await first.close();
  // As if the process had died right after it wrote the one body and removed the other.
  await admin.zrem("vcons", `vcon:${created.uuid}`);
  await admin.del("name:Created");
  await admin.sadd(waitingKey(`vcon:${created.uuid}`), created.uuid);
  await admin.del("name:Replaced");
  await admin.sadd(waitingKey(`vcon:${replaced.uuid}`), replaced.uuid);
  await admin.unlink(`vcon:${deleted.uuid}`);
  await admin.sadd(waitingKey(`vcon:${deleted.uuid}`), deleted.uuid);

  const second = await openStore(url);
  const swept = [created, replaced, deleted].map(({ uuid }) => waitingKey(`vcon:${uuid}`));
  const waiting = async () => (await Promise.all(swept.map((key) => admin.exists(key)))).filter(Boolean);
  for (let i = 0; i < 100 && (await waiting()).length > 0; i++) await pause(50);
  expect(await waiting()).toEqual([]);
  expect(await second.find({ name: "Created" })).toEqual([created.uuid]);
  expect(await second.find({ name: "Replaced" })).toEqual([replaced.uuid]);
  expect(await second.find({ name: "Deleted" })).toEqual([]);
  const listed = await second.list({ since: created.created_at, until: created.created_at });
  expect(listed).toContain(created.uuid);
  expect(listed).not.toContain(deleted.uuid);
  expect(await admin.exists(`{vcon:${deleted.uuid}}:elsewhere`)).toBe(0);
  await second.close();
  await admin.quit();
});
