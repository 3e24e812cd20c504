import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore, type Vcon, type VconStore } from "../../core/index.ts";
import { DELETE } from "../../core/store/redis/shared-scripts.ts";
import { startHoldingProxy } from "../support/holding-proxy.ts";
import { startRedis, type TestRedis } from "../support/redis.ts";
import { analysis, COUNTRY, contract, dialog, draft, happened, signed } from "./contract.ts";
import { expiring } from "./expiring.ts";
import { finding } from "./finding.ts";
import { leavesNoMedia } from "./media-keys.ts";
import { movesNoMedia } from "./socket-bytes.ts";
import { weeding } from "./weeding.ts";

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

describe("Redis without JSON keeps no media", () =>
  leavesNoMedia(
    () => redis.url,
    () => new Redis(redis.port),
  ));

describe("vCons that expire in Redis without JSON", () =>
  expiring(
    () => redis.url,
    () => new Redis(redis.port),
  ));

describe("finding in Redis without JSON", () => finding((country) => openStore(redis.url, { country })));

describe("weeding Redis without JSON", () =>
  weeding(
    () => redis.url,
    () => new Redis(redis.port),
  ));

describe("a replacement in Redis without JSON", () => {
  let store: VconStore;
  let admin: Redis;

  beforeAll(async () => {
    store = await openStore(redis.url);
    admin = new Redis(redis.port);
  });

  afterAll(async () => {
    await store.close();
    await admin.quit();
  });

  const bodies = (uuid: string) => admin.keys(`{vcon:${uuid}}:body:*`);

  test("leaves no large body of what was replaced, lost a race or was deleted", async () => {
    const vcon = draft({ dialog: [1, 2].map(() => dialog({ body: "x".repeat(100_000) })) });
    await store.create(vcon);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    const next = { ...vcon, dialog: [dialog({ body: "y".repeat(100_000) })] };
    expect(await store.replace(vcon.uuid, revision, next)).toBe(true);
    expect(await store.replace(vcon.uuid, revision, vcon)).toBe(false);
    const [body, ...others] = await bodies(vcon.uuid);
    expect(others).toEqual([]);
    expect(await admin.ttl(body!)).toBe(-1);
    await store.replace(vcon.uuid, (await store.read(vcon.uuid, ["sealed"])).revision, signed(vcon.uuid));
    expect(await bodies(vcon.uuid)).toEqual([]);
    await store.replace(vcon.uuid, (await store.read(vcon.uuid, ["sealed"])).revision, next);
    await store.delete(vcon.uuid);
    expect(await admin.keys(`*${vcon.uuid}*`)).toEqual([]);
    await expect(store.replace(vcon.uuid, revision, next)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    expect(await bodies(vcon.uuid)).toEqual([]);
  });

  test("leaves no large body that came between the two steps of a deletion", async () => {
    const proxy = await startHoldingProxy("127.0.0.1", redis.port);
    const slow = await openStore(`redis://127.0.0.1:${proxy.port}`);
    const { uuid } = draft();
    // The script is known then, and called by its hash.
    await slow.create(draft({ uuid }));
    await slow.delete(uuid);
    await store.create(draft({ uuid, dialog: [dialog({ body: "x".repeat(100_000) })] }));
    const isHeld = proxy.hold(DELETE.sha);
    const deleting = slow.delete(uuid);
    await isHeld;
    async function* bytes() {
      yield Buffer.alloc(100_000);
    }
    await store.setMedia(uuid, 0, { bytes: bytes(), mediatype: "audio/wav" });
    expect(await bodies(uuid)).toHaveLength(1);
    proxy.open();
    expect(await deleting).toBe(true);
    expect(await admin.keys(`*${uuid}*`)).toEqual([]);
    await slow.close();
    proxy.close();
  });

  test("works on vCons that were stored before there were revisions", async () => {
    const [vcon, sealed, other] = [draft(), signed(), draft()];
    for (const old of [vcon, sealed, other]) {
      await store.create(old);
      await admin.hdel(`vcon:${old["uuid"]}`, "revision");
    }
    const first = (await store.read(other.uuid, ["sealed"])).revision;
    expect(await store.append(other.uuid, { analysis: [analysis("a")], revision: first })).toBe(true);
    await expect(store.delete(other.uuid, undefined, first)).rejects.toMatchObject({ code: "VCON_CHANGED" });
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    await store.append(vcon.uuid, { attachments: [{}] });
    expect(await store.replace(vcon.uuid, revision, signed(vcon.uuid))).toBe(false);
    const view = await store.read(String(sealed["uuid"]), ["sealed"]);
    expect(view.sealed).toEqual(sealed);
    expect(await store.replace(view.uuid, view.revision, draft({ uuid: view.uuid }))).toBe(true);
    expect(await store.replace(view.uuid, view.revision, sealed)).toBe(false);
  });
});

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

  test("has the old or the new document whole when it crashes during a replacement", async () => {
    const { uuid } = draft();
    const documentOf = (subject: string): Vcon =>
      draft({
        uuid,
        subject,
        dialog: [1, 2, 3].map(() => dialog({ body: subject.repeat(300_000) })),
        analysis: [analysis(subject)],
      });
    let current = documentOf("first");
    let replacements = 0;
    await store.create(current);
    for (const delay of [0, 20, 40, 80]) {
      const { revision } = await store.read(uuid, ["sealed"]);
      const documents = ["a", "b", "c"].map((writer) => documentOf(`${writer}${delay}`));
      const replacing = Promise.allSettled(
        documents.map((vcon) => store.replace(uuid, revision, vcon, [happened("vcon_enhanced")])),
      );
      await pause(delay);
      await redis.kill();
      const answers = await replacing;
      await redis.start();
      for (const answer of answers) {
        if (answer.status === "rejected") expect(answer.reason).toMatchObject(TRANSIENT);
      }
      const after = (await store.get(uuid)) as Vcon;
      const confirmed = documents.filter((_, i) => (answers[i] as { value?: boolean }).value);
      expect(confirmed.length > 0 ? confirmed : [current, ...documents]).toContainEqual(after);
      if (after.subject !== current.subject) replacements++;
      current = after;
      expect(await store.trail(uuid)).toHaveLength(replacements);
      expect(await store.append(uuid, { analysis: after.analysis! })).toBe(false);
    }
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
