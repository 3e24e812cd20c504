/** Deepgram's pre-recorded interface, through its own client (developers.deepgram.com/reference/speech-to-text). */
import type { MediaClient } from "@deepgram/sdk/listen/v1/media";
import { StepError } from "../../kit/index.ts";
import type { Heard, SpeechRequest, SpeechService, Utterance } from "./speech.ts";

/** What the config node opens. */
export interface DeepgramAccount {
  url: string;
  apiKey: string;
}

/** The kit's own time limit counts; the client's must not come first. */
const CLIENT_TIME_LIMIT_SECONDS = 24 * 60 * 60;

type Answer = Awaited<ReturnType<MediaClient["transcribeFile"]>>;

export function deepgramAt(account: DeepgramAccount): SpeechService {
  return {
    vendor: "deepgram",
    system: "Deepgram",
    host: URL.parse(account.url)?.host ?? "",
    transcribe: (request, signal) => transcribe(account, request, signal),
  };
}

async function transcribe(
  { url, apiKey }: DeepgramAccount,
  { audio, model, language, channels }: SpeechRequest,
  abortSignal: AbortSignal,
): Promise<Heard> {
  const { MediaClient } = await import("@deepgram/sdk/listen/v1/media");
  const client = new MediaClient({ apiKey, baseUrl: url, maxRetries: 0 });
  const options = {
    model,
    smart_format: true,
    utterances: true,
    ...(channels ? { multichannel: true } : { diarize: true }),
    ...(language ? { language } : { detect_language: true as const }),
  };
  const file = { data: audio.bytes, contentType: audio.mediatype };
  const more = { abortSignal, timeoutInSeconds: CLIENT_TIME_LIMIT_SECONDS };
  return heard(await client.transcribeFile(file, options, more), language);
}

function heard(answer: Answer, language: string): Heard {
  // The client resolves with an answer that is no JSON, and with one that a callback was given for.
  if (!("results" in answer) || !answer.results?.channels) {
    throw new StepError("Deepgram gave an answer that can't be read. Send the vCon again later.", {
      code: "ANSWER_UNREADABLE",
      transient: true,
    });
  }
  const { metadata, results } = answer;
  const channels = results.channels.length;
  const utterances: Utterance[] = (results.utterances ?? []).map((utterance) => {
    // Of a recording with one channel the channel says nothing about who speaks.
    const speaker = channels > 1 ? utterance.channel : utterance.speaker;
    return {
      start: utterance.start ?? 0,
      end: utterance.end ?? 0,
      text: utterance.transcript ?? "",
      confidence: utterance.confidence ?? 0,
      ...(speaker === undefined ? {} : { speaker }),
    };
  });
  const [first] = results.channels as { detected_language?: string }[];
  return {
    channels,
    language: first?.detected_language ?? codeOf(language),
    duration: metadata?.duration ?? 0,
    utterances,
  };
}

/** Deepgram's word for several languages in one recording is none of BCP 47's. */
function codeOf(language: string): string {
  return language === "multi" ? "mul" : language || "und";
}
