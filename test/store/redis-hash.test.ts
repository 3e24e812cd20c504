import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore, type Vcon, type VconStore } from "../../core/index.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { COUNTRY, contract, dialog, draft, happened } from "./contract.ts";
import { movesNoMedia } from "./socket-bytes.ts";

const TRANSIENT = { code: "STORE_UNAVAILABLE", transient: true };

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

contract("Redis without JSON", {
  keepsLoneSurrogates: true,
  open: () => openStore(redis.url, { country: COUNTRY }),
});

describe("Redis without JSON moves no media", () => movesNoMedia(() => redis.url));

describe("a Redis that fails", () => {
  let store: VconStore;

  beforeAll(async () => {
    store = await openStore(redis.url);
  });

  afterAll(() => store.close());

  test("loses nothing that it has confirmed when it crashes", async () => {
    const { uuid } = draft();
    await store.create(
      draft({ uuid, dialog: [dialog({ body: "x".repeat(300_000) })] }),
      happened("vcon_created"),
    );
    const confirmed: string[] = [];
    const failures: unknown[] = [];
    let isOver = false;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; !isOver; i++) {
        const tags = [{ name: `w${writer}`, value: String(i) }];
        await store.append(uuid, { tags }).then(
          () => confirmed.push(`w${writer}:${i}`),
          (error) => failures.push(error),
        );
      }
    });
    await pause(200);
    await redis.kill();
    await pause(300);
    await redis.start();
    const before = confirmed.length;
    while (confirmed.length < before + 50) await pause(20);
    isOver = true;
    await Promise.all(writers);
    for (const failure of failures) expect(failure).toMatchObject(TRANSIENT);
    const vcon = (await store.get(uuid)) as Vcon;
    expect(vcon.attachments![0]!.body).toEqual(expect.arrayContaining(confirmed));
    expect(vcon.dialog![0]!.body).toHaveLength(300_000);
    expect(await store.trail(uuid)).toHaveLength(1);
  });

  test("is waited for a little, and not for ever", async () => {
    await redis.kill();
    await pause(100);
    const early = Promise.allSettled([store.ping(), store.create(draft())]);
    const late = Promise.allSettled([early.then(() => store.ping())]);
    for (const { status, ...rest } of await early) {
      expect(status).toBe("rejected");
      expect(rest).toMatchObject({ reason: TRANSIENT });
    }
    await redis.start();
    expect(await late).toMatchObject([{ status: "fulfilled" }]);
  });

  test("says what ails it, and nothing of the conversation", async () => {
    const admin = new Redis(redis.port);
    await admin.config("SET", "maxmemory", "1");
    const refused = store.create(draft({ subject: "secret" }));
    await expect(refused).rejects.toMatchObject({
      ...TRANSIENT,
      message: "The store's Redis is out of memory.",
    });
    const error = await refused.catch((reason) => reason);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("secret");
    expect(error.cause).toBeUndefined();
    await admin.config("SET", "maxmemory", "0");
    await admin.replicaof("127.0.0.1", "1");
    await expect(store.create(draft())).rejects.toMatchObject(TRANSIENT);
    await admin.replicaof("NO", "ONE");
    expect(await store.create(draft())).toBe(true);
    await admin.quit();
  });

  test("keeps working after it has forgotten the scripts", async () => {
    const vcon = draft();
    await store.create(vcon);
    const admin = new Redis(redis.port);
    await admin.script("FLUSH");
    expect(await store.append(vcon.uuid, { tags: [{ name: "a", value: "1" }] })).toBe(true);
    await admin.quit();
  });
});

describe("opening a Redis", () => {
  test("fails on vCons in the other layout", async () => {
    const admin = new Redis(redis.port, { db: 1 });
    await admin.set("vcon-store:layout", "json");
    const mismatch = { code: "STORE_MISMATCH", message: expect.stringContaining("load its JSON module") };
    await expect(openStore(`${redis.url}/1`)).rejects.toMatchObject(mismatch);
    await admin.quit();
  });

  test("keeps the databases of one server apart", async () => {
    const [one, other] = [await openStore(`${redis.url}/2`), await openStore(`${redis.url}/3`)];
    const vcon = draft();
    await one.create(vcon);
    expect(await one.list()).toEqual([vcon.uuid]);
    expect(await other.list()).toEqual([]);
    await one.close();
    await other.close();
  });

  test("logs in, and fails with a word where it can't", async () => {
    const admin = new Redis(redis.port);
    await admin.acl("SETUSER", "flow", "on", ">p@ss/wörd", "~*", "+@all");
    const store = await openStore(`redis://flow:p%40ss%2Fw%C3%B6rd@127.0.0.1:${redis.port}`);
    await store.ping();
    await store.close();
    const wrong = openStore(`redis://flow:hunter2@127.0.0.1:${redis.port}`);
    await expect(wrong).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      transient: false,
      message: expect.stringMatching(/^(?!.*hunter2).*password/),
    });
    await admin.quit();
  });

  test("fails where nobody listens", async () => {
    await expect(openStore("redis://127.0.0.1:1")).rejects.toMatchObject({
      ...TRANSIENT,
      message: "The store's Redis refuses connections.",
    });
  });
});
