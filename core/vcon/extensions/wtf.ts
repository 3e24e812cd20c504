/** The World Transcription Format (draft-howe-vcon-wtf-extension-02), a vendor-neutral transcript. */
import { addAnalysis, addExtension } from "../build.ts";
import { elementsOf, isObject } from "../json.ts";
import type { Analysis, Content, Index, Vcon } from "../types.ts";
import { isListOfObjects, structureIn } from "./structure.ts";

/** The extension's name in `extensions`, and the type of its analyses. */
export const WTF_EXTENSION = "wtf_transcription";

/** What the ecosystem writes as the schema of a WTF body. */
export const WTF_SCHEMA = "https://datatracker.ietf.org/doc/draft-howe-vcon-wtf-extension/";

// These are types, not interfaces, so that they are JSON values to the compiler.

/** The body of a WTF analysis (section 6.2). Times are seconds from the start, confidences 0 to 1. */
export type WtfBody = {
  transcript: WtfTranscript;
  segments: WtfSegment[];
  metadata: WtfMetadata;
  words?: WtfWord[];
  /** By speaker, as `speaker` of the segments names them. */
  speakers?: { [speaker: string]: WtfSpeaker };
  alternatives?: WtfAlternative[];
  enrichments?: WtfEnrichments;
  /** By provider: what WTF has no place for. */
  extensions?: { [provider: string]: { [member: string]: WtfJson } };
  quality?: WtfQuality;
  streaming?: WtfStreaming;
};

type WtfJson = string | number | boolean | null | WtfJson[] | { [member: string]: WtfJson };

export type WtfTranscript = {
  text: string;
  /** BCP 47, such as "en-US". */
  language: string;
  duration: number;
  confidence: number;
};

export type WtfSegment = {
  /** Unique among the segments. */
  id: number;
  start: number;
  /** After `start`. */
  end: number;
  text: string;
  confidence: number;
  speaker?: number | string;
  /** Indices into `words`. */
  words?: number[];
};

export type WtfWord = {
  id: number;
  start: number;
  end: number;
  text: string;
  confidence: number;
  speaker?: number | string;
  is_punctuation?: boolean;
};

export type WtfMetadata = {
  /** ISO 8601. */
  created_at: string;
  /** ISO 8601. */
  processed_at: string;
  /** In lower case, such as "deepgram". */
  provider: string;
  model: string;
  /** Seconds. */
  processing_time?: number;
  audio?: {
    duration: number;
    /** Hertz. */
    sample_rate?: number;
    channels?: number;
    format?: string;
    /** kbit/s. */
    bitrate?: number;
  };
  /** What the provider was asked for. */
  options?: { [option: string]: WtfJson };
};

export type WtfSpeaker = {
  id: number | string;
  label: string;
  /** Ids of segments. */
  segments: number[];
  total_time: number;
  confidence: number;
};

export type WtfAlternative = {
  /** From 1, the most confident. */
  rank: number;
  confidence: number;
  transcript: { text: string; confidence: number };
  segments?: WtfSegment[];
};

export type WtfEnrichments = {
  /** The score goes from -1 to 1. */
  sentiment?: { overall: "positive" | "negative" | "neutral"; score: number };
  entities?: { text: string; type: string; start: number; end: number }[];
  topics?: string[];
  summary?: string;
};

export type WtfQuality = {
  audio_quality?: "high" | "medium" | "low";
  background_noise?: number;
  multiple_speakers?: boolean;
  overlapping_speech?: boolean;
  silence_ratio?: number;
  average_confidence?: number;
  /** How many are below 0.5. */
  low_confidence_words?: number;
  processing_warnings?: string[];
};

export type WtfStreaming = {
  session_id?: string;
  is_final?: boolean;
  stability?: number;
  latency_ms?: number;
};

/** What {@link wtfAnalysis} is made of. */
export interface WtfParts {
  body: WtfBody;
  vendor: string;
  /** Such as the model. */
  product?: string;
  /** What was transcribed. */
  dialog: Index | Index[];
}

/** A transcript found in a vCon, and where. */
export interface FoundWtf {
  section: "analysis" | "attachments";
  index: Index;
  body: WtfBody;
}

const OPTIONAL_PARTS = {
  words: isListOfObjects,
  speakers: isObject,
  alternatives: isListOfObjects,
  enrichments: isObject,
  extensions: isObject,
  quality: isObject,
  streaming: isObject,
};

/** Adds the transcript as an analysis, lists the extension, and gives back the analysis's index. */
export function addWtfTranscription(vcon: Vcon, parts: WtfParts): Index {
  addExtension(vcon, WTF_EXTENSION);
  return addAnalysis(vcon, wtfAnalysis(parts));
}

/** The analysis that holds a transcript (section 6.1); list {@link WTF_EXTENSION} in the vCon's `extensions`. */
export function wtfAnalysis({ body, vendor, product, dialog }: WtfParts): Analysis {
  return {
    type: WTF_EXTENSION,
    // When it was transcribed, not when it was said.
    start: body.metadata.created_at,
    dialog,
    vendor,
    ...(product !== undefined && { product }),
    schema: WTF_SCHEMA,
    mediatype: "application/json",
    encoding: "json",
    body,
  };
}

/**
 * The WTF body of an analysis or attachment; undefined if it holds none. It is told by its shape, not by its type:
 * libraries also write it as a "transcript" or "transcription", as JSON in a text, and as an attachment. The three
 * required parts are checked; an optional part that is no list or object as it should be is left out, and what
 * stands inside the parts is as it was written.
 */
export function readWtf(content: Content): WtfBody | undefined {
  const body = structureIn(content);
  if (!isObject(body) || !isObject(body.transcript) || !isObject(body.metadata)) return;
  if (typeof body.transcript.text !== "string" || !isListOfObjects(body.segments)) return;
  if (!body.segments.every(isSegment)) return;
  const { transcript, segments, metadata } = body;
  const optional = Object.entries(OPTIONAL_PARTS).flatMap(([name, fits]) =>
    fits(body[name]) ? [[name, body[name]]] : [],
  );
  return { transcript, segments, metadata, ...Object.fromEntries(optional) } as WtfBody;
}

/** Every WTF transcript in the vCon, among its analyses and its attachments. */
export function findWtf(vcon: Vcon): FoundWtf[] {
  return (["analysis", "attachments"] as const).flatMap((section) =>
    elementsOf(vcon, section).flatMap(([index, content]) => {
      const body = readWtf(content);
      return body ? [{ section, index, body }] : [];
    }),
  );
}

function isSegment({ text, start, end }: { text?: unknown; start?: unknown; end?: unknown }): boolean {
  return typeof text === "string" && typeof start === "number" && typeof end === "number";
}
