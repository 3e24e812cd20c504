import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type LargeBody,
  newUuid,
  openStore,
  type VconStore,
  WHOLE_PARTS,
  wholeOf,
} from "../../core/index.ts";
import { JSON_VARIABLE, jsonUrl as url } from "../support/redis-json.ts";
import { analysis, COUNTRY, contract, dialog, draft, encrypted, signed } from "./contract.ts";
import { expiring } from "./expiring.ts";
import { finding } from "./finding.ts";
import { leavesNoMedia } from "./media-keys.ts";
import { movesNoMedia } from "./socket-bytes.ts";
import { weeding } from "./weeding.ts";

describe.skipIf(url === undefined)(`With a Redis that knows JSON, named by ${JSON_VARIABLE}`, () => {
  contract("Redis with JSON", {
    keepsLoneSurrogates: false,
    open: () => openStore(url!, { country: COUNTRY }),
    stop: removeTraces,
  });

  describe("Redis with JSON moves no media", () => movesNoMedia(() => url!, removeTraces));

  describe("Redis with JSON keeps no media", () =>
    leavesNoMedia(
      () => url!,
      () => new Redis(url!),
    ));

  describe("vCons that expire in Redis with JSON", () =>
    expiring(
      () => url!,
      () => new Redis(url!),
      removeTraces,
    ));

  // Where no other test is disturbed when all is entered anew.
  const apart = () => database("14");

  describe("finding in Redis with JSON", () =>
    finding(
      (country) => openStore(apart(), { country }),
      (uuids) => removeTraces(uuids, [], apart()),
    ));

  describe("weeding Redis with JSON", () =>
    weeding(
      apart,
      () => new Redis(apart()),
      (uuids) => removeTraces(uuids, [], apart()),
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

    test("adds to such tags in one revision alone", async () => {
      const uuid = await conserve({ attachments: [{ purpose: "tags", body: { a: 1 } }] });
      const { revision } = await store.read(uuid, ["sealed"]);
      const tags = [{ name: "b", value: "2" }];
      expect(await store.append(uuid, { tags, revision })).toBe(true);
      const converted = await document(uuid);
      expect(converted["attachments"]).toMatchObject([{ body: ["a:1", "b:2"] }]);
      await expect(store.append(uuid, { tags, revision })).rejects.toMatchObject({ code: "VCON_CHANGED" });
      expect(await document(uuid)).toEqual(converted);
    });

    test("sets the media of what it made, for as long as it keeps it", async () => {
      const uuid = await conserve({ dialog: [dialog({ url: "https://example.com/a.wav" })] });
      await client.expire(`vcon:${uuid}`, 3600);
      async function* bytes() {
        yield Buffer.alloc(100_000);
      }
      await store.setMedia(uuid, 0, { bytes: bytes(), mediatype: "audio/wav" });
      const { body, ...members } = ((await document(uuid)) as { dialog: { body: string }[] }).dialog[0]!;
      expect(members).toEqual({ ...dialog(), encoding: "base64url", mediatype: "audio/wav" });
      expect(Buffer.from(body, "base64url")).toEqual(Buffer.alloc(100_000));
      for (const key of await client.keys(`*vcon:${uuid}*`)) {
        expect([key, await client.ttl(key)]).toEqual([key, expect.closeTo(3590, -2)]);
      }
      expect(await store.delete(uuid)).toBe(true);
      expect(await client.keys(`*${uuid}*`)).toEqual([]);
    });

    test("leaves nothing that outlasts it, also of what came while it was held", async () => {
      const uuid = await conserve({ dialog: [dialog({ body: "x" })] });
      await client.expire(`vcon:${uuid}`, 3600);
      await store.hold(uuid, "a");
      async function* bytes() {
        yield Buffer.alloc(100);
      }
      await store.setMedia(uuid, 0, { bytes: bytes(), mediatype: "audio/wav" });
      await store.release(uuid, "a");
      const keys = await client.keys(`*vcon:${uuid}*`);
      expect(keys).toHaveLength(3);
      for (const key of keys) expect([key, await client.ttl(key)]).toEqual([key, expect.closeTo(3590, -2)]);
    });

    test("gives the rest of a body though what was put aside of it is gone, if it is the same one", async () => {
      const text = 'A"é'.repeat(3_000_000);
      const uuid = await conserve({ dialog: [dialog({ body: text })] });
      const body = (await store.read(uuid, ["dialog"])).dialog.get(0)!.body as LargeBody;
      const dropAside = async () => {
        const keys = await client.keys(`{vcon:${uuid}}:staged:*`);
        expect(keys).toHaveLength(1);
        expect(await client.ttl(keys[0]!)).toBeGreaterThan(0);
        await client.unlink(keys);
      };
      const pieces: Uint8Array[] = [];
      for await (const piece of body.stream(1)) {
        // Within the first 4 MB and the next.
        if (pieces.length === 0 || pieces.length === 20) await dropAside();
        pieces.push(piece);
      }
      expect(Buffer.concat(pieces).equals(Buffer.from(text).subarray(1))).toBe(true);

      const reading = (async () => {
        let isReplaced = false;
        for await (const _ of body.stream(1)) {
          if (isReplaced) continue;
          await client.call("JSON.SET", `vcon:${uuid}`, "$.dialog", "null");
          await dropAside();
          isReplaced = true;
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: "VCON_CHANGED" });
      expect(await client.keys(`{vcon:${uuid}}:staged:*`)).toEqual([]);
    });

    test("takes no other body for the one that it had", async () => {
      const uuid = await conserve({ dialog: [dialog({ body: "x".repeat(100_000) })] });
      const body = (await store.read(uuid, ["dialog"])).dialog.get(0)!.body as LargeBody;
      for (const other of ["x".repeat(100_001), ["x".repeat(99_996)], "x", null]) {
        await client.call("JSON.SET", `vcon:${uuid}`, "$.dialog[0].body", JSON.stringify(other));
        await expect(body.value()).rejects.toMatchObject({ code: "VCON_CHANGED" });
      }
    });

    test("sets no media where no list of dialogs is", async () => {
      async function* bytes() {
        yield Buffer.from("hi");
      }
      for (const dialogs of [null, { 0: dialog() }, "dialog"]) {
        const uuid = await conserve({ dialog: dialogs });
        const setting = store.setMedia(uuid, 0, { bytes: bytes(), mediatype: "audio/wav" });
        await expect(setting).rejects.toMatchObject({ code: "PART_NOT_FOUND" });
      }
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

    test("enters what it has put here, as far as it can be read, when all is entered anew", async () => {
      const other = await openStore(apart());
      const conserver = new Redis(apart());
      const put = (uuid: string, document: unknown) =>
        conserver.call("JSON.SET", `vcon:${uuid}`, "$", JSON.stringify(document));
      const name = `Conserved ${newUuid()}`;
      const [whole, timeless, listless] = [draft({ parties: [{ name }] }), draft(), draft()];
      await put(whole.uuid, { ...whole, created_at: "1999-01-01T00:00:00.123456+00:00" });
      await put(timeless.uuid, { ...timeless, created_at: null, parties: [{ name }, null, 7] });
      await put(listless.uuid, { ...listless, parties: { name } });
      await conserver.sadd(`name:${name}`, whole.uuid);
      await conserver.expire(`name:${name}`, 86_400);
      const malformed = newUuid();
      await put(malformed, "no vCon");
      expect(await other.reindex()).toBeGreaterThanOrEqual(3);
      const [newest, oldest] = await other.page({ party: { name } });
      expect(oldest).toEqual({ uuid: whole.uuid, createdAt: Date.parse("1999-01-01T00:00:00.123Z") });
      expect(newest).toEqual({ uuid: timeless.uuid, createdAt: expect.closeTo(Date.now(), -6) });
      expect(await conserver.ttl(`name:${name}`)).toBe(-1);
      expect(await conserver.zscore("vcons", `vcon:${listless.uuid}`)).not.toBeNull();
      expect(await conserver.zscore("vcons", `vcon:${malformed}`)).toBeNull();
      for (const { uuid } of [whole, timeless, listless]) {
        await other.delete(uuid);
        expect(await conserver.keys(`*${uuid}*`)).toEqual([]);
      }
      expect(await other.find({ name })).toEqual([]);
      await conserver.del(`vcon:${malformed}`);
      await conserver.quit();
      await other.close();
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
    const admin = new Redis(database("15"));
    await admin.set("vcon-store:layout", "hash");
    await expect(openStore(database("15"))).rejects.toMatchObject({ code: "STORE_MISMATCH" });
    await admin.unlink("vcon-store:layout");
    await admin.quit();
  });
});

/** Another one of the same server. */
function database(number: string): string {
  return Object.assign(new URL(url!), { pathname: `/${number}` }).href;
}

/** What stays of a vCon after it was deleted; the server may be in use by others. */
async function removeTraces(uuids: string[], sources: string[] = [], from = url!): Promise<void> {
  const client = new Redis(from);
  const sourceKeys = sources.map((source) => `vcon-source:${source}`);
  const made = sources.length > 0 ? await client.mget(sourceKeys) : [];
  const traces = [...uuids, ...made].flatMap((uuid) => [`{vcon:${uuid}}:trail`, `{vcon:${uuid}}:elsewhere`]);
  for (const key of [...sourceKeys, ...traces]) await client.unlink(key);
  await client.quit();
}
