import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newUuid, openStore, type VconStore, WHOLE_PARTS, wholeOf } from "../../core/index.ts";
import { JSON_VARIABLE, jsonUrl as url } from "../support/redis-json.ts";
import { analysis, COUNTRY, contract, dialog, draft, encrypted, signed } from "./contract.ts";
import { expiring } from "./expiring.ts";
import { movesNoMedia } from "./socket-bytes.ts";

describe.skipIf(url === undefined)(`With a Redis that knows JSON, named by ${JSON_VARIABLE}`, () => {
  contract("Redis with JSON", {
    keepsLoneSurrogates: false,
    open: () => openStore(url!, { country: COUNTRY }),
    stop: removeTraces,
  });

  describe("Redis with JSON moves no media", () => movesNoMedia(() => url!, removeTraces));

  describe("vCons that expire in Redis with JSON", () =>
    expiring(
      () => url!,
      () => new Redis(url!),
      removeTraces,
    ));

  describe("beside a Python conserver", () => {
    let store: VconStore;
    let client: Redis;
    const uuids: string[] = [];

    beforeAll(async () => {
      store = await openStore(url!, { country: COUNTRY });
      client = new Redis(url!);
    });

    afterAll(async () => {
      for (const uuid of uuids) await store.delete(uuid);
      await removeTraces(uuids);
      await store.close();
      await client.quit();
    });

    /** Stores a vCon as the conserver does. */
    async function conserve(members: object): Promise<string> {
      const vcon = { ...draft(), ...members };
      uuids.push(vcon.uuid);
      await client.call("JSON.SET", `vcon:${vcon.uuid}`, "$", JSON.stringify(vcon));
      return vcon.uuid;
    }

    async function document(uuid: string): Promise<Record<string, unknown>> {
      return JSON.parse((await client.call("JSON.GET", `vcon:${uuid}`)) as string);
    }

    test("writes the standard format under its keys", async () => {
      const vcon = draft({
        parties: [{ tel: "+12025550155", name: "Erin" }],
        dialog: [dialog({ body: "x".repeat(100_000) })],
      });
      uuids.push(vcon.uuid);
      await store.create(vcon);
      expect(await document(vcon.uuid)).toEqual(vcon);
      expect(await client.ttl(`vcon:${vcon.uuid}`)).toBe(-1);
      expect(Number(await client.zscore("vcons", `vcon:${vcon.uuid}`))).toBe(
        Date.parse(vcon.created_at) / 1000,
      );
      expect(await client.sismember("tel:+12025550155", vcon.uuid)).toBe(1);
      expect(await client.sismember("name:Erin", vcon.uuid)).toBe(1);
    });

    test("reads bodies that are JSON as text, and null for what is missing", async () => {
      const transcript = { type: "transcript", vendor: "v", encoding: "json", body: '{"text":"hi"}' };
      const uuid = await conserve({ dialog: null, attachments: null, parties: null, analysis: [transcript] });
      const view = await store.read(uuid, ["parties", "dialog", "attachments", "analysis:transcript"]);
      expect([view.parties, view.dialog.size, view.attachments.size]).toEqual([[], 0, 0]);
      expect(view.analysis.get(0)).toEqual(transcript);
      expect(await store.append(uuid, { attachments: [{ purpose: "note" }] })).toBe(true);
      expect((await document(uuid))["attachments"]).toEqual([{ purpose: "note" }]);
    });

    test.each([
      ["a list as text", { body: '["a:1","b:2"]', encoding: "json" }],
      ["an object", { body: { a: 1, b: ["2"] } }],
      ["an object as text", { body: '{"a":"1","b":"2"}' }],
      ["a list in an old attachment", { purpose: undefined, type: "tags", body: ["a:1", "b:2"] }],
    ])("adds to tags that are %s", async (_, members) => {
      const uuid = await conserve({ attachments: [{ purpose: "note" }, { purpose: "tags", ...members }] });
      const tags = [
        { name: "b", value: "2" },
        { name: "c", value: "3" },
      ];
      expect(await store.append(uuid, { tags })).toBe(true);
      expect(await store.append(uuid, { tags })).toBe(false);
      const { attachments } = await store.read(uuid, ["attachments:tags"]);
      expect([...attachments].map(([index, { body }]) => [index, body])).toEqual([
        [1, ["a:1", "b:2", "c:3"]],
      ]);
    });

    test("knows the work of another step, written as it may be", async () => {
      const uuid = await conserve({
        analysis: [{ type: "a", vendor: "v", product: null, dialog: 0, schema: 1.0 }],
      });
      expect(await store.append(uuid, { analysis: [analysis("a", { vendor: "v", dialog: [0] })] })).toBe(
        false,
      );
      expect(await store.append(uuid, { analysis: [analysis("a", { vendor: "v", dialog: 1 })] })).toBe(true);
    });

    test("refuses to add where no array is", async () => {
      const uuid = await conserve({ analysis: { type: "a" } });
      await expect(store.append(uuid, { analysis: [analysis("b")] })).rejects.toMatchObject({
        code: "VCON_MALFORMED",
        message: expect.stringContaining(uuid),
      });
    });

    test("shows it a sealed vCon as its JSON", async () => {
      const vcon = draft({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      uuids.push(vcon.uuid);
      await store.create(vcon);
      for (const next of [signed(vcon.uuid), vcon, encrypted(vcon.uuid)]) {
        const { revision } = await store.read(vcon.uuid, ["sealed"]);
        expect(await store.replace(vcon.uuid, revision, next)).toBe(true);
        expect(await store.replace(vcon.uuid, revision, vcon)).toBe(false);
        expect(await document(vcon.uuid)).toEqual(next);
        expect(await client.ttl(`vcon:${vcon.uuid}`)).toBe(-1);
        expect(await client.keys(`{vcon:${vcon.uuid}}:staged:*`)).toEqual([]);
      }
      await store.delete(vcon.uuid);
      expect(await client.keys(`*${vcon.uuid}*`)).toEqual([]);
    });

    test("replaces what it made, for as long as it keeps it", async () => {
      const name = `Conserved ${newUuid()}`;
      const long = "x".repeat(100_000);
      const uuid = await conserve({ parties: [{ name }], dialog: [dialog({ body: long })] });
      await client.zadd("vcons", 915_105_600, `vcon:${uuid}`);
      await client.sadd(`name:${name}`, uuid);
      await client.expire(`vcon:${uuid}`, 3600);
      const view = await store.read(uuid, WHOLE_PARTS);
      const vcon = await wholeOf(view);
      for (const next of [signed(uuid), vcon]) {
        const { revision } = await store.read(uuid, ["sealed"]);
        expect(await store.replace(uuid, revision, next)).toBe(true);
        for (const key of await client.keys(`*vcon:${uuid}*`)) {
          expect([key, await client.ttl(key)]).toEqual([key, expect.closeTo(3590, -2)]);
        }
        expect(await client.zscore("vcons", `vcon:${uuid}`)).toBe("915105600");
        expect(await client.hget(`{vcon:${uuid}}:elsewhere`, "vcons")).toBe("915105600");
        expect(await store.find({ name })).toEqual([uuid]);
      }
      await store.delete(uuid);
      expect(await store.find({ name })).toEqual([]);
      expect(await client.zscore("vcons", `vcon:${uuid}`)).toBeNull();
      expect(await client.keys(`*${uuid}*`)).toEqual([]);
    });

    test("does not replace what it has written meanwhile, nor fetch from there", async () => {
      const long = "x".repeat(100_000);
      const uuid = await conserve({ dialog: [dialog({ body: long })], analysis: [], attachments: null });
      const changes: ((vcon: Record<string, unknown>) => void)[] = [
        (vcon) => {
          vcon["analysis"] = [analysis("a")];
        },
        (vcon) => {
          vcon["analysis"] = [analysis("b")];
        },
        (vcon) => {
          vcon["attachments"] = [{ purpose: "tags", encoding: "json", body: '["iron:iron"]' }];
        },
        (vcon) => {
          vcon["custom"] = { deep: ["a"] };
        },
        (vcon) => {
          vcon["custom"] = { deep: ["b"] };
        },
        (vcon) => {
          vcon["dialog"] = [dialog({ body: `${long}y` })];
        },
        (vcon) => {
          vcon["dialog"] = [dialog({ body: long, start: "2024-05-06T07:08:10Z" })];
        },
      ];
      for (const change of changes) {
        const { revision } = await store.read(uuid, ["sealed"]);
        expect((await store.read(uuid, ["sealed", "head"])).revision).toBe(revision);
        const vcon = await document(uuid);
        change(vcon);
        await client.call("JSON.SET", `vcon:${uuid}`, "$", JSON.stringify(vcon));
        expect(await store.replace(uuid, revision, signed(uuid))).toBe(false);
        expect(await document(uuid)).toEqual(vcon);
      }
    });

    test("takes what it made out of its indexes", async () => {
      const name = `Conserved ${newUuid()}`;
      const uuid = await conserve({ parties: [{ name }] });
      await client.zadd("vcons", 1_715_000_000, `vcon:${uuid}`);
      await client.sadd(`name:${name}`, uuid);
      expect(await store.find({ name })).toEqual([uuid]);
      expect(await store.delete(uuid)).toBe(true);
      expect(await store.find({ name })).toEqual([]);
      expect(await client.zscore("vcons", `vcon:${uuid}`)).toBeNull();
      expect(await client.exists(`{vcon:${uuid}}:elsewhere`)).toBe(0);
    });
  });

  test("refuses what nests deeper than it can keep", async () => {
    const store = await openStore(url!);
    let body: unknown = 1;
    for (let level = 0; level < 130; level++) body = [body];
    const vcon = draft({ dialog: [dialog({ body: body as never })] });
    const refused = { code: "VCON_MALFORMED", message: expect.stringMatching(/nests deeper/) };
    await expect(store.create(vcon)).rejects.toMatchObject(refused);
    const shallow = { ...vcon, dialog: [dialog({ body: "x".repeat(100_000) })] };
    await store.create(shallow);
    const { revision } = await store.read(vcon.uuid, ["sealed"]);
    await expect(store.replace(vcon.uuid, revision, vcon)).rejects.toMatchObject(refused);
    expect(await store.get(vcon.uuid)).toEqual(shallow);
    await store.delete(vcon.uuid);
    await removeTraces([vcon.uuid]);
    await store.close();
  });

  test("does not open on vCons in the other layout", async () => {
    const database = new URL(url!);
    database.pathname = "/15";
    const admin = new Redis(database.href);
    await admin.set("vcon-store:layout", "hash");
    await expect(openStore(database.href)).rejects.toMatchObject({ code: "STORE_MISMATCH" });
    await admin.unlink("vcon-store:layout");
    await admin.quit();
  });
});

/** What stays of a vCon after it was deleted; the server may be in use by others. */
async function removeTraces(uuids: string[], sources: string[] = []): Promise<void> {
  const client = new Redis(url!);
  const sourceKeys = sources.map((source) => `vcon-source:${source}`);
  const made = sources.length > 0 ? await client.mget(sourceKeys) : [];
  const traces = [...uuids, ...made].flatMap((uuid) => [`{vcon:${uuid}}:trail`, `{vcon:${uuid}}:elsewhere`]);
  for (const key of [...sourceKeys, ...traces]) await client.unlink(key);
  await client.quit();
}
