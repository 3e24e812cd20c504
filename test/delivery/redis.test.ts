import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  type TestContext,
  test,
  vi,
} from "vitest";
import {
  newUuid,
  type Outcome,
  openStore,
  type Queue,
  type TakenJob,
  type VconStore,
} from "../../core/index.ts";
import { startForgetfulProxy } from "../support/forgetful-proxy.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { chat } from "../support/vcons.ts";
import { queueContract } from "./queue-contract.ts";
import { Taker, type Taking, until } from "./taker.ts";
import { startWorker } from "./worker-process.ts";

const HOUR_MS = 60 * 60_000;
const NOTHING = { waiting: 0, delayed: 0, active: 0, dead: 0 };
const AWAY = { code: "STORE_UNAVAILABLE", transient: true };

const done: Outcome = { is: "done" };
const failed: Outcome = { is: "failed", failure: { reason: "The service answered 503." } };

let contractServer: TestRedis;

queueContract("Redis", {
  start: async () => {
    contractServer = await startRedis();
    return { url: contractServer.url };
  },
  stop: () => contractServer.stop(),
});

describe("A queue in Redis", () => {
  let server: TestRedis;
  let admin: Redis;
  let store: VconStore;
  let queue: Queue;
  const takers: Taker[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.port, "127.0.0.1", { retryStrategy: () => 50 });
    admin.on("error", () => {});
  });

  beforeEach(async () => {
    store = await openStore(server.url);
    queue = (await store.delivery()).queue(`queue ${newUuid()}`);
  });

  afterEach(async () => {
    await admin.call("REPLICAOF", "NO", "ONE");
    await admin.config("SET", "maxmemory", "0");
    await Promise.all(takers.splice(0).map((taker) => taker.end()));
    await store.close();
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  function take(...wanted: Taking): Taker {
    const taker = new Taker(queue, ...wanted);
    takers.push(taker);
    return taker;
  }

  async function vcon(lifetime?: number): Promise<string> {
    const { uuid, ...rest } = chat("Good morning.");
    await store.create({ uuid, ...rest });
    if (lifetime !== undefined) await admin.pexpire(`vcon:${uuid}`, lifetime);
    return uuid;
  }

  const left = (uuid: string) => admin.pttl(`vcon:${uuid}`);

  test("that nobody has added to leaves nothing in Redis by being asked about", async () => {
    const before = await admin.dbsize();
    expect(await queue.counts()).toEqual(NOTHING);
    expect(await admin.dbsize()).toBe(before);
  });

  describe("keeps a vCon that would expire", () => {
    test("while its job waits, is worked on and pauses, and until it is done", async () => {
      const uuid = await vcon(HOUR_MS);
      await queue.add(uuid, { delay: 50 });
      expect(await left(uuid)).toBe(-1);
      const taker = take({ attempts: 2, pause: 50 });
      const job = await taker.nth(1);
      expect(await left(uuid)).toBe(-1);
      await taker.settle(job, { is: "returned" });
      expect(await left(uuid)).toBe(-1);
      await taker.settle(await taker.nth(2), failed);
      expect(await left(uuid)).toBe(-1);
      await taker.settle(await taker.nth(3), done);
      expect(await left(uuid)).toBeGreaterThan(HOUR_MS - 60_000);
      expect(await left(uuid)).toBeLessThanOrEqual(HOUR_MS);
    });

    test("while its job is dead, and again when it is replayed, until it is done", async () => {
      const uuid = await vcon(HOUR_MS);
      await queue.add(uuid);
      const taker = take({ attempts: 1 });
      await taker.settle(await taker.nth(1), failed);
      expect(await left(uuid)).toBe(-1);
      await queue.replay("all", "start");
      const job = await taker.nth(2);
      expect(await left(uuid)).toBe(-1);
      await taker.settle(job, done);
      expect(await left(uuid)).toBeGreaterThan(0);
    });

    test("until its dead job is dropped", async () => {
      const uuid = await vcon(HOUR_MS);
      await queue.add(uuid);
      const taker = take({ attempts: 1 });
      await taker.settle(await taker.nth(1), failed);
      expect(await queue.drop("all")).toBe(1);
      expect(await left(uuid)).toBeGreaterThan(0);
    });

    test("until the last of its jobs is done, in whichever queue", async () => {
      const uuid = await vcon(HOUR_MS);
      const other = (await store.delivery()).queue(`queue ${newUuid()}`);
      await Promise.all([queue.add(uuid), queue.add(uuid), other.add(uuid)]);
      const taker = take();
      const second = new Taker(other);
      for (const one of [await taker.nth(1), await taker.nth(2)]) await taker.settle(one, done);
      expect(await left(uuid)).toBe(-1);
      await second.settle(await second.nth(1), done);
      expect(await left(uuid)).toBeGreaterThan(0);
      await second.end();
    });

    test("once for one key, however often it is added", async () => {
      const uuid = await vcon(HOUR_MS);
      await Promise.all(Array.from({ length: 20 }, () => queue.add(uuid, { key: "k" })));
      const taker = take();
      const job = await taker.nth(1);
      await Promise.all(Array.from({ length: 20 }, () => queue.add(uuid, { key: "k" })));
      expect(await left(uuid)).toBe(-1);
      await taker.settle(job, done);
      expect(await left(uuid)).toBeGreaterThan(0);
      await queue.add(uuid, { key: "k" });
      expect(await left(uuid)).toBe(-1);
      await taker.settle(await taker.nth(2), done);
      expect(await left(uuid)).toBeGreaterThan(0);
    });

    test("for each job by itself, where a key is added again the moment it is free", async () => {
      const uuid = await vcon(HOUR_MS);
      const taker = take({ atOnce: 1 }, () => done);
      for (let turn = 1; turn <= 50; turn++) {
        await queue.add(uuid, { key: "k" });
        await pause(turn % 3);
      }
      await until(async () => (await queue.counts()).waiting + (await queue.counts()).active === 0);
      await taker.stop();
      expect(await left(uuid)).toBeGreaterThan(0);
      await queue.add(uuid, { key: "k" });
      expect(await left(uuid)).toBe(-1);
    });

    test("until its job is pulled", async () => {
      const uuid = await vcon(HOUR_MS);
      await queue.add(uuid);
      await queue.add(uuid, { key: "k" });
      expect(await queue.pull(1)).toEqual([uuid]);
      expect(await left(uuid)).toBe(-1);
      expect(await queue.pull(1)).toEqual([uuid]);
      expect(await left(uuid)).toBeGreaterThan(0);
    });
  });

  test("an endless number of dead letters holds up nobody who looks at others, replays or drops them", async () => {
    const uuids = await Promise.all(Array.from({ length: 20 }, () => vcon()));
    const taker = take({ atOnce: 100, attempts: 1 }, () => failed);
    await Promise.all(Array.from({ length: 2500 }, (_, i) => queue.add(uuids[i % 20]!)));
    await until(async () => (await queue.counts()).dead === 2500);
    await taker.stop();
    const letters = await queue.deadLetters({ limit: 2500 });
    expect(new Set(letters.map(({ id }) => id)).size).toBe(2500);
    expect(await queue.deadLetters()).toEqual(letters.slice(0, 100));
    expect(
      await queue.replay(
        letters.slice(0, 1000).map(({ id }) => id),
        "start",
      ),
    ).toBe(1000);
    expect(await queue.counts()).toEqual({ waiting: 1000, delayed: 0, active: 0, dead: 1500 });
    const [dropped, replayed] = await Promise.all([queue.drop("all"), queue.replay("all", "start")]);
    expect(dropped + replayed).toBe(1500);
    expect(await queue.counts()).toEqual({ waiting: 1000 + replayed, delayed: 0, active: 0, dead: 0 });
  });

  test("leaves nothing in Redis of what a job failed on, once that is dropped, or replayed and done", async () => {
    const failure = {
      reason: "Failed: Trockenobst.",
      node: { id: "n", type: "function" },
      message: { payload: "Trockenobst" },
    };
    const told = async () => {
      const keys = await admin.keys(`vcon-queue:{${queue.name}}:*`);
      const dumps = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
      return dumps.some((dump) => dump?.includes("Trockenobst"));
    };
    const taker = take({ attempts: 1 });
    await queue.add(await vcon());
    await taker.settle(await taker.nth(1), { is: "failed", failure });
    expect(await told()).toBe(true);
    await queue.replay("all", "failed");
    await taker.settle(await taker.nth(2), done);
    expect(await told()).toBe(false);
    await queue.add(await vcon());
    await taker.settle(await taker.nth(3), { is: "failed", failure });
    expect(await told()).toBe(true);
    await queue.drop("all");
    expect(await told()).toBe(false);
  });

  describe("whose answer to a pull is lost", () => {
    /** @param call what is in the call whose answer is lost, and in none before it */
    async function pullInVain(
      call: string,
    ): Promise<{ uuid: string; answer: PromiseSettledResult<string[]> }> {
      // Redis knows the scripts from now on.
      await queue.add(await vcon());
      await queue.pull(1);
      const proxy = await startForgetfulProxy(server.port, call);
      const far = await openStore(`redis://127.0.0.1:${proxy.port}`);
      const uuid = await vcon(HOUR_MS);
      await queue.add(uuid);
      const [answer] = await Promise.allSettled([(await far.delivery()).queue(queue.name).pull(1)]);
      expect(proxy.lost()).toBe(1);
      await far.close();
      proxy.close();
      return { uuid, answer };
    }

    test("hands the job out again, also where nobody consumes", async () => {
      const { uuid, answer } = await pullInVain(":limiter");
      expect(answer).toMatchObject({ status: "rejected", reason: AWAY });
      expect(await queue.pull(1)).toEqual([]);
      expect(await left(uuid)).toBe(-1);
      await until(async () => {
        // As if the time of the claim and that between two looks were over.
        const own = await admin.keys(`vcon-queue:{${queue.name}}:*`);
        await admin.del(own.filter((key) => /:(lock|stalled-check)$/.test(key)));
        return (await queue.pull(1))[0] === uuid;
      });
      expect(await queue.counts()).toEqual(NOTHING);
      expect(await left(uuid)).toBeGreaterThan(0);
    });

    test("loses nothing where the job was already taken out", async () => {
      const { uuid, answer } = await pullInVain(":completed");
      expect(answer).toEqual({ status: "fulfilled", value: [uuid] });
      expect(await queue.counts()).toEqual(NOTHING);
      await until(async () => (await left(uuid)) > 0);
    });
  });

  test("leaves no job, claim or connection behind where jobs were pulled", async () => {
    await queue.counts();
    const connections = async () => ((await admin.client("LIST")) as string).split("\n").length;
    const before = await connections();
    for (let turn = 0; turn < 10; turn++) {
      await queue.add(await vcon());
      await queue.pull(2);
    }
    expect(await connections()).toBe(before);
    const own = await admin.keys(`vcon-queue:{${queue.name}}:*`);
    // What BullMQ knows of the queue as such.
    expect(own.filter((key) => !/:(meta|marker|id|events|stalled-check)$/.test(key))).toEqual([]);
  });

  test("leaves no connection behind", async () => {
    await queue.counts();
    const before = ((await admin.client("LIST")) as string).split("\n").length;
    const taker = take();
    await queue.add(await vcon());
    await taker.nth(1);
    await taker.end();
    await until(async () => ((await admin.client("LIST")) as string).split("\n").length === before);
  });

  test("tells when the server may throw jobs away, and works on", async () => {
    await admin.config("SET", "maxmemory", "1gb");
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    const console_ = [vi.spyOn(console, "warn"), vi.spyOn(console, "error"), vi.spyOn(console, "log")];
    const taker = take({}, () => done);
    await queue.add(await vcon());
    await taker.nth(1);
    await until(() => taker.faults.length > 0);
    expect(taker.faults).toEqual([
      expect.objectContaining({ message: expect.stringContaining("noeviction") }),
    ]);
    for (const written of console_) expect(written).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    await admin.config("SET", "maxmemory", "0");
    await admin.config("SET", "maxmemory-policy", "noeviction");
  });

  test("tells when the server refuses to hand out jobs, and goes on by itself when it does again", async () => {
    const taker = take();
    await queue.add(await vcon());
    await taker.nth(1);
    await admin.call("REPLICAOF", "127.0.0.1", "1");
    await until(() => taker.faults.length > 0);
    expect(taker.faults).toEqual([expect.objectContaining(AWAY)]);
    await admin.call("REPLICAOF", "NO", "ONE");
    await queue.add(await vcon());
    await taker.nth(2);
    await until(() => taker.faults.length === 2);
    expect(taker.faults[1]).toBeUndefined();
  });
});

// Most of the time of these goes by in waiting: they wait together, each with a store and a queue of its own.
describe.concurrent("A queue of which something goes away", () => {
  let shared: TestRedis;

  beforeAll(async () => {
    shared = await startRedis();
  });

  afterAll(() => shared.stop());

  test("keeps a vCon that would expire until its job is done by another process than the one that was killed at work on it", async (context) => {
    const { queue, vcon, left, take, work } = await site(context, shared);
    const uuid = await vcon(HOUR_MS);
    const worker = await work();
    await queue.add(uuid);
    await until(() => worker.taken.length === 1);
    await worker.kill();
    expect(await left(uuid)).toBe(-1);
    const taker = take();
    await taker.settle(await taker.nth(1), done);
    expect(await left(uuid)).toBeGreaterThan(0);
  });

  test("parks a job that its process does not survive, and it can begin anew", async (context) => {
    const { admin, queue, vcon, take, work } = await site(context, shared);
    const uuid = await vcon();
    const worker = await work();
    await queue.add(uuid);
    await until(() => worker.taken.length === 1);
    // As if 24 processes had ended before this one.
    await admin.hset(`vcon-queue:{${queue.name}}:${worker.taken[0]!.id}`, "stc", 24);
    await worker.kill();
    const taker = take();
    await until(async () => (await queue.counts()).dead === 1);
    const [letter] = await queue.deadLetters();
    expect(letter).toMatchObject({
      uuid,
      reason: expect.stringMatching(/^25 times the process ended/),
      resumable: false,
    });
    expect(letter).not.toHaveProperty("code");
    expect(taker.taken).toEqual([]);

    await queue.replay("all", "failed");
    const job = await taker.nth(1);
    expect(job).toMatchObject({ uuid, attempt: 1 });
    expect(await admin.hget(`vcon-queue:{${queue.name}}:${job.id}`, "stc")).toBeNull();
  });

  describe("while Redis is away", () => {
    test("an add fails, and is not made up for later", async (context) => {
      const { store, queue, vcon, left, leave, comeBack } = await siteOfItsOwn(context);
      const [uuid, other] = [await vcon(), await vcon(HOUR_MS)];
      await queue.add(uuid);
      await leave();
      const failures = await Promise.allSettled([
        queue.add(uuid),
        queue.add(other),
        queue.add(uuid, { key: "k" }),
      ]);
      for (const failure of failures) expect(failure).toMatchObject({ status: "rejected", reason: AWAY });
      await comeBack();
      await store.ping();
      await pause(500);
      expect(await queue.counts()).toEqual({ ...NOTHING, waiting: 1 });
      expect(await left(other)).toBeGreaterThan(0);
    });

    test("everything else that is asked fails too", async (context) => {
      const { queue, leave } = await siteOfItsOwn(context);
      await queue.counts();
      await leave();
      const asked = [
        queue.counts(),
        queue.pull(1),
        queue.deadLetters(),
        queue.replay("all", "start"),
        queue.replay([newUuid()], "start"),
        queue.drop("all"),
        queue.drop([newUuid()]),
      ];
      for (const answer of await Promise.allSettled(asked)) {
        expect(answer).toMatchObject({ status: "rejected", reason: AWAY });
      }
    });

    test("a consumer waits, and goes on by itself: nothing is lost, whatever was under way", async (context) => {
      const { queue, vcon, left, take, leave, comeBack } = await siteOfItsOwn(context);
      const uuids = await Promise.all(Array.from({ length: 20 }, () => vcon(HOUR_MS)));
      const settled = new Set<string>();
      const work = async (job: TakenJob): Promise<Outcome> => {
        await pause(3);
        settled.add(job.id);
        return done;
      };
      const working = [take({ atOnce: 20 }, work), take({ atOnce: 20 }, work)];
      for (let turn = 0; turn < 3; turn++) {
        await Promise.all(Array.from({ length: 600 }, (_, i) => queue.add(uuids[i % 20]!)));
        await leave();
        await pause(100);
        await comeBack();
      }
      await until(async () => {
        const { waiting, delayed, active } = await queue.counts();
        return waiting + delayed + active === 0;
      });
      expect(settled.size).toBe(1800);
      expect(await queue.counts()).toEqual(NOTHING);
      for (const taker of working) {
        await until(() => taker.faults.length > 0 && taker.faults.at(-1) === undefined);
        expect(taker.faults[0]).toMatchObject(AWAY);
      }
      for (const uuid of uuids) await until(async () => (await left(uuid)) > 0);
    });

    test("the reason is told once, and that it is over", async (context) => {
      const { queue, vcon, take, leave, comeBack } = await siteOfItsOwn(context);
      const taker = take();
      await queue.add(await vcon());
      await taker.nth(1);
      await leave();
      await until(() => taker.faults.length > 0);
      await pause(2500);
      const told = taker.faults.map((fault) => fault?.message);
      expect(told).toEqual([...new Set(told)]);
      await comeBack();
      await until(() => taker.faults.at(-1) === undefined);
    });

    test("a consumer can begin, and takes once Redis is there", async (context) => {
      const { queue, vcon, take, leave, comeBack } = await siteOfItsOwn(context);
      await queue.add(await vcon());
      await leave();
      const taker = take();
      await until(() => taker.faults.length === 1);
      await comeBack();
      await taker.nth(1);
      expect(taker.faults.at(-1)).toBeUndefined();
    });

    test("a consumer can stop: idle, at work, or before Redis was ever there", async (context) => {
      const { store, vcon, take, leave, comeBack } = await siteOfItsOwn(context);
      const busy = (await store.delivery()).queue("at work");
      const idle = take();
      const atWork = new Taker(busy);
      await busy.add(await vcon());
      const job = await atWork.nth(1);
      await leave();
      const early = take();
      await pause(200);
      const stopping = atWork.stop();
      await Promise.all([idle.stop(), early.stop(), atWork.settle(job), stopping]);
      await comeBack();
      // What could not be settled is handed out again.
      const heir = new Taker(busy);
      expect((await heir.nth(1)).id).toBe(job.id);
      await heir.end();
    });

    test("the reader of dead letters misses none", async (context) => {
      const { queue, vcon, take, leave, comeBack } = await siteOfItsOwn(context);
      const told: string[] = [];
      const faults: (Error | undefined)[] = [];
      const watch = queue.watchDead("alert", {
        tell: ({ uuid }) => told.push(uuid),
        fault: (error) => faults.push(error),
      });
      const [first, second] = [await vcon(), await vcon()];
      take({ attempts: 1 }, () => failed);
      await queue.add(first);
      await until(() => told.length === 1);
      await leave();
      await until(() => faults.length === 1);
      await comeBack();
      await queue.add(second);
      await until(() => told.length === 2);
      expect(told).toEqual([first, second]);
      expect(faults).toEqual([expect.objectContaining(AWAY), undefined]);
      await watch.stop();
    });
  });
});

/** On a Redis that nobody else uses. */
async function siteOfItsOwn(context: TestContext) {
  const server = await startRedis();
  context.onTestFinished(() => server.stop());
  return { ...(await site(context, server)), leave: server.kill, comeBack: server.start };
}

async function site({ onTestFinished }: TestContext, { url, port }: TestRedis) {
  const admin = new Redis(port, "127.0.0.1", { retryStrategy: () => 50 });
  admin.on("error", () => {});
  const store = await openStore(url);
  const queue = (await store.delivery()).queue(`queue ${newUuid()}`);
  const ends: (() => Promise<void>)[] = [];
  onTestFinished(async () => {
    await Promise.all(ends.map((end) => end()));
    await store.close();
    admin.disconnect();
  });
  return {
    admin,
    store,
    queue,
    vcon: async (lifetime?: number) => {
      const vcon = chat("Good morning.");
      await store.create(vcon);
      if (lifetime !== undefined) await admin.pexpire(`vcon:${vcon.uuid}`, lifetime);
      return vcon.uuid;
    },
    left: (uuid: string) => admin.pttl(`vcon:${uuid}`),
    take: (...wanted: Taking) => {
      const taker = new Taker(queue, ...wanted);
      ends.push(() => taker.end());
      return taker;
    },
    /** A process that takes a job and keeps it. */
    work: async () => {
      const worker = await startWorker({ url, queue: queue.name, atOnce: 1, settles: false });
      ends.push(() => worker.kill());
      return worker;
    },
  };
}
