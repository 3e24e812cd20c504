/** The search over the API. */
import { beforeAll, expect, test } from "vitest";
import { addTag, type Vcon } from "../../core/index.ts";
import { analysed, chat, signed, stored } from "../support/vcons.ts";
import { useApi } from "./v1-vcons-api.ts";

const api = useApi();

/** By name; in the order of their creation. */
const uuids: Record<string, string> = {};

beforeAll(async () => {
  const vcons: Record<string, Vcon> = {
    complaint: tagged(chat("The parcel is late."), ["kind", "complaint"], ["team", "north"]),
    praise: tagged(chat("The parcel was early, great!"), ["kind", "praise"]),
    summary: analysed("summary", "They talked."),
    transcript: analysed("transcript", "Where is my parcel?"),
    stranger: withParties({ tel: "+493012345", name: "Dora Dietz" }, { tel: "+12025550101" }),
  };
  for (const [i, [name, vcon]] of Object.entries(vcons).entries()) {
    vcon.created_at = `2026-11-0${i + 1}T10:00:00.000Z`;
    uuids[name] = await stored(api.store, vcon);
  }
});
function tagged(vcon: Vcon, ...tags: [name: string, value: string][]): Vcon {
  for (const [name, value] of tags) addTag(vcon, name, value);
  return vcon;
}

function withParties(...parties: Vcon["parties"] & object): Vcon {
  return { ...chat("Hello."), parties };
}

function ask(query: string, headers: Record<string, string> = {}): Promise<Response> {
  return api.ask(`/vcons${query}`, { headers, as: "reader" });
}

/** The names of those that are found. */
async function found(query: string): Promise<string[]> {
  const answer = await ask(query);
  expect(answer.status).toBe(200);
  const { vcons } = (await answer.json()) as { vcons: { uuid: string }[] };
  return vcons.map(({ uuid }) => nameOf(uuid));
}

function nameOf(uuid: string): string {
  return Object.keys(uuids).find((name) => uuids[name] === uuid) ?? uuid;
}

const ALL = ["stranger", "transcript", "summary", "praise", "complaint"];

test("without a question all are found, newest first, with the time of their creation", async () => {
  expect(await (await ask("")).json()).toEqual({
    vcons: ALL.map((name) => ({
      uuid: uuids[name],
      created_at: `2026-11-0${5 - ALL.indexOf(name)}T10:00:00.000Z`,
    })),
  });
});

test.each([
  ["?tel=%2B12025550101", ALL],
  ["?tel=+12025550101", ALL],
  ["?tel=(202)+555-0101", ALL],
  ["?tel=+493012345", ["stranger"]],
  ["?name=Carol+Carter&tel=2025550101", ALL.slice(1)],
  ["?name=Carol+Carter&mailto=alice@example.com", []],
  ["?mailto=ALICE@example.com", ALL.slice(1)],
  ["?sip=nobody@example.com", []],
  ["?tag=kind:complaint", ["complaint"]],
  ["?tag=kind", ["praise", "complaint"]],
  ["?tag=kind&tag=team", ["complaint"]],
  ["?text=parcel", ["transcript", "praise", "complaint"]],
  ["?text=parcel&tag=kind", ["praise", "complaint"]],
  ["?analysis=summary", ["summary"]],
  ["?analysis=summary&analysis=transcript", []],
  ["?since=2026-11-04T10:00:00Z", ["stranger", "transcript"]],
  ["?until=2026-11-02T11:00:00%2B01:00", ["praise", "complaint"]],
  ["?since=2026-11-02&until=2026-11-03&text=parcel*", ["praise"]],
])("%s finds what fits all of it", async (query, names) => {
  expect(await found(query)).toEqual(names);
});

test.each([
  ["", 1],
  ["", 2],
  ["&tel=2025550101", 2],
  ["&text=parcel", 2],
])("with %j page by page of %d all are found once, and the link leads on", async (query, limit) => {
  const expected = await found(`?limit=1000${query}`);
  const pages: string[][] = [];
  for (let next: string | undefined = `?limit=${limit}${query}`; next !== undefined; ) {
    const answer = await ask(next);
    const page = (await answer.json()) as { vcons: { uuid: string }[]; next?: string };
    pages.push(page.vcons.map(({ uuid }) => nameOf(uuid)));
    next = /^<(\?[^>]*)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
    expect(next === undefined).toBe(page.next === undefined);
    if (next !== undefined) expect(new URLSearchParams(next).get("cursor")).toBe(page.next);
  }
  expect(pages.flat()).toEqual(expected);
  expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(limit);
});

test("as NDJSON the vCons themselves come, one a line, and the trail tells who has seen them", async () => {
  const answer = await ask("?tag=kind&limit=1", { accept: "application/x-ndjson" });
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  expect(answer.headers.get("link")).toMatch(/^<\?tag=kind&limit=1&cursor=[\w-]+>; rel="next"$/);
  const text = await answer.text();
  expect(text.endsWith("}\n")).toBe(true);
  expect(JSON.parse(text)).toMatchObject(await api.store.get(uuids["praise"]!));
  expect(await api.store.trail(uuids["praise"]!)).toMatchObject([
    { event: "vcon_sent", recipient: { vendor: "reader", categories: ["parties", "text", "attachments"] } },
  ]);
  expect(await api.store.trail(uuids["complaint"]!)).toEqual([]);
});

test("NDJSON comes in the syntax that is asked for; what is sealed comes as it is, what was deleted not at all", async () => {
  const sealed = signed();
  const sealedUuid = await stored(api.store, sealed);
  const gone = await stored(api.store, chat("Never mind."));
  await api.store.delete(gone);
  try {
    for (const [query, accept] of [
      ["?version=0.0.1", "application/x-ndjson"],
      ["", "application/x-ndjson; version=0.0.1"],
    ] as const) {
      const text = await (await ask(query, { accept })).text();
      const vcons = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(vcons.length).toBe(ALL.length + 1);
      expect(vcons).toContainEqual(sealed);
      expect(vcons.filter(({ vcon }) => vcon === "0.0.1").length).toBe(ALL.length);
    }
    const unknown = await ask("?version=9", { accept: "application/x-ndjson" });
    expect(unknown.status).toBe(406);
  } finally {
    await api.store.delete(sealedUuid);
  }
});

test("where nothing is found, NDJSON has no line", async () => {
  const answer = await ask("?name=Nobody", { accept: "application/x-ndjson" });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe("");
});

test.each([
  ["?cursor=abc", 400, "CURSOR_MALFORMED"],
  [`?cursor=${Buffer.from("1 no-uuid").toString("base64url")}`, 400, "CURSOR_MALFORMED"],
  [`?cursor=${Buffer.from('{"createdAt":1}').toString("base64url")}`, 400, "CURSOR_MALFORMED"],
  ["?limit=0", 422, "INVALID"],
  ["?limit=1001", 422, "INVALID"],
  ["?since=yesterday", 422, "INVALID"],
  ["?tel=", 422, "INVALID"],
  ["?tags=about:refund", 422, "INVALID"],
])("%s can't be searched by", async (query, status, code) => {
  const answer = await ask(query);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(await answer.json()).toMatchObject({ status, code });
});
