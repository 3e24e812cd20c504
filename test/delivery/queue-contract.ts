/** What every home of a queue has to do: one suite, run against each of them. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, type TestContext, test } from "vitest";
import {
  type AddOptions,
  type ConsumeOptions,
  type Consumer,
  type DeadLetter,
  type Delivery,
  type Failure,
  newUuid,
  type OpenOptions,
  type Outcome,
  openStore,
  type Queue,
  type TakenJob,
  type VconStore,
} from "../../core/index.ts";
import { chat } from "../support/vcons.ts";
import { type Decision, Taker, until } from "./taker.ts";
import { startWorker, type WorkerOrder } from "./worker-process.ts";

/** Where the store is: each time it is opened there, it is another process to the home. */
export interface Place {
  url: string;
  options?: OpenOptions;
}

export interface QueueHome {
  start(): Promise<Place>;
  /** Everything that was opened there is closed. */
  stop(): Promise<void>;
}

const ODD_TEXTS = [
  "",
  " ",
  "__proto__",
  "constructor",
  "a:b",
  "{a}",
  "7",
  "été 日本 🎈",
  "'; --",
  "a\0b",
  "a\nb",
  "x".repeat(5000),
  `${"x".repeat(5000)}y`,
];
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

const FAILURE: Failure = {
  reason: "The service answered 503.",
  code: "503",
  node: { id: "n1", type: "vcon-transcribe", name: "été 日本", flow: "f1" },
  message: { payload: "p", topic: "été 🎈", deep: { list: [1, null, true] } },
};
const failed: Outcome = { is: "failed", failure: FAILURE };
const done: Outcome = { is: "done" };
const returned: Outcome = { is: "returned" };

export function queueContract(name: string, home: QueueHome): void {
  describe(name, () => {
    let place: Place;
    const stores: VconStore[] = [];
    /** Two processes, and the same queue in both. */
    let deliveries: [Delivery, Delivery];
    let here: Queue;
    let there: Queue;
    const uuids: string[] = [];
    let uuid: string;

    const takers: Taker[] = [];
    const watching: Consumer[] = [];

    beforeAll(async () => {
      place = await home.start();
      stores.push(await open(), await open());
      deliveries = [await stores[0]!.delivery(), await stores[1]!.delivery()];
      const vcons = Array.from({ length: 30 }, () => chat("Good morning."));
      await Promise.all(vcons.map((vcon) => stores[0]!.create(vcon)));
      uuids.push(...vcons.map((vcon) => vcon.uuid));
      uuid = uuids[0]!;
    });

    beforeEach(() => {
      const queue = `contract ${randomUUID()}`;
      [here, there] = [deliveries[0].queue(queue), deliveries[1].queue(queue)];
    });

    afterEach(async () => {
      await Promise.all(takers.splice(0).map((taker) => taker.end()));
      await Promise.all(watching.splice(0).map((watcher) => watcher.stop()));
    });

    afterAll(async () => {
      for (const one of uuids) await stores[0]?.delete(one);
      for (const store of stores) await store.close();
      await home.stop();
    });

    function open(): Promise<VconStore> {
      return openStore(place.url, place.options);
    }

    function take(
      queue: Queue,
      options?: Partial<ConsumeOptions>,
      decide?: (job: TakenJob) => Decision,
    ): Taker {
      const taker = new Taker(queue, options, decide);
      takers.push(taker);
      return taker;
    }

    function watch(queue: Queue, reader: string): DeadLetter[] {
      const told: DeadLetter[] = [];
      watching.push(queue.watchDead(reader, { tell: (letter) => told.push(letter), fault: () => {} }));
      return told;
    }

    /** One job after the other, so that it is known which is older. */
    async function add(wanted: readonly string[], options?: AddOptions, queue = here): Promise<void> {
      for (const one of wanted) await queue.add(one, options);
    }

    /** These become dead letters, one after the other. */
    async function bury(wanted: readonly string[], failure = FAILURE, queue = here): Promise<DeadLetter[]> {
      const before = (await queue.counts()).dead;
      const taker = take(queue, { atOnce: 1, attempts: 1 }, () => ({ is: "failed", failure }));
      await add(wanted);
      await until(async () => (await queue.counts()).dead === before + wanted.length);
      await taker.stop();
      return queue.deadLetters({ offset: before });
    }

    describe("adding", () => {
      test("hands a job out as it was added", async () => {
        const before = Date.now();
        await here.add(uuid);
        const job = await take(here).nth(1);
        expect(job).toMatchObject({ uuid, attempt: 1, id: expect.any(String) });
        expect(job.addedAt).toMatch(RFC_3339);
        expect(Date.parse(job.addedAt)).toBeGreaterThanOrEqual(before);
        expect(Date.parse(job.addedAt)).toBeLessThanOrEqual(Date.now());
        expect(job.resume).toBeUndefined();
      });

      test("tells the queue's name", () => {
        expect(here.name).toBe(there.name);
        expect(here.name).toMatch(/^contract /);
      });

      test("refuses a vCon that is not there, and adds nothing", async () => {
        await expect(here.add(newUuid())).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });

      test("makes a job of each call without a key, with an id of its own", async () => {
        await Promise.all([here.add(uuid), here.add(uuid), there.add(uuid)]);
        const taker = take(here);
        await taker.nth(3);
        expect(new Set(taker.taken.map(({ id }) => id)).size).toBe(3);
        expect(taker.uuids).toEqual([uuid, uuid, uuid]);
      });

      test("reaches those who wait for jobs already, also in another process", async () => {
        const taker = take(there);
        await add(uuids.slice(0, 2));
        await taker.nth(2);
        await there.add(uuids[2]!);
        await taker.nth(3);
        expect(taker.uuids).toEqual(uuids.slice(0, 3));
      });

      test("keeps the jobs of queues apart, whatever their names are", async () => {
        const names = ["__proto__", "constructor", "été 日本 🎈", "a b", "*", "'; --", "x".repeat(100)];
        const queues = names.map((one) => deliveries[0].queue(one));
        await Promise.all(queues.map((queue, i) => queue.add(uuids[i]!)));
        expect(queues.map((queue) => queue.name)).toEqual(names);
        for (const [i, queue] of queues.entries()) {
          const taker = take(deliveries[1].queue(names[i]!));
          await taker.nth(1);
          expect(taker.uuids).toEqual([uuids[i]]);
          await taker.end();
          expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
        }
      });

      test.each(["", " ", "a:b", "{a", "a}", "a\nb", "x".repeat(101)])(
        "refuses the name %j for a queue",
        (malformed) => {
          expect(() => deliveries[0].queue(malformed)).toThrow(
            expect.objectContaining({ code: "DELIVERY_NAME_MALFORMED" }),
          );
        },
      );

      test("keeps thousands of jobs added at once, each of them once", async () => {
        await Promise.all(Array.from({ length: 3000 }, (_, i) => here.add(uuids[i % 30]!)));
        expect(await there.counts()).toMatchObject({ waiting: 3000 });
        const taker = take(there, { atOnce: 50 }, () => done);
        await taker.nth(3000);
        await taker.stop();
        expect(new Set(taker.taken.map(({ id }) => id)).size).toBe(3000);
        expect(taker.taken).toHaveLength(3000);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });
    });

    describe("a key", () => {
      test.each(ODD_TEXTS.map((key) => [key.slice(0, 20), key]))(
        "such as %j makes a job once, from wherever and however often it is added",
        async (_, key) => {
          await Promise.all(Array.from({ length: 10 }, (__, i) => [here, there][i % 2]!.add(uuid, { key })));
          expect(await here.counts()).toMatchObject({ waiting: 1 });
        },
      );

      test("differs from every other", async () => {
        await Promise.all(ODD_TEXTS.map((key) => here.add(uuid, { key })));
        expect(await here.counts()).toMatchObject({ waiting: ODD_TEXTS.length });
      });

      test("is one of its queue alone", async () => {
        const other = deliveries[0].queue(`contract ${randomUUID()}`);
        await Promise.all([here.add(uuid, { key: "k" }), other.add(uuid, { key: "k" })]);
        expect([await here.counts(), await other.counts()]).toMatchObject([{ waiting: 1 }, { waiting: 1 }]);
      });

      test("holds while its job waits, is worked on, pauses or is dead, and is free after it", async () => {
        const again = () => Promise.all([here.add(uuid, { key: "k" }), there.add(uuid, { key: "k" })]);
        const total = async () => Object.values(await here.counts()).reduce((sum, count) => sum + count);
        await again();
        expect(await here.counts()).toEqual({ waiting: 1, delayed: 0, active: 0, dead: 0 });
        const taker = take(here, { attempts: 2, pause: 400 });
        const job = await taker.nth(1);
        await again();
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
        await taker.settle(job, failed);
        await again();
        expect(await total()).toBe(1);
        await taker.settle(await taker.nth(2), failed);
        await again();
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
        expect(await here.drop("all")).toBe(1);
        await again();
        await taker.settle(await taker.nth(3), done);
        await again();
        await taker.nth(4);
        expect(await total()).toBe(1);
      });
    });

    describe("the order", () => {
      test("is the oldest first", async () => {
        await add(uuids);
        const taker = take(there, { atOnce: 1 }, () => done);
        await taker.nth(uuids.length);
        expect(taker.uuids).toEqual(uuids);
      });

      test("is the highest priority first, and the oldest first within one", async () => {
        const [a, b, c, d, e, f, g, h] = uuids as [string, ...string[]];
        await add([a, b!], { priority: "low" });
        await add([c!], {});
        await add([d!, e!], { priority: "high" });
        await add([f!], { priority: "normal" });
        await add([g!], { priority: "high" });
        await add([h!], { priority: "low" });
        const taker = take(there, { atOnce: 1 }, () => done);
        await taker.nth(8);
        expect(taker.uuids).toEqual([d, e, g, c, f, a, b, h]);
      });

      test("puts what was returned before what is newer", async () => {
        await add(uuids.slice(0, 4));
        const first = take(here, { atOnce: 2 });
        await first.nth(2);
        const stopped = first.stop();
        for (const job of first.held) await first.settle(job, returned);
        await stopped;
        const second = take(there, { atOnce: 1 }, () => done);
        await second.nth(4);
        expect([...second.uuids.slice(0, 2)].sort()).toEqual(uuids.slice(0, 2).sort());
        expect(second.uuids.slice(2)).toEqual(uuids.slice(2, 4));
      });
    });

    describe("a delay", () => {
      test("keeps a job back for its time, and holds up no other", async () => {
        const taker = take(here);
        const before = Date.now();
        await here.add(uuids[0]!, { delay: 300 });
        await here.add(uuids[1]!);
        await here.add(uuids[2]!, { delay: 60_000 });
        await taker.nth(1);
        expect(await here.counts()).toMatchObject({ delayed: 2 });
        await taker.nth(2);
        expect(Date.now() - before).toBeGreaterThanOrEqual(300);
        expect(taker.uuids).toEqual([uuids[1], uuids[0]]);
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 1, active: 2, dead: 0 });
      });

      test("is over for those in other processes too", async () => {
        const taker = take(there);
        await here.add(uuid, { delay: 200, priority: "low" });
        await taker.nth(1);
      });

      test("ends also while nobody takes jobs", async () => {
        await here.add(uuid, { delay: 30 });
        await pause(60);
        await take(here).nth(1);
      });
    });

    describe("flow control", () => {
      test("hands out another job only when one is settled", async () => {
        await add(uuids.slice(0, 10));
        const taker = take(here, { atOnce: 3 });
        for (let settled = 0; settled <= 7; settled++) {
          await taker.nth(3 + settled);
          await pause(20);
          expect(taker.held).toHaveLength(3);
          expect(await there.counts()).toEqual({ waiting: 7 - settled, delayed: 0, active: 3, dead: 0 });
          if (settled < 7) await taker.settle(taker.held[settled % 3]!);
        }
        expect(taker.most).toBe(3);
      });

      test("holds for each taker by itself, among a thousand jobs", async () => {
        await Promise.all(Array.from({ length: 1000 }, (_, i) => here.add(uuids[i % 30]!)));
        const aTurnLater = () => new Promise<Outcome>((resolve) => setImmediate(resolve, done));
        const five = take(here, { atOnce: 5 }, aTurnLater);
        const eight = take(there, { atOnce: 8 }, aTurnLater);
        await until(() => five.taken.length + eight.taken.length === 1000);
        expect(five.most).toBeLessThanOrEqual(5);
        expect(eight.most).toBeLessThanOrEqual(8);
      });
    });

    describe("takers of one queue", () => {
      test("share its jobs, in one process and in two: each job goes to one of them", async () => {
        const slowly = () => pause(5, done);
        const sharing = [here, here, there, there].map((queue) => take(queue, { atOnce: 5 }, slowly));
        await Promise.all(Array.from({ length: 500 }, (_, i) => [here, there][i % 2]!.add(uuids[i % 30]!)));
        const taken = () => sharing.flatMap((taker) => taker.taken);
        await until(() => taken().length >= 500);
        await Promise.all(sharing.map((taker) => taker.stop()));
        expect(new Set(taken().map(({ id }) => id)).size).toBe(500);
        expect(taken()).toHaveLength(500);
        for (const taker of sharing) expect(taker.taken.length).toBeGreaterThan(0);
      });
    });

    describe("pulling", () => {
      const nothing = { waiting: 0, delayed: 0, active: 0, dead: 0 };

      test("takes out the oldest of the highest priority first, and with the answer they are done", async () => {
        const [a, b, c, d, e] = uuids as [string, string, string, string, string];
        await add([a], { priority: "low" });
        await add([b, c]);
        await add([d, e], { priority: "high" });
        expect(await there.pull(3)).toEqual([d, e, b]);
        expect(await here.counts()).toEqual({ ...nothing, waiting: 2 });
        expect(await here.pull(10)).toEqual([c, a]);
        expect(await there.counts()).toEqual(nothing);
      });

      test("takes out no more than was asked for, and nothing of nothing", async () => {
        expect(await here.pull(5)).toEqual([]);
        await add(uuids.slice(0, 3));
        expect(await here.pull(0)).toEqual([]);
        expect(await here.pull(1)).toEqual([uuids[0]]);
        expect(await here.pull(1000)).toEqual(uuids.slice(1, 3));
        expect(await here.pull(1)).toEqual([]);
      });

      test("frees the key of a job", async () => {
        await here.add(uuid, { key: "k" });
        expect(await there.pull(1)).toEqual([uuid]);
        await here.add(uuid, { key: "k" });
        expect(await here.counts()).toEqual({ ...nothing, waiting: 1 });
      });

      test("leaves what is delayed, in somebody's hands, in its pause or dead", async () => {
        await bury([uuids[0]!]);
        const taker = take(here, { atOnce: 2, pause: 60_000 });
        await add(uuids.slice(1, 3));
        await taker.settle(await taker.nth(2), failed);
        await here.add(uuids[3]!, { delay: 60_000 });
        expect(await there.pull(10)).toEqual([]);
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 2, active: 1, dead: 1 });
      });

      test("takes out what was delayed once its time has come, where nobody consumes", async () => {
        await here.add(uuid, { delay: 30 });
        await pause(60);
        expect(await there.pull(1)).toEqual([uuid]);
      });

      test("takes out what a taker has returned or what was replayed", async () => {
        await bury(uuids.slice(0, 1));
        await here.replay("all", "failed");
        expect(await there.pull(10)).toEqual(uuids.slice(0, 1));
        const taker = take(here, { atOnce: 1 });
        await add(uuids.slice(1, 3));
        const job = await taker.nth(1);
        const stopped = taker.stop();
        await taker.settle(job, returned);
        await stopped;
        expect(await there.pull(10)).toEqual(uuids.slice(1, 3));
      });

      test("by several and taking by others share the jobs: each is given once", async () => {
        const wanted = Array.from({ length: 600 }, (_, i) => uuids[i % 30]!);
        await Promise.all(wanted.slice(0, 300).map((one) => here.add(one)));
        const pulls = [1, 2, 7, 50, 150, 200].map((limit, i) => [here, there][i % 2]!.pull(limit));
        const pulled = (await Promise.all(pulls)).flat();
        expect(pulled.sort()).toEqual(wanted.slice(0, 300).sort());

        const taker = take(there, { atOnce: 5 }, () => done);
        const adding = Promise.all(wanted.slice(300).map((one) => here.add(one)));
        await until(async () => {
          pulled.push(...(await here.pull(3)));
          return pulled.length + taker.taken.length >= 600;
        });
        await adding;
        await taker.stop();
        expect([...pulled, ...taker.uuids].sort()).toEqual(wanted.sort());
        expect(await here.counts()).toEqual(nothing);
      });
    });

    describe("settling", () => {
      test("as done ends the job", async () => {
        await here.add(uuid);
        const taker = take(here);
        await taker.settle(await taker.nth(1));
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });

      test("as returned gives the job back as it was, as often as it happens", async () => {
        await here.add(uuid, { priority: "low" });
        const taker = take(here, { attempts: 2 });
        for (let times = 1; times <= 4; times++) await taker.settle(await taker.nth(times), returned);
        await taker.settle(await taker.nth(5), failed);
        await taker.settle(await taker.nth(6), returned);
        const last = await taker.nth(7);
        expect(taker.taken.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1, 2, 2]);
        for (const { id, addedAt } of taker.taken) {
          expect([id, addedAt]).toEqual([last.id, last.addedAt]);
        }
        await taker.settle(last, failed);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
      });

      test("as failed repeats the job after pauses that grow, and parks it after the last attempt", async () => {
        await here.add(uuid);
        const times: number[] = [];
        const taker = take(here, { attempts: 4, pause: 40 }, () => {
          times.push(Date.now());
          return failed;
        });
        await until(async () => (await here.counts()).dead === 1);
        expect(taker.taken.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
        expect(new Set(taker.taken.map(({ id }) => id)).size).toBe(1);
        for (const [i, least] of [40, 80, 160].entries()) {
          expect(times[i + 1]! - times[i]!).toBeGreaterThanOrEqual(least);
        }
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
      });

      test("as failed holds up no other job meanwhile", async () => {
        await add(uuids.slice(0, 5));
        const taker = take(here, { atOnce: 1, pause: 60_000 }, (job) => (job.uuid === uuid ? failed : done));
        await taker.nth(5);
        await until(async () => (await there.counts()).active === 0);
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 1, active: 0, dead: 0 });
      });

      test("is not waited for where the taker throws: the job has failed", async () => {
        await here.add(uuid);
        const thrown = new Error("Not this one.");
        const consumer = here.consume({ atOnce: 1, attempts: 2, pause: 1, fault: () => {} }, () => {
          throw thrown;
        });
        watching.push(consumer);
        await until(async () => (await there.counts()).dead === 1);
        const [letter] = await here.deadLetters();
        expect(letter).toMatchObject({ attempts: 2, resumable: false });
        expect(letter!.reason).not.toContain(thrown.message);
      });

      test("counts once: only the first call", async () => {
        await here.add(uuid);
        const taker = take(here, { attempts: 1 });
        const job = await taker.nth(1);
        await Promise.all([job.settle(failed), job.settle(done), job.settle(returned)]);
        await job.settle(done);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
        expect(await here.replay("all", "start")).toBe(1);
        await taker.nth(2);
        await job.settle(done);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
      });

      test("frees one place, however often it is called", async () => {
        await add(uuids.slice(0, 4));
        const taker = take(here, { atOnce: 1 });
        const job = await taker.nth(1);
        await Promise.all([taker.settle(job), job.settle(done), job.settle(done)]);
        await taker.nth(2);
        await pause(50);
        expect(taker.taken).toHaveLength(2);
      });
    });

    describe("stopping", () => {
      test("waits for the last settle, and hands out nothing after it", async () => {
        await add(uuids.slice(0, 4));
        const taker = take(here, { atOnce: 2 });
        await taker.nth(2);
        const stopped = taker.stop();
        let isOver = false;
        void stopped.then(() => {
          isOver = true;
        });
        await taker.settle(taker.taken[0]!);
        await here.add(uuids[4]!);
        await pause(50);
        expect(isOver).toBe(false);
        await taker.settle(taker.taken[1]!);
        await stopped;
        await pause(50);
        expect(taker.taken).toHaveLength(2);
        expect(await here.counts()).toEqual({ waiting: 3, delayed: 0, active: 0, dead: 0 });
      });

      test("resolves at once where nothing is worked on, and each time it is called", async () => {
        const taker = take(here);
        await taker.stop();
        await Promise.all([taker.stop(), taker.stop()]);
        await here.add(uuid);
        await pause(50);
        expect(taker.taken).toEqual([]);
      });

      test("loses nothing of what is just on its way", async () => {
        await Promise.all(Array.from({ length: 100 }, (_, i) => here.add(uuids[i % 30]!)));
        const taken: string[] = [];
        const note = (job: TakenJob) => {
          taken.push(job.id);
          return done;
        };
        for (let turn = 0; turn < 10; turn++) {
          const taker = take(here, { atOnce: 3 }, note);
          await pause(turn % 4);
          await taker.stop();
          expect(await there.counts()).toMatchObject({ waiting: 100 - taken.length, active: 0 });
        }
        take(there, {}, note);
        await until(() => taken.length >= 100);
        expect(new Set(taken).size).toBe(100);
      });
    });

    describe("dead letters", () => {
      test("tell all there is to know of a job that failed for good", async () => {
        const before = Date.now();
        await here.add(uuid);
        take(here, { attempts: 2 }, () => failed);
        await until(async () => (await there.counts()).dead === 1);
        const letters = await there.deadLetters();
        expect(letters).toEqual([
          {
            id: expect.any(String),
            uuid,
            queue: here.name,
            reason: FAILURE.reason,
            code: FAILURE.code,
            node: FAILURE.node,
            resumable: true,
            attempts: 2,
            addedAt: expect.stringMatching(RFC_3339),
            begunAt: expect.stringMatching(RFC_3339),
            failedAt: expect.stringMatching(RFC_3339),
          },
        ]);
        const { addedAt, begunAt, failedAt } = letters[0]!;
        const times = [before, ...[addedAt, begunAt, failedAt].map(Date.parse), Date.now()];
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(await here.deadLetters()).toEqual(letters);
      });

      test("tell the last failure, and can begin again where it was only if node and message are known", async () => {
        const { message, node } = FAILURE as Required<Failure>;
        const failures: Failure[] = [{ reason: "a" }, { reason: "b", node }, { reason: "c", message }];
        const letters = [];
        for (const failure of failures) letters.push(...(await bury([uuid], failure)));
        expect(letters.map(({ reason, resumable }) => [reason, resumable])).toEqual([
          ["a", false],
          ["b", false],
          ["c", false],
        ]);
        expect(letters[0]).not.toHaveProperty("code");
        expect(letters[0]).not.toHaveProperty("node");
        expect(letters[1]).toMatchObject({ node });
      });

      test.each(["__proto__", "été 日本 🎈", "x".repeat(20_000), "a\nb"])(
        "keep what they are told, such as %j",
        async (text) => {
          const failure = { reason: text, code: text, node: { id: text, type: text } };
          expect(await bury([uuid], failure)).toMatchObject([failure]);
        },
      );

      test("come oldest first, a page at a time", async () => {
        await bury(uuids.slice(0, 7));
        const page = async (options?: { limit?: number; offset?: number }) =>
          (await there.deadLetters(options)).map((letter) => letter.uuid);
        expect(await page()).toEqual(uuids.slice(0, 7));
        expect(await page({ limit: 3 })).toEqual(uuids.slice(0, 3));
        expect(await page({ limit: 3, offset: 3 })).toEqual(uuids.slice(3, 6));
        expect(await page({ limit: 3, offset: 6 })).toEqual([uuids[6]]);
        expect(await page({ offset: 7 })).toEqual([]);
      });

      test("hold up nobody", async () => {
        await bury(uuids.slice(0, 5));
        await add(uuids.slice(5, 10));
        const taker = take(here, {}, () => done);
        await taker.nth(5);
        expect(taker.uuids).toEqual(uuids.slice(5, 10));
      });

      test("become jobs again, by their ids, with all their attempts before them", async () => {
        const letters = await bury(uuids.slice(0, 3));
        const { id } = letters[1]!;
        const which = [id, id, "__proto__", "", "7", "x".repeat(5000), `${id} `, newUuid()];
        expect(await there.replay(which, "start")).toBe(1);
        expect(await there.replay([], "start")).toBe(0);
        expect(await here.counts()).toEqual({ waiting: 1, delayed: 0, active: 0, dead: 2 });
        const taker = take(here, { attempts: 3, pause: 1 }, () => failed);
        await until(async () => (await there.counts()).dead === 3);
        expect(taker.taken.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
        expect(taker.uuids).toEqual([uuids[1], uuids[1], uuids[1]]);
        const order = [uuids[0], uuids[2], uuids[1]];
        expect((await here.deadLetters()).map((letter) => letter.uuid)).toEqual(order);
      });

      test("become jobs again, all at once", async () => {
        await bury(uuids);
        expect(await here.replay("all", "start")).toBe(uuids.length);
        expect(await there.counts()).toMatchObject({ waiting: uuids.length, dead: 0 });
        expect(await here.replay("all", "start")).toBe(0);
        const taker = take(there, {}, () => done);
        await taker.nth(uuids.length);
        expect(taker.uuids.sort()).toEqual([...uuids].sort());
      });

      test("begin again at the node that failed, on each attempt, where they say how", async () => {
        const { message, node } = FAILURE as Required<Failure>;
        await bury(uuids.slice(0, 1));
        await bury(uuids.slice(1, 2), { reason: "Without a message.", node });
        expect(await here.replay("all", "failed")).toBe(2);
        const taker = take(there, { attempts: 2, pause: 1 }, () => failed);
        await until(async () => (await here.counts()).dead === 2);
        const resumes = new Map(taker.taken.map((job) => [`${job.uuid} ${job.attempt}`, job.resume]));
        expect(resumes).toEqual(
          new Map([
            [`${uuids[0]} 1`, { node: node.id, message }],
            [`${uuids[0]} 2`, { node: node.id, message }],
            [`${uuids[1]} 1`, undefined],
            [`${uuids[1]} 2`, undefined],
          ]),
        );
      });

      test("begin again at the start if that is wanted, also after they began elsewhere", async () => {
        await bury([uuid]);
        expect(await here.replay("all", "failed")).toBe(1);
        const taker = take(here, { attempts: 1 });
        const resumed = await taker.nth(1);
        expect(resumed.resume).toBeDefined();
        await taker.settle(resumed, failed);
        expect(await here.replay("all", "start")).toBe(1);
        expect((await taker.nth(2)).resume).toBeUndefined();
      });

      test("are dropped, by their ids or all, and their vCons stay", async () => {
        const letters = await bury(uuids.slice(0, 5));
        const which = [letters[3]!.id, letters[3]!.id, "__proto__", "7", newUuid()];
        expect(await there.drop(which)).toBe(1);
        expect(await there.drop([])).toBe(0);
        const left = [0, 1, 2, 4].map((i) => letters[i]);
        expect(await here.deadLetters()).toEqual(left);
        expect(await there.replay([letters[3]!.id], "start")).toBe(0);
        expect(await there.drop("all")).toBe(4);
        expect(await here.deadLetters()).toEqual([]);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
        for (const one of uuids.slice(0, 5)) await stores[0]!.read(one, ["head"]);
      });

      test("are those of one queue alone", async () => {
        const other = deliveries[0].queue(`contract ${randomUUID()}`);
        const [letter] = await bury([uuid]);
        expect(await other.replay([letter!.id], "start")).toBe(0);
        expect(await other.drop([letter!.id])).toBe(0);
        expect([await other.replay("all", "start"), await other.drop("all")]).toEqual([0, 0]);
        expect(await here.deadLetters()).toEqual([letter]);
      });
    });

    describe("watching dead letters", () => {
      test("tells those that come from now on, whole, also of another process", async () => {
        await bury(uuids.slice(0, 1));
        const told = watch(there, "alert");
        await bury(uuids.slice(1, 3));
        await until(() => told.length >= 2);
        await pause(100);
        expect(told).toEqual((await here.deadLetters()).slice(1));
      });

      test("tells each once to each reader, whichever of its listeners that is", async () => {
        const readers = ["alert", "__proto__", "été 日本 🎈", "x".repeat(1000)];
        const told = readers.map((reader) => [
          watch(here, reader),
          watch(here, reader),
          watch(there, reader),
        ]);
        const letters = await bury(uuids);
        for (const listeners of told) {
          await until(() => listeners.flat().length >= uuids.length);
          await pause(20);
          expect(
            listeners
              .flat()
              .map(({ uuid }) => uuid)
              .sort(),
          ).toEqual(letters.map(({ uuid }) => uuid).sort());
        }
      });

      test("tells what came while nobody listened", async () => {
        const first = watch(here, "alert");
        await bury(uuids.slice(0, 2));
        await until(() => first.length === 2);
        await watching.pop()!.stop();
        await bury(uuids.slice(2, 4));
        expect(first).toHaveLength(2);
        const second = watch(there, "alert");
        await until(() => second.length >= 2);
        await pause(50);
        expect(second.map((letter) => letter.uuid)).toEqual(uuids.slice(2, 4));
      });

      test("tells a job again that failed for good again", async () => {
        const told = watch(here, "alert");
        await bury([uuid]);
        await until(() => told.length === 1);
        take(here, { attempts: 1 }, () => failed);
        expect(await here.replay("all", "start")).toBe(1);
        await until(() => told.length >= 2);
        expect(told.map((letter) => letter.uuid)).toEqual([uuid, uuid]);
      });

      test("tells nothing of other queues", async () => {
        const told = watch(here, "alert");
        await bury([uuids[0]!], FAILURE, here);
        await until(() => told.length === 1);
        const other = deliveries[0].queue(`contract ${randomUUID()}`);
        take(other, { attempts: 1 }, () => failed);
        await other.add(uuids[1]!);
        await until(async () => (await other.counts()).dead === 1);
        await pause(50);
        expect(told).toHaveLength(1);
      });
    });

    // Most of the time of these goes by in waiting for claims to run out: they wait together, each with a queue of its own.
    describe.concurrent("a process", () => {
      test("that works on a job keeps it for as long as it takes", async (context) => {
        const { here, there, take } = site(context);
        await here.add(uuid);
        const holder = take(here);
        await holder.nth(1);
        const other = take(there);
        // Longer than any claim lasts that is not renewed.
        await pause(9_000);
        expect(other.taken).toEqual([]);
        expect(holder.taken).toHaveLength(1);
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
        await holder.settle(holder.held[0]!);
        expect(await there.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });

      test("that is killed by one of its jobs takes the others with it only until they begin apart", {
        timeout: 180_000,
      }, async (context) => {
        const { here, work } = site(context);
        const [first, deadly, last] = uuids as [string, string, string];
        await add([first, deadly, last], {}, here);
        const settled = new Set<string>();
        while (settled.size < 2) {
          const one = await work({ atOnce: 3, settles: true, after: 1000, diesOf: deadly });
          const hasEnded = () => one.process.exitCode !== null || one.process.signalCode !== null;
          await until(() => hasEnded() || settled.size + one.settled.length >= 2);
          for (const id of one.settled) settled.add(id);
          await one.kill();
        }
        const { waiting, delayed, active, dead } = await here.counts();
        expect({ left: waiting + delayed + active, dead }).toEqual({ left: 1, dead: 0 });
      });

      test("that is killed leaves its jobs to the others, and none of them counts as an attempt", async (context) => {
        const { here, there, take, work } = site(context);
        const killed = await work({ atOnce: 3, settles: false });
        const kept = take(here, { atOnce: 1 });
        await add(uuids.slice(0, 4), {}, here);
        await kept.nth(1);
        await until(() => killed.taken.length === 3);
        await killed.kill();
        expect(await there.counts()).toMatchObject({ active: 4 });
        const heir = take(there, { atOnce: 5, attempts: 1 });
        await heir.nth(3);
        expect(heir.uuids.sort()).toEqual(killed.taken.map((job) => job.uuid).sort());
        expect(heir.taken.map(({ id }) => id).sort()).toEqual(killed.taken.map(({ id }) => id).sort());
        expect(heir.taken.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
        expect(kept.taken).toHaveLength(1);
      });

      test("that is killed again and again loses nothing, and does nothing again that was settled", async (context) => {
        const { here, there, take, work } = site(context);
        await Promise.all(Array.from({ length: 1000 }, (_, i) => here.add(uuids[i % 30]!)));
        const settled: string[] = [];
        for (let turn = 1; turn <= 3; turn++) {
          const one = await work({ atOnce: 5, settles: true });
          await until(() => one.settled.length >= 50);
          await one.kill();
          settled.push(...one.settled);
        }
        const heir = take(here, { atOnce: 50, attempts: 1 }, () => done);
        await until(async () => {
          const { waiting, delayed, active } = await there.counts();
          return waiting + delayed + active === 0;
        });
        const all = [...settled, ...heir.taken.map(({ id }) => id)];
        expect(new Set(all).size).toBe(all.length);
        // What was settled right before the end, its process could not tell any more.
        expect(1000 - all.length).toBeLessThanOrEqual(3 * 5);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });

      test("that is killed and started again goes on with its own jobs", async (context) => {
        const { here, work } = site(context);
        const killed = await work({ atOnce: 2, settles: false });
        await add(uuids.slice(0, 3), {}, here);
        await until(() => killed.taken.length === 2);
        await killed.kill();
        const again = await work({ atOnce: 3, settles: true });
        await until(() => again.settled.length === 3);
        expect(again.taken.map((job) => job.uuid).sort()).toEqual(uuids.slice(0, 3).sort());
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      });

      test("that stands still has no say any more in what another has taken over", async (context) => {
        const { here, there, take, work } = site(context);
        const still = await work({ atOnce: 1, settles: true, after: 300 });
        await here.add(uuid);
        await until(() => still.taken.length === 1);
        still.process.kill("SIGSTOP");
        const heir = take(there, { attempts: 1 });
        const job = await heir.nth(1);
        still.process.kill("SIGCONT");
        await until(() => still.settled.length === 1);
        expect(await here.counts()).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
        await heir.settle(job, failed);
        expect(await here.deadLetters()).toMatchObject([{ id: job.id, uuid }]);
      });

      function site({ onTestFinished }: TestContext) {
        const queue = `contract ${randomUUID()}`;
        return {
          here: deliveries[0].queue(queue),
          there: deliveries[1].queue(queue),
          take: (...wanted: ConstructorParameters<typeof Taker>) => {
            const taker = new Taker(...wanted);
            onTestFinished(() => taker.end());
            return taker;
          },
          work: async (order: Omit<WorkerOrder, "url" | "options" | "queue">) => {
            const worker = await startWorker({ ...place, queue, ...order });
            onTestFinished(() => worker.kill());
            return worker;
          },
        };
      }
    });

    test("every job ends once, done or dead, and is in one pair of hands at a time", async () => {
      await fc.assert(fc.asyncProperty(arbitraryWork, run), { numRuns: 20 });
    });

    async function run({ jobs, takers: wanted, attempts }: Work): Promise<void> {
      const queue = `contract ${randomUUID()}`;
      const queues = deliveries.map((delivery) => delivery.queue(queue));
      const scripts = new Map(jobs.map((job, i) => [uuids[i]!, [...job.script]]));
      const inHands = new Set<string>();
      const wrong: string[] = [];
      const begun = new Map<string, number[]>();

      const work = async (job: TakenJob): Promise<Outcome> => {
        if (inHands.has(job.uuid)) wrong.push(`two have ${job.id}`);
        inHands.add(job.uuid);
        begun.set(job.uuid, [...(begun.get(job.uuid) ?? []), job.attempt]);
        const { outcome, after } = scripts.get(job.uuid)!.shift() ?? { outcome: done, after: 0 };
        await pause(after);
        inHands.delete(job.uuid);
        return outcome;
      };
      const working = wanted.map(({ process, atOnce }) =>
        take(queues[process]!, { atOnce, attempts, pause: 1 }, work),
      );
      await Promise.all(
        jobs.map(async ({ process, after, ...options }, i) => {
          await pause(after);
          await queues[process]!.add(uuids[i]!, options);
        }),
      );
      await until(async () => {
        const { waiting, delayed, active } = await queues[0]!.counts();
        return waiting + delayed + active === 0;
      });
      await Promise.all(working.map((taker) => taker.stop()));

      const expected = jobs.map(({ script }) => foretell(script, attempts));
      expect(wrong).toEqual([]);
      expect(jobs.map((_, i) => begun.get(uuids[i]!))).toEqual(expected.map(({ begins }) => begins));
      const dead = uuids.filter((_, i) => expected[i]?.dies);
      expect((await queues[1]!.deadLetters()).map((letter) => letter.uuid).sort()).toEqual(dead.sort());
    }

    describe("a vCon that does not expire", () => {
      test("can be held and released, and has not to be", async () => {
        expect(await stores[0]!.hold(uuid, "a")).toBe(false);
        await stores[1]!.release(uuid, "a");
        await stores[1]!.release(uuid, "never held");
        await stores[0]!.read(uuid, ["head"]);
      });

      test("can't be held if it is not there, and is released in peace", async () => {
        await expect(stores[0]!.hold(newUuid(), "a")).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
        await stores[0]!.release(newUuid(), "a");
      });
    });

    test("a store has one delivery", async () => {
      expect(await stores[0]!.delivery()).toBe(deliveries[0]);
    });
  });
}

interface Step {
  outcome: Outcome;
  after: number;
}

interface Work {
  jobs: ({ process: number; after: number; script: Step[] } & AddOptions)[];
  takers: { process: number; atOnce: number }[];
  attempts: number;
}

/** Jobs with what becomes of them each time they are taken, and those who take them. */
const arbitraryWork: fc.Arbitrary<Work> = fc.record({
  jobs: fc.array(
    fc.record({
      process: fc.nat(1),
      after: fc.nat(5),
      delay: fc.nat(5),
      priority: fc.constantFrom("high", "normal", "low"),
      script: fc.array(
        fc.record({ outcome: fc.constantFrom(done, failed, failed, returned), after: fc.nat(3) }),
        { maxLength: 5 },
      ),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  takers: fc.array(fc.record({ process: fc.nat(1), atOnce: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 4,
  }),
  attempts: fc.integer({ min: 1, max: 3 }),
});

/** The attempt of each time that the job is begun, and whether it ends among the dead. */
function foretell(script: readonly Step[], attempts: number): { begins: number[]; dies: boolean } {
  const begins = [1];
  let attempt = 1;
  for (const { outcome } of script) {
    if (outcome.is === "done") break;
    if (outcome.is === "failed" && ++attempt > attempts) return { begins, dies: true };
    begins.push(attempt);
  }
  return { begins, dies: false };
}
