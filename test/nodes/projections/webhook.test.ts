import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { addExtension, type Handle, newUuid, VconError, writeVcon } from "../../../core/index.ts";
import type { Fault } from "../../../flows/stand-ins/stand-in.ts";
import { bodyOf, post } from "../../../nodes/projections/webhook/request.ts";
import {
  type Receiver,
  type ReceiverOptions,
  type ServiceName,
  startReceiver,
} from "../../stand-ins/webhook.ts";
import { keepsTheContract, PROJECTION, rowAgain, withRow } from "../../support/destination.ts";
import { freePort } from "../../support/free-port.ts";
import { ends, type FlowNode } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const SECRET = "the shared secret";
const TOKEN = "token-of-the-path";
const selfSigned = readFileSync(join(import.meta.dirname, "../../support/self-signed.pem"));

const { nodeRed, store } = await nodeRedForFile();

/** What a test has started, closed after it. */
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function receives(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await startReceiver({ secret: SECRET, ...options });
  closing.push(receiver.close);
  return receiver;
}

/** Any other server, with its address. */
async function listens(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    if ("closeAllConnections" in server) (server.closeAllConnections as () => void)();
    await closed;
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const listensHttp = (listener: RequestListener) => listens(createServer(listener));

async function deploy(settings: object = {}, credentials: object = { secret: SECRET }): Promise<void> {
  const node: FlowNode = {
    id: "node",
    type: "vcon-webhook",
    store: "store",
    service: "any",
    send: "projection",
    projection: PROJECTION,
    header: "",
    atOnce: 4,
    timeLimit: 30,
    wires: [["out"]],
    ...settings,
  };
  await nodeRed.deploy([storeNode, node, ...ends], { node: credentials });
}

async function sent(payload: string): Promise<string> {
  const { at, message } = await nodeRed.through("node", { payload, topic: "kept" });
  expect(at, message.error?.message ?? "").toBe("out");
  expect(message).toMatchObject({ payload, topic: "kept" });
  return payload;
}

async function refused(payload: string) {
  const { at, message } = await nodeRed.through("node", { payload });
  expect(at).toBe("failure");
  expect(message.payload).toBe(payload);
  const error = message.error!;
  expect(JSON.stringify([error, nodeRed.log, await store.trail(payload)])).not.toContain(TOKEN);
  return error;
}

const row = (text = "x") => withRow(store, { text });
const handleOf = async (uuid: string): Promise<Handle> => (await store.trail(uuid)).at(-1)!.handle!;

describe("the webhook", () => {
  let receiver: Receiver;
  keepsTheContract(() => ({
    nodeRed,
    store,
    async deploy() {
      receiver = await receives();
      await deploy({ url: receiver.hook });
    },
    copies: async (uuid) => receiver.copies(uuid),
    requests: undefined,
    vendor: "webhook",
  }));
});

describe("what is posted", () => {
  it("is the UUID alone", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, send: "uuid" });
    const uuid = await sent(await row());
    expect(receiver.deliveries).toMatchObject([{ key: uuid, body: { uuid } }]);
    expect(Object.keys(receiver.deliveries[0]!.body)).toEqual(["uuid"]);
    expect(await store.trail(uuid)).toMatchObject([{ recipient: { categories: ["uuid"] } }]);
  });

  it("is the row, flat, beside the UUID of the vCon, whatever the row says of it", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook });
    const uuid = await sent(await withRow(store, { uuid: newUuid(), seconds: 26, 2026: null, recall: true }));
    expect(receiver.deliveries[0]!.body).toEqual({ uuid, seconds: 26, 2026: null, recall: true });
    expect(receiver.requests[0]!.headers).toMatchObject({
      "idempotency-key": uuid,
      "content-type": "application/json",
      "user-agent": "vcon-node-red",
    });
  });

  it("is the vCon as it would be written, with its recordings", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, send: "vcon" });
    const vcon = call(inline(Buffer.alloc(1_000_000, "Ünï")));
    addExtension(vcon, "example");
    const uuid = await sent(await stored(store, vcon));
    const written = JSON.parse(writeVcon(await store.get(uuid)));
    expect(receiver.deliveries).toHaveLength(1);
    expect(receiver.deliveries[0]!.body).toEqual(written);
    expect(await store.trail(uuid)).toMatchObject([{ recipient: { categories: ["parties", "recording"] } }]);
  });

  it("is the vCon in an older syntax for those who know no newer", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, send: "vcon", syntax: "container00" });
    await sent(await stored(store, call(inline(Buffer.alloc(1000)))));
    expect(receiver.deliveries[0]!.body).toMatchObject({
      vcon: "0.0.1",
      dialog: [{ mimetype: expect.stringContaining("audio/") }],
    });
  });

  it.each([
    ["signed", signed],
    ["encrypted", encrypted],
  ])("is the %s vCon as it is", async (_, make) => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, send: "vcon" });
    const sealed = make();
    await sent(await stored(store, sealed));
    expect(receiver.deliveries[0]!.body).toEqual(sealed);
  });

  it("is signed as GitHub's documentation has it", async () => {
    const open = async function* () {
      yield Buffer.from("Hello, ");
      yield Buffer.from("World!");
    };
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    expect(await bodyOf(open, "It's a Secret to Everybody")).toMatchObject({
      size: 13,
      signature: "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    });
  });

  it("is not signed without a secret, and has the header that the receiver asks for", async () => {
    const receiver = await startReceiver({ header: ["x-make-apikey", "the-key"], service: "make" });
    closing.push(receiver.close);
    const settings = { service: "make", url: receiver.hook, header: "X-Make-Apikey" };
    await deploy(settings, { headerValue: "the-key" });
    const uuid = await sent(await row());
    expect(receiver.copies(uuid)).toHaveLength(1);
    expect(JSON.stringify([await store.trail(uuid), nodeRed.log])).not.toContain("the-key");
  });

  it("goes with the user and the password that stand in the URL", async () => {
    const login = `Basic ${Buffer.from("carol:p@ss%").toString("base64")}`;
    const receiver = await receives({ header: ["authorization", login] });
    await deploy({ url: receiver.hook.replace("//", "//carol:p%40ss%@") });
    const uuid = await sent(await row());
    expect(receiver.copies(uuid)).toHaveLength(1);
    const { host } = new URL(receiver.url);
    expect(await store.trail(uuid)).toMatchObject([{ recipient: { host } }]);
  });

  it.each<ServiceName>(["any", "zapier", "make", "n8n"])("is taken by %s as it answers", async (service) => {
    const receiver = await receives({ service });
    await deploy({ service, url: receiver.hook });
    const uuid = await sent(await row());
    expect(receiver.copies(uuid)).toMatchObject([{ text: "x" }]);
  });

  it("is done when it was taken, however long the answer goes on", async () => {
    const host = await listensHttp((request, response) => {
      request.resume().on("end", () => {
        response.writeHead(200);
        const writing = setInterval(() => response.write("a".repeat(10_000)), 5);
        response.on("close", () => clearInterval(writing));
      });
    });
    await deploy({ url: `http://${host}` });
    await sent(await row());
  });
});

describe("a vCon that comes again", () => {
  it("is posted again when its row has changed, under the same key", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook });
    const uuid = await sent(await row("first"));
    await rowAgain(store, uuid, { text: "second" });
    await sent(uuid);
    await sent(uuid);
    expect(receiver.deliveries).toMatchObject([
      { key: uuid, body: { text: "first" } },
      { key: uuid, body: { text: "second" } },
    ]);
  });

  it("is posted again as a whole when something was added to it", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, send: "vcon" });
    const uuid = await sent(await row());
    await sent(uuid);
    await store.append(uuid, { tags: [{ name: "mood", value: "good" }] });
    await sent(uuid);
    expect(receiver.deliveries.map(({ body }) => "attachments" in body)).toEqual([false, true]);
  });

  it("is posted to another receiver, once the node has its URL", async () => {
    const [one, other] = [await receives(), await receives()];
    await deploy({ url: one.hook });
    const uuid = await sent(await row());
    await deploy({ url: other.hook });
    await sent(uuid);
    expect(other.copies(uuid)).toHaveLength(1);
  });
});

describe("an answer", () => {
  it.each<[ServiceName, number, RegExp]>([
    ["any", 400, /The webhook answered 400\. It does not accept what was sent/],
    ["any", 401, /The webhook answered 401\. It asks for a header.*"Header"/],
    ["any", 403, /answered 403\. .*Check "Header"/],
    ["any", 404, /answered 404\. .*Check the address/],
    ["any", 405, /answered 405\. It takes no POST/],
    ["any", 409, /answered 409/],
    ["any", 410, /answered 410\. This address is closed/],
    ["any", 413, /answered 413\. The content is larger/],
    ["any", 415, /answered 415/],
    ["any", 418, /answered 418/],
    ["any", 422, /answered 422/],
    ["zapier", 404, /Zapier answered 404\. The Zap is switched off/],
    ["zapier", 410, /Zapier answered 410\. The Zap is switched off/],
    ["make", 401, /Make answered 401\. .*x-make-apikey/],
    ["make", 410, /Make answered 410\. .*Switch the scenario on/],
    ["n8n", 403, /n8n answered 403\. .*header/],
    ["n8n", 404, /n8n answered 404\. The workflow is not active/],
    ["n8n", 413, /n8n answered 413\. .*N8N_PAYLOAD_SIZE_MAX/],
  ])("of %s, %i, is an error with what to do, and is not asked for again", async (service, status, words) => {
    const receiver = await receives({ service });
    await deploy({ service, url: receiver.hook });
    receiver.fail({ status });
    const uuid = await row();
    expect(await refused(uuid)).toMatchObject({
      code: String(status),
      message: expect.stringMatching(words),
    });
    expect(receiver.requests).toHaveLength(1);
    expect(await store.trail(uuid)).toMatchObject([{ event: "vcon_sent", failed: true }]);
  });

  it.each<[string, ServiceName, Fault]>([
    ["408", "any", { status: 408 }],
    ["429 with a time to wait", "any", { status: 429, retryAfter: 1 }],
    ["500", "any", { status: 500 }],
    ["503", "n8n", { status: 503 }],
    ["429", "zapier", { status: 429 }],
    ["400, the queue is full", "make", { status: 400 }],
    ["a connection that breaks", "any", "reset"],
  ])("that may pass is asked for again: %s", async (_, service, fault) => {
    const receiver = await receives({ service });
    await deploy({ service, url: receiver.hook });
    receiver.fail(fault);
    const uuid = await sent(await row());
    expect(receiver.copies(uuid)).toHaveLength(1);
    expect(receiver.requests).toHaveLength(2);
    expect(await store.trail(uuid)).toHaveLength(1);
  });

  it("of Make, 400, is an error where the data have another structure than Make was set to", async () => {
    const receiver = await receives({ service: "make", needs: ["seconds"] });
    await deploy({ service: "make", url: receiver.hook });
    const error = await refused(await row());
    expect(error).toMatchObject({ code: "400", message: expect.stringContaining("structure") });
    expect(receiver.requests).toHaveLength(1);
  });

  it("that the queue of Make is full is an error at last, when it stays full", async () => {
    const receiver = await receives({ service: "make" });
    await deploy({ service: "make", url: receiver.hook });
    receiver.fail(...Array<Fault>(5).fill({ status: 400 }));
    expect(await refused(await row())).toMatchObject({
      code: "400",
      message: expect.stringContaining("queue is full"),
    });
  });

  it.each([301, 302, 303, 307, 308])("%i, a redirection, is not followed", async (status) => {
    const other = await receives();
    const host = await listensHttp((request, response) => {
      request.resume().on("end", () => response.writeHead(status, { location: other.hook }).end());
    });
    await deploy({ url: `http://${host}` });
    expect(await refused(await row())).toMatchObject({
      code: String(status),
      message: expect.stringContaining("another address"),
    });
    expect(other.requests).toEqual([]);
  });

  it("is never quoted", async () => {
    const host = await listensHttp((request, response) => {
      request.resume().on("end", () => response.writeHead(422, "secret words").end("secret words"));
    });
    await deploy({ url: `http://${host}` });
    expect(JSON.stringify(await refused(await row()))).not.toContain("secret words");
  });

  it("that comes before all was sent is heard", async () => {
    const host = await listensHttp((_, response) => response.writeHead(413).end());
    await deploy({ url: `http://${host}`, send: "vcon" });
    const uuid = await stored(store, call(inline(Buffer.alloc(8_000_000, "a"))));
    expect(await refused(uuid)).toMatchObject({ code: "413" });
  });

  it("that does not come is given up at the time limit; the trail says that its fate is unknown", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, timeLimit: 1 });
    receiver.fail("silence");
    const uuid = await row();
    expect(await refused(uuid)).toMatchObject({ code: "TIME_LIMIT" });
    expect(await store.trail(uuid)).toMatchObject([{ failed: true, handle: { key: uuid } }]);
    await sent(uuid);
    expect(receiver.copies(uuid)).toHaveLength(1);
  });
});

describe("a receiver", () => {
  it("that is down is waited for", async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/hook/${TOKEN}`;
    await deploy({ url });
    const running = sent(await row());
    await new Promise((resolve) => setTimeout(resolve, 200));
    const receiver = await receives({ port });
    const uuid = await running;
    expect(receiver.copies(uuid)).toHaveLength(1);
  });

  it("whose name nobody knows is an error that says so", async () => {
    await deploy({ url: `http://nowhere.invalid/hook/${TOKEN}` });
    expect(await refused(await row())).toMatchObject({ code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
  });

  it("without TLS behind an https URL is an error that says so", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook.replace("http:", "https:") });
    expect(await refused(await row())).toMatchObject({
      code: "OTHER_PROTOCOL",
    });
    expect(receiver.requests).toEqual([]);
  });

  it("that speaks another protocol is an error that says so", async () => {
    const host = await listens(
      createTcpServer((socket) => socket.once("data", () => socket.end("220 mail.example.com\r\n"))),
    );
    await deploy({ url: `http://${host}` });
    expect(await refused(await row())).toMatchObject({ code: "OTHER_PROTOCOL" });
  });

  it("with a certificate that nobody vouches for gets nothing", async () => {
    let requests = 0;
    const host = await listens(createTlsServer({ key: selfSigned, cert: selfSigned }, () => requests++));
    await deploy({ url: `https://${host}` });
    expect(await refused(await row())).toMatchObject({
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      message: expect.stringContaining("certificate"),
    });
    expect(requests).toBe(0);
  });

  it.each<[ServiceName, number, string]>([
    ["zapier", 10, "Zapier takes 10.0 MB"],
    ["make", 5, "Make takes 5.0 MB"],
  ])("%s is not sent what is larger than its %i MB", async (service, megabytes, words) => {
    const receiver = await receives({ service });
    await deploy({ service, url: receiver.hook, send: "vcon" });
    const uuid = await stored(store, call(inline(Buffer.alloc(megabytes * 800_000, "a"))));
    expect(await refused(uuid)).toMatchObject({ code: "TOO_LARGE", message: expect.stringContaining(words) });
    expect(receiver.requests).toEqual([]);
    expect(await store.trail(uuid)).toEqual([]);
  });

  it("hears that a vCon has changed between measuring and sending by a request that does not end", async () => {
    const receiver = await receives();
    const url = new URL(receiver.hook);
    const signal = AbortSignal.timeout(10_000);
    for (const size of [3, 5]) {
      const open = async function* () {
        yield Buffer.from("four");
      };
      const posting = post({ url, headers: {}, body: { size, signature: undefined, open }, signal });
      await expect(posting).rejects.toMatchObject({ code: "CHANGED", transient: true });
    }
    expect(receiver.deliveries).toEqual([]);
  });

  it("hears that a vCon was deleted while it was sent by a request that does not end", async () => {
    const receiver = await receives();
    const open = async function* () {
      yield Buffer.from("half");
      throw new VconError("VCON_NOT_FOUND", "It is not in the store.");
    };
    const posting = post({
      url: new URL(receiver.hook),
      headers: {},
      body: { size: 8, signature: undefined, open },
      signal: AbortSignal.timeout(10_000),
    });
    await expect(posting).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
    expect(receiver.deliveries).toEqual([]);
  });
});

describe("settings that can't be used", () => {
  it.each<[string, object, object, string]>([
    ["no URL", { url: "" }, {}, `"URL" is not set`],
    ["a URL without a scheme", { url: "hooks.example.com/hook" }, {}, `"URL"`],
    ["another scheme", { url: "ftp://example.com/hook" }, {}, `"URL"`],
    ["a variable that nobody set", { url: `\${NOBODY_SET_THIS}` }, {}, "NOBODY_SET_THIS"],
    ["a header with a blank in its name", { header: "my header" }, { headerValue: "x" }, `"Header"`],
    ["a header that the node sets", { header: "Content-Length" }, { headerValue: "1" }, `"Header"`],
    ["a header of the connection", { header: "Keep-Alive" }, { headerValue: "x" }, `"Header"`],
    ["a header without a value", { header: "x-key" }, {}, `"Its value" is not set`],
    ["a header of two lines", { header: "x-key" }, { headerValue: "a\r\nb: c" }, `"Its value"`],
    ["a value outside Latin-1", { header: "x-key" }, { headerValue: "召回" }, `"Its value"`],
    ["a port that is never used", { url: "http://127.0.0.1:25/" }, {}, "port"],
  ])("are an error that names the field, and nothing leaves: %s", async (_, settings, credentials, words) => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, ...settings }, credentials);
    expect(await refused(await row())).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining(words),
    });
    expect(receiver.requests).toEqual([]);
  });
});

describe("a vCon that can't be sent", () => {
  it.each<[string, object, () => Promise<string>, string]>([
    ["has no projection of that name", { projection: "billing" }, () => row(), "NO_PROJECTION"],
    ["is not in the store", {}, async () => newUuid(), "VCON_NOT_FOUND"],
    [
      "is not in the store, and only its UUID is sent",
      { send: "uuid" },
      async () => newUuid(),
      "VCON_NOT_FOUND",
    ],
    [
      "is signed, and the syntax is an older one",
      { send: "vcon", syntax: "core00" },
      () => stored(store, signed()),
      "VCON_SEALED",
    ],
    ["is encrypted, and a row is wanted", {}, () => stored(store, encrypted()), "VCON_SEALED"],
  ])("is an error, and nothing leaves: it %s", async (_, settings, make, code) => {
    const receiver = await receives();
    await deploy({ url: receiver.hook, ...settings });
    expect(await refused(await make())).toMatchObject({ code });
    expect(receiver.requests).toEqual([]);
  });
});

describe("an erasure", () => {
  it("is posted with the UUID and the event, signed, and under a key of its own", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook });
    const uuid = await sent(await row());
    await nodeRed.erase("node", uuid, await handleOf(uuid));
    expect(receiver.deliveries.at(-1)).toMatchObject({
      key: `${uuid}:deleted`,
      body: { uuid, event: "vcon_deleted" },
    });
  });

  it.each<[ServiceName, number]>([
    ["any", 404],
    ["any", 410],
    ["zapier", 410],
    ["make", 410],
    ["n8n", 404],
  ])("is not done where nobody listens any more: %s answers %i", async (service, status) => {
    const receiver = await receives({ service });
    await deploy({ service, url: receiver.hook });
    const uuid = await sent(await row());
    receiver.fail({ status });
    const erasing = nodeRed.erase("node", uuid, await handleOf(uuid));
    await expect(erasing).rejects.toMatchObject({ code: String(status) });
  });

  it("is tried again when the receiver is busy", async () => {
    const receiver = await receives();
    await deploy({ url: receiver.hook });
    const uuid = await sent(await row());
    receiver.fail({ status: 503 });
    await nodeRed.erase("node", uuid, await handleOf(uuid));
    expect(receiver.copies(uuid)).toEqual([]);
  });

  it("does not go to another address than the vCon went to", async () => {
    const [one, other] = [await receives(), await receives()];
    await deploy({ url: one.hook });
    const uuid = await sent(await row());
    const handle = await handleOf(uuid);
    await deploy({ url: other.hook });
    await expect(nodeRed.erase("node", uuid, handle)).rejects.toMatchObject({ code: "OTHER_ADDRESS" });
    expect(other.requests).toEqual([]);
  });
});
