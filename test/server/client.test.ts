/** The client of core before the real API: what a program asks for by it is what comes back. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newUuid, type Vcon, VconApiClient, type VconStore } from "../../core/index.ts";
import { startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { call, chat, inline, storeNode, storeOf } from "../support/vcons.ts";

let nodeRed: TestNodeRed;
let store: VconStore;
let client: VconApiClient;
beforeAll(async () => {
  nodeRed = await startNodeRed();
  await nodeRed.deploy([storeNode, { id: "api", type: "vcon-api", store: "store" }], {
    api: { adminKeys: "the-key" },
  });
  store = await storeOf(nodeRed);
  client = new VconApiClient({ url: `${nodeRed.url}/api`, key: "the-key" });
});
afterAll(async () => {
  await store?.close();
  await nodeRed?.stop();
});

const summary = { type: "summary", vendor: "example", encoding: "none", body: "A greeting." } as const;

test("sends, gets, lists and deletes as with a conserver", async () => {
  const vcon = chat("Hello");
  expect(await client.get(vcon.uuid)).toBeUndefined();
  await client.send(vcon);
  expect(await client.get(vcon.uuid)).toEqual({ ...vcon, analysis: [], attachments: [] });
  expect(await client.get(vcon.uuid, { version: "0.0.1" })).toMatchObject({ vcon: "0.0.1", uuid: vcon.uuid });
  expect(await client.list({ size: 10_000 })).toContain(vcon.uuid);
  await client.delete(vcon.uuid);
  expect(await client.get(vcon.uuid)).toBeUndefined();
});

test("puts vCons into lists and takes them out, the oldest first", async () => {
  const [first, second] = [chat("1"), chat("2")];
  await client.send(first, { lists: ["client"] });
  await client.send(second);
  await client.enqueue("client", [second.uuid, newUuid()]);
  expect(await client.depth("client")).toBe(2);
  expect(await client.queue("client")).toMatchObject({ waiting: 2, dead: 0 });
  expect(await client.take("client", 5)).toEqual([first.uuid, second.uuid]);
});

test("creates, adds and changes, and lets nobody undo what another has changed", async () => {
  const vcon = chat("Hello");
  await client.create(vcon);
  const { etag, value } = (await client.read(vcon.uuid))!;
  expect(value).toEqual(vcon);
  expect(await client.addAnalysis(vcon.uuid, summary)).toBe(true);
  expect(await client.addAnalysis(vcon.uuid, summary)).toBe(false);
  expect(await client.addAttachment(vcon.uuid, { purpose: "note", body: "x", encoding: "none" })).toBe(true);
  const subject = [{ op: "add", path: "/subject", value: "A question" }] as const;
  await expect(client.patch(vcon.uuid, subject, etag)).rejects.toMatchObject({ status: 412 });
  const now = (await client.read(vcon.uuid))!;
  const patched = await client.patch(vcon.uuid, subject, now.etag);
  const changed = (await client.read(vcon.uuid))!;
  expect(changed).toMatchObject({ etag: patched, value: { subject: "A question", analysis: [summary] } });
  await client.replace(vcon.uuid, { ...(changed.value as Vcon), subject: "Another" }, patched);
  expect(await client.get(vcon.uuid)).toMatchObject({ subject: "Another" });
  await expect(client.replace(vcon.uuid, vcon, patched)).rejects.toMatchObject({ status: 412 });
  const events = (await client.trail(vcon.uuid)).map(({ event }) => event);
  expect(events[0]).toBe("vcon_received");
  expect(events).toContain("vcon_enhanced");
});

test("streams media in and out, whole and in part", async () => {
  const vcon = call(inline(Buffer.from("short")));
  await client.create(vcon);
  const audio = Buffer.alloc(400_000, "a recording ");
  await client.setMedia(vcon.uuid, 0, "audio/x-wav", async function* () {
    for (let start = 0; start < audio.length; start += 50_000) yield audio.subarray(start, start + 50_000);
  });
  const got = await client.media(vcon.uuid, 0);
  expect(got.mediatype).toBe("audio/x-wav");
  const hash = createHash("sha256");
  for await (const piece of got.bytes) hash.update(piece);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(audio).digest("hex"));
  const part = await client.media(vcon.uuid, 0, { range: { start: 100_001, end: 100_010 } });
  const pieces: Uint8Array[] = [];
  for await (const piece of part.bytes) pieces.push(piece);
  expect(Buffer.concat(pieces)).toEqual(audio.subarray(100_001, 100_011));
});

test("finds every vCon of a search, page after page", async () => {
  const uuids = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const vcon = chat("Hello");
    vcon.parties![0]!.tel = "+12025550177";
    uuids.add(vcon.uuid);
    await client.create(vcon);
  }
  const found: string[] = [];
  for await (const { uuid } of client.search({ tel: "+1 (202) 555-0177" })) found.push(uuid);
  expect(found).toHaveLength(60);
  expect(new Set(found)).toEqual(uuids);
});

test("tells of dead letters as the queue does, and sends them again", async () => {
  const { uuid } = chat("Hello");
  await store.create({ ...chat("Hello"), uuid });
  const queue = (await store.delivery()).queue("failing");
  await queue.add(uuid);
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const consumer = queue.consume({ atOnce: 1, attempts: 1, pause: 0, fault() {} }, (job) => {
    void job.settle({ is: "failed", failure: { reason: "On purpose." } }).then(resolve);
  });
  await settled;
  await consumer.stop();
  const letters = await client.deadLetters("failing");
  expect(letters).toEqual(await queue.deadLetters());
  expect(letters).toMatchObject([{ uuid, reason: "On purpose.", attempts: 1 }]);
  expect(await client.replay("failing", "all", "start")).toBe(1);
  expect(await client.take("failing", 1)).toEqual([uuid]);
});
