import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DeepgramClient, DeepgramError } from "@deepgram/sdk";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startDeepgramStandIn } from "../../flows/stand-ins/deepgram.ts";
import type { StandIn } from "../../flows/stand-ins/stand-in.ts";
import { recordingFile, transcripts } from "./conversations.ts";

const key = "the-right-key";
const wishes = { model: "nova-3", smart_format: true, multichannel: true } as const;
const kettleCall = recordingFile("01-kettle-recall.mp3");

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startDeepgramStandIn({ key, transcripts });
});
afterAll(() => standIn.close());

const media = (apiKey = key, baseUrl = standIn.url) =>
  new DeepgramClient({ apiKey, baseUrl, maxRetries: 0 }).listen.v1.media;

/** What the client reports, without its prose. */
async function failureOf(call: PromiseLike<unknown>) {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(DeepgramError);
  const { statusCode, body, rawResponse } = error as DeepgramError;
  return { statusCode, body, retryAfter: rawResponse?.headers.get("retry-after") };
}

test("each channel has its own speaker's words", async () => {
  const { metadata, results } = await sent(media().transcribeFile(kettleCall, wishes));
  expect(metadata).toMatchObject({
    channels: 2,
    sha256: transcripts[0]!.sha256,
    duration: transcripts[0]!.duration,
  });
  const [customer, agent] = results.channels.map((channel) => channel.alternatives![0]!);
  expect(customer!.transcript).toContain("there is a recall of your glass kettle");
  expect(agent!.transcript).toMatch(/^Northwind Appliances, this is Alice\./);
  expect(agent!.words![0]).toMatchObject({ word: "northwind", punctuated_word: "Northwind" });
  expect(agent!.words![0]!.start).toBeGreaterThan(0);
});

test("without channels, both speakers share one transcript in the order in which they spoke", async () => {
  const { metadata, results } = await sent(media().transcribeFile(kettleCall, { model: "nova-3" }));
  expect(metadata.channels).toBe(1);
  expect(results.channels).toHaveLength(1);
  const [{ transcript, words }] = results.channels[0]!.alternatives! as [
    { transcript: string; words: object[] },
  ];
  expect(transcript).toMatch(/^northwind appliances this is alice how can i help hello i read/);
  expect(words[0]).not.toHaveProperty("punctuated_word");
});

test("speakers, utterances, paragraphs and the language come when asked for", async () => {
  const all = { ...wishes, multichannel: false, diarize: true, utterances: true, detect_language: true };
  const { results } = await sent(media().transcribeFile(kettleCall, all));
  expect(results.channels[0]!.detected_language).toBe("en");
  expect(results.channels[0]!.alternatives![0]!.paragraphs!.transcript).toMatch(/^\nSpeaker 0: Northwind/);
  expect(results.utterances!.slice(0, 3).map(({ speaker, transcript }) => [speaker, transcript])).toEqual([
    [0, "Northwind Appliances, this is Alice. How can I help?"],
    [1, expect.stringContaining("there is a recall")],
    [0, expect.stringContaining("the number under the base?")],
  ]);
});

test("a recording at a URL is fetched", async () => {
  const files = createServer((_, response) => response.end(kettleCall)).listen(0, "127.0.0.1");
  await once(files, "listening");
  const url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/recording.mp3`;
  const { metadata } = await sent(media().transcribeUrl({ url, ...wishes })).finally(() => files.close());
  expect(metadata.sha256).toBe(transcripts[0]!.sha256);
});

test("audio that it doesn't know has no words", async () => {
  const { results } = await sent(media().transcribeFile(Buffer.concat([kettleCall, kettleCall]), wishes));
  expect(results.channels[0]!.alternatives![0]).toMatchObject({ transcript: "", words: [] });
});

test("a wrong key is refused", async () => {
  expect(await failureOf(media("another-key").transcribeFile(kettleCall, wishes))).toMatchObject({
    statusCode: 401,
    body: { err_code: "INVALID_AUTH", err_msg: "Invalid credentials.", request_id: expect.any(String) },
  });
});

test.each([
  ["text", Buffer.from("This is no recording.")],
  ["nothing", Buffer.alloc(0)],
])("%s in place of audio is refused", async (_, bytes) => {
  expect(await failureOf(media().transcribeFile(bytes, wishes))).toMatchObject({
    statusCode: 400,
    body: { err_msg: "Bad Request: failed to process audio: corrupt or unsupported data" },
  });
});

test.each([
  ["a misspelt parameter", { queryParams: { multi_channel: true } }, 400, "INVALID_QUERY_PARAMETER"],
  ["a value that is no switch", { queryParams: { diarize: "perhaps" } }, 400, "INVALID_QUERY_PARAMETER"],
  ["a language that it doesn't speak", { queryParams: { language: "tlh" } }, 400, "Bad Request"],
  ["a model that it doesn't have", { queryParams: { model: "supernova" } }, 403, "INSUFFICIENT_PERMISSIONS"],
])("%s is refused", async (_, options, statusCode, err_code) => {
  const failure = await failureOf(media().transcribeFile(kettleCall, {}, options));
  expect(failure).toMatchObject({ statusCode, body: { err_code } });
});

test("too many requests: when to come again is in the header", async () => {
  standIn.fail({ status: 429, retryAfter: 7 });
  expect(await failureOf(media().transcribeFile(kettleCall, wishes))).toMatchObject({
    statusCode: 429,
    retryAfter: "7",
    body: { err_code: "TOO_MANY_REQUESTS" },
  });
});

test.each(["reset", "truncated"] as const)("a connection can break: %s", async (fault) => {
  standIn.fail(fault);
  expect(await failureOf(media().transcribeFile(kettleCall, wishes))).toMatchObject({
    statusCode: undefined,
  });
});

test("an answer that is no JSON reaches the caller as if it were one", async () => {
  standIn.fail("malformed");
  expect(await sent(media().transcribeFile(kettleCall, wishes))).not.toHaveProperty("results");
});

test("a call that gets no answer can be given up", async () => {
  standIn.fail("silence");
  const controller = new AbortController();
  const before = standIn.requests.length;
  const call = failureOf(media().transcribeFile(kettleCall, wishes, { abortSignal: controller.signal }));
  await vi.waitFor(() => expect(standIn.requests.length).toBeGreaterThan(before));
  controller.abort();
  expect(await call).toMatchObject({ statusCode: undefined });
});

test("the demo's speech service tells its URL and ends with the process that started it", async () => {
  const program = new URL("../../flows/stand-ins/speech.ts", import.meta.url).pathname;
  const service = spawn(process.execPath, [program], { env: { ...process.env, PORT_SPEECH: "0" } });
  const ended = once(service, "exit");
  let complaints = "";
  service.stderr.on("data", (text) => {
    complaints += text;
  });
  try {
    const [line] = await once(service.stdout, "data");
    const url = /http:\S+/.exec(String(line))![0];
    const { results } = await sent(
      media("any-key", url).transcribeFile(recordingFile("03-heater-smell.mp3"), wishes),
    );
    expect(results.channels[1]!.alternatives![0]!.transcript).toContain("recall for the Breeze four");
  } finally {
    service.stdin.end();
  }
  expect(await ended).toEqual([0, null]);
  expect(complaints).toBe("");
});

/** The client's answer, which is either the transcript or a promise to send it to a callback. */
async function sent<T>(call: PromiseLike<T>): Promise<Exclude<T, { request_id: string }>> {
  return (await call) as Exclude<T, { request_id: string }>;
}
