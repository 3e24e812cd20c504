import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { Worker as Thread } from "node:worker_threads";
import { afterAll, describe, expect, type TestContext, test } from "vitest";
import { type DeadLetter, newUuid, openStore, type VconStore } from "../../core/index.ts";
import { VERSION_2 } from "../store/earlier-files.ts";
import { chat } from "../support/vcons.ts";
import { queueContract } from "./queue-contract.ts";
import { Taker, type Taking, until } from "./taker.ts";
import { startWorker } from "./worker-process.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-queue-"));
const otherFolder = mkdtempSync(join(tmpdir(), "vcon-queue-"));

afterAll(() => rmSync(otherFolder, { recursive: true, force: true }));

queueContract("A queue in SQLite", {
  start: async () => ({ url: "sqlite:queue.db", options: { folder } }),
  stop: async () => rmSync(folder, { recursive: true, force: true }),
});

describe("A queue in SQLite", () => {
  test("waits while another program has the file locked, says so, and goes on by itself", async (context) => {
    const { queue, database, take } = await site(context);
    await queue.add(uuid);
    const taker = take({ atOnce: 1 });
    const job = await taker.nth(1);
    await queue.add(uuid);
    database.exec("BEGIN IMMEDIATE");
    const settled = taker.settle(job);
    await until(() => taker.faults.length > 0);
    expect(taker.faults).toEqual([expect.objectContaining({ code: "STORE_UNAVAILABLE", transient: true })]);
    expect(taker.taken).toHaveLength(1);
    database.exec("COMMIT");
    await settled;
    await taker.nth(2);
    expect(taker.faults.at(-1)).toBeUndefined();
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
  });

  test("parks a job that has ended its process 25 times", async (context) => {
    const { queue, database, take, work } = await site(context);
    const told: DeadLetter[] = [];
    const watcher = queue.watchDead("alert", { tell: (letter) => told.push(letter), fault: () => {} });
    await queue.add(uuid);
    const worker = await work({ atOnce: 1, settles: false });
    await until(() => worker.taken.length === 1);
    await worker.kill();
    database.exec("UPDATE job SET breaks = 24; UPDATE worker SET until = 0");
    const taker = take();
    await until(() => told.length === 1);
    expect(told).toEqual(await queue.deadLetters());
    expect(told[0]).toMatchObject({
      uuid,
      attempts: 25,
      resumable: false,
      reason: expect.stringMatching(/^25 times/),
    });
    expect(taker.taken).toEqual([]);
    await watcher.stop();

    expect(await queue.replay("all", "failed")).toBe(1);
    expect(await taker.nth(1)).toMatchObject({ attempt: 1 });
  });

  test("leaves nothing in the file of what it was told of a job, once that is dropped", async (context) => {
    const { file, end, queue, take } = await site(context);
    const holds = (text: string) =>
      readdirSync(otherFolder)
        .filter((name) => name.startsWith(file))
        .some((name) => readFileSync(join(otherFolder, name)).includes(text));
    const failure = {
      reason: "Failed: Trockenobst.",
      node: { id: "n", type: "Trockenobst" },
      message: { payload: "Trockenobst ".repeat(2000) },
    };
    await queue.add(uuid, { key: "Dora Dorn" });
    take({ attempts: 1 }, () => ({ is: "failed", failure }));
    await until(async () => (await queue.counts()).dead === 1);
    expect([holds("Trockenobst"), holds("Dora Dorn")]).toEqual([true, false]);
    expect(await queue.drop("all")).toBe(1);
    await end();
    expect(holds("Trockenobst")).toBe(false);
  });

  test("works in a file of version 2 of the store", async () => {
    const old = new DatabaseSync(join(otherFolder, "version-2.db"));
    old.exec(VERSION_2);
    old
      .prepare("INSERT INTO vcon (uuid, form, head, created_at) VALUES (?, 'unsigned', ?, 0)")
      .run(uuid, JSON.stringify({ uuid, ...rest, parties: [], dialog: [] }));
    old.close();
    for (let opened = 0; opened < 2; opened++) {
      const upgraded = await open("version-2.db");
      const taker = new Taker((await upgraded.delivery()).queue("work"), { attempts: 1 }, () => ({
        is: opened === 0 ? "returned" : "done",
      }));
      if (opened === 0) await (await upgraded.delivery()).queue("work").add(uuid, { key: "k" });
      await taker.nth(1);
      await taker.end();
      expect((await upgraded.read(uuid, ["head"])).uuid).toBe(uuid);
      await upgraded.close();
    }
  });

  test("serves two processes that both write all the time", async (context) => {
    const { file, queue, take } = await site(context);
    const thread = new Thread(WRITER, { eval: true, workerData: join(otherFolder, file) });
    await once(thread, "message");
    await Promise.all(Array.from({ length: 500 }, () => queue.add(uuid)));
    const taker = take({ atOnce: 20 }, () => ({ is: "done" }));
    await taker.nth(500);
    await taker.stop();
    await thread.terminate();
    expect(taker.taken).toHaveLength(500);
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });
});

// Most of the time of these goes by in waiting: they wait together, each with a file of its own.
describe.concurrent("A queue in SQLite by itself", () => {
  test("writes nothing while there is nothing to do", async (context) => {
    const { queue, database, take } = await site(context);
    await queue.add(uuid);
    const taker = take();
    await taker.settle(await taker.nth(1));
    const written = () => database.prepare("PRAGMA data_version").get();
    await until(() => database.prepare("SELECT 1 FROM worker").get() === undefined);
    const before = written();
    await pause(4000);
    expect(written()).toEqual(before);
  });

  test("waits while the disk is full, says so, and goes on by itself: nothing is lost, nothing done again", async (context) => {
    const { queue, database, work } = await site(context);
    await Promise.all(Array.from({ length: 3000 }, () => queue.add(uuid)));
    // What is written from now on goes into a file that begins at nothing.
    const makeRoom = () => database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    makeRoom();
    const worker = await work({ atOnce: 10, settles: true }, 4096);
    await until(() => worker.faults.length > 0);
    expect(worker.faults[0]).not.toBe("over");
    expect(worker.settled.length).toBeLessThan(3000);
    await until(() => {
      if (worker.faults.at(-1) !== "over") makeRoom();
      return worker.settled.length === 3000;
    });
    expect(new Set(worker.taken.map(({ id }) => id)).size).toBe(3000);
    expect(worker.taken).toHaveLength(3000);
    expect(new Set(worker.settled).size).toBe(3000);
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });

  test("gives back at once what is in the hands of a store that is closed, and rests", async (context) => {
    const { file, database, queue, take } = await site(context);
    const other = await open(file);
    const leaving = new Taker((await other.delivery()).queue("work"));
    await queue.add(uuid);
    const left = await leaving.nth(1);
    await other.close();
    await left.settle({ is: "done" });
    const job = await take().nth(1);
    expect(job).toMatchObject({ id: left.id, attempt: 1 });
    expect(database.prepare("SELECT breaks FROM job").all()).toEqual([{ breaks: 0 }]);
    await pause(1500);
    expect(leaving.faults).toEqual([]);
  });
});

const { uuid, ...rest } = chat("Good morning.");
let files = 0;

/** A file of its own with one vCon and a queue. */
async function site({ onTestFinished }: TestContext) {
  const file = `${++files}.db`;
  const store = await open(file);
  await store.create({ uuid, ...rest });
  const queue = (await store.delivery()).queue("work");
  /** The file, past the store. */
  const database = new DatabaseSync(join(otherFolder, file));
  const ends: (() => Promise<void>)[] = [];
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= Promise.all(ends.map((end) => end())).then(() => {
      database.close();
      return store.close();
    });
    return ended;
  };
  onTestFinished(end);
  return {
    file,
    end,
    queue,
    database,
    take: (...wanted: Taking) => {
      const taker = new Taker(queue, ...wanted);
      ends.push(() => taker.end());
      return taker;
    },
    work: async (order: { atOnce: number; settles: boolean }, blocks?: number) => {
      const place = { url: `sqlite:${file}`, options: { folder: otherFolder } };
      const worker = await startWorker({ ...place, queue: queue.name, ...order }, blocks);
      ends.push(() => worker.kill());
      return worker;
    },
  };
}

function open(file: string): Promise<VconStore> {
  return openStore(`sqlite:${file}`, { folder: otherFolder });
}

/** Writes again and again, a little each time. */
const WRITER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { DatabaseSync } = require("node:sqlite");
  const file = new DatabaseSync(workerData);
  file.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = OFF");
  const write = file.prepare("UPDATE vcon SET updated_at = ?");
  parentPort.postMessage("ready");
  for (let count = 1; ; count++) write.run(String(count));
`;

describe("The delivery of an SQLite store", () => {
  test("has channels: all who listen by the same store hear each other", async () => {
    const store = await openStore("sqlite:channels.db", { folder: otherFolder });
    const delivery = await store.delivery();
    const heard: string[] = [];
    const listening = delivery
      .channel(" news ")
      .subscribe({ hear: (text) => heard.push(text), fault: () => {} });
    const uuid = newUuid();
    await delivery.channel("news").publish(uuid);
    await delivery.channel("other").publish(newUuid());
    await until(() => heard.length > 0);
    expect(heard).toEqual([uuid]);
    await listening.stop();
    await store.close();
  });

  test("has no conserver lists, and says what to do", async () => {
    const store = await openStore("sqlite:lists.db", { folder: otherFolder });
    const delivery = await store.delivery();
    expect(() => delivery.conserverList("default_ingress")).toThrow(
      expect.objectContaining({ code: "DELIVERY_UNSUPPORTED", message: expect.stringContaining("redis://") }),
    );
    expect(() => delivery.conserverList(" ")).toThrow(
      expect.objectContaining({ code: "DELIVERY_NAME_MALFORMED" }),
    );
    await store.close();
  });
});
