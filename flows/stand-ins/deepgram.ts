/**
 * Stands in for Deepgram's API for pre-recorded audio: POST /v1/listen.
 *
 * Written from Deepgram's reference (https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded),
 * its page on errors (https://developers.deepgram.com/docs/errors) and the types of its client.
 * It hears nothing: it knows recordings by their sha256. It refuses parameters that it doesn't know, where
 * Deepgram may ignore them, so that a typing error doesn't go unnoticed.
 */

import { randomUUID } from "node:crypto";
import {
  channelCount,
  type Recording,
  recognise,
  type SpokenWord,
  type TranscriptTable,
  type Turn,
} from "./recordings.ts";
import { type Answer, type Received, type StandIn, type StandInOptions, startStandIn } from "./stand-in.ts";

export interface DeepgramStandInOptions extends StandInOptions {
  /** The one key that is let in; without it, every key is. */
  key?: string;
  transcripts: TranscriptTable;
}

export function startDeepgramStandIn(options: DeepgramStandInOptions): Promise<StandIn> {
  return startStandIn(
    { largestBody: twoGigabytes, answer: (request) => listen(request, options), failure },
    options,
  );
}

const twoGigabytes = 2 * 1024 ** 3;

async function listen(request: Received, { key, transcripts }: DeepgramStandInOptions): Promise<Answer> {
  if (request.method !== "POST" || request.path !== "/v1/listen") return failure(404);
  const token = /^token (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (!token || (key !== undefined && token !== key)) return failure(401);
  try {
    const wishes = readWishes(request.query);
    const audio = isJson(request) ? await download(request) : request.body;
    const recording = recognise(audio, transcripts);
    if (!recording) throw new Refusal(400, "Bad Request", corrupt);
    return { status: 200, ...withRequestId((request_id) => transcript(recording, wishes, request_id)) };
  } catch (error) {
    if (error instanceof Refusal) return refusal(error.status, error.code, error.message);
    throw error;
  }
}

// ---- errors

const corrupt = "Bad Request: failed to process audio: corrupt or unsupported data";

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Published for 400 to 422 and 429; the page on errors names the others without showing them. */
const failures: Record<number, [code: string, message: string]> = {
  400: ["Bad Request", corrupt],
  401: ["INVALID_AUTH", "Invalid credentials."],
  402: [
    "ASR_PAYMENT_REQUIRED",
    "Project does not have enough credits for an ASR request and does not have an overage agreement.",
  ],
  403: ["INSUFFICIENT_PERMISSIONS", "Project does not have access to the requested model."],
  404: ["PROJECT_NOT_FOUND", "Project not found."],
  413: ["PAYLOAD_TOO_LARGE", "Payload size exceeds limit of 2 GB."],
  422: ["ASR_UNPROCESSABLE_ENTITY", "The audio data was incomplete or interrupted."],
  429: ["TOO_MANY_REQUESTS", "Too many requests. Please try again later"],
  500: ["INTERNAL_SERVER_ERROR", "Internal server error."],
  503: ["SERVICE_UNAVAILABLE", "Service unavailable. Please try again later"],
};

function failure(status: number): Answer {
  return refusal(status, ...(failures[status] ?? ["ERROR", `HTTP status ${status}.`]));
}

function refusal(status: number, err_code: string, err_msg: string): Answer {
  return { status, ...withRequestId((request_id) => ({ err_code, err_msg, request_id })) };
}

function withRequestId(body: (requestId: string) => unknown) {
  const requestId = randomUUID();
  return { headers: { "dg-request-id": requestId }, body: body(requestId) };
}

// ---- what the client wants

interface Wishes {
  model: string;
  language: string | undefined;
  detectLanguage: boolean;
  punctuated: boolean;
  paragraphs: boolean;
  utterances: boolean;
  multichannel: boolean;
  diarize: boolean;
  tags: string[];
}

const switches = new Set([
  "detect_language",
  "diarize",
  "dictation",
  "filler_words",
  "measurements",
  "mip_opt_out",
  "multichannel",
  "numerals",
  "paragraphs",
  "profanity_filter",
  "punctuate",
  "smart_format",
  "utterances",
]);
const values = new Set(["extra", "keyterm", "keywords", "language", "model", "tag", "utt_split", "version"]);

const models =
  /^(nova-3(-general|-medical)?|nova-2(-general|-meeting|-finance|-conversationalai|-voicemail|-video|-medical|-drivethru|-automotive)?|nova(-general|-phonecall|-medical)?|enhanced(-general|-meeting|-phonecall|-finance)?|base(-general)?|meeting|phonecall|finance|conversationalai|voicemail|video)$/;

/** Deepgram's languages, and "multi" for several in one recording. */
const languages = new Set(
  (
    "multi bg ca zh zh-CN zh-TW zh-HK zh-Hans zh-Hant cs da da-DK nl nl-BE en en-US en-AU en-GB en-NZ en-IN " +
    "et fi fr fr-CA de de-CH el hi hi-Latn hu id it ja ko ko-KR lv lt ms no pl pt pt-BR pt-PT ro ru sk es " +
    "es-419 es-LATAM sv sv-SE taq th th-TH tr uk vi"
  ).split(" "),
);

function readWishes(query: URLSearchParams): Wishes {
  for (const [name, value] of query) checkParameter(name, value);
  const on = (name: string) => query.get(name) === "true";
  const model = query.get("model") ?? "base-general";
  if (!models.test(model)) throw new Refusal(403, ...failures[403]!);
  const language = query.get("language") ?? undefined;
  if (language && !languages.has(language)) {
    throw new Refusal(400, "Bad Request", "Bad Request: No such model/language/tier combination found.");
  }
  return {
    model,
    language,
    detectLanguage: on("detect_language"),
    punctuated: on("punctuate") || on("smart_format") || on("paragraphs"),
    paragraphs: on("paragraphs") || on("smart_format"),
    utterances: on("utterances"),
    multichannel: on("multichannel"),
    diarize: on("diarize"),
    tags: query.getAll("tag"),
  };
}

function checkParameter(name: string, value: string) {
  const wrong = (why: string) =>
    new Refusal(400, "INVALID_QUERY_PARAMETER", `Failed to deserialize query parameters: ${why}`);
  if (switches.has(name)) {
    if (value !== "true" && value !== "false") throw wrong("provided string was not `true` or `false`");
  } else if (!values.has(name)) {
    throw wrong(`unknown field \`${name}\``);
  } else if (name === "utt_split" && !(Number(value) > 0)) {
    throw wrong("invalid float literal");
  }
}

// ---- where the audio is

function isJson({ headers }: Received): boolean {
  return /^application\/json\b/i.test(headers["content-type"] ?? "");
}

/** The audio at the URL in the body. Deepgram insists on a public address, a stand-in can't. */
async function download({ body }: Received): Promise<Buffer> {
  const url = remoteUrl(body);
  const response = await fetch(url).catch(() => {
    throw new Refusal(
      400,
      "REMOTE_CONTENT_ERROR",
      "The remote server hosting the media failed to return valid data.",
    );
  });
  if (!response.ok) {
    const status = `${response.status} ${response.statusText}`;
    throw new Refusal(
      400,
      "REMOTE_CONTENT_ERROR",
      `The remote server hosting the media returned a client error: ${status}.`,
    );
  }
  return Buffer.from(await response.arrayBuffer());
}

function remoteUrl(body: Buffer): URL {
  let url: unknown;
  try {
    url = JSON.parse(body.toString()).url;
  } catch {
    // Treated as a body without a URL.
  }
  if (typeof url !== "string") {
    throw new Refusal(
      400,
      "Bad Request",
      "Content-type was application/json, but we could not process the JSON payload.",
    );
  }
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) {
    throw new Refusal(400, "PAYLOAD_ERROR", "Failed to parse URL in JSON body.");
  }
  return parsed;
}

// ---- the transcript

/** A word with what the client wanted to know about it. */
interface Word extends Omit<SpokenWord, "punctuated_word"> {
  punctuated_word?: string;
  speaker?: number;
  speaker_confidence?: number;
}

/** A turn in which the words are as the client wants them. */
interface Passage {
  channel: number;
  speaker: number;
  words: Word[];
}

const modelUuid = "1dbdfb4d-85b2-4659-9831-16b3c76229aa";
const diarizerUuid = "7c4ca8b7-4ba9-4ae6-b4ac-0f5a1ad0e27c";

function transcript(recording: Recording, wishes: Wishes, request_id: string) {
  const { sha256, duration, turns } = recording;
  const channels = wishes.multichannel
    ? Array.from({ length: channelCount(recording) }, (_, channel) =>
        turns.filter((turn) => turn.channel === channel),
      )
    : [turns];
  const heard = channels.map((spoken, channel) => passages(spoken, channel, wishes));
  return {
    metadata: {
      transaction_key: "deprecated",
      request_id,
      sha256,
      created: new Date().toISOString(),
      duration,
      channels: channels.length,
      models: [modelUuid],
      model_info: { [modelUuid]: { name: wishes.model, version: "2026-01-01.0", arch: wishes.model } },
      ...(wishes.tags.length > 0 && { tags: wishes.tags }),
      ...(wishes.diarize && { diarize_info: { model_uuid: diarizerUuid, arch: "v1" } }),
    },
    results: {
      channels: heard.map((spoken) => ({
        alternatives: [alternative(spoken, wishes)],
        ...(wishes.detectLanguage && { detected_language: "en", language_confidence: 0.99 }),
      })),
      ...(wishes.utterances && { utterances: utterances(heard.flat(), wishes) }),
    },
  };
}

/** Speakers are numbered in each channel as they begin to speak. */
function passages(turns: Turn[], channel: number, wishes: Wishes): Passage[] {
  const speakers = [...new Set(turns.map((turn) => turn.channel))];
  return turns.map((turn) => {
    const speaker = speakers.indexOf(turn.channel);
    const words = turn.words.map(({ punctuated_word, ...word }) => ({
      ...word,
      ...(wishes.diarize && { speaker, speaker_confidence: 0.9 }),
      ...(wishes.punctuated && { punctuated_word }),
    }));
    return { channel, speaker, words };
  });
}

function alternative(spoken: Passage[], wishes: Wishes) {
  const words = spoken.flatMap((passage) => passage.words);
  return {
    transcript: sentence(words),
    confidence: meanConfidence(words),
    words,
    ...(wishes.paragraphs && { paragraphs: paragraphs(spoken, wishes) }),
  };
}

function paragraphs(spoken: Passage[], { diarize }: Wishes) {
  const labelled = spoken.map(({ words, speaker }) =>
    diarize ? `Speaker ${speaker}: ${sentence(words)}` : sentence(words),
  );
  return {
    transcript: spoken.length > 0 ? `\n${labelled.join("\n\n")}` : "",
    paragraphs: spoken.map(({ words, speaker }) => ({
      sentences: sentences(words).map((part) => ({ text: sentence(part), ...span(part) })),
      ...(diarize && { speaker }),
      num_words: words.length,
      ...span(words),
    })),
  };
}

function utterances(spoken: Passage[], { diarize }: Wishes) {
  return spoken
    .map(({ words, channel, speaker }) => ({
      ...span(words),
      confidence: meanConfidence(words),
      channel,
      transcript: sentence(words),
      words,
      ...(diarize && { speaker }),
      id: randomUUID(),
    }))
    .sort((a, b) => a.start - b.start);
}

function sentences(words: Word[]): Word[][] {
  const parts: Word[][] = [[]];
  for (const word of words) {
    parts.at(-1)!.push(word);
    if (/[.?!]$/.test(word.punctuated_word ?? "")) parts.push([]);
  }
  return parts.filter((part) => part.length > 0);
}

function sentence(words: Word[]): string {
  return words.map((word) => word.punctuated_word ?? word.word).join(" ");
}

function span(words: Word[]) {
  return { start: words[0]!.start, end: words.at(-1)!.end };
}

function meanConfidence(words: Word[]): number {
  if (words.length === 0) return 0;
  return Number((words.reduce((sum, word) => sum + word.confidence, 0) / words.length).toFixed(4));
}
