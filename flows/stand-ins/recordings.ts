/** The recordings whose words a speech stand-in knows, and a look at the first bytes of those it doesn't. */

import { createHash } from "node:crypto";

/** A word; times in seconds from the recording's start, confidence from 0 to 1. */
export interface SpokenWord {
  /** In lower case, without punctuation. */
  word: string;
  punctuated_word: string;
  start: number;
  end: number;
  confidence: number;
}

/** What one speaker says until another one speaks. */
export interface Turn {
  /** From 0. */
  channel: number;
  start: number;
  end: number;
  text: string;
  words: SpokenWord[];
}

export interface Recording {
  /** Of the whole file, in hexadecimal. */
  sha256: string;
  /** Seconds. */
  duration: number;
  /** In the order in which they are spoken. */
  turns: Turn[];
}

/** The shape of flows/conversations/transcripts.json. */
export type TranscriptTable = readonly Recording[];

/**
 * The recording that these bytes are; without turns if the table doesn't have it, undefined if the bytes are
 * no audio at all.
 */
export function recognise(bytes: Buffer, transcripts: TranscriptTable): Recording | undefined {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const known = transcripts.find((recording) => recording.sha256 === sha256);
  if (known) return known;
  return isAudio(bytes) ? { sha256, duration: 0, turns: [] } : undefined;
}

/** At least one, as silence has a channel too. */
export function channelCount({ turns }: Recording): number {
  return Math.max(0, ...turns.map((turn) => turn.channel)) + 1;
}

/** Does this begin as an MP3, WAV, Ogg, FLAC, MP4, WebM or AMR file does? */
function isAudio(bytes: Buffer): boolean {
  const text = (start: number, end: number) => bytes.toString("latin1", start, end);
  const mp3Frame = bytes.length > 3 && bytes[0] === 0xff && (bytes[1]! & 0xe0) === 0xe0;
  return (
    mp3Frame ||
    text(0, 3) === "ID3" ||
    (text(0, 4) === "RIFF" && text(8, 12) === "WAVE") ||
    ["OggS", "fLaC", "\x1a\x45\xdf\xa3", "#!AM"].includes(text(0, 4)) ||
    text(4, 8) === "ftyp"
  );
}
