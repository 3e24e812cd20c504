/** The client of the vCon API, before a server whose answers the test decides; the API itself is in test/server. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, expect, it, vi } from "vitest";
import { buildNew, newUuid, VconApiClient, VconApiError } from "../../../core/index.ts";
import { freePort } from "../../support/free-port.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers the requests one after the other as told; the last answer again and again. */
async function serve(
  ...answers: RequestListener[]
): Promise<{ client: VconApiClient; asked: IncomingMessage[] }> {
  const asked: IncomingMessage[] = [];
  server = createServer(async (request, response) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(request);
    request.resume();
    await once(request, "end");
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { client: new VconApiClient({ url: `http://127.0.0.1:${port}/api/`, key: "the-key" }), asked };
}

const says = (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener => {
  return (_request, response) => {
    const json = body === undefined ? "" : JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(json);
  };
};
const breaksOff: RequestListener = (_request, response) => response.destroy();
const busy = says(503, {}, { "retry-after": "0" });

it("asks again for what may pass, and sends its key each time", async () => {
  const { client, asked } = await serve(busy, breaksOff, says(200, ["a"]));
  expect(await client.list()).toEqual(["a"]);
  expect(asked.map(({ headers }) => headers["x-conserver-api-token"])).toEqual([
    "the-key",
    "the-key",
    "the-key",
  ]);
  expect(asked[0]!.url).toBe("/api/vcon?page=1&size=50");
});

it("does not ask again for what would be done twice, nor for what won't pass", async () => {
  const { client, asked } = await serve(busy);
  await expect(client.take("list", 1)).rejects.toMatchObject({ status: 503, transient: true });
  await expect(client.enqueue("list", [newUuid()])).rejects.toMatchObject({ status: 503 });
  expect(asked).toHaveLength(2);
  const refused = await serve(says(403, { detail: "Invalid API Key" }));
  await expect(refused.client.list()).rejects.toMatchObject({ status: 403, transient: false });
  expect(refused.asked).toHaveLength(1);
});

it("repeats an addition under the same idempotency key, and another one under another", async () => {
  const { client, asked } = await serve(busy, says(201, { added: true }));
  const analysis = { type: "summary", vendor: "example", body: "A greeting.", encoding: "none" } as const;
  expect(await client.addAnalysis(newUuid(), analysis)).toBe(true);
  await client.addAnalysis(newUuid(), analysis);
  const [first, second, third] = asked.map(({ headers }) => headers["idempotency-key"]);
  expect(first).toBeDefined();
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

it("sends a body that is streamed anew at each attempt", async () => {
  const bodies: string[] = [];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    bodies.push(body);
    (bodies.length === 1 ? busy : says(201, {}))(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new VconApiClient({ url: `http://127.0.0.1:${port}` });
  await client.send(async function* () {
    yield Buffer.from('{"vcon":');
    yield Buffer.from('"0.4.0"}');
  });
  expect(bodies).toEqual(['{"vcon":"0.4.0"}', '{"vcon":"0.4.0"}']);
});

it("tells that there is none, and does not take a redirection for an answer", async () => {
  const { client } = await serve(
    says(404, { detail: "vCon not found" }),
    says(302, {}, { location: "/other" }),
  );
  expect(await client.get(newUuid())).toBeUndefined();
  await expect(client.get(newUuid())).rejects.toMatchObject({ status: 302 });
});

it("does not take the page of a web server without this API for an answer", async () => {
  const page: RequestListener = (request, response) =>
    response
      .writeHead(request.url!.includes("/v1/") ? 200 : 404, { "content-type": "text/html" })
      .end("<p>Carol Carter was here</p>");
  const { client } = await serve(page);
  await expect(client.get(newUuid())).rejects.toMatchObject({ name: "VconApiError", status: 404 });
  const error = await client.read(newUuid()).catch((thrown) => thrown);
  expect(error).toMatchObject({ name: "VconApiError", code: "ANSWER_MALFORMED", transient: false });
  expect(inspect(error)).not.toContain("Carol");
});

it("asks again where an answer breaks off, unless its status has told that the work is done", async () => {
  const half = (status: number): RequestListener => {
    return (_request, response) => {
      response.writeHead(status, { "content-type": "application/json", "content-length": 100, etag: '"2"' });
      response.write('["a"', () => response.destroy());
    };
  };
  const { client, asked } = await serve(half(200), says(200, ["a"]), half(200), half(201), half(200));
  expect(await client.list()).toEqual(["a"]);
  const taking = client.take("list", 1);
  await expect(taking).rejects.toMatchObject({ name: "VconApiError", code: "BROKEN_OFF", transient: true });
  await client.send(buildNew(), { lists: ["list"] });
  expect(await client.replace(newUuid(), buildNew(), '"1"')).toBe('"2"');
  expect(asked).toHaveLength(5);
});

it("waits for its own request to be done that it has sent again", async () => {
  const running = { code: "STILL_RUNNING" };
  const { client, asked } = await serve(
    breaksOff,
    says(409, running, { "content-type": "application/problem+json", "retry-after": "0" }),
    says(201, {}, { etag: '"1"' }),
  );
  expect(await client.create(buildNew())).toBe('"1"');
  expect(asked).toHaveLength(3);
});

it("does not replace twice: it would find its own work, and take that for another's", async () => {
  const { client, asked } = await serve(breaksOff, says(412, {}));
  const error = await client.replace(newUuid(), buildNew(), '"1"').catch((thrown) => thrown);
  expect(error).toMatchObject({ name: "VconApiError", status: undefined, transient: true });
  expect(asked).toHaveLength(1);
});

it("makes any request again that was one too many", async () => {
  const { client, asked } = await serve(says(429, {}, { "retry-after": "0" }), says(200, ["a"]));
  expect(await client.take("list", 1)).toEqual(["a"]);
  expect(asked).toHaveLength(2);
});

it("names status and code of a refusal, and quotes nothing of it", async () => {
  const problem = { code: "VCON_CHANGED", detail: "Carol Carter's vCon" };
  const { client } = await serve(says(412, problem, { "content-type": "application/problem+json" }));
  const error = await client.replace(newUuid(), buildNew(), '"1"').catch((thrown) => thrown);
  expect(error).toBeInstanceOf(VconApiError);
  expect(error).toMatchObject({ status: 412, code: "VCON_CHANGED", transient: false });
  expect(error.message).toBe("The vCon API answered 412 (VCON_CHANGED).");
});

it("ends when it is told to, and where nobody answers", async () => {
  const { client } = await serve(() => {});
  const stop = new AbortController();
  const asking = client.list({ signal: stop.signal });
  stop.abort(new Error("stopped by the test"));
  await expect(asking).rejects.toThrow("stopped by the test");
  const nobody = new VconApiClient({ url: `http://127.0.0.1:${await freePort()}`, attempts: 1 });
  await expect(nobody.list()).rejects.toMatchObject({ code: "ECONNREFUSED", nothingDone: true });
  const slow = new VconApiClient({
    url: `http://127.0.0.1:${(server!.address() as AddressInfo).port}`,
    attempts: 1,
    timeLimit: 0.2,
  });
  await expect(slow.list()).rejects.toMatchObject({ code: "TIME_LIMIT" });
});

it("ends in a pause, too, with what it is told", async () => {
  const { client, asked } = await serve(says(503, {}, { "retry-after": "30" }));
  const stop = new AbortController();
  const asking = client.list({ signal: stop.signal });
  await vi.waitUntil(() => asked.length === 1);
  setTimeout(() => stop.abort(new Error("stopped by the test")), 50);
  await expect(asking).rejects.toThrow("stopped by the test");
});

it("follows the cursor of a search until there is no more", async () => {
  const found = (uuid: string) => ({ uuid, created_at: "2026-11-02T10:00:00Z" });
  const { client, asked } = await serve(
    says(200, { vcons: [found("1"), found("2")], next: "further" }),
    says(200, { vcons: [], next: "further still" }),
    says(200, { vcons: [found("3")] }),
  );
  const uuids: string[] = [];
  for await (const { uuid } of client.search({ tag: ["topic:recall", "vip"], tel: "+12025550101" }))
    uuids.push(uuid);
  expect(uuids).toEqual(["1", "2", "3"]);
  expect(asked[0]!.url).toBe("/api/v1/vcons?tag=topic%3Arecall&tag=vip&tel=%2B12025550101");
  expect(asked[1]!.url).toContain("cursor=further");
});
