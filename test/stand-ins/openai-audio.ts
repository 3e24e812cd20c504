/**
 * Stands in for OpenAI's API for transcription, and for Azure's forms of it; Azure's deployments have the models' names.
 *
 * Written from OpenAI's reference
 * (https://developers.openai.com/api/reference/resources/audio/subresources/transcriptions/methods/create), the
 * types of its client, and error bodies that users of the API have published. It hears nothing: it knows
 * recordings by their sha256. It neither streams nor writes subtitles, and refuses fields that it doesn't know.
 */

import {
  badRequest,
  failure,
  Refusal,
  refusal,
  routeOf,
  success,
  unknownDeployment,
  unknownModel,
} from "../../flows/stand-ins/openai.ts";
import {
  channelCount,
  type Recording,
  recognise,
  type TranscriptTable,
  type Turn,
} from "../../flows/stand-ins/recordings.ts";
import {
  type Answer,
  type Received,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from "../../flows/stand-ins/stand-in.ts";

export interface OpenAiAudioStandInOptions extends StandInOptions {
  /** The one key that is let in. */
  key: string;
  transcripts: TranscriptTable;
}

/** The client's base URL is the stand-in's `url` and "/v1". */
export function startOpenAiAudioStandIn(options: OpenAiAudioStandInOptions): Promise<StandIn> {
  return startStandIn(
    {
      largestBody,
      answer: (request) => transcriptions(request, options),
      failure: (status) => failure(status, largestBody),
    },
    options,
  );
}

/** Of the whole request. */
const largestBody = 25 * 1024 ** 2;

async function transcriptions(
  request: Received,
  { key, transcripts }: OpenAiAudioStandInOptions,
): Promise<Answer> {
  try {
    const { deployment } = routeOf(request, "audio/transcriptions", key);
    const form = await readForm(request);
    const wishes = readWishes(form, deployment);
    const recording = await recogniseFile(form, wishes.model, transcripts);
    return success(transcript(recording, wishes));
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

// ---- what the client wants

type Format = "json" | "text" | "verbose_json" | "diarized_json";

interface Wishes {
  model: string;
  format: Format;
  granularities: string[];
  speakerNames: string[];
}

const formatsByModel: Record<string, Format[]> = {
  "whisper-1": ["json", "text", "verbose_json"],
  "gpt-transcribe": ["json", "text"],
  "gpt-4o-transcribe": ["json", "text"],
  "gpt-4o-mini-transcribe": ["json", "text"],
  "gpt-4o-mini-transcribe-2025-12-15": ["json", "text"],
  "gpt-4o-transcribe-diarize": ["json", "text", "diarized_json"],
};

const fields = new Set([
  "file",
  "model",
  "language",
  "prompt",
  "response_format",
  "temperature",
  "chunking_strategy",
  "chunking_strategy[type]",
  "chunking_strategy[prefix_padding_ms]",
  "chunking_strategy[silence_duration_ms]",
  "chunking_strategy[threshold]",
  "timestamp_granularities[]",
  "include[]",
  "known_speaker_names[]",
  "known_speaker_references[]",
  "keywords[]",
  "languages[]",
]);

async function readForm({ headers, body }: Received): Promise<FormData> {
  const type = headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) {
    throw new Refusal(refusal(415, `Unsupported content type: '${type}'. Use 'multipart/form-data'.`));
  }
  try {
    return await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  } catch {
    throw badRequest("Could not parse multipart form");
  }
}

function readWishes(form: FormData, deployment?: string): Wishes {
  for (const name of form.keys()) {
    if (!fields.has(name)) {
      throw badRequest(`Unknown parameter: '${name}'.`, { param: name, code: "unknown_parameter" });
    }
  }
  const text = (name: string) => (form.has(name) ? String(form.get(name)) : undefined);
  const texts = (name: string) => form.getAll(name).map(String);

  const model = deployment ?? text("model");
  if (!model) throw badRequest("you must provide a model parameter");
  const formats = formatsByModel[model];
  if (!formats) throw deployment === undefined ? unknownModel(model) : unknownDeployment();
  const format = (text("response_format") ?? "json") as Format;
  if (!formats.includes(format)) {
    throw badRequest(
      `response_format '${format}' is not compatible with model '${model}'. Use 'json' or 'text' instead.`,
      { param: "response_format", code: "unsupported_value" },
    );
  }
  checkLanguage(text("language"));
  checkTemperature(text("temperature"));
  const granularities = texts("timestamp_granularities[]");
  checkGranularities(granularities, format);
  const speakerNames = texts("known_speaker_names[]");
  if (speakerNames.length > 4 || speakerNames.length !== texts("known_speaker_references[]").length) {
    throw badRequest("known_speaker_names and known_speaker_references must have the same length, up to 4.", {
      param: "known_speaker_names",
    });
  }
  if (model === "gpt-4o-transcribe-diarize") checkDiarization(form);
  return { model, format, granularities, speakerNames };
}

function checkLanguage(language: string | undefined) {
  if (language === undefined || /^[a-z]{2}$/.test(language)) return;
  throw badRequest(
    `Invalid language '${language}'. Language parameter must be specified in ISO-639-1 format.`,
    {
      param: "language",
      code: "invalid_language_format",
    },
  );
}

function checkTemperature(temperature: string | undefined) {
  if (temperature === undefined || (Number(temperature) >= 0 && Number(temperature) <= 1)) return;
  throw badRequest("temperature must be between 0 and 1.", { param: "temperature", code: "invalid_value" });
}

function checkGranularities(granularities: string[], format: Format) {
  const param = "timestamp_granularities";
  if (granularities.some((granularity) => granularity !== "word" && granularity !== "segment")) {
    throw badRequest("timestamp_granularities must be 'word' or 'segment'.", {
      param,
      code: "invalid_value",
    });
  }
  if (granularities.length > 0 && format !== "verbose_json") {
    throw badRequest("timestamp_granularities requires response_format 'verbose_json'.", { param });
  }
}

/** OpenAI demands a chunking strategy above 30 seconds; users have been refused below, so here it is always due. */
function checkDiarization(form: FormData) {
  if (form.get("chunking_strategy") !== "auto" && form.get("chunking_strategy[type]") !== "server_vad") {
    throw badRequest("chunking_strategy is required for diarization models", { param: "chunking_strategy" });
  }
  for (const name of ["prompt", "include[]"]) {
    if (form.has(name)) throw badRequest(`${name} is not supported for diarization models`, { param: name });
  }
}

const extensions = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"];

async function recogniseFile(
  form: FormData,
  model: string,
  transcripts: TranscriptTable,
): Promise<Recording> {
  const file = form.get("file");
  if (!(file instanceof Blob)) throw badRequest("you must provide a file", { param: "file" });
  const extension = file.name.split(".").at(-1)!.toLowerCase();
  if (!extensions.includes(extension)) {
    const supported = extensions.map((name) => `'${name}'`).join(", ");
    throw badRequest(`Invalid file format. Supported formats: [${supported}]`);
  }
  const recording = recognise(Buffer.from(await file.arrayBuffer()), transcripts);
  if (recording) return recording;
  throw model === "whisper-1"
    ? badRequest("The audio file could not be decoded or its format is not supported.")
    : badRequest("Audio file might be corrupted or unsupported", { param: "file", code: "invalid_value" });
}

// ---- the transcript

function transcript(recording: Recording, { model, format, granularities, speakerNames }: Wishes) {
  const { duration, turns } = recording;
  const text = turns.map((turn) => turn.text).join(" ");
  const billed = { type: "duration", seconds: Math.ceil(duration) };
  switch (format) {
    case "text":
      return `${text}\n`;
    case "json":
      return { text, usage: model === "whisper-1" ? billed : tokens(recording, text) };
    case "verbose_json":
      return {
        task: "transcribe",
        language: "english",
        duration,
        text,
        ...(granularities.includes("word") && { words: turns.flatMap(words) }),
        ...((granularities.length === 0 || granularities.includes("segment")) && {
          segments: turns.map(segment),
        }),
        usage: billed,
      };
    case "diarized_json":
      return {
        task: "transcribe",
        duration,
        text,
        segments: diarized(recording, speakerNames),
        usage: billed,
      };
  }
}

/** Made up, in OpenAI's proportions. */
function tokens({ duration }: Recording, text: string) {
  const audio_tokens = Math.ceil(duration * 10);
  const output_tokens = Math.ceil(text.length / 4);
  return {
    type: "tokens",
    input_tokens: audio_tokens,
    input_token_details: { text_tokens: 0, audio_tokens },
    output_tokens,
    total_tokens: audio_tokens + output_tokens,
  };
}

function words(turn: Turn) {
  return turn.words.map(({ punctuated_word, start, end }) => ({
    word: punctuated_word.replace(/[.,?!]$/, ""),
    start,
    end,
  }));
}

function segment({ start, end, text }: Turn, id: number) {
  return {
    id,
    seek: 0,
    start,
    end,
    text: ` ${text}`,
    tokens: [50364, 50414],
    temperature: 0,
    avg_logprob: -0.21,
    compression_ratio: 1.3,
    no_speech_prob: 0.01,
  };
}

/** Speakers are named as they begin to speak: after the known ones, or A, B and so on. */
function diarized(recording: Recording, speakerNames: string[]) {
  const letters = Array.from({ length: channelCount(recording) }, (_, index) =>
    String.fromCharCode(65 + index),
  );
  const names = letters.map((letter, index) => speakerNames[index] ?? letter);
  const channels = [...new Set(recording.turns.map((turn) => turn.channel))];
  return recording.turns.map(({ channel, start, end, text }, index) => ({
    type: "transcript.text.segment",
    id: `seg_${String(index).padStart(3, "0")}`,
    start,
    end,
    text: ` ${text}`,
    speaker: names[channels.indexOf(channel)],
  }));
}
