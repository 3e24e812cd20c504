/** Changes to a vCon over /v1 without sending it: JSON Patch, and parts that are added. */
import { describe, expect, test } from "vitest";
import { type Analysis, newUuid, tagsIn, type Vcon, WTF_EXTENSION } from "../../core/index.ts";
import { call, chat, encrypted, inline, signed, stored } from "../support/vcons.ts";
import { MB, problemOf, useApi } from "./v1-vcons-api.ts";

const api = useApi();

const patchType = "application/json-patch+json";
async function patch(
  uuid: string,
  operations: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const all = { "content-type": patchType, "if-match": "*", ...headers };
  return api.ask(`/vcons/${uuid}`, { method: "PATCH", body: operations as object, headers: all });
}
const add = (uuid: string, part: string, body: unknown, headers: Record<string, string> = {}) =>
  api.ask(`/vcons/${uuid}/${part}`, { body: body as object, headers });
const now = async (uuid: string) => (await api.store.get(uuid)) as Vcon;

describe("PATCH /v1/vcons/:uuid", () => {
  test("does all operations, and tells the trail which members they changed", async () => {
    const vcon = chat("Good morning.", "Good morning, Carol.");
    await stored(api.store, vcon);
    const response = await patch(
      vcon.uuid,
      [
        { op: "test", path: "/parties/0/name", value: "Carol Carter" },
        { op: "add", path: "/subject", value: "A greeting" },
        { op: "replace", path: "/parties/1/name", value: "Alice A. Archer" },
        { op: "copy", from: "/parties/1", path: "/parties/-" },
        { op: "remove", path: "/parties/1/mailto" },
        { op: "move", from: "/dialog/0", path: "/dialog/1" },
        { op: "add", path: "/x~1y", value: null },
      ],
      { "if-match": await api.etagOf(vcon.uuid) },
    );
    expect([response.status, response.headers.get("etag")]).toEqual([204, await api.etagOf(vcon.uuid)]);
    const [carol, alice] = vcon.parties!;
    const { mailto: _, ...withoutMail } = { ...alice, name: "Alice A. Archer" };
    expect(await now(vcon.uuid)).toEqual({
      ...vcon,
      subject: "A greeting",
      parties: [carol, withoutMail, { ...alice, name: "Alice A. Archer" }],
      dialog: vcon.dialog!.toReversed(),
      "x/y": null,
      updated_at: expect.any(String),
    });
    expect((await api.store.trail(vcon.uuid)).at(-1)).toMatchObject({
      event: "vcon_enhanced",
      key: "writer",
      added: ["subject", "parties", "dialog", "x~1y"],
    });
  });

  test("keeps large bodies as they were, and moves them where that is asked", async () => {
    const vcon = call(inline(Buffer.alloc(2 * MB, 7)), inline(Buffer.alloc(100_000, 8)));
    vcon.analysis = [
      { type: "report", vendor: "example", encoding: "json", body: { words: ["x".repeat(200_000)] } },
    ];
    await stored(api.store, vcon);
    const operations = [
      { op: "add", path: "/subject", value: "A call" },
      { op: "move", from: "/dialog/1", path: "/dialog/0" },
    ];
    expect((await patch(vcon.uuid, operations)).status).toBe(204);
    const { dialog, analysis } = await now(vcon.uuid);
    expect([dialog, analysis]).toEqual([vcon.dialog!.toReversed(), vcon.analysis]);
  });

  test("an old syntax in what is added becomes the newest", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const attachment = { type: "note", mimetype: "text/plain", body: "Remember", encoding: "none" };
    expect((await patch(uuid, [{ op: "add", path: "/attachments", value: [attachment] }])).status).toBe(204);
    expect((await now(uuid)).attachments).toMatchObject([{ purpose: "note", mediatype: "text/plain" }]);
  });

  test("one that only tests changes nothing", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const etag = await api.etagOf(uuid);
    const response = await patch(uuid, [{ op: "test", path: "/dialog/0/body", value: "Good morning." }]);
    expect([response.status, response.headers.get("etag")]).toEqual([204, etag]);
    expect([await api.etagOf(uuid), await api.store.trail(uuid)]).toEqual([etag, []]);
  });

  const subject = { op: "add", path: "/subject", value: "changed" };
  const twice = (from: string, path: string) => ({ op: "copy", from, path });
  test.each<[name: string, operations: unknown, status: number, code: string]>([
    ["a test that fails", [subject, { op: "test", path: "/dialog/0/body", value: "x" }], 409, "TEST_FAILED"],
    [
      "a test of what is not there",
      [subject, { op: "test", path: "/none", value: null }],
      409,
      "PLACE_MISSING",
    ],
    ["a member of nothing", [subject, { op: "add", path: "/none/x", value: 1 }], 409, "PLACE_MISSING"],
    ["to remove what is not there", [subject, { op: "remove", path: "/none" }], 409, "PLACE_MISSING"],
    [
      "to replace what is not there",
      [subject, { op: "replace", path: "/dialog/1", value: 1 }],
      409,
      "PLACE_MISSING",
    ],
    ["an index behind the end", [{ op: "add", path: "/dialog/2", value: {} }], 409, "PLACE_MISSING"],
    ["an index that is none", [{ op: "remove", path: "/dialog/map" }], 409, "PLACE_MISSING"],
    ["an index with a zero before it", [{ op: "remove", path: "/dialog/00" }], 409, "PLACE_MISSING"],
    ["a member of a text", [{ op: "add", path: "/uuid/x", value: 1 }], 409, "PLACE_MISSING"],
    ["to move it into itself", [{ op: "move", from: "/dialog", path: "/dialog/0/x" }], 409, "PLACE_MISSING"],
    ["what every object inherits", [{ op: "add", path: "/toString/x", value: 1 }], 409, "PLACE_MISSING"],
    ["to copy what it inherits", [twice("/toString", "/x")], 409, "PLACE_MISSING"],
    ["__proto__", [{ op: "add", path: "/__proto__/x", value: 1 }], 422, "INVALID"],
    ["constructor", [{ op: "add", path: "/constructor/prototype/x", value: 1 }], 422, "INVALID"],
    ["to copy from prototype", [twice("/prototype", "/x")], 422, "INVALID"],
    ["another uuid", [{ op: "replace", path: "/uuid", value: newUuid() }], 422, "INVALID"],
    ["no uuid", [{ op: "remove", path: "/uuid" }], 422, "INVALID"],
    ["another syntax", [{ op: "replace", path: "/vcon", value: "0.0.1" }], 422, "INVALID"],
    ["another whole", [{ op: "replace", path: "", value: {} }], 422, "INVALID"],
    [
      "a seal",
      ["payload", "signatures"].map((name) => ({ op: "add", path: `/${name}`, value: [] })),
      422,
      "INVALID",
    ],
    ["what is no vCon", [{ op: "replace", path: "/parties", value: "nobody" }], 422, "VCON_MALFORMED"],
    ["no array", { op: "add" }, 422, "INVALID"],
    ["an unknown operation", [{ op: "increase", path: "/x" }], 422, "INVALID"],
    ["no value", [{ op: "add", path: "/x" }], 422, "INVALID"],
    ["no from", [{ op: "move", path: "/x" }], 422, "INVALID"],
    ["what is no pointer", [{ op: "add", path: "x", value: 1 }], 422, "INVALID"],
    ["a wrong escape", [{ op: "add", path: "/~2", value: 1 }], 422, "INVALID"],
    ["too many operations", Array(1001).fill(subject), 422, "INVALID"],
    [
      "copies without end",
      [
        { op: "add", path: "/x", value: { y: "1234567890" } },
        ...Array.from({ length: 30 }, (_, i) => twice("/x", `/x/${i}`)),
      ],
      413,
      "TOO_LARGE",
    ],
    [
      "too much",
      [{ op: "add", path: "/x", value: "x".repeat(5 * MB) }, twice("/x", "/y")],
      413,
      "VCON_TOO_LARGE",
    ],
    [
      "what nests too deep",
      [{ op: "add", path: "/x", value: JSON.parse("[".repeat(200) + "]".repeat(200)) }],
      422,
      "VCON_MALFORMED",
    ],
  ])("refuses %s, and changes nothing", async (_, operations, status, code) => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const response = await patch(vcon.uuid, operations);
    expect([response.status, await problemOf(response)]).toMatchObject([status, { isProblem: true, code }]);
    expect(await now(vcon.uuid)).toEqual(vcon);
  });

  test("what nests deeper than any program can go is refused", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const deep = `[{"op":"add","path":"/x","value":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`;
    expect((await patch(uuid, deep)).status).toBe(422);
  });

  test.each([signed, encrypted])("refuses a sealed vCon", async (make) => {
    const uuid = await stored(api.store, make());
    const response = await patch(uuid, [subject]);
    expect([response.status, (await problemOf(response))["code"]]).toEqual([409, "VCON_SEALED"]);
  });

  test("takes no other kind of patch, and says which it takes", async () => {
    const uuid = await stored(api.store, chat());
    const response = await patch(uuid, { subject: "x" }, { "content-type": "application/merge-patch+json" });
    expect([response.status, response.headers.get("accept-patch")]).toEqual([415, patchType]);
  });

  test("needs the ETag of the vCon; of two with the same one wins", async () => {
    const uuid = await stored(api.store, chat());
    const missing = await api.ask(`/vcons/${uuid}`, {
      method: "PATCH",
      body: [],
      headers: { "content-type": patchType },
    });
    expect(missing.status).toBe(428);
    const etag = await api.etagOf(uuid);
    const both = await Promise.all([1, 2].map(() => patch(uuid, [subject], { "if-match": etag })));
    expect(both.map(({ status }) => status).sort()).toEqual([204, 412]);
    const failing = [{ op: "test", path: "/subject", value: "x" }];
    expect((await patch(uuid, failing, { "if-match": etag })).status).toBe(412);
    expect((await patch(newUuid(), [subject])).status).toBe(404);
  });

  test("of many that fit whichever vCon is there, each is done", async () => {
    const uuid = await stored(api.store, call(inline(Buffer.alloc(MB, 7))));
    const names = ["Bob", "Dora", "Erik", "Fay"];
    const all = await Promise.all(
      names.map((name) => patch(uuid, [{ op: "add", path: "/parties/-", value: { name } }])),
    );
    expect(all.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
    expect(
      (await now(uuid))
        .parties!.slice(2)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
  });

  test("with an Idempotency-Key it is done once, whatever was changed since", async () => {
    const uuid = await stored(api.store, chat());
    const headers = { "if-match": await api.etagOf(uuid), "idempotency-key": '"patched"' };
    const patchAgain = () =>
      patch(uuid, [{ op: "add", path: "/parties/-", value: { name: "Bob" } }], headers);
    const answers = [await patchAgain(), await patchAgain()];
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect((await now(uuid)).parties).toHaveLength(3);
  });
});

describe("POST /v1/vcons/:uuid/analysis", () => {
  const summary: Analysis = {
    type: "summary",
    vendor: "example",
    dialog: 0,
    encoding: "none",
    body: "A greeting.",
  };

  test("adds one or several, and tells the trail", async () => {
    const uuid = await stored(api.store, call(inline(Buffer.alloc(MB, 7))));
    const one = await add(uuid, "analysis", summary);
    expect([one.status, await one.json()]).toEqual([201, { added: true }]);
    const others = [
      { ...summary, type: "sentiment" },
      { ...summary, type: "report", body: { pages: 1 }, encoding: "json" },
    ];
    expect((await add(uuid, "analysis", others)).status).toBe(201);
    expect((await now(uuid)).analysis).toEqual([summary, ...others]);
    const trail = await api.store.trail(uuid);
    expect(trail.flatMap(({ event, key, added }) => [event, key, ...added!])).toEqual(
      ["summary", "sentiment", "report"].flatMap((type) => ["vcon_enhanced", "writer", `analysis:${type}`]),
    );
  });

  test("the same one sent again is not added again, another of the same kind is", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const large = { ...summary, body: "x".repeat(200_000) };
    const sent = [
      summary,
      summary,
      { ...summary, body: "Hello." },
      large,
      { ...large, body: `${large.body.slice(1)}y` },
      large,
    ];
    const statuses: number[] = [];
    for (const analysis of sent) statuses.push((await add(uuid, "analysis", analysis)).status);
    expect(statuses).toEqual([201, 200, 201, 201, 201, 200]);
    const again = await add(uuid, "analysis", sent);
    expect([again.status, await again.json()]).toEqual([200, { added: false }]);
    expect((await now(uuid)).analysis).toEqual([sent[0], sent[2], sent[3], sent[4]]);
  });

  test("lists the extension that it belongs to", async () => {
    const uuid = await stored(api.store, { ...chat("Good morning."), extensions: ["other"] });
    const body = {
      transcript: { text: "Good morning.", language: "en", duration: 1, confidence: 1 },
      segments: [{ id: 0, start: 0, end: 1, text: "Good morning.", confidence: 1 }],
      metadata: {
        created_at: "2026-11-02T10:00:00Z",
        processed_at: "2026-11-02T10:00:00Z",
        provider: "example",
        model: "one",
      },
    };
    const transcript = { ...summary, type: WTF_EXTENSION, encoding: "json", body };
    expect((await add(uuid, "analysis", [summary, transcript])).status).toBe(201);
    expect((await now(uuid)).extensions).toEqual(["other", WTF_EXTENSION]);
  });

  test("of many at the same moment each is added once", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const sent = ["one", "two", "three", "one", "two", "three"].map((body) => ({ ...summary, body }));
    const answers = await Promise.all(sent.map((analysis) => add(uuid, "analysis", analysis)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 201, 201, 201]);
    expect((await now(uuid)).analysis!.map(({ body }) => body).sort()).toEqual(["one", "three", "two"]);
  });

  test("an older syntax becomes the newest", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const old = { ...summary, mimetype: "application/json", encoding: "json", body: '{"mood":"good"}' };
    expect((await add(uuid, "analysis", old)).status).toBe(201);
    const newest = { ...summary, mediatype: "application/json", encoding: "json", body: { mood: "good" } };
    expect((await now(uuid)).analysis).toEqual([newest]);
  });

  test("with If-Match only to the vCon that the asker has read", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const etag = await api.etagOf(uuid);
    const both = [summary, { ...summary, type: "report" }];
    expect((await add(uuid, "analysis", both, { "if-match": etag })).status).toBe(201);
    expect((await add(uuid, "analysis", { ...summary, type: "tts" }, { "if-match": etag })).status).toBe(412);
    expect((await now(uuid)).analysis).toEqual(both);
  });

  test.each<[name: string, sent: unknown, at: string]>([
    ["no vendor", { type: "summary", encoding: "none", body: "x" }, "/body/vendor"],
    ["no type", [summary, { vendor: "example", encoding: "none", body: "x" }], "/body/1/type"],
    ["a type that is no text", { ...summary, type: 1 }, "/body/type"],
    ["no object", [1], "/body/0"],
    ["nothing", [], "/body"],
  ])("refuses %s and says where", async (_, sent, at) => {
    const uuid = await stored(api.store, chat("Good morning."));
    const response = await add(uuid, "analysis", sent);
    expect(response.status).toBe(422);
    expect((await problemOf(response))["faults"]).toMatchObject([{ at }]);
    expect((await now(uuid)).analysis).toBeUndefined();
  });

  test("with an Idempotency-Key it is answered as before", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const headers = { "idempotency-key": "3f0c" };
    for (const _ of ["first", "again"]) {
      const response = await add(uuid, "analysis", summary, headers);
      expect([response.status, await response.json()]).toEqual([201, { added: true }]);
    }
  });
});

describe("POST /v1/vcons/:uuid/attachments", () => {
  const note = {
    purpose: "note",
    start: "2026-11-02T10:00:00Z",
    party: 0,
    dialog: 0,
    encoding: "none",
    body: "Remember.",
  };

  test("adds each time, unless it has an Idempotency-Key", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const headers = { "idempotency-key": '"attached"' };
    const answers = [
      await add(uuid, "attachments", [note, note]),
      await add(uuid, "attachments", note, headers),
      await add(uuid, "attachments", note, headers),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect((await now(uuid)).attachments).toEqual([note, note, note]);
    const trail = await api.store.trail(uuid);
    expect(trail.map(({ added }) => added)).toEqual([
      ["attachments:note", "attachments:note"],
      ["attachments:note"],
    ]);
  });

  test("one of an old syntax that tells no time is of now", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const before = new Date().toISOString();
    expect((await add(uuid, "attachments", { type: "note", body: "Remember." })).status).toBe(201);
    const [attachment] = (await now(uuid)).attachments!;
    expect(attachment).toMatchObject({
      purpose: "note",
      party: 0,
      dialog: 0,
      encoding: "none",
      body: "Remember.",
    });
    expect(attachment!.start! >= before).toBe(true);
  });

  test("refuses what has another ETag by now, and what is no attachment", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    expect((await add(uuid, "attachments", note, { "if-match": '"another"' })).status).toBe(412);
    expect((await add(uuid, "attachments", { ...note, party: "Carol" })).status).toBe(422);
    expect((await now(uuid)).attachments).toBeUndefined();
  });
});

describe("POST /v1/vcons/:uuid/tags", () => {
  test("adds those that are missing", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const answers = [
      await add(uuid, "tags", { tags: ["mood:good", "time:10:00"] }),
      await add(uuid, "tags", { tags: ["mood:good"] }),
      await add(uuid, "tags", { tags: ["mood"] }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 422]);
    expect(tagsIn(await now(uuid))).toEqual([
      { name: "mood", value: "good" },
      { name: "time", value: "10:00" },
    ]);
  });
});

test.each([
  ["analysis", { type: "summary", vendor: "example", encoding: "none", body: "x" }],
  ["attachments", { purpose: "note", encoding: "none", body: "x" }],
  ["tags", { tags: ["mood:good"] }],
])("%s of a sealed vCon, of an unknown one and by who may only read is refused", async (part, body) => {
  const sealed = await stored(api.store, signed());
  expect((await add(sealed, part, body)).status).toBe(409);
  expect((await add(newUuid(), part, body)).status).toBe(404);
  expect((await api.ask(`/vcons/${sealed}/${part}`, { body, as: "reader" })).status).toBe(403);
});
