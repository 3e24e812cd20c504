/** What every node does about a system outside: so many at once, so long, again where that helps, and once. */
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Vcon } from "../../../core/index.ts";
import { startDeepgramStandIn } from "../../../flows/stand-ins/deepgram.ts";
import type { Fault, StandIn } from "../../../flows/stand-ins/stand-in.ts";
import { recordingFile, transcripts } from "../../stand-ins/conversations.ts";
import { type Gate, startGate } from "../../support/gate.ts";
import { ends, type FlowNode, root } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, inline, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();
let deepgram: StandIn;
let gate: Gate;
let secureUrl: string;
const selfSigned = readFileSync(join(root, "test/support/self-signed.pem"));
const secure = createTlsServer({ key: selfSigned, cert: selfSigned });
beforeAll(async () => {
  await new Promise<void>((resolve) => secure.listen(0, "127.0.0.1", resolve));
  secureUrl = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  deepgram = await startDeepgramStandIn({ key: "right", transcripts });
  gate = await startGate(deepgram.url);
  process.env["DEEPGRAM_API_KEY"] = "right";
});
afterAll(async () => {
  secure.close();
  await gate.close();
  await deepgram.close();
});
beforeEach(() => {
  deepgram.requests.length = 0;
  gate.most = 0;
});

const transcribe: FlowNode = {
  id: "node",
  type: "vcon-transcribe",
  store: "store",
  vendor: "deepgram",
  deepgram: "account",
  atOnce: 4,
  timeLimit: 60,
  wires: [["out"]],
};
const account = (url: string): FlowNode => ({ id: "account", type: "vcon-deepgram", url });

const deploy = (settings: object = {}, url = deepgram.url) =>
  nodeRed.deploy([storeNode, account(url), { ...transcribe, ...settings }, ...ends]);

const audio = recordingFile("01-kettle-recall.mp3");
const aCall = () => stored(store, call(inline(audio)));

/** Sends a new call through, after these faults; gives what became of it and how often was asked. */
async function afterFaults(...faults: Fault[]) {
  const payload = await aCall();
  deepgram.fail(...faults);
  const arrival = await nodeRed.through("node", { payload });
  return { ...arrival, payload, asked: deepgram.requests.length };
}

/** Each case has a service and a node of its own, so that their pauses pass at the same time. */
describe.concurrent("a failure that may pass", () => {
  const passing: [string, Fault][] = [
    ["a fault of the server's", { status: 500 }],
    ["a service that is down", { status: 503 }],
    ["too many requests", { status: 429 }],
    ["a connection reset", "reset"],
    ["an answer cut off", "truncated"],
    ["an answer that is no JSON", "malformed"],
  ];
  const until = Math.ceil(Date.now() / 1000) * 1000 + 4000;
  const services = new Map<string, StandIn>();

  beforeAll(async () => {
    const names = [...passing.map(([name]) => name), "down", "closed", "patience", "date", "an hour"];
    for (const name of names) services.set(name, await startDeepgramStandIn({ transcripts }));
    await nodeRed.deploy([
      storeNode,
      ...names.map((name) => ({ ...account(services.get(name)!.url), id: `account ${name}` })),
      ...names.map((name) => ({ ...transcribe, id: name, deepgram: `account ${name}` })),
      ...ends,
    ]);
    await services.get("closed")!.close();
  });
  afterAll(() => Promise.all([...services.values()].map((service) => service.close())));

  async function sentAfter(name: string, ...faults: Fault[]) {
    const payload = await aCall();
    services.get(name)!.fail(...faults);
    const arrival = await nodeRed.through(name, { payload });
    return { ...arrival, payload, asked: services.get(name)!.requests.length };
  }

  it.each(passing)("is tried again: %s", async (name, fault) => {
    const { at, asked, payload } = await sentAfter(name, fault);
    expect(at).toBe("out");
    expect(asked).toBe(2);
    expect(((await store.get(payload)) as Vcon).analysis).toHaveLength(1);
  });

  it("is given up after five attempts, with an error in our own words", async () => {
    const { message, asked } = await sentAfter("down", ...Array<Fault>(5).fill({ status: 503 }));
    expect(asked).toBe(5);
    expect(message.error).toMatchObject({
      code: "503",
      message: expect.stringContaining("Deepgram answered 503"),
    });
    expect(JSON.stringify(message.error)).not.toContain("Service unavailable");
  });

  it("is named with its code where nobody listens", async () => {
    const { message } = await sentAfter("closed");
    expect(message.error).toMatchObject({
      code: "ECONNREFUSED",
      message: expect.stringContaining("Deepgram can't be reached (ECONNREFUSED)"),
    });
  });

  it("waits for as long as the service asks", async () => {
    const begun = performance.now();
    const { at } = await sentAfter("patience", { status: 429, retryAfter: 3 });
    expect(at).toBe("out");
    // Without the wish the first pause is below 0.7 s.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(2990);
  });

  it("waits until the date that the service gives", async () => {
    const { at } = await sentAfter("date", { status: 503, retryAfter: new Date(until).toUTCString() });
    expect(at).toBe("out");
    expect(Date.now()).toBeGreaterThanOrEqual(until - 10);
  });

  it("is not waited for where the service asks for more than a minute", async () => {
    const { message, asked } = await sentAfter("an hour", { status: 429, retryAfter: 3600 });
    expect(message.error).toMatchObject({ code: "429" });
    expect(asked).toBe(1);
  });
});

describe("a failure that stays", () => {
  it.each<[number, RegExp]>([
    [400, /does not accept what was sent/],
    [401, /key is missing or wrong/],
    [402, /no credit/],
    [403, /may not do this/],
    [404, /does not exist there/],
    [413, /larger than it accepts/],
    [422, /Deepgram answered 422/],
  ])("is not tried again: %i", async (status, words) => {
    await deploy();
    const { message, asked, payload } = await afterFaults({ status });
    expect(asked).toBe(1);
    expect(message.error).toMatchObject({ code: String(status), message: expect.stringMatching(words) });
    expect(message.error!.message).toContain(payload);
    expect(message.payload).toBe(payload);
  });

  it("never shows the vendor's words, the key or the conversation: not in the error, log or status", async () => {
    await deploy();
    const { message } = await afterFaults({ status: 401 });
    const shown = JSON.stringify([message, nodeRed.log, nodeRed.statuses("node")]);
    expect(shown).not.toContain("Invalid credentials");
    expect(shown).not.toContain("right");
    expect(shown).not.toContain("Carol");
    expect(shown).not.toContain(audio.toString("base64url").slice(0, 100));
  });
});

describe("a service that can't be had", () => {
  it("is named with what to do, where the address is none", async () => {
    await deploy({}, "deepgram");
    const { message } = await afterFaults();
    expect(message.error!.message).toMatch(/Deepgram has no address that can be used\. Check the URL/);
  });

  it.each([
    [
      "its certificate is its own",
      () => secureUrl,
      /certificate that can't be trusted.* NODE_EXTRA_CA_CERTS/,
    ],
    [
      "it does not speak TLS",
      () => deepgram.url.replace("http:", "https:"),
      /whether it is https:\/\/ or http/,
    ],
  ])("is asked once where %s, with what to do", async (_, url, words) => {
    await deploy({}, url());
    const { message } = await afterFaults();
    expect(message.error!.message).toMatch(words);
    expect(message.error!.message).toContain("Deepgram");
  });

  it("is given up after the time limit where it is silent, and not asked again", async () => {
    await deploy({ timeLimit: 1 });
    const { message, asked, payload } = await afterFaults("silence");
    expect(message.error).toMatchObject({ code: "TIME_LIMIT", message: expect.stringContaining("1 s") });
    expect(message.error!.message).toContain("Deepgram");
    expect(asked).toBe(1);
    await expect.poll(() => nodeRed.status("node")).toMatchObject({ fill: "red" });

    const again = await nodeRed.through("node", { payload });
    expect(again.at).toBe("out");
  });
});

describe("the number at once", () => {
  it("is never exceeded: one", async () => {
    await deploy({ atOnce: 1 }, gate.url);
    const uuids = await Promise.all([aCall(), aCall(), aCall(), aCall()]);
    const arrivals = await Promise.all(uuids.map((payload) => nodeRed.through("node", { payload })));
    expect(arrivals.map(({ at }) => at)).toEqual(["out", "out", "out", "out"]);
    expect(gate.most).toBe(1);
    expect(deepgram.requests).toHaveLength(4);
  });

  it("is used: three of five wait at the service", async () => {
    await deploy({ atOnce: 3 }, gate.url);
    const uuids = await Promise.all([aCall(), aCall(), aCall(), aCall(), aCall()]);
    gate.hold();
    const running = uuids.map((payload) => nodeRed.through("node", { payload }));
    await gate.waiting(3);
    gate.open();
    await Promise.all(running);
    expect(gate.most).toBe(3);
    expect(deepgram.requests).toHaveLength(5);
  });

  it("frees its place when a step fails", async () => {
    await deploy({ atOnce: 1 });
    deepgram.fail({ status: 400 }, { status: 401 });
    const uuids = await Promise.all([aCall(), aCall(), aCall()]);
    const arrivals = await Promise.all(uuids.map((payload) => nodeRed.through("node", { payload })));
    expect(arrivals.map(({ at }) => at)).toEqual(["failure", "failure", "out"]);
  });
});

describe("the trail", () => {
  it("tells who may have seen the recording also where the service then failed", async () => {
    await deploy();
    deepgram.fail({ status: 400 });
    const payload = await aCall();
    expect(await nodeRed.through("node", { payload })).toMatchObject({ at: "failure" });
    const sent = (await store.trail(payload)).filter(({ event }) => event === "vcon_sent");
    expect(sent.map(({ recipient }) => recipient)).toMatchObject([
      { vendor: "deepgram", categories: ["recording"] },
    ]);
  });
});

describe("a message that comes again", () => {
  it("is not paid for again, and leaves nothing behind", async () => {
    await deploy();
    const payload = await aCall();
    await nodeRed.through("node", { payload });
    const [vcon, trail] = [await store.get(payload), await store.trail(payload)];
    expect(await nodeRed.through("node", { payload })).toMatchObject({ at: "out", message: { payload } });
    expect(deepgram.requests).toHaveLength(1);
    expect(await store.get(payload)).toEqual(vcon);
    expect(await store.trail(payload)).toEqual(trail);
  });

  it("is not paid for again after a crash between the result and the message that tells of it", async () => {
    // The result is stored, and what was to be sent is lost: nothing is wired to the node.
    await deploy({ wires: [] }, gate.url);
    const payload = await aCall();
    gate.hold();
    nodeRed.send("node", { payload });
    await gate.waiting(1);
    gate.open();
    await deploy();
    expect(await nodeRed.through("node", { payload })).toMatchObject({ at: "out", message: { payload } });
    expect(deepgram.requests).toHaveLength(1);
    expect(((await store.get(payload)) as Vcon).analysis).toHaveLength(1);
  });

  it("at the same moment is paid for once, and adds one result", async () => {
    await deploy();
    const payload = await aCall();
    const arrivals = await Promise.all([1, 2, 3].map(() => nodeRed.through("node", { payload })));
    expect(arrivals.map(({ at }) => at)).toEqual(["out", "out", "out"]);
    expect(deepgram.requests).toHaveLength(1);
    expect(((await store.get(payload)) as Vcon).analysis).toHaveLength(1);
  });
});

describe("a deploy", () => {
  it("in the middle of a step lets it finish", async () => {
    await deploy({}, gate.url);
    const payload = await aCall();
    gate.hold();
    nodeRed.send("node", { payload });
    await gate.waiting(1);
    const deployed = deploy({}, gate.url);
    gate.open();
    await deployed;
    expect(((await store.get(payload)) as Vcon).analysis).toHaveLength(1);
    expect(await nodeRed.through("node", { payload })).toMatchObject({ at: "out" });
    expect(deepgram.requests).toHaveLength(1);
  });

  it("in the middle of many steps forgets none: each is done, or named in the log", async () => {
    await deploy({ atOnce: 1 }, gate.url);
    const uuids = await Promise.all([aCall(), aCall(), aCall()]);
    gate.hold();
    for (const payload of uuids) nodeRed.send("node", { payload });
    await gate.waiting(1);
    const deployed = deploy({}, gate.url);
    gate.open();
    await deployed;
    const logged = nodeRed.log.map(({ message }) => message).join("\n");
    for (const payload of uuids) {
      const { analysis } = (await store.get(payload)) as Vcon;
      if (!logged.includes(payload)) expect(analysis).toHaveLength(1);
    }
    expect(logged).not.toContain("timed out");
  });
});
