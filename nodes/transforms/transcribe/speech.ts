/** What the services of speech to text have in common, and how their answers become a WTF transcript. */
import type { WtfBody, WtfSegment, WtfSpeaker } from "../../../core/index.ts";

/** Audio to transcribe. */
export interface Audio {
  bytes: Buffer;
  mediatype: string;
  /** Empty where it has none. */
  filename: string;
}

export interface SpeechRequest {
  audio: Audio;
  model: string;
  /** BCP 47; empty if the service is to find out. */
  language: string;
  /** Whether each channel of the recording is one party. */
  channels: boolean;
}

/** A service, as an account opens it. */
export interface SpeechService {
  /** As vCons and their trails name it. */
  vendor: string;
  /** As errors name it. */
  system: string;
  /** With its port. */
  host: string;
  /** Transcribes once, and throws whatever the vendor's client throws. */
  transcribe(request: SpeechRequest, signal: AbortSignal): Promise<Heard>;
}

/** What a service heard. */
export interface Heard {
  /** How many channels it heard apart. */
  channels: number;
  /** BCP 47; "und" where the service does not say. */
  language: string;
  /** Seconds. */
  duration: number;
  utterances: Utterance[];
}

/** A piece of speech; times are seconds from the start, confidence is 0 to 1. */
export interface Utterance {
  start: number;
  end: number;
  text: string;
  confidence: number;
  /** A channel's number, or the service's own name for a voice. */
  speaker?: number | string;
}

/** Who speaks on a channel, as the transcript names them. */
export interface Speaker {
  /** The party's index in the vCon; a text where the channel is not one party's. */
  id: number | string;
  label: string;
}

/** The shortest that a segment may be, in seconds: Whisper gives some words no length at all. */
const SHORTEST = 0.01;

/**
 * The transcript in the World Transcription Format (draft-howe-vcon-wtf-extension-02), in the order of speech.
 * Channels are named by who speaks on them, unless the service heard fewer than there should be.
 */
export function toWtf(heard: Heard, provider: string, model: string, expected: readonly Speaker[]): WtfBody {
  const now = new Date().toISOString();
  const byChannel = heard.channels < expected.length ? [] : expected;
  const segments = heard.utterances
    .filter(({ text }) => text.trim() !== "")
    .sort((one, other) => one.start - other.start)
    .map(({ start, end, text, confidence, speaker }, id) => ({
      id,
      start,
      end: Math.max(end, start + SHORTEST),
      text: text.trim(),
      confidence,
      ...named(speaker, byChannel),
    }));
  return {
    transcript: {
      text: segments.map(({ text }) => text).join("\n"),
      language: heard.language,
      duration: heard.duration,
      confidence: mean(segments),
    },
    segments,
    metadata: {
      created_at: now,
      processed_at: now,
      provider,
      model,
      audio: { duration: heard.duration, ...(byChannel.length > 0 ? { channels: heard.channels } : {}) },
      options: {},
    },
    speakers: speakersOf(segments, byChannel),
  };
}

function named(speaker: Utterance["speaker"], byChannel: readonly Speaker[]): { speaker?: number | string } {
  if (speaker === undefined) return {};
  return { speaker: (typeof speaker === "number" ? byChannel[speaker]?.id : undefined) ?? speaker };
}

function speakersOf(
  segments: WtfSegment[],
  byChannel: readonly Speaker[],
): { [speaker: string]: WtfSpeaker } {
  const groups = Map.groupBy(
    segments.filter(({ speaker }) => speaker !== undefined),
    ({ speaker }) => speaker!,
  );
  const speakers = [...groups].map(([id, spoken]) => {
    const label = byChannel.find((speaker) => speaker.id === id)?.label ?? `Speaker ${id}`;
    const total_time = spoken.reduce((sum, { start, end }) => sum + end - start, 0);
    return [
      id,
      { id, label, segments: spoken.map((segment) => segment.id), total_time, confidence: mean(spoken) },
    ];
  });
  return Object.fromEntries(speakers);
}

function mean(segments: { confidence: number }[]): number {
  if (segments.length === 0) return 0;
  return segments.reduce((sum, { confidence }) => sum + confidence, 0) / segments.length;
}
