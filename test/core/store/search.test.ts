/** Searching a store by what vCons hold. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type AnyVcon,
  addAnalysis,
  addTag,
  type Entry,
  openStore,
  type Part,
  type SearchQuery,
  searchVcons,
  type Vcon,
  type VconStore,
} from "../../../core/index.ts";
import { analysed, call, chat, encrypted, signed, stored } from "../../support/vcons.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-search-"));
let store: VconStore;
let made = 0;

beforeEach(async () => {
  store = await openStore(`sqlite:${made}.db`, { folder, country: "US" });
});

afterEach(() => store.close());

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stores it as the newest one. */
async function put(vcon: AnyVcon): Promise<string> {
  return stored(store, { ...vcon, created_at: minute(made++) });
}

function minute(number: number): string {
  return new Date(Date.UTC(2026, 10, 2, 10, number)).toISOString();
}

function tagged(...tags: [name: string, value: string][]): Vcon {
  const vcon = chat("Good morning.");
  for (const [name, value] of tags) addTag(vcon, name, value);
  return vcon;
}

async function found(query: SearchQuery): Promise<string[]> {
  const answer = await searchVcons(store, query, { limit: 100 });
  expect(answer.next).toBeUndefined();
  return uuidsOf(answer.found);
}

function uuidsOf(entries: readonly Entry[]): string[] {
  return entries.map(({ uuid }) => uuid);
}

/** The same store, and what happens around its calls. */
function watched(around: { reads?: Part[]; paged?: () => Promise<unknown> }): VconStore {
  const page: VconStore["page"] = async (options) => {
    const entries = await store.page(options);
    await around.paged?.();
    return entries;
  };
  const read: VconStore["read"] = (uuid, parts) => {
    around.reads?.push(...parts);
    return store.read(uuid, parts);
  };
  return { page, read } as VconStore;
}

test("without conditions finds all, the newest first", async () => {
  const uuids = [await put(chat("One")), await put(signed()), await put(encrypted())];
  expect(await found({})).toEqual(uuids.toReversed());
  expect(await found({ tag: [], analysis: [], text: " " })).toEqual(uuids.toReversed());
});

test("finds by date and by party", async () => {
  const [first, carols, last] = [await put({ ...chat(), parties: [] }), await put(chat()), await put(chat())];
  const moment = minute(made - 2);
  expect(await found({ since: moment, until: moment })).toEqual([carols]);
  expect(await found({ party: { tel: "(202) 555-0101" } })).toEqual([last, carols]);
  expect(await found({ party: { tel: "+12025550101" }, until: moment })).toEqual([carols]);
  expect(await found({ until: minute(made - 3) })).toContain(first);
});

describe("a tag", () => {
  test("is found by name and value, or by its name alone", async () => {
    const billing = await put(tagged(["topic", "billing: late"], ["priority", "high"]));
    const sales = await put(tagged(["topic", "sales"]));
    await put(chat("topic:sales"));
    expect(await found({ tag: ["topic:sales"] })).toEqual([sales]);
    expect(await found({ tag: ["topic:billing: late"] })).toEqual([billing]);
    expect(await found({ tag: ["topic"] })).toEqual([sales, billing]);
    expect(await found({ tag: ["topic:bill"] })).toEqual([]);
    expect(await found({ tag: ["sales"] })).toEqual([]);
  });

  test("has to be there with all others", async () => {
    const both = await put(tagged(["topic", "sales"], ["priority", "high"]));
    await put(tagged(["topic", "sales"]));
    expect(await found({ tag: ["topic:sales", "priority"] })).toEqual([both]);
  });

  test("is found in the forms that others write", async () => {
    const object = await put({ ...chat(), attachments: [{ type: "tags", body: { topic: ["sales"] } }] });
    const body = '["topic:sales"]';
    const text = await put({ ...chat(), attachments: [{ purpose: "tags", encoding: "json", body }] });
    const long = ["topic:sales", "x".repeat(100_000)];
    const large = await put({ ...chat(), attachments: [{ purpose: "tags", encoding: "json", body: long }] });
    expect(await found({ tag: ["topic:sales"] })).toEqual([large, text, object]);
  });
});

describe("a text", () => {
  test("is found in messages and transcripts as whole words in any case", async () => {
    const message = await put(chat("Hello.", "I want a REFUND, now."));
    const transcript = await put(analysed("transcript", { text: "A refund?\nNow?" }));
    await put(chat("Refunds are not our business."));
    await put(analysed("summary", "A refund now"));
    expect(await found({ text: "refund" })).toEqual([transcript, message]);
    expect(await found({ text: "refund?  now" })).toEqual([transcript]);
    expect(await found({ text: "now refund" })).toEqual([]);
    expect(await found({ text: "refund*" })).toHaveLength(3);
    expect(await found({ text: "(.*" })).toEqual([]);
  });

  test("is found in large ones", async () => {
    const long = "so it went on. ".repeat(10_000);
    const uuids = [await put(chat(`${long}Refund!`)), await put(analysed("transcript", `${long}Refund!`))];
    expect(await found({ text: "refund" })).toEqual(uuids.toReversed());
  });
});

test("finds by all types of analyses, and by all conditions together", async () => {
  const vcon = analysed("summary", "A refund");
  addAnalysis(vcon, { type: "sentiment", vendor: "example", dialog: 0, encoding: "none", body: "good" });
  addTag(vcon, "topic", "sales");
  const all = await put(vcon);
  const summary = await put(analysed("summary", "Another"));
  await put(call());
  expect(await found({ analysis: ["summary"] })).toEqual([summary, all]);
  expect(await found({ analysis: ["summary", "sentiment"] })).toEqual([all]);
  const query = { analysis: ["summary"], tag: ["topic"], text: "morning", party: { name: "Carol Carter" } };
  expect(await found(query)).toEqual([all]);
  expect(await found({ ...query, text: "refund" })).toEqual([]);
  expect(await found({ ...query, party: { name: "Dan Drake" } })).toEqual([]);
});

test("finds a sealed vCon by its party and date alone", async () => {
  const uuid = await put(tagged(["topic", "sales"]));
  const { revision } = await store.read(uuid, ["sealed"]);
  await store.replace(uuid, revision, signed(uuid));
  const party = { name: "Carol Carter" };
  expect(await found({ party, since: minute(made - 1) })).toEqual([uuid]);
  for (const held of [{ tag: ["topic"] }, { text: "morning" }, { analysis: ["summary"] }]) {
    expect(await found({ party, ...held })).toEqual([]);
  }
});

test.each<[string, SearchQuery, Part[]]>([
  ["a date", {}, []],
  ["a tag", { tag: ["a"] }, ["attachments:tags"]],
  ["a type of analysis", { analysis: ["a"] }, ["analysis:a"]],
  ["both", { tag: ["a"], analysis: ["b"] }, ["analysis:b", "attachments:tags"]],
])("reads for %s no other parts", async (_, query, parts) => {
  await put(chat("Good morning."));
  const reads: Part[] = [];
  await searchVcons(watched({ reads }), query, { limit: 10 });
  expect(reads).toEqual(parts);
});

describe("goes on", () => {
  test("behind the last one that was found", async () => {
    const uuids: string[] = [];
    for (let i = 0; i < 40; i++) {
      const uuid = await put(i % 2 ? tagged(["odd", ""]) : chat());
      if (i % 2) uuids.unshift(uuid);
    }
    for (const limit of [1, 7, 20, 21]) {
      const all: string[] = [];
      let next: Entry | undefined;
      do {
        const answer = await searchVcons(store, { tag: ["odd"] }, { limit, after: next });
        expect(answer.found.length).toBeLessThanOrEqual(limit);
        all.push(...uuidsOf(answer.found));
        next = answer.next;
      } while (next !== undefined);
      expect(all).toEqual(uuids);
    }
    const { found: first, next } = await searchVcons(store, {}, { limit: 39 });
    expect(next).toEqual(first.at(-1));
    const rest = await searchVcons(store, {}, { limit: 39, after: next });
    expect(rest.found).toHaveLength(1);
    expect(rest.next).toBeUndefined();
  });

  test("where one call has looked into as many as it may", async () => {
    const oldest = await put(tagged(["rare", ""]));
    await Promise.all(Array.from({ length: 1005 }, () => put(chat())));
    const query = { tag: ["rare"] };
    const { found: none, next } = await searchVcons(store, query, { limit: 1 });
    expect(none).toEqual([]);
    const rest = await searchVcons(store, query, { limit: 10, after: next });
    expect([uuidsOf(rest.found), rest.next]).toEqual([[oldest], undefined]);
  });
});

test("passes over one that is deleted meanwhile", async () => {
  const uuids = [await put(chat("Hello.")), await put(chat("Hello.")), await put(chat("Hello."))];
  const paged = () => store.delete(uuids[1]!);
  const { found: entries } = await searchVcons(watched({ paged }), { text: "hello" }, { limit: 10 });
  expect(uuidsOf(entries)).toEqual([uuids[2], uuids[0]]);
});

test("ends when it is told to", async () => {
  await put(chat("Hello."));
  const reason = new Error("Enough.");
  const controller = new AbortController();
  const paged = async () => controller.abort(reason);
  const searching = searchVcons(
    watched({ paged }),
    { text: "hello" },
    { limit: 1, signal: controller.signal },
  );
  await expect(searching).rejects.toBe(reason);
});
