import OpenAI, { AzureOpenAI, toFile } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StandIn } from "../../flows/stand-ins/stand-in.ts";
import { recordingFile, transcripts } from "./conversations.ts";
import { startOpenAiAudioStandIn } from "./openai-audio.ts";

const key = "the-right-key";
const kettleCall = recordingFile("01-kettle-recall.mp3");

let standIn: StandIn;
beforeAll(async () => {
  standIn = await startOpenAiAudioStandIn({ key, transcripts });
});
afterAll(() => standIn.close());

async function transcribe(wishes: object, bytes = kettleCall, name = "recording.mp3", apiKey = key) {
  const client = new OpenAI({ apiKey, baseURL: `${standIn.url}/v1`, maxRetries: 0 });
  const file = await toFile(bytes, name);
  return client.audio.transcriptions.create({ file, model: "whisper-1", ...wishes });
}

test("whisper-1 tells when each word and each segment was said", async () => {
  const wishes = { response_format: "verbose_json", timestamp_granularities: ["word", "segment"] };
  const turns = transcripts[0]!.turns;
  expect(await transcribe({ ...wishes, language: "en" })).toMatchObject({
    language: "english",
    duration: transcripts[0]!.duration,
    text: turns.map((turn) => turn.text).join(" "),
    segments: turns.map(({ start, end }) => ({ start, end })),
    words: expect.arrayContaining([{ word: "recall", start: expect.any(Number), end: expect.any(Number) }]),
  });
});

test("words come only when asked for", async () => {
  const answer = await transcribe({ response_format: "verbose_json" });
  expect(answer).toHaveProperty("segments");
  expect(answer).not.toHaveProperty("words");
});

test("gpt-4o-transcribe gives the text alone", async () => {
  expect(await transcribe({ model: "gpt-4o-transcribe" })).toMatchObject({
    text: expect.stringContaining("there is a recall of your glass kettle"),
    usage: { type: "tokens" },
  });
});

test("gpt-4o-transcribe-diarize tells who spoke", async () => {
  const wishes = {
    model: "gpt-4o-transcribe-diarize",
    response_format: "diarized_json",
    chunking_strategy: "auto",
  };
  const answer = await transcribe(wishes);
  const { segments } = answer as unknown as { segments: { speaker: string; text: string }[] };
  expect(segments.slice(0, 3).map(({ speaker, text }) => [speaker, text])).toEqual([
    ["A", " Northwind Appliances, this is Alice. How can I help?"],
    ["B", expect.stringContaining("there is a recall")],
    ["A", expect.stringContaining("the number under the base?")],
  ]);
});

test("a wrong key is refused", async () => {
  const call = transcribe({}, kettleCall, "recording.mp3", "another-key");
  await expect(call).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(call).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
});

test("a corrupt file is refused", async () => {
  const call = transcribe({}, Buffer.from("This is no recording."));
  await expect(call).rejects.toBeInstanceOf(OpenAI.BadRequestError);
});

test("a file whose name tells no audio format is refused", async () => {
  await expect(transcribe({}, kettleCall, "recording")).rejects.toMatchObject({ status: 400 });
});

test("more than 25 MB is refused", async () => {
  await expect(transcribe({}, Buffer.alloc(25 * 1024 ** 2))).rejects.toMatchObject({ status: 413 });
});

test.each([
  [
    "timestamps from gpt-4o",
    { model: "gpt-4o-transcribe", response_format: "verbose_json" },
    "response_format",
  ],
  ["word times without verbose_json", { timestamp_granularities: ["word"] }, "timestamp_granularities"],
  ["a language by its name", { language: "english" }, "language"],
  ["diarization without chunks", { model: "gpt-4o-transcribe-diarize" }, "chunking_strategy"],
  ["a misspelt field", { languag: "en" }, "languag"],
])("%s is refused", async (_, wishes, param) => {
  await expect(transcribe(wishes)).rejects.toMatchObject({ status: 400, param });
});

test("a model that it doesn't have is refused", async () => {
  await expect(transcribe({ model: "whisper-9" })).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
  });
});

test("too many requests: when to come again is in the header", async () => {
  standIn.fail({ status: 429, retryAfter: 7 });
  const call = transcribe({});
  await expect(call).rejects.toBeInstanceOf(OpenAI.RateLimitError);
  const { headers } = await call.catch((error) => error);
  expect(headers.get("retry-after")).toBe("7");
});

test("a server's error and a broken connection can be told apart", async () => {
  standIn.fail({ status: 500 }, "reset");
  await expect(transcribe({})).rejects.toBeInstanceOf(OpenAI.InternalServerError);
  await expect(transcribe({})).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
});

describe("Azure's", () => {
  const azure = (model: string, apiKey = key) =>
    toFile(kettleCall, "recording.mp3").then((file) =>
      new AzureOpenAI({
        apiKey,
        endpoint: standIn.url,
        apiVersion: "2024-10-21",
        maxRetries: 0,
      }).audio.transcriptions.create({ file, model }),
    );

  test("dated interface is asked with the deployment in the address and the key in a header of its own", async () => {
    standIn.requests.length = 0;
    expect((await azure("whisper-1")).text).toContain("there is a recall of your glass kettle");
    const [{ path, headers }] = standIn.requests as [StandIn["requests"][number]];
    expect(path).toBe("/openai/deployments/whisper-1/audio/transcriptions");
    expect(headers).toMatchObject({ "api-key": key });
  });

  test("errors have their own codes", async () => {
    await expect(azure("another")).rejects.toMatchObject({ status: 404, code: "DeploymentNotFound" });
    await expect(azure("whisper-1", "another-key")).rejects.toMatchObject({ status: 401, code: "401" });
  });
});
