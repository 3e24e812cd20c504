/** What others do to a vCon in the middle of a request. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openStore, type TrailEvent, type VconStore } from "../../core/index.ts";
import type { Call } from "../../server/call.ts";
import { etagAsWritten } from "../../server/v1/vcons-one.ts";
import { eraseEverywhere } from "../../server/work/erase.ts";
import { handedOut } from "../../server/work/handing-out.ts";
import { call as calling, chat, inline, stored } from "../support/vcons.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-meanwhile-"));
let store: VconStore;

beforeAll(async () => {
  store = await openStore("sqlite:test.sqlite", { folder });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A request that works with this store, in flows that erase whatever copy they are asked to. */
function callOn(used: VconStore, erased: string[] = []): Call {
  const erase = async (node: string) => erased.push(node) > 0;
  const api = { store: async () => used, node: { id: "api", type: "vcon-api" }, flows: { erase } };
  const call = { api, holder: { name: "writer" }, address: "127.0.0.1", request: { method: "GET" } };
  return call as unknown as Call;
}

test("a copy that is made until the vCon is deleted is erased, too", async () => {
  const uuid = await stored(store, chat("Good morning."));
  const sent: TrailEvent = {
    event: "vcon_sent",
    at: new Date().toISOString(),
    node: { id: "files", type: "vcon-file" },
    recipient: { vendor: "Files", host: "localhost", categories: ["parties"] },
    handle: { path: "calls.csv" },
  };
  const slow: VconStore = Object.create(store, {
    delete: {
      value: async (...of: Parameters<VconStore["delete"]>) => {
        await store.append(uuid, {}, [sent]);
        return store.delete(...of);
      },
    },
    trail: { value: (of: string) => store.trail(of) },
  });
  const erased: string[] = [];
  expect(await eraseEverywhere(callOn(slow, erased), uuid)).toEqual({ found: true, left: [] });
  expect(erased).toEqual(["files"]);
});

test("who has written a vCon gets no ETag of another's, even where both tell the same time", async () => {
  const mine = { ...calling(inline(Buffer.alloc(200_000, 7))), updated_at: "2026-11-02T10:00:00Z" };
  await stored(store, mine);
  const { revision } = await store.read(mine.uuid, ["sealed"]);
  expect(await etagAsWritten(callOn(store), mine.uuid, mine)).toEqual({ etag: `"${revision}"` });
  await store.replace(mine.uuid, revision, { ...mine, subject: "Theirs" });
  expect(await etagAsWritten(callOn(store), mine.uuid, mine)).toEqual({});
});

test("what was deleted before anything of it has left is handed out to nobody", async () => {
  const uuid = await stored(store, chat("Good morning."));
  const view = await store.read(uuid, ["sealed"]);
  await store.delete(uuid);
  await expect(handedOut(callOn(store), view, ["text"])).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
});
