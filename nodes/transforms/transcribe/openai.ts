/** OpenAI's audio interface and whatever speaks it, through OpenAI's own client. */
import type { OpenAI } from "openai";
import { StepError } from "../../kit/index.ts";
import type { Audio, Heard, SpeechService, Utterance } from "./speech.ts";

/** What the config node opens. */
export interface OpenaiAccount {
  client: OpenAI;
  /** As vCons and their trails name whose service it is. */
  vendor: string;
  /** As errors name it. */
  system: string;
  host: string;
}

/** The models that tell speakers apart answer in a form of their own. */
const tellsSpeakers = (model: string) => model.includes("diarize");
/** Of OpenAI's own models only Whisper gives times; the others answer with the bare text. */
const givesTimes = (model: string) => !/^gpt-/.test(model);

export function openaiAt({ client, vendor, system, host }: OpenaiAccount): SpeechService {
  return {
    vendor,
    system,
    host,
    async transcribe({ audio, model, language }, signal) {
      const { toFile } = await import("openai");
      const file = await toFile(audio.bytes, `recording.${endingOf(audio)}`, { type: audio.mediatype });
      const wishes = { file, model, ...(language ? { language } : {}), ...formOf(model) };
      return heard(system, await client.audio.transcriptions.create(wishes as never, { signal }), language);
    },
  };
}

/** The service tells formats by the ending of the file's name, and refuses others. */
const ENDINGS = ["flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm"];

/** The file's own name stays here: it may hold a number. */
function endingOf({ mediatype, filename }: Audio): string {
  const kind = mediatype.split("/").at(-1)!.replace(/^x-/, "");
  const endings = [kind, filename.split(".").at(-1)!.toLowerCase()];
  return endings.find((ending) => ENDINGS.includes(ending)) ?? kind;
}

function formOf(model: string): object {
  if (tellsSpeakers(model)) return { response_format: "diarized_json", chunking_strategy: "auto" };
  if (givesTimes(model)) return { response_format: "verbose_json", timestamp_granularities: ["segment"] };
  return { response_format: "json" };
}

interface Segment {
  start?: number;
  end?: number;
  text?: string;
  avg_logprob?: number;
  speaker?: string;
}

function heard(system: string, answer: unknown, language: string): Heard {
  const {
    text,
    segments,
    duration,
    language: found,
  } = (answer ?? {}) as {
    text?: string;
    segments?: Segment[];
    duration?: number | string;
    language?: string;
  };
  if (typeof text !== "string") {
    throw new StepError(`${system} gave an answer that can't be read. Check the URL and the model.`, {
      code: "ANSWER_UNREADABLE",
    });
  }
  const seconds = Number(duration ?? segments?.at(-1)?.end ?? 0);
  return {
    channels: 1,
    language: language || codeOf(found),
    duration: seconds,
    utterances: segments?.map(toUtterance) ?? [{ start: 0, end: seconds || 1, text, confidence: 1 }],
  };
}

function toUtterance({ start = 0, end = 0, text = "", avg_logprob, speaker }: Segment): Utterance {
  return {
    start,
    end,
    text,
    // The mean logarithm of the tokens' probabilities; a form without it says nothing of confidence.
    confidence: avg_logprob === undefined ? 1 : Math.min(1, Math.exp(avg_logprob)),
    ...(speaker === undefined ? {} : { speaker }),
  };
}

/** Whisper names a language in English ("english"); WTF wants its code. */
function codeOf(language: string | undefined): string {
  if (language === undefined || language === "") return "und";
  if (language.length <= 3) return language;
  const names = new Intl.DisplayNames(["en"], { type: "language" });
  const codes =
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi mk mr ms ne nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh";
  return codes.split(" ").find((code) => names.of(code)?.toLowerCase() === language.toLowerCase()) ?? "und";
}
