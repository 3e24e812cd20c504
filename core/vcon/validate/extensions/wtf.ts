/** The World Transcription Format (draft-howe-vcon-wtf-extension-02). */
import { readDate } from "../../dates.ts";
import { WTF_EXTENSION } from "../../extensions/wtf.ts";
import type { JsonObject } from "../../types.ts";
import {
  anything,
  type Check,
  check,
  draft,
  type Fault,
  leniently,
  list,
  map,
  object,
  objectsIn,
  type Place,
  text,
  textThat,
} from "../check.ts";
import { choice, count, date, flag, indexInto, matching, numberFrom } from "../values.ts";
import { type Extension, jsonContent } from "./extension.ts";

const wtf = draft("wtf-extension-02");

const LANGUAGE = /^[a-z\d]{1,8}(?:-[a-z\d]{1,8})*$/i;

const number = numberFrom(-Number.MAX_VALUE);
const seconds = numberFrom(0);
const share = numberFrom(0, 1);
const integer = check(Number.isInteger, "error", "type", "A whole number belongs here.");
const anyObject = object({});

const language = matching(LANGUAGE, "error", "language", "A language of BCP 47 belongs here.");
const isoDate = textThat(
  (value) => readDate(value) !== undefined,
  "error",
  "date",
  "A date and time of ISO 8601 belongs here.",
);
const lowerCase = textThat(
  (value) => value === value.toLowerCase(),
  "warning",
  "lowerCase",
  "The provider is written in lower case.",
);
const speaker = check(
  (value) => typeof value === "string" || Number.isInteger(value),
  "error",
  "type",
  "A whole number or a text belongs here.",
);

/** A stretch of speech: what segments and words have in common. */
function stretch(section: string) {
  return {
    id: wtf.must(section, integer),
    start: wtf.must(section, number),
    end: wtf.must(section, number),
    text: wtf.must(section, text),
    confidence: wtf.must(section, share),
    speaker: wtf.may(section, speaker),
  };
}

function* endAfterStart({ start, end }: JsonObject): Iterable<Fault> {
  if (typeof start !== "number" || typeof end !== "number" || end > start) return;
  yield wtf.fault("6.2.1.2", "warning", "endAfterStart", "The end should come after the start.", "/end");
}

const segment = object({ ...stretch("6.2.1.2"), words: wtf.may("6.2.1.2", list(count)) }, endAfterStart);

const BODY = {
  transcript: wtf.must(
    "6.2.1.1",
    object({
      text: wtf.must("6.2.1.1", text),
      language: wtf.must("6.2.1.1", language),
      duration: wtf.must("6.2.1.1", seconds),
      confidence: wtf.must("6.2.1.1", share),
    }),
  ),
  segments: wtf.must("6.2.1.2", list(segment)),
  metadata: wtf.must(
    "6.2.1.3",
    object({
      created_at: wtf.must("6.2.1.3", isoDate),
      processed_at: wtf.must("6.2.1.3", isoDate),
      provider: wtf.must("6.2.1.3", lowerCase),
      model: wtf.must("6.2.1.3", text),
      processing_time: wtf.may("6.2.1.3", number),
      audio: wtf.may(
        "6.2.1.3",
        object({
          duration: wtf.must("6.2.1.3", seconds),
          sample_rate: wtf.may("6.2.1.3", integer),
          channels: wtf.may("6.2.1.3", integer),
          format: wtf.may("6.2.1.3", text),
          bitrate: wtf.may("6.2.1.3", integer),
        }),
      ),
      options: wtf.may("6.2.1.3", anyObject),
    }),
  ),
  words: wtf.may(
    "6.2.2.1",
    list(object({ ...stretch("6.2.2.1"), is_punctuation: wtf.may("6.2.2.1", flag) })),
  ),
  speakers: wtf.may(
    "6.2.2.2",
    map(
      object({
        id: wtf.must("6.2.2.2", speaker),
        label: wtf.must("6.2.2.2", text),
        segments: wtf.must("6.2.2.2", list(integer)),
        total_time: wtf.must("6.2.2.2", seconds),
        confidence: wtf.must("6.2.2.2", share),
      }),
    ),
  ),
  quality: wtf.may(
    "6.2.2.3",
    object({
      audio_quality: wtf.may("6.2.2.3", leniently(choice("high", "medium", "low"))),
      background_noise: wtf.may("6.2.2.3", share),
      multiple_speakers: wtf.may("6.2.2.3", flag),
      overlapping_speech: wtf.may("6.2.2.3", flag),
      silence_ratio: wtf.may("6.2.2.3", number),
      average_confidence: wtf.may("6.2.2.3", share),
      low_confidence_words: wtf.may("6.2.2.3", integer),
      processing_warnings: wtf.may("6.2.2.3", list(text)),
    }),
  ),
  extensions: wtf.may("6.2.2.4", map(anyObject)),
  alternatives: wtf.may(
    "6.2.2.5",
    list(
      object({
        rank: wtf.must("6.2.2.5", numberFrom(1)),
        confidence: wtf.must("6.2.2.5", share),
        transcript: wtf.must(
          "6.2.2.5",
          object({ text: wtf.must("6.2.2.5", text), confidence: wtf.must("6.2.2.5", share) }),
        ),
        segments: wtf.may("6.2.2.5", list(segment)),
      }),
    ),
  ),
  enrichments: wtf.may(
    "6.2.2.6",
    object({
      sentiment: wtf.may(
        "6.2.2.6",
        object({
          overall: wtf.must("6.2.2.6", leniently(choice("positive", "negative", "neutral"))),
          score: wtf.must("6.2.2.6", numberFrom(-1, 1)),
        }),
      ),
      entities: wtf.may(
        "6.2.2.6",
        list(
          object({
            text: wtf.must("6.2.2.6", text),
            type: wtf.must("6.2.2.6", text),
            start: wtf.must("6.2.2.6", number),
            end: wtf.must("6.2.2.6", number),
          }),
        ),
      ),
      topics: wtf.may("6.2.2.6", list(text)),
      summary: wtf.may("6.2.2.6", text),
    }),
  ),
  streaming: wtf.may(
    "6.2.2.7",
    object({
      session_id: wtf.may("6.2.2.7", text),
      is_final: wtf.may("6.2.2.7", flag),
      stability: wtf.may("6.2.2.7", share),
      latency_ms: wtf.may("6.2.2.7", integer),
    }),
  ),
};

const body: Check = object(BODY, uniqueSegments, knownWords);

function* uniqueSegments({ segments }: JsonObject): Iterable<Fault> {
  const ids = new Set<unknown>();
  for (const [index, { id }] of objectsIn(segments)) {
    if (id !== undefined && ids.has(id)) {
      const message = "Each segment must have an id of its own.";
      yield wtf.fault("6.2.1.2", "error", "uniqueId", message, `/segments/${index}/id`);
    }
    ids.add(id);
  }
}

function* knownWords({ segments, words }: JsonObject): Iterable<Fault> {
  const known = Array.isArray(words) ? words.length : 0;
  for (const [index, segment] of objectsIn(segments)) {
    if (!Array.isArray(segment.words)) continue;
    for (const [place, word] of segment.words.entries()) {
      if (typeof word !== "number" || word < known) continue;
      const message = "There is no word with this index.";
      yield wtf.fault("6.2.1.2", "warning", "indexRange", message, `/segments/${index}/words/${place}`);
    }
  }
}

const bodyInJson = jsonContent(wtf, "6.1", body);
const transcription = object(
  { start: wtf.should("6.1", anything), dialog: wtf.should("6.1", anything) },
  bodyInJson,
);

export const worldTranscription: Extension = {
  name: WTF_EXTENSION,
  critical: "needless",
  members: {
    analysis: { start: wtf.may("6.1", leniently(date)), party: wtf.may("6.1", indexInto("parties")) },
  },
  rules: { analysis: transcriptionOf },
  types: [WTF_EXTENSION],
  uses: (section, { type }) => section === "analysis" && type === WTF_EXTENSION,
};

function* transcriptionOf(analysis: JsonObject, ...place: Place): Iterable<Fault> {
  if (analysis.type === WTF_EXTENSION) yield* transcription(analysis, ...place);
}
