/** vCons over /v1 as a whole: sent, read, replaced, deleted, several at once, and sent again. */
import { createHmac, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { newUuid, type Vcon, writeVcon } from "../../core/index.ts";
import { analysed, call, chat, encrypted, inline, signed, stored } from "../support/vcons.ts";
import { type Asked, initOf, MB, problemOf, SECRET, useApi } from "./v1-vcons-api.ts";

const api = useApi();

const post = (body: Asked["body"], asked: Asked = {}, query = "") =>
  api.ask(`/vcons${query}`, {
    body: body!,
    ...asked,
    headers: { "content-type": "application/vcon+json", ...asked.headers },
  });
const get = (uuid: string, headers: Record<string, string> = {}, query = "") =>
  api.ask(`/vcons/${uuid}${query}`, { headers });
const put = (uuid: string, body: object, headers: Record<string, string>) =>
  api.ask(`/vcons/${uuid}`, { method: "PUT", body, headers });
const remove = (uuid: string, headers: Record<string, string> = {}) =>
  api.ask(`/vcons/${uuid}`, { method: "DELETE", headers });
const eventsOf = async (uuid: string) => (await api.store.trail(uuid)).map(({ event, key }) => [event, key]);

describe("POST /v1/vcons", () => {
  test("stores a vCon and says where it is, as what, and who sent it", async () => {
    const vcon = chat("Good morning.");
    const response = await post(vcon);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ uuid: vcon.uuid });
    const location = new URL(response.headers.get("location")!, response.url);
    expect(location.pathname).toBe(`/api/v1/vcons/${vcon.uuid}`);
    expect(response.headers.get("etag")).toBe(await api.etagOf(vcon.uuid));
    expect(await api.store.get(vcon.uuid)).toEqual(vcon);
    expect(await eventsOf(vcon.uuid)).toEqual([["vcon_received", "writer"]]);
  });

  test.each([
    ["gzipped", (vcon: Vcon) => gzipSync(JSON.stringify(vcon))],
    ["of an old syntax", (vcon: Vcon) => writeVcon(vcon, { syntax: "0.0.1" })],
    ["with a BOM", (vcon: Vcon) => `\uFEFF${JSON.stringify(vcon)}`],
  ])("takes a vCon %s and keeps it in the newest syntax", async (_, sent) => {
    const vcon = analysed("summary", { mood: "good" });
    expect((await post(sent(vcon))).status).toBe(201);
    expect(await api.store.get(vcon.uuid)).toEqual(vcon);
  });

  test.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("takes a %s vCon as it is", async (_, make) => {
    const uuid = newUuid();
    const response = await post(make(uuid));
    expect([response.status, await response.json()]).toEqual([201, { uuid }]);
    expect(response.headers.get("etag")).toBe(await api.etagOf(uuid));
    expect(await api.store.get(uuid)).toEqual(make(uuid));
  });

  test("what is there with all that was sent stays as it is, with all that was added", async () => {
    const vcon = chat("Good morning.");
    await post(vcon);
    const analysis = [{ type: "summary", vendor: "example", encoding: "none", body: "A greeting." }];
    await api.store.append(vcon.uuid, { analysis });
    const response = await post(vcon);
    expect([response.status, await response.json()]).toEqual([200, { uuid: vcon.uuid }]);
    expect(response.headers.get("etag")).toBe(await api.etagOf(vcon.uuid));
    expect(await api.store.get(vcon.uuid)).toMatchObject({ analysis });
    expect(await eventsOf(vcon.uuid)).toEqual([["vcon_received", "writer"]]);
  });

  test("what is there and differs is not overwritten, and the answer says what to do", async () => {
    const vcon = chat("Good morning.");
    await post(vcon);
    const response = await post({ ...vcon, subject: "Another" });
    expect(response.status).toBe(409);
    expect(await problemOf(response)).toMatchObject({
      isProblem: true,
      code: "VCON_EXISTS",
      detail: /If-Match/,
    });
    expect(await api.store.get(vcon.uuid)).toEqual(vcon);
  });

  test.each([
    ["no JSON", "{", 422, "VCON_MALFORMED"],
    ["no vCon", "{}", 422, "VCON_MALFORMED"],
    ["a wrong UUID", '{"uuid":"1"}', 422, "VCON_MALFORMED"],
    ["an encrypted one that tells no UUID", '{"ciphertext":"A","recipients":[]}', 422, "INVALID"],
    ["too much", Buffer.alloc(6 * MB + 1, " "), 413, "TOO_LARGE"],
    ["what unpacks to too much", gzipSync(Buffer.alloc(6 * MB + 1, " ")), 413, "VCON_TOO_LARGE"],
  ])("refuses %s", async (_, body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ isProblem: true, code });
  });

  test("needs the right to write", async () => {
    expect((await post(chat(), { as: "reader" })).status).toBe(403);
  });

  test("hands the vCon on to every queue named, also when it is sent again", async () => {
    const vcon = chat("Good morning.");
    const delivery = await api.store.delivery();
    const take = (name: string) => delivery.queue(name).pull(10);
    expect((await post(vcon, {}, "?queue=one,two&queue=three")).status).toBe(201);
    expect(await Promise.all(["one", "two", "three"].map(take))).toEqual([
      [vcon.uuid],
      [vcon.uuid],
      [vcon.uuid],
    ]);
    expect((await post(vcon, {}, "?queue=one")).status).toBe(200);
    expect(await take("one")).toEqual([vcon.uuid]);
  });

  test("stores nothing if a queue can't have such a name", async () => {
    const vcon = chat("Good morning.");
    const response = await post(vcon, {}, `?queue=one,${"x".repeat(1000)}`);
    expect([response.status, (await problemOf(response))["code"]]).toEqual([422, "DELIVERY_NAME_MALFORMED"]);
    await expect(api.store.get(vcon.uuid)).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
  });
});

describe("POST /v1/vcons as NDJSON", () => {
  interface Line {
    line: number;
    status: number;
    uuid?: string;
    code?: string;
  }
  const ndjson = { "content-type": "application/x-ndjson" };
  async function linesOf(response: Response): Promise<Line[]> {
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/x-ndjson"]);
    return (await response.text())
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  test("answers each of 200 lines in their order, and bad ones stop no other", async () => {
    const there = chat("Here already.");
    await stored(api.store, there);
    const makers: ((vcon: Vcon) => [line: string, status: number, code?: string])[] = [
      (vcon) => [JSON.stringify(vcon), 201],
      (vcon) => [writeVcon(vcon, { syntax: "0.0.1" }), 201],
      () => ["{", 422, "VCON_MALFORMED"],
      (vcon) => [JSON.stringify(signed(vcon.uuid)), 201],
      () => [JSON.stringify(there), 200],
      () => [JSON.stringify({ ...there, subject: "Another" }), 409, "VCON_EXISTS"],
      () => [`"${"x".repeat(6 * MB)}"`.slice(0, 6 * MB + 1), 413, "TOO_LARGE"],
      (vcon) => [`${JSON.stringify(vcon)}\r`, 201],
    ];
    const many = Array.from({ length: 200 }, (_, i) => {
      const vcon = chat(`Number ${i}`);
      // One line that is too long is enough.
      const make = makers[i === 6 ? 6 : i % 6]!;
      const [line, status, code] = make(vcon);
      const uuid = line.includes(there.uuid) ? there.uuid : vcon.uuid;
      return { line, expected: code ? { line: i + 1, status, code } : { line: i + 1, status, uuid } };
    });
    const answers = await linesOf(
      await post(many.map(({ line }) => line).join("\n"), { headers: ndjson }, "?queue=imported"),
    );
    expect(answers).toMatchObject(many.map(({ expected }) => expected));
    expect(answers).toHaveLength(200);
    const created = answers.filter(({ status }) => status < 300).map(({ uuid }) => uuid!);
    const handed = await (await api.store.delivery()).queue("imported").pull(1000);
    expect(handed.sort()).toEqual(created.sort());
    for (const uuid of created) await expect(api.store.read(uuid, ["sealed"])).resolves.toBeDefined();
  });

  test("takes more than one vCon may hold, gzipped or not, while it comes, and passes over empty lines", async () => {
    const calls = Array.from({ length: 4 }, () => call(inline(Buffer.alloc(2 * MB, 7))));
    const text = `${calls.map((vcon) => JSON.stringify(vcon)).join("\n\n")}\n \n`;
    const plain = await linesOf(await post(text, { headers: ndjson }));
    expect(plain.map(({ line, status }) => [line, status])).toEqual([1, 3, 5, 7].map((line) => [line, 201]));
    const packed = { ...ndjson, "content-encoding": "gzip" };
    const again = await linesOf(await post(gzipSync(text), { headers: packed }));
    expect(again.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  test("says from which line on the gzip is damaged, though more is coming", async () => {
    const packed = gzipSync(
      [chat(), call(inline(randomBytes(3 * MB)))].map((vcon) => JSON.stringify(vcon)).join("\n"),
    );
    packed.fill(0, MB, MB + 1000);
    const answers = await linesOf(await post(packed, { headers: { ...ndjson, "content-encoding": "gzip" } }));
    expect(answers).toMatchObject([
      { line: 1, status: 201 },
      { line: 2, status: 422, code: "UNREADABLE" },
    ]);
  });

  test("stores the lines that have come, and not the half one, when the other end goes away", async () => {
    const [first, second] = [chat("One."), chat("Two.")];
    const ending = new AbortController();
    const body = new ReadableStream({
      async start(lines) {
        lines.enqueue(Buffer.from(`${JSON.stringify(first)}\n${JSON.stringify(second)}`));
        await expect.poll(() => get(first.uuid).then(({ status }) => status)).toBe(200);
        ending.abort();
      },
    });
    const sent = fetch(`${api.nodeRed.url}/api/v1/vcons`, {
      ...initOf({ method: "POST", headers: ndjson }),
      body,
      duplex: "half",
      signal: ending.signal,
    } as RequestInit);
    await expect(sent).rejects.toThrow();
    expect((await get(second.uuid)).status).toBe(404);
  });

  test("where everything has to be signed, nothing is stored of what is not", async () => {
    const vcon = chat("Good morning.");
    const text = `${JSON.stringify(vcon)}\n`;
    const send = (signature: string) =>
      fetch(
        `${api.nodeRed.url}/signed/v1/vcons`,
        initOf({ body: text, headers: { ...ndjson, "x-hub-signature-256": signature } }),
      );
    expect((await send(`sha256=${"0".repeat(64)}`)).status).toBe(403);
    expect((await get(vcon.uuid)).status).toBe(404);
    const right = createHmac("sha256", SECRET).update(text).digest("hex");
    expect(await linesOf(await send(`sha256=${right}`))).toEqual([{ line: 1, status: 201, uuid: vcon.uuid }]);
  });

  test("takes no Idempotency-Key", async () => {
    const response = await post("", { headers: { ...ndjson, "idempotency-key": '"a key"' } });
    expect([response.status, (await problemOf(response))["code"]]).toEqual([400, "KEY_UNSUPPORTED"]);
  });
});

describe("GET /v1/vcons/:uuid", () => {
  test("gives the vCon, and writes into its trail who has seen what of it", async () => {
    const vcon = call(inline(Buffer.alloc(MB, 7)));
    await stored(api.store, vcon);
    const response = await get(vcon.uuid.toUpperCase());
    expect(response.headers.get("content-type")).toBe("application/vcon+json");
    expect(await response.json()).toEqual(vcon);
    const [event] = await api.store.trail(vcon.uuid);
    expect(event).toMatchObject({
      event: "vcon_sent",
      recipient: { vendor: "writer", categories: ["parties", "recording"] },
    });
  });

  test("the trail tells of one who asks again only if the vCon is another by now", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    await get(vcon.uuid);
    await get(vcon.uuid);
    await api.store.delete(vcon.uuid);
    await stored(api.store, { ...vcon, subject: "Another" });
    await get(vcon.uuid);
    expect((await eventsOf(vcon.uuid)).filter(([event]) => event === "vcon_sent")).toHaveLength(2);
  });

  test("HEAD tells its ETag and shows nothing of it, so the trail knows of nobody", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const response = await api.ask(`/vcons/${uuid}`, { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(response.headers.get("etag")).toMatch(/^".+"$/);
    expect(await api.store.trail(uuid)).toEqual([]);
  });

  test("answers 304 to whoever has it, until it is changed", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const etag = await api.etagOf(uuid);
    const known = await get(uuid, { "if-none-match": `"another", W/${etag}` });
    expect([known.status, known.headers.get("etag"), await known.text()]).toEqual([304, etag, ""]);
    await api.store.append(uuid, { tags: [{ name: "mood", value: "good" }] });
    expect((await get(uuid, { "if-none-match": etag })).status).toBe(200);
  });

  test.each([
    ["?version=0.0.1", {}],
    ["", { accept: "application/vcon+json; version=0.0.1" }],
  ])("gives it in an older syntax (%s %o)", async (query, headers) => {
    const vcon = analysed("summary", { mood: "good" });
    await stored(api.store, vcon);
    const response = await get(vcon.uuid, headers as Record<string, string>, query);
    expect(await response.json()).toEqual(JSON.parse(writeVcon(vcon, { syntax: "0.0.1" })));
  });

  test("each syntax has its own ETag, and a change may begin with either", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const accept = "application/vcon+json; version=0.0.1";
    const [newest, older] = [await get(vcon.uuid), await get(vcon.uuid, { accept })];
    for (const { headers } of [newest, older]) expect(headers.get("vary")).toMatch(/\baccept\b/i);
    const etag = older.headers.get("etag")!;
    expect(etag).not.toBe(newest.headers.get("etag"));
    expect((await get(vcon.uuid, { "if-none-match": etag })).status).toBe(200);
    const known = await get(vcon.uuid, { accept, "if-none-match": etag });
    expect([known.status, known.headers.get("etag")]).toEqual([304, etag]);
    expect(known.headers.get("vary")).toBe(older.headers.get("vary"));
    const subject = "A greeting";
    expect((await put(vcon.uuid, { ...vcon, subject }, { "if-match": etag })).status).toBe(204);
    expect(await api.store.get(vcon.uuid)).toMatchObject({ subject });
  });

  test("a sealed one is given as it is, and in no other syntax", async () => {
    const uuid = await stored(api.store, signed());
    expect(await (await get(uuid)).json()).toEqual(await api.store.get(uuid));
    const response = await get(uuid, {}, "?version=0.0.1");
    expect([response.status, (await problemOf(response))["code"]]).toEqual([409, "VCON_SEALED"]);
  });

  test("refuses an unknown syntax, and shows nothing to one who is refused", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    expect((await get(uuid, {}, "?version=9")).status).toBe(406);
    expect(await api.store.trail(uuid)).toEqual([]);
  });

  test.each(["", "/trail"])(
    "there is none of an unknown UUID, and no UUID is malformed (%s)",
    async (path) => {
      expect((await api.ask(`/vcons/${newUuid()}${path}`)).status).toBe(404);
      expect((await api.ask(`/vcons/1${path}`)).status).toBe(422);
    },
  );
});

describe("PUT /v1/vcons/:uuid", () => {
  test("replaces the vCon that the asker has read, by any form of it", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const changed = { ...vcon, subject: "A greeting" };
    const first = await put(vcon.uuid, changed, { "if-match": await api.etagOf(vcon.uuid) });
    expect([first.status, first.headers.get("etag")]).toEqual([204, await api.etagOf(vcon.uuid)]);
    expect(await api.store.get(vcon.uuid)).toEqual(changed);
    const sealing = await put(vcon.uuid, signed(vcon.uuid), { "if-match": first.headers.get("etag")! });
    expect([sealing.status, await api.store.get(vcon.uuid)]).toEqual([204, signed(vcon.uuid)]);
    expect(await eventsOf(vcon.uuid)).toEqual([
      ["vcon_received", "writer"],
      ["vcon_received", "writer"],
    ]);
  });

  test("of two writers who have read the same one, one wins and the other is told", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const etag = await api.etagOf(vcon.uuid);
    const both = await Promise.all(
      ["one", "two"].map((subject) => put(vcon.uuid, { ...vcon, subject }, { "if-match": etag })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([204, 412]);
    const winner = both[0]!.status === 204 ? "one" : "two";
    expect(await api.store.get(vcon.uuid)).toMatchObject({ subject: winner });
  });

  test("of many who would replace whichever is there, each does", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const all = await Promise.all(
      ["one", "two", "three", "four"].map((subject) =>
        put(vcon.uuid, { ...vcon, subject }, { "if-match": "*" }),
      ),
    );
    expect(all.map(({ status }) => status)).toEqual([204, 204, 204, 204]);
  });

  test.each([
    [{}, 428, "ETAG_MISSING"],
    [{ "if-match": '"another"' }, 412, "VCON_CHANGED"],
    [{ "if-match": "another" }, 400, "ETAG_MALFORMED"],
  ])("with %o it changes nothing", async (headers, status, code) => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const response = await put(vcon.uuid, { ...vcon, subject: "x" }, headers as Record<string, string>);
    expect([response.status, await problemOf(response)]).toMatchObject([status, { isProblem: true, code }]);
    expect(await api.store.get(vcon.uuid)).toEqual(vcon);
  });

  test("takes no other vCon, and makes no new one", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const other = await put(uuid, chat(), { "if-match": "*" });
    expect([other.status, await problemOf(other)]).toMatchObject([422, { faults: [{ at: "/body/uuid" }] }]);
    const unknown = chat();
    expect((await put(unknown.uuid, unknown, { "if-match": "*" })).status).toBe(404);
    expect((await put(unknown.uuid, unknown, { "if-match": '"any"' })).status).toBe(404);
  });
});

describe("DELETE /v1/vcons/:uuid", () => {
  test("deletes the vCon, but not its trail", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    expect((await remove(uuid)).status).toBe(204);
    expect((await get(uuid)).status).toBe(404);
    expect((await remove(uuid)).status).toBe(404);
    const trail = await api.ask(`/vcons/${uuid}/trail`);
    expect([trail.status, await trail.json()]).toMatchObject([
      200,
      [{ event: "vcon_deleted", key: "writer" }],
    ]);
  });

  test("with If-Match it deletes only the vCon that the asker has read", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const etag = await api.etagOf(uuid);
    await api.store.append(uuid, { tags: [{ name: "mood", value: "good" }] });
    expect((await remove(uuid, { "if-match": etag })).status).toBe(412);
    expect((await remove(uuid, { "if-match": await api.etagOf(uuid) })).status).toBe(204);
  });

  test("says who still has a copy, each time until nobody has", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const node = { id: "gone", type: "vcon-file" };
    const recipient = { vendor: "Files", host: "localhost", categories: ["parties"] };
    const event = "vcon_sent" as const;
    await api.store.append(uuid, {}, [
      { event, at: new Date().toISOString(), node, recipient, handle: { path: "calls.csv" } },
    ]);
    for (const _ of ["first", "again"]) {
      const response = await remove(uuid);
      expect(response.status).toBe(502);
      expect(await problemOf(response)).toMatchObject({
        isProblem: true,
        code: "COPIES_LEFT",
        left: [{ vendor: "Files", host: "localhost", reason: /not in the running flows/ }],
      });
    }
    expect((await get(uuid)).status).toBe(404);
  });

  test("once the last copy is erased, the answer is that all are", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const folder = join(api.nodeRed.userFolder, "copies");
    const path = join(folder, `${uuid}.json`);
    const at = new Date().toISOString();
    const node = { id: "files", type: "vcon-file" };
    const recipient = { vendor: "Files", host: "localhost", categories: ["parties"] };
    await api.store.append(uuid, {}, [{ event: "vcon_sent", at, node, recipient, handle: { path } }]);
    expect((await remove(uuid)).status).toBe(502);
    mkdirSync(folder);
    writeFileSync(path, "a copy");
    expect((await remove(uuid)).status).toBe(204);
    expect(existsSync(path)).toBe(false);
    const erased = { event: "vcon_deleted", node: { id: "files" }, handle: { path } };
    expect((await api.store.trail(uuid)).at(-1)).toMatchObject(erased);
    expect((await remove(uuid)).status).toBe(404);
  });
});

test("a vCon to which nothing has happened has an empty trail", async () => {
  const uuid = await stored(api.store, chat());
  expect(await (await api.ask(`/vcons/${uuid}/trail`)).json()).toEqual([]);
});

describe("Idempotency-Key", () => {
  let count = 0;
  const newKey = () => ({ "idempotency-key": `"key ${++count}"` });

  test("the same request with the same key has the same answer, and is done once", async () => {
    const headers = newKey();
    // Without a UUID each would be a vCon of its own.
    const { uuid: _, ...vcon } = chat("Good morning.");
    const first = await post(vcon, { headers }, "?queue=once");
    const second = await post(vcon, { headers }, "?queue=once");
    expect([second.status, await second.json()]).toEqual([201, await first.json()]);
    for (const name of ["etag", "location"]) expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(await (await api.store.delivery()).queue("once").pull(10)).toHaveLength(1);
  });

  test("a refusal is repeated, too", async () => {
    const vcon = chat("Good morning.");
    await stored(api.store, vcon);
    const headers = newKey();
    const other = { ...vcon, subject: "Another" };
    expect((await post(other, { headers })).status).toBe(409);
    await api.store.delete(vcon.uuid);
    expect(await problemOf(await post(other, { headers }))).toMatchObject({
      isProblem: true,
      code: "VCON_EXISTS",
    });
  });

  test("with another body, path or If-Match the key is refused", async () => {
    const uuid = await stored(api.store, chat("Good morning."));
    const headers = newKey();
    const tag = (body: object, more = {}, path = "tags") =>
      api.ask(`/vcons/${uuid}/${path}`, { body, headers: { ...headers, ...more } });
    expect((await tag({ tags: ["mood:good"] })).status).toBe(201);
    for (const other of [
      await tag({ tags: ["mood:bad"] }),
      await tag({ tags: ["mood:good"] }, { "if-match": "*" }),
      await tag({ tags: ["mood:good"] }, {}, "attachments"),
    ]) {
      expect([other.status, await problemOf(other)]).toMatchObject([422, { code: "KEY_REUSED" }]);
    }
  });

  test("two holders of API keys may send the same one", async () => {
    const headers = newKey();
    const { uuid: _, ...vcon } = chat("Good morning.");
    const [mine, theirs] = [await post(vcon, { headers }), await post(vcon, { headers, as: "other" })];
    expect(await theirs.json()).not.toEqual(await mine.json());
  });

  test("of two at the same moment one is done, and the other is told to wait or has its answer", async () => {
    const headers = newKey();
    const { uuid: _, ...vcon } = call(inline(Buffer.alloc(3 * MB, 7)));
    const both = await Promise.all([post(vcon, { headers }), post(vcon, { headers })]);
    const answers = await Promise.all(both.map(async (one) => [one.status, await one.json()] as const));
    const done = answers.filter(([status]) => status === 201).map(([, body]) => body);
    expect(new Set(done.map(({ uuid }) => uuid)).size).toBe(1);
    for (const [i, [status, body]] of answers.entries()) {
      if (status === 201) continue;
      expect([status, body.code]).toEqual([409, "STILL_RUNNING"]);
      expect(both[i]!.headers.get("retry-after")).toBe("1");
    }
  });

  test.each(['"a "b"', "two words", '""', "x".repeat(256)])("refuses %s", async (key) => {
    const response = await post(chat(), { headers: { "idempotency-key": key } });
    expect([response.status, (await problemOf(response))["code"]]).toEqual([400, "KEY_MALFORMED"]);
  });
});
