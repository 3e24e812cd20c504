import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newUuid, openStore, type VconStore } from "../../core/index.ts";
import { analysis, COUNTRY, contract, dialog, draft } from "./contract.ts";
import { movesNoMedia } from "./socket-bytes.ts";

const VARIABLE = "VCON_TEST_REDIS_JSON_URL";
const url = process.env[VARIABLE];

describe.skipIf(url === undefined)(`With a Redis that knows JSON, named by ${VARIABLE}`, () => {
  contract("Redis with JSON", {
    keepsLoneSurrogates: false,
    open: () => openStore(url!, { country: COUNTRY }),
    stop: removeTraces,
  });

  describe("Redis with JSON moves no media", () => movesNoMedia(() => url!, removeTraces));

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
    await expect(store.create(vcon)).rejects.toMatchObject({
      code: "VCON_MALFORMED",
      message: expect.stringMatching(/nests deeper/),
    });
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
