import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Outcome, openStore } from "../../core/index.ts";
import { startSentinel, type TestSentinel } from "../support/sentinel.ts";
import { chat } from "../support/vcons.ts";
import { Taker, until } from "./taker.ts";

const failed: Outcome = { is: "failed", failure: { reason: "The service answered 503." } };

let sentinel: TestSentinel;

beforeAll(async () => {
  sentinel = await startSentinel();
});

afterAll(() => sentinel.stop());

/** What the replica does not have when its master dies is lost. */
async function untilReplicated(): Promise<void> {
  const master = new Redis(sentinel.master.port);
  await until(async () => {
    await master.set("written", "last");
    return (await master.wait(1, 100)) === 1;
  });
  master.disconnect();
}

test("a queue moves to the replica when its master dies", async () => {
  const store = await openStore(sentinel.url);
  const queue = (await store.delivery()).queue("calls");
  const { uuid, ...rest } = chat("Good morning.");
  await store.create({ uuid, ...rest });
  const taker = new Taker(queue, { attempts: 1 });
  await queue.add(uuid);
  const held = await taker.nth(1);
  await queue.add(uuid, { key: "dead" });
  await taker.settle(await taker.nth(2), failed);
  await queue.add(uuid, { delay: 100 });
  await taker.settle(await taker.nth(3), { is: "done" });

  await untilReplicated();
  await sentinel.master.kill();
  await until(() => taker.faults.length > 0);
  await taker.settle(held, { is: "done" });
  await until(() => taker.faults.at(-1) === undefined);
  await until(async () => (await Promise.allSettled([queue.add(uuid)]))[0]!.status === "fulfilled");
  await until(() => taker.held.length > 0);
  expect(await queue.deadLetters()).toMatchObject([{ uuid, reason: "The service answered 503." }]);
  expect(await queue.replay("all", "start")).toBe(1);
  await until(() => taker.held.length > 1);
  await taker.end();
  expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  await store.close();
});

test("whoever consumes can stop while neither a sentinel nor a server answers", async () => {
  const { url, stop } = await startSentinel();
  const store = await openStore(url);
  const delivery = await store.delivery();
  const idle = new Taker(delivery.queue("calls"));
  const list = new Taker(delivery.conserverList("calls"));
  await stop();
  await until(() => idle.faults.length > 0 && list.faults.length > 0);
  const early = new Taker(delivery.queue("calls"));
  await until(() => early.faults.length > 0);
  await Promise.all([idle.end(), list.end(), early.end()]);
  await store.close();
});
