/** The media of a dialog over the API, in both directions. */
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Dialog, newUuid } from "../../core/index.ts";
import { call, chat, inline, signed, stored } from "../support/vcons.ts";
import { initOf, MB, useApi } from "./v1-vcons-api.ts";

const api = useApi();

const small = audio(1000);
const middle = audio(100_000);
const large = audio(5 * MB + 1);

/** Bytes as a recording's: no part of them is like another. */
function audio(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = size + 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const pathOf = (uuid: string, dialog = 0) => `/vcons/${uuid}/dialog/${dialog}/media`;

const urlOf = (uuid: string, at = "/api") => `${api.nodeRed.url}${at}/v1${pathOf(uuid)}`;

function get(uuid: string, headers: Record<string, string> = {}, dialog = 0): Promise<Response> {
  return api.ask(pathOf(uuid, dialog), { headers });
}

function put(uuid: string, bytes: Buffer, headers: Record<string, string> = {}): Promise<Response> {
  return api.ask(pathOf(uuid), {
    method: "PUT",
    body: bytes,
    headers: { "content-type": "audio/x-mp3", ...headers },
  });
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

const recorded = (...recordings: Partial<Dialog>[]) => stored(api.store, call(...recordings));

test.each([
  ["0 bytes", Buffer.alloc(0)],
  ["1 byte", audio(1)],
  ["100 kB", middle],
  ["5 MB", large],
])("%s that are put are got again, with their type and name", async (_, bytes) => {
  const uuid = await recorded({ url: "https://example.com/elsewhere.wav", content_hash: "sha512-AAAA" });
  const answer = await put(uuid, bytes, {
    "content-type": "audio/x-wav",
    "content-disposition": 'attachment; filename="call.wav"',
  });
  expect(answer.status).toBe(204);

  const got = await get(uuid);
  expect(got.status).toBe(200);
  expect(got.headers.get("content-type")).toBe("audio/x-wav");
  expect(got.headers.get("content-length")).toBe(String(bytes.length));
  expect(got.headers.get("content-disposition")).toBe('attachment; filename="call.wav"');
  expect(got.headers.get("x-content-type-options")).toBe("nosniff");
  expect(got.headers.get("accept-ranges")).toBe("bytes");
  expect(answer.headers.has("etag")).toBe(false);
  expect((await bytesOf(got)).equals(bytes)).toBe(true);
});

const SIZE = large.length;

test.each([
  ["bytes=0-0", 0, 1],
  ["bytes=1-1", 1, 2],
  ["bytes=2-7", 2, 8],
  ["bytes=196607-1048577", 196_607, 1_048_578],
  [`bytes=${SIZE - 2}-`, SIZE - 2, SIZE],
  ["bytes=4194305-", 4_194_305, SIZE],
  [`bytes=7-${SIZE * 9}`, 7, SIZE],
  ["bytes=-1", SIZE - 1, SIZE],
  ["bytes=-70001", SIZE - 70_001, SIZE],
  [`bytes=-${SIZE * 9}`, 0, SIZE],
])("of the range %s come these bytes alone", async (range, start, end) => {
  const got = await get(await longCall(), { range });
  expect(got.status).toBe(206);
  expect(got.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${SIZE}`);
  expect(got.headers.get("content-length")).toBe(String(end - start));
  expect((await bytesOf(got)).equals(large.subarray(start, end))).toBe(true);
});

let long: Promise<string> | undefined;
function longCall(): Promise<string> {
  long ??= recorded(inline(large));
  return long;
}

test.each(["bytes=0-1,5-6", "bytes=a-b", "bytes", "seconds=0-1"])(
  "where %s is asked for, which is several ranges or none, all bytes come",
  async (range) => {
    const got = await get(await recorded(inline(small)), { range });
    expect(got.status).toBe(200);
    expect((await bytesOf(got)).equals(small)).toBe(true);
  },
);

test.each([
  [1000, "bytes=1000-"],
  [1000, "bytes=-0"],
  [0, "bytes=0-"],
  [0, "bytes=-5"],
])("of %d bytes there is no range %s", async (size, range) => {
  const got = await get(await recorded(inline(audio(size))), { range });
  expect(got.status).toBe(416);
  expect(got.headers.get("content-range")).toBe(`bytes */${size}`);
  expect(await got.json()).toMatchObject({ status: 416, code: "RANGE_NOT_THERE" });
});

test("a range is given only of the media that the asker has begun with", async () => {
  const uuid = await recorded(inline(middle));
  const etag = (await get(uuid)).headers.get("etag")!;
  const range = "bytes=1-5";
  expect((await get(uuid, { range, "if-range": etag })).status).toBe(206);

  await put(uuid, small, { "content-type": "audio/x-mp3" });
  const anew = await get(uuid, { range, "if-range": etag });
  expect(anew.status).toBe(200);
  expect((await bytesOf(anew)).equals(small)).toBe(true);
});

test("HEAD tells what GET does, whatever the range", async () => {
  const uuid = await recorded(inline(middle));
  const head = await api.ask(pathOf(uuid), { method: "HEAD", headers: { range: "bytes=0-1" } });
  const got = await get(uuid);
  expect(head.status).toBe(200);
  for (const name of ["etag", "content-type", "content-length", "content-disposition", "accept-ranges"]) {
    expect(head.headers.get(name)).toBe(got.headers.get(name));
  }
  expect(await head.text()).toBe("");
});

test("who has the media already gets no bytes, until the vCon is changed", async () => {
  const uuid = await recorded(inline(middle), inline(small));
  const etag = (await get(uuid)).headers.get("etag")!;
  const known = await get(uuid, { "if-none-match": `"another", W/${etag}` });
  expect(known.status).toBe(304);
  expect(known.headers.get("etag")).toBe(etag);
  expect(await known.text()).toBe("");
  expect((await get(uuid, { "if-none-match": etag }, 1)).status).toBe(200);

  await api.store.append(uuid, { tags: [{ name: "kind", value: "complaint" }] });
  expect((await get(uuid, { "if-none-match": etag })).status).toBe(200);
});

test.each([
  ["padded", middle.toString("base64")],
  ["padded twice", middle.subarray(1).toString("base64")],
  ["of the standard alphabet without padding", middle.toString("base64").replace(/=+$/, "")],
  ["short and padded", small.toString("base64")],
])("base64 that is %s, as others write it, is read as well", async (_, body) => {
  const bytes = Buffer.from(body, "base64");
  const uuid = await recorded({ mediatype: "audio/wav", encoding: "base64", body });
  const got = await get(uuid);
  expect(got.headers.get("content-length")).toBe(String(bytes.length));
  expect((await bytesOf(got)).equals(bytes)).toBe(true);
  expect((await bytesOf(await get(uuid, { range: "bytes=-4" }))).equals(bytes.subarray(-4))).toBe(true);
});

test("text comes in UTF-8 and says so, JSON as JSON", async () => {
  const words = "Grüße – ".repeat(20_000);
  const uuid = await recorded(
    { mediatype: 'text/plain; charset="iso-8859-1"', encoding: "none", body: "Grüße" },
    { encoding: "none", body: words },
    { encoding: "json", body: { said: ["ja"] } },
    { mediatype: "application/json", encoding: "json", body: { said: words } },
  );
  const expected = [
    ["text/plain; charset=utf-8", "Grüße"],
    ["text/plain; charset=utf-8", words],
    ["application/json", '{"said":["ja"]}'],
    ["application/json", JSON.stringify({ said: words })],
  ] as const;
  for (const [index, [type, text]] of expected.entries()) {
    const got = await get(uuid, {}, index);
    expect(got.headers.get("content-type")).toBe(type);
    expect(got.headers.get("content-length")).toBe(String(Buffer.byteLength(text)));
    expect(await got.text()).toBe(text);
  }
});

test.each([
  ["text/html\r\nset-cookie: a=b", "../../etc/passwd", 'attachment; filename="passwd"'],
  [
    "no type",
    "C:\\calls\\Grüße 100%.wav",
    `attachment; filename="Gr__e 100_.wav"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20100%25.wav`,
  ],
  [
    "*/*",
    'a"; filename=b.exe\r\nx: y',
    `attachment; filename="a_; filename=b.exex: y"; filename*=UTF-8''a%22%3B%20filename%3Db.exex%3A%20y`,
  ],
  [`audio/${"x".repeat(300)}`, "..", "attachment"],
])(
  "of the media type %j and the filename %j nothing gets into the answer that does not belong there",
  async (mediatype, filename, disposition) => {
    const got = await get(await recorded({ ...inline(small), mediatype, filename }));
    expect(got.status).toBe(200);
    expect(got.headers.get("content-type")).toBe("application/octet-stream");
    expect(got.headers.get("content-disposition")).toBe(disposition);
    expect(got.headers.get("set-cookie")).toBeNull();
  },
);

test.each([
  [`attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.wav; filename="G.wav"`, "Grüße.wav"],
  ["inline; filename=call.wav", "call.wav"],
  ['attachment; filename="a \\"b.wav"', 'a "b.wav'],
  [`attachment; filename*=UTF-8''%E0%A4%A; filename="kept.wav"`, "kept.wav"],
  ['attachment; filename="../../secret.wav"', "secret.wav"],
  ["attachment", "as-it-was.mp3"],
])("the name in %s becomes the dialog's", async (disposition, filename) => {
  const uuid = await recorded({ ...inline(small), filename: "as-it-was.mp3" });
  await put(uuid, small, { "content-disposition": disposition });
  const { dialog } = await api.store.read(uuid, ["dialog"]);
  expect(dialog.get(0)).toMatchObject({ filename });
});

test("media of which the sender does not say what they are are only bytes", async () => {
  const uuid = await recorded(inline(small));
  const { headers, ...init } = initOf({ method: "PUT", body: middle });
  const { "content-type": _, ...others } = headers as Record<string, string>;
  await fetch(urlOf(uuid), { ...init, headers: others });
  expect((await get(uuid)).headers.get("content-type")).toBe("application/octet-stream");
});

test("media that are elsewhere are not fetched, and their address is not told", async () => {
  const url = "https://example.com/secret-path.wav";
  const uuid = await recorded({ url, content_hash: "sha512-AAAA" }, { type: "incomplete" });
  const elsewhere = await get(uuid);
  expect(elsewhere.status).toBe(404);
  const problem = await elsewhere.text();
  expect(problem).toContain("MEDIA_ELSEWHERE");
  expect(problem).not.toContain("secret-path");
  expect(await (await get(uuid, {}, 1)).json()).toMatchObject({ status: 404, code: "MEDIA_MISSING" });
});

test("there is nothing to read or write where there is no such vCon or dialog, or it is sealed", async () => {
  const uuid = await stored(api.store, chat("Good morning."));
  const sealed = await stored(api.store, signed());
  for (const [path, status, code] of [
    [pathOf(newUuid()), 404, "VCON_NOT_FOUND"],
    [pathOf(uuid, 1), 404, "PART_NOT_FOUND"],
    [pathOf(sealed), 409, "VCON_SEALED"],
    ["/vcons/no-uuid/dialog/0/media", 422, "INVALID"],
    [pathOf(uuid, -1), 422, "INVALID"],
  ] as const) {
    for (const init of [{}, { method: "PUT", body: "abc" }]) {
      const answer = await api.ask(path, init);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      expect(await answer.json()).toMatchObject({ status, code });
    }
  }
});

test("media are put only where they are as the writer knows them", async () => {
  const uuid = await recorded(inline(small));
  const etag = (await get(uuid)).headers.get("etag")!;
  const first = await put(uuid, middle, { "if-match": etag });
  expect(first.status).toBe(204);
  const late = await put(uuid, large, { "if-match": etag });
  expect(late.status).toBe(412);
  expect((await bytesOf(await get(uuid))).equals(middle)).toBe(true);

  const { revision } = await api.store.read(uuid, ["sealed"]);
  expect((await put(uuid, small, { "if-match": `"${revision}"` })).status).toBe(204);
  expect((await put(uuid, small, { "if-match": "*" })).status).toBe(204);
});

test.each([
  [{ "content-type": "multipart/form-data; boundary=x" }, 415, "FORM_SENT"],
  [{ "content-type": "application/x-www-form-urlencoded" }, 415, "FORM_SENT"],
  [{ "content-type": "no type" }, 415, "MEDIA_TYPE_MALFORMED"],
  [{ "content-encoding": "gzip" }, 415, "MEDIA_COMPRESSED"],
  [{ "content-range": "bytes 0-9/100" }, 400, "PART_SENT"],
  [{ "if-match": "unquoted" }, 400, "ETAG_MALFORMED"],
])("what comes with %j is not taken for the media", async (headers, status, code) => {
  const uuid = await recorded(inline(small));
  const answer = await put(uuid, middle, headers as Record<string, string>);
  expect(await answer.json()).toMatchObject({ status, code });
  expect((await bytesOf(await get(uuid))).equals(small)).toBe(true);
});

test.each([
  ["says", (bytes: Buffer) => new Uint8Array(bytes)],
  ["does not say", (bytes: Buffer) => new Blob([new Uint8Array(bytes)]).stream()],
])("more than is allowed is not taken, where the sender %s how much it is", async (_, body) => {
  const uuid = await recorded(inline(small));
  const init = { ...initOf({ method: "PUT" }), body: body(audio(6 * MB + 1)), duplex: "half" };
  const answer = await fetch(urlOf(uuid), init as RequestInit).catch(() => undefined);
  // Who goes on sending may meet a connection that is closed before the answer is read.
  expect([413, undefined]).toContain(answer?.status);
  expect((await bytesOf(await get(uuid))).equals(small)).toBe(true);
  await untilNothingIsStaged();
});

test("where a signature is asked for, nothing that is sent without is kept", async () => {
  const uuid = await recorded(inline(small));
  const answer = await fetch(urlOf(uuid, "/signed"), initOf({ method: "PUT", body: large }));
  expect(await answer.json()).toMatchObject({ status: 403, code: "SIGNATURE_INVALID" });
  expect((await bytesOf(await get(uuid))).equals(small)).toBe(true);
  await untilNothingIsStaged();
});

test("an upload that breaks off leaves the vCon as it was", async () => {
  const uuid = await recorded(inline(small));
  const etag = (await get(uuid)).headers.get("etag");
  const socket = connect(Number(new URL(api.nodeRed.url).port), "127.0.0.1");
  await once(socket, "connect");
  socket.write(
    [
      `PUT ${new URL(urlOf(uuid)).pathname} HTTP/1.1`,
      "host: 127.0.0.1",
      ...Object.entries(initOf({}).headers!).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${large.length}`,
      "",
      "",
    ].join("\r\n"),
  );
  socket.write(large.subarray(0, 2 * MB));
  await until(() => staged() > 0);
  socket.destroy();
  await untilNothingIsStaged();

  const got = await get(uuid);
  expect(got.headers.get("etag")).toBe(etag);
  expect((await bytesOf(got)).equals(small)).toBe(true);
});

test("the trail tells who has heard and who has changed the media", async () => {
  const uuid = await recorded(inline(small));
  await api.ask(pathOf(uuid), { as: "other", method: "HEAD" });
  await api.ask(pathOf(uuid), { as: "reader" });
  await put(uuid, middle);
  expect(await api.store.trail(uuid)).toMatchObject([
    { event: "vcon_sent", key: "reader", recipient: { vendor: "reader", categories: ["recording"] } },
    { event: "vcon_enhanced", key: "writer", added: ["dialog"] },
  ]);
});

test("who may only read puts nothing", async () => {
  const uuid = await recorded(inline(small));
  const answer = await api.ask(pathOf(uuid), { method: "PUT", body: middle, as: "reader" });
  expect(await answer.json()).toMatchObject({ status: 403, code: "RIGHT_MISSING" });
});

/** Bodies that are being written, or were and are not dropped. */
function staged(): number {
  const file = new DatabaseSync(join(api.nodeRed.userFolder, "test.sqlite"), { readOnly: true });
  const { count } = file.prepare("SELECT count(*) AS count FROM body WHERE staged IS NOT NULL").get() as {
    count: number;
  };
  file.close();
  return count;
}

function untilNothingIsStaged(): Promise<void> {
  return until(() => staged() === 0);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await pause(10);
}
