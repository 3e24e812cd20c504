import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BURY, FAILED, RETURN, TAKE } from "../../core/delivery/redis/list-scripts.ts";
import {
  type ConserverList,
  type ConsumeOptions,
  newUuid,
  type Outcome,
  openStore,
  type TakenJob,
  type VconStore,
} from "../../core/index.ts";
import { startForgetfulProxy } from "../support/forgetful-proxy.ts";
import { startCluster, startRedis, type TestRedis } from "../support/redis.ts";
import { startSentinel, type TestSentinel } from "../support/sentinel.ts";
import { chat } from "../support/vcons.ts";
import { type Decision, Taker, until } from "./taker.ts";
import { startWorker, type Worker } from "./worker-process.ts";

const WEEK = 7 * 24 * 60 * 60;
const done: Outcome = { is: "done" };
const returned: Outcome = { is: "returned" };
const failed: Outcome = { is: "failed", failure: { reason: "The service answered 503." } };

interface Servers {
  url: string;
  servers: TestRedis[];
  /** Another program: a conserver, or what feeds it. */
  program(): Redis | Cluster;
}

async function oneServer(): Promise<Servers> {
  const server = await startRedis();
  return { url: server.url, servers: [server], program: () => new Redis(server.port, "127.0.0.1") };
}

async function cluster(): Promise<Servers> {
  const started = await startCluster();
  const hosts = started.servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  return { ...started, program: () => new Cluster(hosts) };
}

// Most of the time goes by in waiting: for claims to run out, and for a Redis that is away. Both wait together.
describe.concurrent.each([
  ["one Redis", oneServer],
  ["Redis Cluster", cluster],
])("%s", (_, start) => {
  describe("has a conserver list", { concurrent: false }, () => conserverList(start));
});

function conserverList(start: () => Promise<Servers>): void {
  let redis: Servers;
  let program: Redis | Cluster;
  let store: VconStore;
  let name: string;
  let list: ConserverList;
  let takers: Taker[];
  let workers: Worker[];
  let names = 0;

  beforeAll(async () => {
    redis = await start();
    program = redis.program();
    program.on("error", () => {});
  });

  afterAll(async () => {
    program.disconnect();
    await Promise.all(redis.servers.map((server) => server.stop()));
  });

  beforeEach(async () => {
    name = `reviews:in ${names++}`;
    store = await openStore(redis.url);
    list = (await store.delivery()).conserverList(name);
    takers = [];
    workers = [];
  });

  afterEach(async () => {
    await Promise.all(takers.map((taker) => taker.end()));
    await Promise.all(workers.map((worker) => worker.kill()));
    await store.close();
  });

  function consume(
    options: Partial<ConsumeOptions> = {},
    decide?: (job: TakenJob) => Decision,
    from: ConserverList = list,
  ): Taker {
    const taker = new Taker(from, options, decide);
    takers.push(taker);
    return taker;
  }

  async function work(order: { atOnce: number; settles?: boolean; fails?: boolean }): Promise<Worker> {
    const worker = await startWorker({ url: redis.url, queue: name, isList: true, settles: false, ...order });
    workers.push(worker);
    return worker;
  }

  const feed = (...texts: (string | Buffer)[]): Promise<number> => program.rpush(name, ...texts);
  const waiting = (): Promise<string[]> => program.lrange(name, 0, -1);
  const dead = (): Promise<string[]> => program.lrange(`DLQ:${name}`, 0, -1);
  const uuids = (count: number): string[] => Array.from({ length: count }, newUuid);

  /** What the consumers of this list have not yet let go of. */
  async function claims(): Promise<number> {
    const consumers = await program.hkeys(`vcon-list:{${name}}:consumers`);
    const counts = consumers.map((consumer) => program.hlen(`vcon-list:{${name}}:taken:${consumer}`));
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  /** What the servers count together. */
  async function counted(what: "blocked_clients" | "connected_clients" | "evalsha:calls"): Promise<number> {
    const counts = redis.servers.map(async ({ port }) => {
      const admin = new Redis(port, "127.0.0.1");
      const info = await admin.info("clients", "commandstats");
      admin.disconnect();
      return Number(new RegExp(`${what}[:=](\\d+)`).exec(info)?.[1] ?? 0);
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  async function stored(ttl?: number): Promise<string> {
    const vcon = chat("Hello, this is Carol Carter.");
    await store.create(vcon);
    if (ttl !== undefined) await program.expire(`vcon:${vcon.uuid}`, ttl);
    return vcon.uuid;
  }

  const timeLeft = (uuid: string): Promise<number> => program.ttl(`vcon:${uuid}`);

  describe("pushing", () => {
    test("a conserver that waits for the list gets exactly the UUID", async () => {
      const conserver = redis.program();
      const popped = conserver.blpop(name, 15);
      const uuid = newUuid();
      await list.push(uuid);
      expect(await popped).toEqual([name, uuid]);
      conserver.disconnect();
    });

    test("the oldest is the first that a conserver gets", async () => {
      const pushed = uuids(3);
      for (const uuid of pushed) await list.push(uuid);
      expect(await waiting()).toEqual(pushed);
    });
  });

  describe("asking and pulling", () => {
    const dying = (...texts: (string | Buffer)[]) => program.rpush(`DLQ:${name}`, ...texts);

    test("the length is that of what waits", async () => {
      expect(await list.length()).toBe(0);
      await feed(...uuids(3));
      expect(await list.length()).toBe(3);
    });

    test("what is pulled is the oldest, as it stood on the list, and nothing of it stays", async () => {
      const pushed = [newUuid(), "not a UUID", "", "été 🎧"];
      expect(await list.pull(1)).toEqual([]);
      await feed(...pushed);
      expect(await list.pull(0)).toEqual([]);
      expect(await list.pull(1)).toEqual(pushed.slice(0, 1));
      expect(await list.pull(2)).toEqual(pushed.slice(1, 3));
      expect(await waiting()).toEqual(pushed.slice(3));
      expect(await list.pull(100_000)).toEqual(pushed.slice(3));
      expect(await program.exists(name)).toBe(0);
    });

    test("those who pull at the same time share the list", async () => {
      const pushed = uuids(100);
      await feed(...pushed);
      const pulled = await Promise.all([1, 9, 40, 60].map((limit) => list.pull(limit)));
      expect(pulled.flat().sort()).toEqual(pushed.sort());
    });

    test("the dead are told oldest first, all or a page of them, and stay", async () => {
      expect(await list.dead()).toEqual([]);
      const died = [...uuids(4), "not a UUID"];
      await dying(...died);
      expect(await list.dead()).toEqual(died);
      expect(await list.dead({ limit: 2 })).toEqual(died.slice(0, 2));
      expect(await list.dead({ limit: 2, offset: 2 })).toEqual(died.slice(2, 4));
      expect(await list.dead({ offset: 4 })).toEqual(died.slice(4));
      expect(await list.dead({ limit: 0 })).toEqual([]);
      expect(await list.dead({ limit: 9, offset: 5 })).toEqual([]);
      expect(await dead()).toEqual(died);
    });

    test("the dead go back to the end of the list, oldest first, as they are, and no more than asked for", async () => {
      const fresh = newUuid();
      const died = [...uuids(2), Buffer.from([0, 0xff, 0xfe]), newUuid()];
      expect(await list.replay(5)).toBe(0);
      await feed(fresh);
      await dying(...died);
      expect(await list.replay(0)).toBe(0);
      expect(await list.replay(3)).toBe(3);
      expect(await dead()).toEqual(died.slice(3));
      expect(await program.lrangeBuffer(name, 0, -1)).toEqual(
        [fresh, ...died.slice(0, 3)].map((text) => Buffer.from(text as string)),
      );
      expect(await list.replay(100_000)).toBe(1);
      expect(await dead()).toEqual([]);
      expect(await waiting()).toHaveLength(5);
    });

    test("thousands of dead are put back once, though two do it at the same time", async () => {
      const same = newUuid();
      const died = [...uuids(1500), same, same];
      await dying(...died);
      const counts = await Promise.all([list.replay(100_000), list.replay(100_000)]);
      expect(counts[0]! + counts[1]!).toBe(1502);
      expect((await waiting()).sort()).toEqual(died.sort());
      expect(await dead()).toEqual([]);
    });

    test("what fails again at once is not put back again", async () => {
      const died = uuids(20);
      await dying(...died);
      consume({ attempts: 1 }, () => failed);
      expect(await list.replay(100_000)).toBe(20);
      await until(async () => (await dead()).length === 20);
      expect((await dead()).sort()).toEqual(died.sort());
    });

    test("a key of the list's name that is no list is told, and stays as it is", async () => {
      const another = { code: "STORE_UNAVAILABLE", message: expect.stringContaining("of another kind") };
      await dying(newUuid());
      await program.set(name, "text");
      for (const call of [list.length(), list.pull(1), list.replay(1)]) {
        await expect(call).rejects.toMatchObject(another);
      }
      expect(await dead()).toHaveLength(1);
      await program.set(`DLQ:${name}`, "text");
      for (const call of [list.dead(), list.replay(1)]) await expect(call).rejects.toMatchObject(another);
      expect(await program.mget(name, name)).toEqual(["text", "text"]);
    });
  });

  describe("taking", () => {
    test("what a conserver has pushed comes oldest first, and nothing of it stays once it is done", async () => {
      const pushed = uuids(25);
      await feed(...pushed);
      const taker = consume({ atOnce: 1 }, () => done);
      await taker.nth(25);
      expect(taker.uuids).toEqual(pushed);
      expect(taker.taken.map(({ attempt }) => attempt)).toEqual(pushed.map(() => 1));
      expect(new Set(taker.taken.map(({ id }) => id)).size).toBe(25);
      for (const { addedAt } of taker.taken) expect(new Date(addedAt).toISOString()).toBe(addedAt);
      await taker.stop();
      expect([await waiting(), await dead()]).toEqual([[], []]);
      expect(await program.exists(`vcon-list:{${name}}:consumers`)).toBe(0);
    });

    test("what comes later is taken when it comes", async () => {
      const taker = consume({}, () => done);
      for (const uuid of uuids(3)) {
        const before = taker.taken.length;
        await feed(uuid);
        await until(() => taker.taken.length > before);
        expect(taker.uuids.at(-1)).toBe(uuid);
      }
    });

    test("who waits for an empty list stops at once, and the connection on which it waited ends", async () => {
      const taker = consume();
      await until(async () => (await counted("blocked_clients")) === 1);
      const before = await counted("connected_clients");
      await taker.stop();
      await until(async () => (await counted("connected_clients")) < before);
      expect(await counted("blocked_clients")).toBe(0);
    });

    test("a flow is never handed more than it may have at once, and the rest stays for others", async () => {
      const pushed = uuids(10);
      await feed(...pushed);
      const taker = consume({ atOnce: 3 });
      await taker.nth(3);
      expect(await waiting()).toEqual(pushed.slice(3));
      await taker.settle(taker.held[1]!);
      await taker.nth(4);
      await taker.settle(taker.held[0]!);
      await taker.nth(5);
      expect([...taker.uuids].sort()).toEqual(pushed.slice(0, 5).sort());
      expect(taker.most).toBe(3);
      expect(await waiting()).toEqual(pushed.slice(5));
    });

    test("the same UUID twice on a list is two jobs", async () => {
      const uuid = newUuid();
      await feed(uuid, uuid, uuid);
      const taker = consume({ attempts: 1 });
      const [one, two] = [await taker.nth(1), await taker.nth(2)];
      await taker.nth(3);
      expect(taker.uuids).toEqual([uuid, uuid, uuid]);
      await taker.settle(one, done);
      await taker.settle(two, failed);
      expect(await dead()).toEqual([uuid]);
      expect(await claims()).toBe(1);
    });

    test("only the first settling counts", async () => {
      await feed(newUuid());
      const taker = consume({ attempts: 1 });
      const job = await taker.nth(1);
      await Promise.all([taker.settle(job, done), job.settle(failed), job.settle(returned)]);
      await job.settle(failed);
      await taker.end();
      expect([await waiting(), await dead()]).toEqual([[], []]);
    });

    test("what was returned comes next, as if it had not been begun", async () => {
      const [first, second] = uuids(2) as [string, string];
      await feed(first, second);
      let isFirst = true;
      const taker = consume({ atOnce: 1, attempts: 1 }, () => {
        if (!isFirst) return done;
        isFirst = false;
        return returned;
      });
      await taker.nth(3);
      expect(taker.uuids).toEqual([first, first, second]);
      expect(taker.taken.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    });

    test("what is no UUID holds nobody up, and goes to the dead byte for byte", async () => {
      const odd = [
        "",
        " ",
        "0 0 x",
        "line\nbreak",
        "not a UUID",
        "été 🎧",
        '{"uuid":1}',
        "x".repeat(200_000),
        Buffer.from([0, 0xff, 0xfe, 0x20, 0x0a, 0]),
      ];
      const uuid = newUuid();
      await feed(...odd, uuid);
      const taker = consume({ attempts: 1 }, (job) => (job.uuid === uuid ? done : failed));
      await taker.nth(odd.length + 1);
      expect(taker.uuids).toEqual([...odd.map(String), uuid]);
      await taker.stop();
      const buried = await program.lrangeBuffer(`DLQ:${name}`, 0, -1);
      expect(buried.map((text) => text.toString("hex")).sort()).toEqual(
        odd.map((text) => Buffer.from(text as string).toString("hex")).sort(),
      );
      expect(await waiting()).toEqual([]);
    });

    test("a list of dead ones can be taken from on purpose", async () => {
      const uuid = newUuid();
      await program.rpush(`DLQ:${name}`, uuid);
      const taker = consume({}, () => done, (await store.delivery()).conserverList(`DLQ:${name}`));
      await taker.nth(1);
      await taker.end();
      expect(await dead()).toEqual([]);
    });

    test("a conserver and two flows share a list: each UUID is taken once", async () => {
      const conserver = redis.program();
      const pushed = uuids(300);
      const popped: string[] = [];
      const popping = (async () => {
        for (
          let item = await conserver.blpop(name, 15);
          item?.[1] !== "stop";
          item = await conserver.blpop(name, 15)
        ) {
          if (item) popped.push(item[1]);
        }
      })();
      const [one, two] = [consume({ atOnce: 2 }, () => done), consume({ atOnce: 5 }, () => done)];
      for (const uuid of pushed) await feed(uuid);
      const all = () => [...popped, ...one.uuids, ...two.uuids];
      await until(() => all().length >= 300);
      for (const taker of [one, two]) await taker.stop();
      await feed("stop");
      await popping;
      expect(all().sort()).toEqual(pushed.sort());
      conserver.disconnect();
    });
  });

  describe("failing", () => {
    test("what has failed is tried again so often, held by no others up, and then goes to the dead", async () => {
      const [poison, ...others] = uuids(5) as [string, ...string[]];
      await feed(poison, ...others);
      const taker = consume({ atOnce: 1, attempts: 3, pause: 300 }, (job) =>
        job.uuid === poison ? failed : done,
      );
      await until(async () => (await dead()).length > 0);
      expect(await dead()).toEqual([poison]);
      expect(taker.taken.filter(({ uuid }) => uuid === poison).map(({ attempt }) => attempt)).toEqual([
        1, 2, 3,
      ]);
      // The others came during the first pause.
      expect(taker.uuids.slice(0, 5)).toEqual([poison, ...others]);
      await until(async () => (await claims()) === 0);
      expect(await waiting()).toEqual([]);
    });

    test("what its taker throws at has failed", async () => {
      const uuid = newUuid();
      await feed(uuid);
      const consumer = list.consume({ atOnce: 1, attempts: 2, pause: 1, fault: () => {} }, () => {
        throw new Error("Not this one.");
      });
      await until(async () => (await dead()).length === 1);
      await consumer.stop();
      expect([await waiting(), await dead()]).toEqual([[], [uuid]]);
    });

    test("while it waits for its next attempt no other can take it", async () => {
      const uuid = newUuid();
      await feed(uuid);
      const one = consume({ pause: 60_000 }, () => failed);
      await one.nth(1);
      await until(async () => (await claims()) === 1);
      const two = consume();
      const next = newUuid();
      await feed(next);
      await until(() => [...one.uuids, ...two.uuids].includes(next));
      expect(two.uuids).not.toContain(uuid);
      expect(await waiting()).toEqual([]);
    });

    test("the dead stand in the order in which they died", async () => {
      const pushed = uuids(5);
      await feed(...pushed);
      const taker = consume({ attempts: 1 });
      await taker.nth(5);
      const order = [3, 0, 4, 1, 2].map((i) => taker.taken[i]!);
      for (const job of order) await taker.settle(job, failed);
      expect(await dead()).toEqual(order.map(({ uuid }) => uuid));
    });

    test("a flow that stops puts back what was to be tried again, and how often it failed is not forgotten", async () => {
      const [first, second, third] = uuids(3) as [string, string, string];
      await feed(first, second, third);
      const one = consume({ atOnce: 1, attempts: 3, pause: 60_000 }, (job) =>
        job.uuid === third ? undefined : failed,
      );
      await one.nth(3);
      await one.end();
      expect(await waiting()).toEqual([first, second]);
      const two = consume({ atOnce: 1, attempts: 3, pause: 10 }, () => failed);
      await until(async () => (await dead()).length === 2);
      expect(two.taken.filter(({ uuid }) => uuid === first).map(({ attempt }) => attempt)).toEqual([2, 3]);
    });

    test("no more is taken while a thousand wait for their next attempt", async () => {
      await feed(...uuids(1500));
      const taker = consume({ atOnce: 20, attempts: 2, pause: 60_000 }, () => failed);
      await until(() => taker.taken.length >= 1000);
      await until(async () => (await claims()) === taker.taken.length);
      expect(taker.taken.length).toBeLessThan(1020);
      expect(await program.llen(name)).toBe(1500 - taker.taken.length);
      await taker.stop();
      expect(await program.llen(name)).toBe(1500);
    });
  });

  describe("bodies that would expire", () => {
    test("the body is kept while its UUID is taken, and then has the time that it had", async () => {
      const uuid = await stored(1000);
      await feed(uuid);
      const taker = consume({ pause: 10 });
      await taker.settle(await taker.nth(1), failed);
      const again = await taker.nth(2);
      expect(await timeLeft(uuid)).toBe(-1);
      await taker.settle(again, done);
      expect(await timeLeft(uuid)).toBeGreaterThan(900);
      expect(await timeLeft(uuid)).toBeLessThanOrEqual(1000);
    });

    test("the body of what died is kept for seven days, as a conserver does", async () => {
      const [short, long, lasting] = [await stored(1000), await stored(2 * WEEK), await stored()];
      await feed(short, long, lasting);
      const taker = consume({ attempts: 1 }, () => failed);
      await until(async () => (await dead()).length === 3);
      await taker.stop();
      expect(await timeLeft(short)).toBeGreaterThan(WEEK - 60);
      expect(await timeLeft(short)).toBeLessThanOrEqual(WEEK);
      expect(await timeLeft(long)).toBeGreaterThan(2 * WEEK - 60);
      expect(await timeLeft(lasting)).toBe(-1);
    });

    test("its time runs again when it is put back", async () => {
      const [first, second, third] = [await stored(1000), await stored(1000), await stored(1000)];
      await feed(first, second, third);
      const taker = consume({ pause: 60_000 });
      const jobs = [await taker.nth(1), await taker.nth(2), await taker.nth(3)];
      const stopped = taker.stop();
      await taker.settle(jobs[0]!, returned);
      await taker.settle(jobs[1]!, failed);
      expect(await timeLeft(jobs[2]!.uuid)).toBe(-1);
      await taker.settle(jobs[2]!, done);
      await stopped;
      expect((await waiting()).sort()).toEqual([jobs[0]!.uuid, jobs[1]!.uuid].sort());
      for (const uuid of [first, second, third]) expect(await timeLeft(uuid)).toBeGreaterThan(900);
    });

    test("a vCon that is not there is handed out all the same", async () => {
      const uuid = newUuid();
      await feed(uuid, `vcon:${uuid.toUpperCase()}`);
      const taker = consume({}, () => done);
      await taker.nth(2);
      expect([...taker.uuids].sort()).toEqual([uuid, `vcon:${uuid.toUpperCase()}`].sort());
    });
  });

  describe("processes that are killed", () => {
    test("what a killed process had comes back to the head of the list, in its order, and its bodies' time runs", async () => {
      const body = await stored(1000);
      const pushed = [body, ...uuids(5)];
      await feed(...pushed);
      const worker = await work({ atOnce: 4 });
      await until(() => worker.taken.length === 4);
      expect(await timeLeft(body)).toBe(-1);
      await worker.kill();
      const taker = consume({ atOnce: 1 }, () => done);
      await taker.nth(6);
      expect([...taker.uuids].sort()).toEqual([...pushed].sort());
      // The two that it had not taken came at once; the four came back together.
      expect(taker.uuids.filter((uuid) => pushed.indexOf(uuid) < 4)).toEqual(pushed.slice(0, 4));
      expect(taker.taken.every(({ attempt }) => attempt === 1)).toBe(true);
      await taker.stop();
      expect(await timeLeft(body)).toBeGreaterThan(900);
      expect([await waiting(), await dead()]).toEqual([[], []]);
    });

    // What follows is the same for each server.
    if (start === cluster) return;

    test("how often something failed outlives the process", async () => {
      const uuid = newUuid();
      await feed(uuid);
      const worker = await work({ atOnce: 1, settles: true, fails: true });
      await until(() => worker.settled.length === 1);
      await worker.kill();
      const taker = consume({}, () => done);
      expect((await taker.nth(1)).attempt).toBe(2);
    });

    test("a process that lives keeps what it has, however long it takes", async () => {
      await feed(newUuid());
      const worker = await work({ atOnce: 1 });
      await until(() => worker.taken.length === 1);
      const taker = consume();
      // As often as it takes to find another one gone, twice.
      const [consumer] = await program.hkeys(`vcon-list:{${name}}:consumers`);
      const beats = async () => Number(await program.hget(`vcon-list:{${name}}:consumers`, consumer!));
      const before = await beats();
      await until(async () => (await beats()) >= before + 8);
      expect(taker.taken).toEqual([]);
      expect(await claims()).toBe(1);
    });

    test("what a process had that stood still too long is done by another, and it goes on when it can", async () => {
      const [first, second] = uuids(2) as [string, string];
      await feed(first);
      const worker = await work({ atOnce: 2 });
      await until(() => worker.taken.length === 1);
      worker.process.kill("SIGSTOP");
      const taker = consume({ atOnce: 1 }, (job) => (job.uuid === first ? done : undefined));
      await taker.nth(1);
      await feed(second);
      await taker.nth(2);
      worker.process.kill("SIGCONT");
      const third = newUuid();
      await feed(third);
      await until(() => worker.taken.length === 2);
      expect(worker.taken[1]!.uuid).toBe(third);
      expect(taker.uuids).toEqual([first, second]);
      expect(await claims()).toBe(2);
    });

    test("what 25 processes died of goes to the dead, and nobody begins it again", async () => {
      const [poison, other] = uuids(2) as [string, string];
      await feed(poison, other);
      // As if 24 had died of it before.
      const sha1 = createHash("sha1").update(poison).digest("hex");
      await program.hset(`vcon-list:{${name}}:past`, sha1, "0 24");
      const worker = await work({ atOnce: 1 });
      await until(() => worker.taken.length === 1);
      expect(worker.taken[0]!.uuid, "it rests, and holds nobody up").toBe(other);
      await worker.kill();
      const taker = consume({}, () => done);
      await until(async () => (await dead()).length > 0);
      expect(await dead()).toEqual([poison]);
      expect(taker.uuids).toEqual([other]);
      await taker.stop();
      expect(await waiting()).toEqual([]);
    });

    test("three processes are killed in turn while they work, and every UUID is done", async () => {
      const pushed = uuids(200);
      await feed(...pushed);
      const settled = new Set<string>();
      const inHands = new Set<string>();
      for (let round = 0; round < 3; round++) {
        const worker = await work({ atOnce: 5, settles: true });
        await until(() => worker.settled.length >= 15);
        await worker.kill();
        for (const { id, uuid } of worker.taken) (worker.settled.includes(id) ? settled : inHands).add(uuid);
      }
      const taker = consume({}, () => done);
      await until(async () => (await claims()) === 0 && (await waiting()).length === 0);
      await taker.stop();
      expect(await dead()).toEqual([]);
      expect(taker.uuids.filter((uuid) => settled.has(uuid))).toEqual([]);
      // One that a worker had when it was killed may have been settled without a word of it.
      const missing = pushed.filter((uuid) => !settled.has(uuid) && !taker.uuids.includes(uuid));
      expect(missing.filter((uuid) => !inHands.has(uuid))).toEqual([]);
      expect(missing.length).toBeLessThanOrEqual(3 * 5);
    });
  });

  describe("Redis is away", () => {
    const each = (what: "kill" | "start") => Promise.all(redis.servers.map((server) => server[what]()));

    test("a flow goes on by itself when Redis is back, and nothing is lost or done twice", async () => {
      const pushed = uuids(40);
      await feed(...pushed);
      const taker = consume({ atOnce: 4 });
      await taker.nth(4);
      await each("kill");
      const settling = taker.held.map((job) => taker.settle(job, done));
      await until(() => taker.faults.length > 0);
      await each("start");
      await Promise.all(settling);
      for (let settled = 4; settled < 40; settled++)
        await taker.settle((await taker.nth(settled + 1))!, done);
      expect([...taker.uuids].sort()).toEqual([...pushed].sort());
      await until(() => taker.faults.at(-1) === undefined);
      expect(taker.faults[0]).toMatchObject({ code: "STORE_UNAVAILABLE", transient: true });
      const late = newUuid();
      await until(() =>
        feed(late).then(
          () => true,
          () => false,
        ),
      );
      await until(() => taker.uuids.includes(late));
      expect(await dead()).toEqual([]);
    });

    test("pushing and asking fail instead of waiting, and nothing is pushed later", async () => {
      await each("kill");
      const calls = [list.push(newUuid()), list.length(), list.pull(1), list.dead(), list.replay(1)];
      for (const answer of await Promise.allSettled(calls)) {
        expect(answer).toMatchObject({
          status: "rejected",
          reason: { code: "STORE_UNAVAILABLE", transient: true },
        });
      }
      await each("start");
      await until(() =>
        list.push("last").then(
          () => true,
          () => false,
        ),
      );
      expect(await waiting()).toEqual(["last"]);
    });

    test("a flow that stops meanwhile is not held up, and what it had comes back", async () => {
      const pushed = uuids(4);
      await feed(...pushed);
      const one = consume({ atOnce: 3, pause: 60_000 });
      await one.nth(3);
      const unlucky = one.held[1]!;
      await one.settle(unlucky, failed);
      await one.nth(4);
      await each("kill");
      await one.end();
      await each("start");
      await until(() =>
        store.ping().then(
          () => true,
          () => false,
        ),
      );
      const two = consume({}, () => done);
      await two.nth(4);
      expect([...two.uuids].sort()).toEqual([...pushed].sort());
      expect(two.taken.find(({ uuid }) => uuid === unlucky.uuid)!.attempt).toBe(2);
    });
  });

  test("a flow says that a key of the list's name is no list, and goes on when it is one", async () => {
    await program.set(name, "text");
    const taker = consume({}, () => done);
    await until(() => taker.faults.length > 0);
    expect(taker.faults[0]).toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(taker.faults[0]!.message).toContain("of another kind under a key or list");
    await program.del(name);
    await feed(newUuid());
    await taker.nth(1);
    await until(() => taker.faults.length === 2);
    expect(taker.faults[1]).toBeUndefined();
  });

  test("a flow that may not take what is there asks for it now and then, not all the time", async () => {
    // As for a user without the right to this key: what stands on the list can be seen, but not claimed.
    await program.set(`vcon-list:{${name}}:consumers`, "text");
    await feed(newUuid());
    const taker = consume({}, () => done);
    await until(() => taker.faults.length > 0);
    const before = await counted("evalsha:calls");
    await pause(1000);
    expect((await counted("evalsha:calls")) - before).toBeLessThan(50);
    await program.del(`vcon-list:{${name}}:consumers`);
    await taker.nth(1);
  });

  test("whatever becomes of the jobs, every UUID on a list ends once: done or among the dead", async () => {
    const fates = fc.array(
      fc.constantFrom<Outcome[]>([done], [failed, done], [returned, done], [failed, failed]),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    const flows = fc.array(fc.record({ atOnce: fc.integer({ min: 1, max: 6 }), stopsAfter: fc.nat(20) }), {
      minLength: 1,
      maxLength: 3,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fates, flows, fc.boolean(), async (wanted, planned, isSameUuid) => {
        const mine = `${name} ${run++}`;
        const here = (await store.delivery()).conserverList(mine);
        const same = newUuid();
        const items = wanted.map((outcomes) => ({
          uuid: isSameUuid ? same : newUuid(),
          outcomes: [...outcomes],
        }));
        const isDead = (outcomes: Outcome[]) => outcomes.at(-1)!.is === "failed";
        let finished = 0;
        // With one UUID for all, which of the fates a job has is anybody's guess, but each is had once.
        const decide = ({ uuid, attempt }: TakenJob): Outcome => {
          const item = items.find((each) => each.uuid === uuid && each.outcomes.length > 0)!;
          if (isSameUuid) {
            finished++;
            item.outcomes.length = 0;
            return done;
          }
          const outcome = item.outcomes.shift()!;
          if (outcome.is === "done" || (outcome.is === "failed" && attempt === 2)) finished++;
          return outcome;
        };
        const mineTakers = planned.map(({ atOnce, stopsAfter }) => {
          const taker: Taker = new Taker(here, { atOnce, attempts: 2, pause: 5 }, async (job) => {
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
            if (taker.taken.length === stopsAfter) void taker.stop();
            return decide(job);
          });
          return taker;
        });
        await program.rpush(mine, ...items.map(({ uuid }) => uuid));
        const last = new Taker(here, { attempts: 2, pause: 5 }, decide);
        await until(() => finished === items.length);
        await Promise.all([...mineTakers, last].map((taker) => taker.stop()));
        expect(await program.lrange(mine, 0, -1)).toEqual([]);
        const expected = isSameUuid
          ? []
          : wanted.flatMap((outcomes, i) => (isDead(outcomes) ? [items[i]!.uuid] : []));
        expect((await program.lrange(`DLQ:${mine}`, 0, -1)).sort()).toEqual(expected.sort());
        for (const [i, taker] of mineTakers.entries())
          expect(taker.most).toBeLessThanOrEqual(planned[i]!.atOnce);
      }),
      { numRuns: 25 },
    );
  });
}

describe("answers that are lost on their way", () => {
  let server: TestRedis;
  let program: Redis;

  beforeAll(async () => {
    server = await startRedis();
    program = new Redis(server.port, "127.0.0.1");
  });

  afterAll(async () => {
    program.disconnect();
    await server.stop();
  });

  function returning(count: number): () => Outcome {
    let left = count;
    return () => (left-- > 0 ? returned : done);
  }

  test.each<[string, string, (job: TakenJob) => Outcome, number]>([
    ["of what was taken", TAKE.sha, () => done, 0],
    ["of what is done", "hdel", () => done, 0],
    ["of what has failed", FAILED.sha, ({ attempt }) => (attempt === 1 ? failed : done), 0],
    ["of what has failed for good", BURY.sha, () => failed, 3],
    ["of what is returned", RETURN.sha, returning(3), 0],
  ])("nothing is lost with the answer %s, and nothing is done twice", async (what, text, decide, dead) => {
    const name = `lost ${what}`;
    // The server knows the scripts by then, or the lost answer would be that it does not.
    for (const { lua } of [TAKE, FAILED, BURY, RETURN]) await program.script("LOAD", lua);
    const proxy = await startForgetfulProxy(server.port, text);
    const store = await openStore(`redis://127.0.0.1:${proxy.port}`);
    const uuid = newUuid();
    await program.rpush(name, uuid, uuid, uuid);

    const ended: Outcome[] = [];
    const list = (await store.delivery()).conserverList(name);
    const taker = new Taker(list, { attempts: 2, pause: 1 }, (job) => {
      const outcome = decide(job);
      if (outcome.is === "done" || (outcome.is === "failed" && job.attempt === 2)) ended.push(outcome);
      return outcome;
    });
    await until(async () => ended.length >= 3 && proxy.lost() > 0 && (await held(name)) === 0);
    expect(ended).toHaveLength(3);
    await taker.stop();
    await store.close();
    proxy.close();
    expect(await program.llen(name)).toBe(0);
    expect(await program.lrange(`DLQ:${name}`, 0, -1)).toEqual(Array.from({ length: dead }, () => uuid));
  });

  async function held(name: string): Promise<number> {
    const [consumer] = await program.hkeys(`vcon-list:{${name}}:consumers`);
    return program.hlen(`vcon-list:{${name}}:taken:${consumer}`);
  }
});

describe("Redis with a sentinel", () => {
  let sentinel: TestSentinel;

  beforeAll(async () => {
    sentinel = await startSentinel();
  });

  afterAll(() => sentinel.stop());

  test("a flow follows to the server that takes the place of one that died", async () => {
    const store = await openStore(sentinel.url);
    const list = (await store.delivery()).conserverList("calls");
    const [first, second] = [newUuid(), newUuid()];
    await list.push(first);
    const taker = new Taker(list);
    const job = await taker.nth(1);
    const replica = new Redis(sentinel.replica.port, "127.0.0.1");
    await until(async () => (await replica.hlen("vcon-list:{calls}:consumers")) === 1);
    await until(async () => (await replica.llen("calls")) === 0);
    await sentinel.master.kill();
    await taker.settle(job);
    await until(() =>
      list.push(second).then(
        () => true,
        () => false,
      ),
    );
    await until(() => taker.uuids.includes(second));
    expect(taker.uuids.filter((uuid) => uuid === first)).toHaveLength(1);
    await taker.end();
    expect(await replica.llen("calls")).toBe(0);
    replica.disconnect();
    await store.close();
  });
});
