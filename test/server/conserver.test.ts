/** The conserver's routes, as its own programs use them, over the embedded store. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newUuid, type VconStore, writeVcon } from "../../core/index.ts";
import { type Receiver, startReceiver } from "../stand-ins/webhook.ts";
import { type FlowNode, sink, startNodeRed, type TestNodeRed } from "../support/node-red.ts";
import { call, chat, encrypted, inline, signed, stored, storeNode, storeOf } from "../support/vcons.ts";

const ADMIN = "an-admin-key-of-a-test";
const WRITER = "a-write-key-of-a-test";
const READER = "a-read-key-of-a-test";
const UNKNOWN = "11111111-2222-8333-8444-555555555555";

let nodeRed: TestNodeRed;
let store: VconStore;
let receiver: Receiver;

beforeAll(async () => {
  [nodeRed, receiver] = await Promise.all([startNodeRed(), startReceiver()]);
  await nodeRed.deploy(flow(), {
    api: {
      adminKeys: ADMIN,
      writeKeys: `feeder:${WRITER}`,
      readKeys: `looker:${READER}`,
      ingressKeys: "partner:first-partner-key partner:second-partner-key other:other-key keyless:",
    },
    bare: { adminKeys: ADMIN },
  });
  store = await storeOf(nodeRed);
});
afterAll(async () => {
  await store?.close();
  await nodeRed?.stop();
  await receiver?.close();
});

/** One chain from a queue, through core nodes, to a webhook and another queue. */
const flow = (): FlowNode[] => [
  storeNode,
  { id: "api", type: "vcon-api", store: "store", maxSize: 5 },
  { id: "bare", type: "vcon-api", store: "store", path: "/bare", atRoot: false },
  {
    id: "take",
    type: "vcon-queue-in",
    name: "incoming calls",
    store: "store",
    queue: "calls",
    attempts: 1,
    wires: [["tag", "begun"]],
  },
  {
    id: "tag",
    type: "vcon-tag",
    store: "store",
    tags: [{ name: "seen", value: "yes", valueType: "str" }],
    wires: [["jump"]],
  },
  { id: "jump", type: "link out", mode: "link", links: ["land"] },
  { id: "land", type: "link in", links: ["jump"], wires: [["hook"]] },
  {
    id: "hook",
    type: "vcon-webhook",
    name: "billing",
    store: "store",
    url: receiver.hook,
    send: "uuid",
    header: "",
    wires: [["hand"]],
  },
  { id: "hand", type: "vcon-queue-out", store: "store", queue: "done", queueType: "str", wires: [["end"]] },
  sink("begun"),
  sink("end"),
];

interface Asking {
  key?: string;
  method?: string;
  /** What is no text and no bytes is sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
}

function ask(
  path: string,
  { key = ADMIN, method = "GET", body, headers = {} }: Asking = {},
): Promise<Response> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array;
  return fetch(`${nodeRed.url}${path}`, {
    method,
    headers: { ...(key && { "x-conserver-api-token": key }), "content-type": "application/json", ...headers },
    ...(body !== undefined && { body: isRaw ? (body as string) : JSON.stringify(body) }),
  });
}

const post = (path: string, body?: unknown, key?: string) =>
  ask(path, { method: "POST", body, ...(key !== undefined && { key }) });

async function answered(response: Promise<Response>): Promise<unknown[]> {
  const { status, headers } = await response;
  const text = await (await response).text();
  const isJson = headers.get("content-type")?.startsWith("application/json");
  return [status, isJson ? JSON.parse(text) : text];
}

const eventually = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

/** As a program of 2023 would send it. */
function old(members: object = {}): Record<string, unknown> & { uuid: string } {
  return {
    vcon: "0.0.1",
    uuid: newUuid(),
    created_at: "2026-01-15T10:30:00+00:00",
    subject: null,
    redacted: {},
    appended: null,
    group: [],
    parties: [
      { tel: "+12025550101", name: "Carol Carter" },
      { mailto: "alice@example.com", name: "Alice Archer" },
    ],
    dialog: [
      {
        type: "text",
        start: "2026-01-15T10:30:00Z",
        parties: [0, 1],
        mimetype: "text/plain",
        body: "Good morning.",
        encoding: "none",
      },
    ],
    analysis: [],
    attachments: [],
    ...members,
  };
}

/** With the dialog's members changed. */
const withDialog = (members: object, others: object = {}) =>
  old({
    dialog: [{ type: "recording", start: "2026-01-15T10:30:00Z", parties: [0, 1], ...members }],
    ...others,
  });

describe("a vCon's life", () => {
  test("it is stored, found, deleted and gone, with the statuses that programs of the conserver expect", async () => {
    const vcon = old();
    const [status, given] = await answered(post("/api/vcon", vcon));
    expect([status, given]).toMatchObject([
      201,
      { vcon: "0.4.0", uuid: vcon.uuid, parties: vcon["parties"] },
    ]);
    expect(await answered(ask(`/api/vcon/${vcon.uuid}`))).toEqual([
      200,
      expect.objectContaining({ uuid: vcon.uuid }),
    ]);
    expect(await answered(ask(`/api/vcon/${vcon.uuid}`, { method: "DELETE" }))).toEqual([204, ""]);
    expect(await answered(ask(`/api/vcon/${vcon.uuid}`))).toEqual([404, { detail: "vCon not found" }]);
    expect(await answered(ask(`/api/vcon/${vcon.uuid}`, { method: "DELETE" }))).toEqual([204, ""]);
  });

  test("it is the same with and without the path", async () => {
    const vcon = old();
    expect((await post("/vcon", vcon)).status).toBe(201);
    expect(await (await ask(`/vcon/${vcon.uuid}`)).text()).toBe(
      await (await ask(`/api/vcon/${vcon.uuid}`)).text(),
    );
    expect((await ask(`/vcon/${vcon.uuid}`, { key: "" })).status).toBe(403);
    expect((await ask(`/vcon/${vcon.uuid}`, { method: "DELETE" })).status).toBe(204);
  });

  test("members that nobody knows stay, at the top and in a dialog", async () => {
    const vcon = withDialog({ custom: 1 }, { meta: { duration: 64 }, x_ext: { a: [1] } });
    await post("/api/vcon", vcon);
    const [, given] = await answered(ask(`/api/vcon/${vcon.uuid}`));
    expect(given).toMatchObject({ meta: { duration: 64 }, x_ext: { a: [1] }, dialog: [{ custom: 1 }] });
  });

  test("it is given out in the syntax that is asked for, when it is stored and later", async () => {
    const vcon = old();
    const [, newest] = await answered(post("/api/vcon", vcon));
    expect(newest).toMatchObject({ vcon: "0.4.0", dialog: [{ mediatype: "text/plain" }] });
    const oldest = { vcon: "0.0.1", dialog: [{ mimetype: "text/plain" }] };
    expect((await answered(post("/api/vcon?version=0.0.1", vcon)))[1]).toMatchObject(oldest);
    expect((await answered(ask(`/api/vcon/${vcon.uuid}?version=0.0.1`)))[1]).toMatchObject(oldest);
    expect((await answered(ask(`/api/vcons?uuids=${vcon.uuid}&version=0.0.1`)))[1]).toMatchObject([oldest]);
    const accept = { accept: "application/vcon+json; version=0.0.1" };
    expect((await answered(ask(`/api/vcon/${vcon.uuid}`, { headers: accept })))[1]).toMatchObject(oldest);
    expect((await post("/api/vcon?version=9", old())).status).toBe(406);
  });

  test.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("what is %s is stored and given out as it is", async (_, make) => {
    const uuid = newUuid();
    const sealed = make(uuid);
    expect(await answered(post("/api/vcon", sealed))).toEqual([201, sealed]);
    expect(await answered(ask(`/api/vcon/${uuid}`))).toEqual([200, sealed]);
    expect((await ask(`/api/vcon/${uuid}?version=0.0.1`)).status).toBe(409);
    expect(await answered(ask(`/api/vcons?vcon_uuids=${uuid}&version=0.0.1`))).toEqual([200, [sealed]]);
  });

  test("it may come gzipped", async () => {
    const vcon = old();
    expect((await post("/api/vcon", new Uint8Array(gzipSync(JSON.stringify(vcon))))).status).toBe(201);
    expect((await ask(`/api/vcon/${vcon.uuid}`)).status).toBe(200);
  });

  test("sent again after it was worked on, it keeps what was added, and shows that to those who may read alone", async () => {
    const vcon = chat("Good morning.");
    await post("/api/vcon", vcon);
    await store.append(vcon.uuid, {
      analysis: [{ type: "summary", vendor: "example", body: "A chat.", encoding: "none" }],
    });
    expect((await answered(post("/api/vcon", vcon)))[1]).toMatchObject({ analysis: [{ body: "A chat." }] });
    expect((await answered(post("/api/vcon", vcon, WRITER)))[1]).toMatchObject({ analysis: [] });
    expect((await answered(ask(`/api/vcon/${vcon.uuid}`)))[1]).toMatchObject({ analysis: [{}] });
    const seen = (await store.trail(vcon.uuid)).filter(({ event }) => event === "vcon_sent");
    expect(seen.map(({ key }) => key)).toEqual(["admin key"]);
  });

  test("sent with changes, it takes the place of what was there", async () => {
    const vcon = chat("Good morning.");
    await post("/api/vcon", vcon);
    expect((await answered(post("/api/vcon", { ...vcon, subject: "Recall" })))[0]).toBe(201);
    expect(await store.get(vcon.uuid)).toMatchObject({ subject: "Recall" });
  });

  test("the trail tells who sent, saw and deleted it", async () => {
    const vcon = old();
    await post("/api/vcon", vcon, WRITER);
    await ask(`/api/vcon/${vcon.uuid}`, { key: READER });
    await ask(`/api/vcons?vcon_uuids=${vcon.uuid}`, { key: READER });
    await ask(`/api/vcon/${vcon.uuid}`, { key: ADMIN });
    await ask(`/api/vcon/${vcon.uuid}`, { method: "DELETE", key: WRITER });
    const node = { id: "api", type: "vcon-api" };
    const categories = ["parties", "text"];
    expect(await store.trail(vcon.uuid)).toMatchObject([
      { event: "vcon_received", key: "feeder", node },
      { event: "vcon_sent", key: "looker", recipient: { vendor: "looker", categories } },
      { event: "vcon_sent", key: "admin key", recipient: { vendor: "admin key", categories } },
      { event: "vcon_deleted", key: "feeder", node },
    ]);
  });

  test("a large recording comes through unchanged", async () => {
    const vcon = call(inline(Buffer.alloc(2_000_000, "recording")));
    expect((await answered(post("/api/vcon", vcon)))[1]).toEqual({
      ...JSON.parse(writeVcon(vcon)),
      analysis: [],
      attachments: [],
    });
    expect((await answered(ask(`/api/vcon/${vcon.uuid}`)))[1]).toMatchObject({ dialog: vcon.dialog });
  });

  test("its four arrays are there without elements, too, in every answer and syntax", async () => {
    const { uuid, created_at } = chat();
    const none = { parties: [], dialog: [], analysis: [], attachments: [] };
    expect((await answered(post("/api/vcon", { vcon: "0.4.0", uuid, created_at })))[1]).toMatchObject(none);
    expect((await answered(ask(`/api/vcon/${uuid}`)))[1]).toMatchObject(none);
    expect((await answered(ask(`/api/vcon/${uuid}?version=0.0.1`)))[1]).toMatchObject(none);
    expect((await answered(ask(`/api/vcons?vcon_uuids=${uuid}`)))[1]).toMatchObject([none]);
  });
});

describe("what can't be taken", () => {
  const { uuid: _uuid, vcon: _vcon, ...nameless } = old();
  const { created_at: _created, ...timeless } = old();
  test.each<[string, unknown, (string | number)[]]>([
    ["a party that is not there", withDialog({ parties: [0, 99] }), ["dialog", 0, "parties"]],
    ["indices beyond the parties", withDialog({ parties: [0, 5, 9] }), ["dialog", 0, "parties"]],
    ["a negative index", withDialog({ parties: [-1] }), ["dialog", 0, "parties"]],
    ["an index that is no number", withDialog({ parties: ["first"] }), ["dialog", 0, "parties"]],
    ["an index into no parties", withDialog({ parties: 0 }, { parties: [] }), ["dialog", 0, "parties"]],
    ["a negative duration", withDialog({ duration: -30 }), ["dialog", 0, "duration"]],
    ["a duration in words", withDialog({ duration: "long" }), ["dialog", 0, "duration"]],
    ["a URL without a scheme", withDialog({ url: "not-a-url" }), ["dialog", 0, "url"]],
    ["a URL of odd signs", withDialog({ url: "not_a_valid_url_$$##" }), ["dialog", 0, "url"]],
    ["a media type that is a sentence", withDialog({ mimetype: "not a type!" }), ["dialog", 0, "mimetype"]],
    ["a media type that is a number", withDialog({ mimetype: 12345 }), ["dialog", 0, "mimetype"]],
    ["a media type of today that is a number", withDialog({ mediatype: 1 }), ["dialog", 0, "mediatype"]],
    ["an unknown algorithm", withDialog({ alg: "ROT13" }), ["dialog", 0, "alg"]],
    ["empty members", { uuid: "", vcon: "", meta: {}, parties: [], dialog: [], created_at: "" }, ["uuid"]],
    ["neither UUID nor version", nameless, ["vcon"]],
    ["no time of creation", timeless, ["created_at"]],
    ["a time of creation that is none", old({ created_at: "NOT-A-DATE" }), ["created_at"]],
    ["a UUID that is none", old({ uuid: "12345" }), ["uuid"]],
    ["null for the parties", old({ parties: null }), ["parties"]],
    ["null for the dialog", old({ dialog: null }), ["dialog"]],
    ["a text for the analysis", old({ analysis: "an array, it should be" }), ["analysis"]],
    ["an object for the attachments", old({ attachments: {} }), ["attachments"]],
    ["a text for a dialog", old({ dialog: ["hello"] }), ["dialog", 0]],
    ["an array", [old()], []],
    ["what is no JSON", "vcon", []],
    ["nothing", "", []],
    ["what is sealed and tells no UUID", { payload: "e30", signatures: [] }, ["uuid"]],
    ["what looks sealed and is not", { payload: 1, signatures: [] }, []],
  ])("%s is told with its place", async (_, body, place) => {
    const [status, given] = await answered(post("/api/vcon?ingress_lists=refused", body));
    expect([status, given]).toEqual([
      422,
      { detail: [{ loc: ["body", ...place], msg: expect.any(String), type: expect.any(String) }] },
    ]);
    expect((given as { detail: { msg: string }[] }).detail[0]!.msg).not.toMatch(
      /Carol|NOT-A-DATE|not-a-url|long/,
    );
  });

  test("nothing of it is stored, or on a list", async () => {
    const vcon = withDialog({ duration: -1 });
    await post("/api/vcon?ingress_lists=refused", vcon);
    expect((await ask(`/api/vcon/${vcon.uuid}`)).status).toBe(404);
    expect(await answered(ask("/api/vcon/count?egress_list=refused"))).toEqual([200, 0]);
  });

  test.each<[string, object]>([
    [
      "a telephone URI",
      old({ parties: [{ tel: "tel:+12025550101" }, { tel: "100" }, { tel: "anonymous" }, { tel: "" }] }),
    ],
    ["one party as a bare index", withDialog({ parties: 0 })],
    ["channels of several parties and of none", withDialog({ parties: [0, [0, 1], null] })],
    ["a media type with parameters", withDialog({ mimetype: "audio/wav; codecs=1" })],
    ["a media type with a character set", withDialog({ mediatype: "text/plain;charset=utf-8" })],
    ["an address that is data", withDialog({ url: "data:audio/wav;base64,AAAA" })],
    ["an address within a message", withDialog({ url: "cid:recording@example.com" })],
    [
      "an address of a bucket",
      withDialog({ url: "s3://recordings/1.wav", mimetype: "audio/x-wav", alg: "SHA-512" }),
    ],
    ["null for what is not there", withDialog({ duration: null, url: null, mimetype: null, alg: null })],
    ["no arrays at all", { vcon: "0.4.0", uuid: newUuid(), created_at: "2026-01-15T10:30:00Z" }],
    ["a time without a zone", old({ created_at: "2026-01-15T10:30:00" })],
  ])("%s is none of it", async (_, body) => {
    expect((await answered(post("/api/vcon", body)))[0]).toBe(201);
  });

  test("a body beyond the limit is refused", async () => {
    const vcon = call(inline(Buffer.alloc(4_500_000)));
    expect((await post("/api/vcon", vcon)).status).toBe(413);
  });
});

describe("lists of vCons", () => {
  test("since, until and pages choose from the newest to the oldest", async () => {
    const uuids = await Promise.all(
      [1, 2, 3].map(async (day) => {
        const vcon = old({ created_at: `2031-05-0${day}T12:00:00Z` });
        await post("/api/vcon", vcon);
        return vcon.uuid;
      }),
    );
    const [first, second, third] = uuids;
    const listed = async (query: string) => (await answered(ask(`/api/vcon?${query}`)))[1];
    expect(await listed("since=2031-05-01T12:00:00Z")).toEqual([third, second, first]);
    expect(await listed("since=2031-05-01T12:00:01Z&until=2031-05-02T12:00:00Z")).toEqual([second]);
    expect(await listed("since=2031-05-01T14:00:00%2B02:00&size=2")).toEqual([third, second]);
    expect(await listed("since=2031-05-01T12:00:00&size=2&page=2")).toEqual([first]);
    expect(await listed("since=2031-05-01&size=2&page=3")).toEqual([]);
    await ask(`/api/vcon/${second}`, { method: "DELETE" });
    expect(await listed("since=2031-05-01T12:00:00Z")).toEqual([third, first]);
  });

  test.each(["page=0", "size=0", "size=many", "since=yesterday", "until="])(
    "%s is refused with its place",
    async (query) => {
      const [status, given] = await answered(ask(`/api/vcon?${query}`));
      expect([status, given]).toMatchObject([422, { detail: [{ loc: ["query", query.split("=")[0]] }] }]);
    },
  );

  test("several come in the order in which they are named, null for the unknown, however they are named", async () => {
    const [one, other] = [old(), old()];
    await post("/api/vcon", one);
    await post("/api/vcon", other);
    const uuids = [other.uuid, UNKNOWN, one.uuid];
    const expected = [
      200,
      [expect.objectContaining({ uuid: other.uuid }), null, expect.objectContaining({ uuid: one.uuid })],
    ];
    expect(await answered(ask(`/api/vcons?${uuids.map((uuid) => `vcon_uuids=${uuid}`).join("&")}`))).toEqual(
      expected,
    );
    expect(await answered(ask(`/api/vcons?vcon_uuids=${uuids}`))).toEqual(expected);
    expect(await answered(ask(`/api/vcons?uuids=${uuids}`))).toEqual(expected);
    expect(await answered(ask("/api/vcons"))).toEqual([200, []]);
    expect((await ask("/api/vcons?vcon_uuids=none")).status).toBe(422);
    expect((await ask("/api/vcon/none")).status).toBe(422);
  });

  test("a search takes what fits every term, however it is written", async () => {
    const number = "+12025550177";
    const [one, other] = [
      old({ parties: [{ tel: `tel:${number}` }, { name: "Dora Dean", mailto: "Dora@Example.com" }] }),
      old({ parties: [{ tel: "(202) 555-0177", name: "Emil Ender" }, {}] }),
    ];
    await post("/api/vcon", one);
    await post("/api/vcon", other);
    const found = async (query: string) =>
      ((await answered(ask(`/api/vcons/search?${query}`)))[1] as string[]).sort();
    expect(await found("tel=%2B12025550177")).toEqual([one.uuid, other.uuid].sort());
    expect(await found("tel=+1+202+555+0177&mailto=dora@example.com")).toEqual([one.uuid]);
    expect(await found("tel=2025550177&name=Dora+Dean&mailto=dora@example.com")).toEqual([one.uuid]);
    expect(await found("tel=2025550177&name=Dora+Dean&mailto=nobody@example.com")).toEqual([]);
    expect(await found("tel=2025550177&name=Nobody")).toEqual([]);
    expect(await found("tel=12025550000&name=Nobody")).toEqual([]);
    await ask(`/api/vcon/${one.uuid}`, { method: "DELETE" });
    expect(await found("mailto=dora@example.com")).toEqual([]);
    expect(await answered(ask("/api/vcons/search"))).toEqual([400, { detail: expect.any(String) }]);
    expect((await ask("/api/vcons/search?tel=")).status).toBe(400);
  });

  test("the index can be made anew", async () => {
    const [status, count] = await answered(ask("/api/index_vcons"));
    expect(status).toBe(200);
    expect(count).toBeGreaterThan(0);
    expect(count).toBe(((await answered(ask("/api/vcon?size=100000")))[1] as string[]).length);
  });
});

describe("ingress and egress", () => {
  const depth = async (list: string) => (await answered(ask(`/api/vcon/count?egress_list=${list}`)))[1];

  test("what comes with lists is on each of them, whether with commas or repeated, and leaves in its order", async () => {
    const sent = [old(), old(), old()];
    await post("/api/vcon?ingress_lists=first,second", sent[0]);
    await post("/api/vcon?ingress_lists=first&ingress_lists=second", sent[1]);
    await post("/api/vcon?ingress_lists=first", sent[2]);
    const [one, two, three] = sent.map(({ uuid }) => uuid);
    expect(await depth("first")).toBe(3);
    expect(await answered(ask("/api/stats/queue?list_name=second", { key: "" }))).toEqual([
      200,
      { list_name: "second", depth: 2 },
    ]);
    expect(await answered(ask("/api/vcon/egress?egress_list=first"))).toEqual([200, [one]]);
    expect(await answered(ask("/api/vcon/egress?egress_list=first&limit=10"))).toEqual([200, [two, three]]);
    expect(await answered(ask("/api/vcon/egress?egress_list=first&limit=10"))).toEqual([200, []]);
    expect(await answered(ask("/api/vcon/egress?egress_list=second&limit=10"))).toEqual([200, [one, two]]);
  });

  test("vCons of the store are put on a list, as a bare array or as documented, and unknown ones passed over", async () => {
    const uuids = await Promise.all([chat(), signed(), chat()].map((vcon) => stored(store, vcon)));
    const named = [uuids[0], UNKNOWN, "no UUID", uuids[1]];
    expect(await answered(post("/api/vcon/ingress?ingress_list=again", named))).toEqual([204, ""]);
    expect(await answered(post("/api/vcon/ingress?ingress_list=again", { uuids: [uuids[2]] }))).toEqual([
      204,
      "",
    ]);
    expect(await answered(ask("/api/vcon/egress?egress_list=again&limit=10"))).toEqual([200, uuids]);
  });

  test.each<[string, string, unknown, (string | number)[]]>([
    ["POST", "/vcon/ingress?ingress_list=again", { uuid: UNKNOWN }, ["body", "uuids"]],
    ["POST", "/vcon/ingress?ingress_list=again", [1], ["body", 0]],
    ["POST", "/vcon/ingress", [], ["query", "ingress_list"]],
    ["POST", "/vcon/ingress?ingress_list=%7B", [], ["query", "ingress_list"]],
    ["GET", "/vcon/egress", undefined, ["query", "egress_list"]],
    ["GET", "/vcon/egress?egress_list=done&limit=0", undefined, ["query", "limit"]],
    ["GET", "/vcon/count", undefined, ["query", "egress_list"]],
    ["GET", "/vcon/count?egress_list=", undefined, ["query", "egress_list"]],
    ["GET", "/dlq", undefined, ["query", "ingress_list"]],
    ["POST", "/dlq/reprocess?ingress_list=calls&count=0", undefined, ["query", "count"]],
    ["POST", "/dlq/reprocess?ingress_list=calls&count=100001", undefined, ["query", "count"]],
    ["GET", "/dlq/storage", undefined, ["query", "storage_name"]],
  ])("%s %s is refused with its place", async (method, path, body, loc) => {
    const [status, given] = await answered(
      ask(`/api${path}`, { method, ...(body !== undefined && { body }) }),
    );
    expect([status, given]).toMatchObject([422, { detail: [{ loc }] }]);
  });

  test("a vCon is not stored where one of its lists has no name that can be one", async () => {
    const vcon = old();
    const [status, given] = await answered(post("/api/vcon?ingress_lists=first,a%7Bb", vcon));
    expect([status, given]).toMatchObject([422, { detail: [{ loc: ["query", "ingress_lists"] }] }]);
    expect((await ask(`/api/vcon/${vcon.uuid}`)).status).toBe(404);
    expect(await depth("first")).toBe(0);
  });

  test("HEAD takes nothing from a list", async () => {
    await post("/api/vcon?ingress_lists=headed", old());
    expect((await ask("/api/vcon/egress?egress_list=headed", { method: "HEAD" })).status).toBe(405);
    expect(await depth("headed")).toBe(1);
  });
});

describe("an Idempotency-Key", () => {
  const LIST = "once";

  interface Sending {
    idempotencyKey?: string;
    lists?: string;
    key?: string;
    path?: string;
  }

  async function send(
    body: string | Uint8Array,
    { idempotencyKey = "its-key", lists = LIST, key = ADMIN, path = "/api/vcon" }: Sending = {},
  ): Promise<void> {
    const query = path.endsWith("external-ingress") ? `ingress_list=${lists}` : `ingress_lists=${lists}`;
    const headers = { "idempotency-key": idempotencyKey };
    const response = await ask(`${path}?${query}`, { key, method: "POST", body, headers });
    expect([response.status, await response.text()]).toEqual([
      expect.toBeOneOf([201, 204]),
      expect.anything(),
    ]);
  }

  const taken = async (list = LIST) =>
    (await answered(ask(`/api/vcon/egress?egress_list=${list}&limit=100`)))[1];

  /** @returns the UUID, and the vCon as it is sent */
  function some(members?: object): [string, string] {
    const vcon = old(members);
    return [vcon.uuid, JSON.stringify(vcon)];
  }

  test("keeps what is sent again off the lists that it was put on, while it waits there and when it was taken", async () => {
    const [uuid, body] = some();
    await send(body);
    await send(body);
    expect(await taken()).toEqual([uuid]);
    await send(body);
    await send(new Uint8Array(gzipSync(body)));
    expect(await taken()).toEqual([]);
    await send(body, { lists: `${LIST},another` });
    expect([await taken(), await taken("another")]).toEqual([[], [uuid]]);
  });

  test("of many at the same moment lets one in", async () => {
    const [uuid, body] = some();
    await Promise.all(Array.from({ length: 10 }, () => send(body)));
    expect(await taken()).toEqual([uuid]);
  });

  test("does so though the vCon was worked on meanwhile", async () => {
    const [uuid, body] = some();
    await send(body);
    await store.append(uuid, { tags: [{ name: "seen", value: "yes" }] });
    expect(await taken()).toEqual([uuid]);
    await send(body);
    expect(await taken()).toEqual([]);
  });

  test.each<[string, Sending, (body: string) => string]>([
    ["other bytes", {}, (body) => body.replace("Good morning.", "Good evening.")],
    ["another key", { idempotencyKey: '"its other key"' }, (body) => body],
    ["another holder", { key: WRITER }, (body) => body],
  ])("keeps off nothing that comes with %s", async (_, sending, changed) => {
    const [uuid, body] = some();
    await send(body);
    await send(changed(body), sending);
    expect(await taken()).toEqual([uuid, uuid]);
  });

  test("what can't be one is ignored: each comes for itself", async () => {
    const [uuid, body] = some();
    for (const idempotencyKey of ['"', '"', "", "", "two words", "two words", "x".repeat(256)]) {
      await send(body, { idempotencyKey });
    }
    expect(await taken()).toEqual(Array(7).fill(uuid));
  });

  test("keeps nothing off a list that the vCon was not on yet, since its process may have ended in between", async () => {
    const [uuid, body] = some();
    await send(body, { lists: "" });
    await send(body);
    expect(await taken()).toEqual([uuid]);
  });

  test("keeps off no vCon that was deleted or replaced since", async () => {
    const [uuid, body] = some();
    await send(body);
    expect(await taken()).toEqual([uuid]);
    await store.delete(uuid);
    await send(body);
    expect(await taken()).toEqual([uuid]);
    await send(body.replace("Good morning.", "Good evening."));
    expect(await taken()).toEqual([uuid]);
    await send(body);
    expect(await taken()).toEqual([uuid]);
    await send(body);
    expect(await taken()).toEqual([]);
  });

  test("is a partner's as well", async () => {
    const [uuid, body] = some();
    const path = "/api/vcon/external-ingress";
    const sending = { path, lists: "partner", key: "first-partner-key" };
    await send(body, sending);
    expect(await taken("partner")).toEqual([uuid]);
    await send(body, sending);
    expect(await taken("partner")).toEqual([]);
  });
});

describe("external ingress", () => {
  const send = (list: string, key: string, body: unknown = old(), api = "/api") =>
    answered(post(`${api}/vcon/external-ingress?ingress_list=${list}`, body, key));

  test.each(["first-partner-key", "second-partner-key"])(
    "%s puts vCons on the one list that it is for",
    async (key) => {
      const vcon = old();
      expect(await send("partner", key, vcon)).toEqual([204, ""]);
      expect(await answered(ask("/api/vcon/egress?egress_list=partner&limit=9"))).toEqual([200, [vcon.uuid]]);
      expect((await store.trail(vcon.uuid))[0]).toMatchObject({
        event: "vcon_received",
        key: "key of partner",
      });
    },
  );

  test.each([
    ["no key", "partner", "", "API Key required"],
    ["another list's key", "partner", "other-key", "Invalid API Key for ingress list 'partner'"],
    ["a wrong key", "partner", "wrong", "Invalid API Key for ingress list 'partner'"],
    ["the admin's key", "partner", ADMIN, "Invalid API Key for ingress list 'partner'"],
    ["a list that nobody named", "nowhere", "other-key", "Ingress list 'nowhere' not configured"],
    ["a list without a key", "keyless", "other-key", "Invalid configuration for ingress list 'keyless'"],
  ])("%s opens nothing", async (_, list, key, detail) => {
    const vcon = old();
    expect(await send(list, key, vcon)).toEqual([403, { detail }]);
    expect((await ask(`/api/vcon/${vcon.uuid}`)).status).toBe(404);
  });

  test("no key opens anything where no list has one", async () => {
    const detail = "No ingress authentication configured";
    expect(await send("partner", "first-partner-key", old(), "/bare")).toEqual([403, { detail }]);
  });

  test("a partner's key opens nothing else", async () => {
    for (const path of ["/vcon", `/vcon/${UNKNOWN}`, "/vcon/egress?egress_list=partner", "/config"]) {
      expect(await answered(ask(`/api${path}`, { key: "first-partner-key" }))).toEqual([
        403,
        { detail: "Invalid API Key" },
      ]);
    }
    expect((await post("/api/vcon", old(), "first-partner-key")).status).toBe(403);
  });

  test("a missing list and a malformed vCon are told", async () => {
    const [status, given] = await answered(post("/api/vcon/external-ingress", old(), "first-partner-key"));
    expect([status, given]).toMatchObject([422, { detail: [{ loc: ["query", "ingress_list"] }] }]);
    expect((await send("partner", "first-partner-key", { vcon: "0.0.1" }))[0]).toBe(422);
    expect(await answered(ask("/api/vcon/count?egress_list=partner"))).toEqual([200, 0]);
  });
});

describe("flows behind the API", () => {
  test("they are told as a conserver's configuration, without anything else that is set in them", async () => {
    const [status, given] = await answered(ask("/api/config"));
    expect(status).toBe(200);
    expect(given).toEqual({
      links: { "vcon-tag": { module: "vcon-tag" } },
      storages: { billing: { module: "vcon-webhook" } },
      chains: {
        "incoming calls": {
          ingress_lists: ["calls"],
          links: ["vcon-tag"],
          storages: ["billing"],
          egress_lists: ["done"],
          enabled: 1,
        },
      },
    });
  });

  test("they are not changed over this API, which says how they are", async () => {
    const [status, given] = await answered(post("/api/config", { chains: {} }));
    expect([status, given]).toEqual([403, { detail: expect.stringContaining("Admin API") }]);
    expect((await ask("/api/config", { key: WRITER })).status).toBe(403);
  });

  test("what has failed at a storage is told by list and by storage, and goes on from there when it is sent again", async () => {
    receiver.fail({ status: 403 });
    const vcon = old();
    await post("/api/vcon?ingress_lists=calls", vcon);
    await eventually(async () =>
      expect(await answered(ask("/api/dlq?ingress_list=calls"))).toEqual([200, [vcon.uuid]]),
    );
    for (const name of ["billing", "hook", "webhook", "vcon-webhook"]) {
      expect(await answered(ask(`/api/dlq/storage?storage_name=${name}`))).toEqual([200, [vcon.uuid]]);
    }
    for (const name of ["mongo", "vcon-tag", "take"]) {
      const unknown = [404, { detail: `Unknown storage backend: ${name}` }];
      expect(await answered(ask(`/api/dlq/storage?storage_name=${name}`))).toEqual(unknown);
      expect(await answered(post(`/api/dlq/storage/reprocess?storage_name=${name}`))).toEqual(unknown);
    }
    expect(await answered(post("/api/dlq/storage/reprocess?storage_name=billing&count=5"))).toEqual([200, 1]);
    await eventually(async () =>
      expect(await answered(ask("/api/vcon/egress?egress_list=done"))).toEqual([200, [vcon.uuid]]),
    );
    expect(receiver.deliveries).toMatchObject([{ body: { uuid: vcon.uuid } }]);
    expect(nodeRed.received("begun").filter(({ payload }) => payload === vcon.uuid)).toHaveLength(1);
    expect(await answered(ask("/api/dlq/storage?storage_name=billing"))).toEqual([200, []]);
  });

  test("what has failed goes through its list again", async () => {
    receiver.fail({ status: 403 }, { status: 403 });
    const failing = [old(), old()];
    for (const vcon of failing) await post("/api/vcon?ingress_lists=calls", vcon);
    const uuids = failing.map(({ uuid }) => uuid).sort();
    await eventually(async () => {
      const [, dead] = await answered(ask("/api/dlq?ingress_list=calls"));
      expect((dead as string[]).sort()).toEqual(uuids);
    });
    expect(await answered(post("/api/dlq/reprocess?ingress_list=calls&count=1"))).toEqual([200, 1]);
    expect(((await answered(ask("/api/dlq?ingress_list=calls")))[1] as string[]).length).toBe(1);
    expect(await answered(post("/api/dlq/reprocess?ingress_list=calls"))).toEqual([200, 1]);
    expect(await answered(post("/api/dlq/reprocess?ingress_list=calls"))).toEqual([200, 0]);
    await eventually(async () =>
      expect((await answered(ask("/api/vcon/count?egress_list=done")))[1]).toBe(2),
    );
    const [, done] = await answered(ask("/api/vcon/egress?egress_list=done&limit=5"));
    expect((done as string[]).sort()).toEqual(uuids);
  });

  test("a delete erases the copies that the flows have made, and the log tells which are left", async () => {
    const vcons = [old(), old()];
    for (const vcon of vcons) await post("/api/vcon?ingress_lists=calls", vcon);
    const [erased, left] = vcons.map(({ uuid }) => uuid) as [string, string];
    await eventually(async () =>
      expect((await answered(ask("/api/vcon/count?egress_list=done")))[1]).toBe(2),
    );
    await ask("/api/vcon/egress?egress_list=done&limit=2");
    expect(receiver.copies(erased)).toHaveLength(1);
    expect((await ask(`/api/vcon/${erased}`, { method: "DELETE" })).status).toBe(204);
    expect(receiver.copies(erased)).toHaveLength(0);

    receiver.fail({ status: 403 });
    expect((await ask(`/api/vcon/${left}`, { method: "DELETE" })).status).toBe(204);
    const told = nodeRed.log.filter(({ id, message }) => id === "api" && message.includes(left));
    expect(told).toMatchObject([{ message: expect.stringContaining("copy") }]);
    expect(told[0]!.message).not.toMatch(/Carol|Alice|2025550101|token/);
    expect((await ask(`/api/vcon/${left}`, { method: "DELETE" })).status).toBe(204);
    expect(receiver.copies(left)).toHaveLength(0);
  });
});

describe("rights", () => {
  test.each([
    ["a read key stores nothing", READER, "POST", "/vcon"],
    ["a read key puts nothing on a list", READER, "POST", "/vcon/ingress?ingress_list=first"],
    ["a read key takes nothing from a list", READER, "GET", "/vcon/egress?egress_list=first"],
    ["a read key deletes nothing", READER, "DELETE", `/vcon/${UNKNOWN}`],
    ["a write key lists nothing", WRITER, "GET", "/vcon"],
    ["a write key reads nothing", WRITER, "GET", `/vcon/${UNKNOWN}`],
    ["a write key reads not several", WRITER, "GET", `/vcons?uuids=${UNKNOWN}`],
    ["a write key finds nothing", WRITER, "GET", "/vcons/search?tel=1"],
    ["a write key replays nothing", WRITER, "POST", "/dlq/reprocess?ingress_list=calls"],
    [
      "a write key replays nothing of a storage",
      WRITER,
      "POST",
      "/dlq/storage/reprocess?storage_name=billing",
    ],
    ["a write key makes no index", WRITER, "GET", "/index_vcons"],
    ["a read key sees no configuration", READER, "GET", "/config"],
  ])("%s", async (_, key, method, path) => {
    const body = method === "POST" ? { body: old() } : {};
    expect((await ask(`/api${path}`, { key, method, ...body })).status).toBe(403);
  });
});
