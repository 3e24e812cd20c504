/** Reads text and speaker turns out of a transcript, whichever of the shapes in use its body has. */
import { isObject, parseStructure } from "./json.ts";
import type { Analysis, Content, Index, JsonObject } from "./types.ts";

/** The analysis types that hold a transcript, the most telling first. */
export const TRANSCRIPT_TYPES = [
  "wtf_transcription",
  "transcript",
  "transcription",
  "transcript-redacted",
  "diarized",
] as const;

/** The same as parts to read from a store. */
export const TRANSCRIPT_PARTS = TRANSCRIPT_TYPES.map((type) => `analysis:${type}` as const);

export function isTranscript({ type }: Pick<Analysis, "type">): boolean {
  return (TRANSCRIPT_TYPES as readonly string[]).includes(type);
}

/** What one speaker said before another one spoke. */
export interface Turn {
  text: string;
  speaker?: string;
  /** The speaker as an index into the vCon's parties, where the transcript says it. */
  party?: Index;
  /** Seconds from the start of the dialog. */
  start?: number;
  /** Seconds from the start of the dialog. */
  end?: number;
}

/** Where the whole text stands: WTF, Deepgram and Whisper, the conserver's links. */
const TEXT_PATHS = [
  ["transcript", "text"],
  ["transcript"],
  ["text"],
  ["transcription"],
  ["paragraphs", "transcript"],
];

/** Where the list of turns stands: WTF and Whisper, AssemblyAI, Deepgram with paragraphs and with utterances. */
const TURN_PATHS = [["segments"], ["utterances"], ["paragraphs", "paragraphs"], ["results", "utterances"]];

const TEXT_NAMES = ["text", "message", "transcript", "content", "punctuated_word", "word"];
const SPEAKER_NAMES = ["speaker", "speaker_label", "name", "role"];
const PARTY_NAMES = ["party", "parties"];

/** "Alice: Good morning." */
const SPOKEN_LINE = /^([^:\n]{1,60}):\s+(\S.*)$/;

/**
 * The whole text of a transcript, without the speakers where they are told apart from it; undefined if the body holds
 * none. Read are the WTF body, Deepgram's response or one alternative of it, `{ text }`, `{ transcript }`, plain text
 * and lists of utterances, each also as JSON in a text.
 */
export function transcriptText(transcript: Content): string | undefined {
  const body = bodyOf(transcript);
  return textOf(body) ?? joined(turnsOf(body));
}

/**
 * The turns of a transcript in the shapes of {@link transcriptText}. Plain text is told apart by speaker if every line
 * begins with a name and a colon; otherwise the whole text is one turn. A body without text has none.
 */
export function transcriptTurns(transcript: Content): Turn[] {
  const body = bodyOf(transcript);
  const turns = turnsOf(body);
  return turns.length > 0 ? turns : turnsInText(textOf(body));
}

function bodyOf({ body }: Content): unknown {
  return typeof body === "string" ? (parseStructure(body) ?? body) : body;
}

function textOf(body: unknown): string | undefined {
  if (typeof body === "string") return filled(body);
  for (const path of TEXT_PATHS) {
    const text = filled(at(body, path));
    if (text !== undefined) return text;
  }
  return joinTexts(alternatives(body).map(textOf));
}

function turnsOf(body: unknown): Turn[] {
  for (const list of [body, ...TURN_PATHS.map((path) => at(body, path))]) {
    const turns = turnsIn(list, at(body, ["speakers"]));
    if (turns.length > 0) return turns;
  }
  const channels = alternatives(body).map((alternative) => turnsOf(alternative));
  return channels.length > 0 ? mergeChannels(channels) : turnsOfWords(at(body, ["words"]));
}

function turnsIn(list: unknown, speakers: unknown): Turn[] {
  return Array.isArray(list) ? list.flatMap((item) => turnOf(item, speakers) ?? []) : [];
}

function turnOf(item: unknown, speakers?: unknown): Turn | undefined {
  if (typeof item === "string") return filled(item) === undefined ? undefined : { text: item };
  if (!isObject(item)) return;
  const text = first(item, TEXT_NAMES, filled) ?? sentences(item);
  if (text === undefined) return;
  const speaker = first(item, SPEAKER_NAMES, (value) => speakerName(value, speakers));
  const party = first(item, PARTY_NAMES, index);
  const start = seconds(item.start);
  const end = seconds(item.end) ?? endAfter(start, seconds(item.duration));
  return {
    text,
    ...(speaker !== undefined && { speaker }),
    ...(party !== undefined && { party }),
    ...(start !== undefined && { start }),
    ...(end !== undefined && { end }),
  };
}

/** A Deepgram paragraph is a list of sentences. */
function sentences(paragraph: JsonObject): string | undefined {
  return joined(turnsIn(paragraph.sentences, undefined), " ");
}

/** Deepgram's first alternative of each channel. */
function alternatives(body: unknown): unknown[] {
  const channels = at(body, ["results", "channels"]);
  if (!Array.isArray(channels)) return [];
  return channels.map((channel) => at(channel, ["alternatives", "0"])).filter(isObject);
}

function mergeChannels(channels: Turn[][]): Turn[] {
  const named = channels.flatMap((turns, channel) =>
    channels.length > 1 ? turns.map((turn) => ({ speaker: `Channel ${channel}`, ...turn })) : turns,
  );
  return named.sort((a, b) => (a.start ?? 0) - (b.start ?? 0));
}

/** Joins the words of one speaker up to the next one; nothing if the words name no speaker. */
function turnsOfWords(words: unknown): Turn[] {
  const turns: Turn[] = [];
  for (const word of turnsIn(words, undefined)) {
    const last = turns.at(-1);
    if (last && last.speaker === word.speaker) {
      last.text += ` ${word.text}`;
      if (word.end !== undefined) last.end = word.end;
    } else {
      turns.push(word);
    }
  }
  return turns.some((turn) => turn.speaker !== undefined) ? turns : [];
}

function turnsInText(text: string | undefined): Turn[] {
  if (text === undefined) return [];
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const spoken = lines.flatMap((line) => {
    const [, speaker, said] = SPOKEN_LINE.exec(line.trim()) ?? [];
    return speaker && said ? { speaker: speaker.trim(), text: said } : [];
  });
  return spoken.length === lines.length ? spoken : [{ text }];
}

function speakerName(value: unknown, speakers: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number") return;
  const label = filled(at(speakers, [String(value), "label"]));
  return label ?? (typeof value === "number" ? `Speaker ${value}` : filled(value));
}

/** The value at a path of own members. */
function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => {
    const inside = typeof found === "object" && found !== null && Object.hasOwn(found, name);
    return inside ? (found as Record<string, unknown>)[name] : undefined;
  }, value);
}

function first<Found>(
  item: JsonObject,
  names: readonly string[],
  read: (value: unknown) => Found | undefined,
): Found | undefined {
  for (const name of names) {
    const found = read(item[name]);
    if (found !== undefined) return found;
  }
  return;
}

function filled(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function seconds(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? value : undefined;
}

function endAfter(start: number | undefined, duration: number | undefined): number | undefined {
  return start !== undefined && duration !== undefined ? start + duration : undefined;
}

function index(value: unknown): Index | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function joined(turns: Turn[], separator = "\n"): string | undefined {
  return joinTexts(
    turns.map((turn) => turn.text),
    separator,
  );
}

function joinTexts(texts: (string | undefined)[], separator = "\n"): string | undefined {
  return filled(texts.filter((text) => text !== undefined).join(separator));
}
