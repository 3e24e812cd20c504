/** Takes what some parties said out of a transcript. */
import { structureIn } from "../extensions/structure.ts";
import { isObject } from "../json.ts";
import { type Turn, transcriptTurns } from "../transcript.ts";
import type { Content, Index, JsonObject, JsonValue } from "../types.ts";
import { type Mentions, REDACTED } from "./mentions.ts";
import type { Speakers } from "./speakers.ts";

/** Who is taken out. */
export interface Erased {
  parties: ReadonlySet<Index>;
  speakers: Speakers;
  mentions: Mentions;
}

/** A WTF body, as far as it is one. */
interface Segmented extends JsonObject {
  segments: JsonValue[];
  transcript: JsonObject;
}

/** What a WTF body keeps, beside texts and speakers. */
const KEPT = {
  transcript: ["language", "duration", "confidence"],
  segment: ["id", "start", "end", "confidence"],
  metadata: ["created_at", "processed_at", "provider", "model", "processing_time"],
  speaker: ["segments", "total_time", "confidence"],
};

/** Whose turn it is that was taken out before. */
const NOBODY: Index = -1;

/**
 * The body of a transcript without what the erased parties said: of their turns the times stay and the text is
 * replaced; in the others' turns mentions are. Undefined if the speaker of some turn can't be told, who may be one of
 * them, or if all turns of several people are said to be one's, who then were not told apart.
 *
 * A WTF body stays one, but without its words, alternatives, enrichments, options and the like, in which the same
 * speech stands again. Every other shape becomes a list of turns: party, speaker, start, end, text.
 *
 * @param present the parties that may have spoken
 */
export function withoutSpeechOf(
  erased: Erased,
  content: Content,
  present: readonly Index[],
): JsonObject | JsonValue[] | undefined {
  const structure = structureIn(content);
  const body = structure ?? (content.encoding === "base64url" ? undefined : content.body);
  const turns = transcriptTurns({ body: body as JsonValue });
  const owners = turns.map((turn) => ownerOf(turn, erased, present));
  if (turns.length === 0 || owners.includes(undefined)) return;
  const isOneKept = new Set(owners).size === 1 && owners[0] !== NOBODY && !erased.parties.has(owners[0]!);
  if (isOneKept && present.length > 1) return;
  if (isSegmented(structure)) return redactedSegments(erased, structure, present);
  return turns.map((turn, index) => redactedTurn(erased, turn, owners[index]!));
}

function ownerOf(turn: Turn, { speakers }: Erased, present: readonly Index[]): Index | undefined {
  const isNamed = turn.party !== undefined || turn.speaker !== undefined;
  const owner = isNamed ? speakers.ofTurn(turn) : present.length === 1 ? present[0] : undefined;
  return owner ?? (turn.text === REDACTED ? NOBODY : undefined);
}

function redactedTurn({ parties, mentions }: Erased, turn: Turn, party: Index): JsonObject {
  const { text, speaker, ...times } = turn;
  const rest = { ...times, ...(party !== NOBODY && { party }) };
  if (parties.has(party)) return { ...rest, text: REDACTED };
  return {
    ...rest,
    ...(speaker && { speaker: mentions.replaceIn(speaker) }),
    text: mentions.replaceIn(text),
  };
}

function redactedSegments(
  erased: Erased,
  { transcript, segments, metadata, speakers }: Segmented,
  present: readonly Index[],
): JsonObject {
  const { mentions } = erased;
  const redacted = segments.filter(isObject).map((segment) => {
    const [turn] = transcriptTurns({ body: { segments: [segment], ...(speakers && { speakers }) } });
    const isKept = turn !== undefined && !erased.parties.has(ownerOf(turn, erased, present)!);
    return {
      ...picked(segment, KEPT.segment, mentions),
      text: turn ? (isKept ? mentions.replaceIn(turn.text) : REDACTED) : "",
      ...(segment.speaker !== undefined && { speaker: speakerName(segment.speaker, isKept, mentions) }),
    };
  });
  const texts = redacted.map(({ text }) => text).filter((text) => text !== "");
  return {
    transcript: { text: texts.join("\n"), ...picked(transcript, KEPT.transcript, mentions) },
    segments: redacted,
    metadata: isObject(metadata) ? picked(metadata, KEPT.metadata, mentions) : {},
    ...(isObject(speakers) && { speakers: redactedSpeakers(erased, speakers) }),
  };
}

function redactedSpeakers({ parties, speakers, mentions }: Erased, named: JsonObject): JsonObject {
  const redacted = Object.entries(named).flatMap(([key, speaker]) => {
    if (!isObject(speaker)) return [];
    const party = speakers.ofTurn({ speaker: typeof speaker.label === "string" ? speaker.label : key });
    const isKept = party !== undefined && !parties.has(party);
    const id = speakerName(/^\d+$/.test(key) ? Number(key) : key, isKept, mentions);
    const label = isKept ? mentions.replaceIn(speaker.label) : REDACTED;
    return [[String(id), { id, label, ...picked(speaker, KEPT.speaker, mentions) }]];
  });
  return Object.fromEntries(redacted);
}

/** A number names nobody by itself. */
function speakerName(name: JsonValue, isKept: boolean, mentions: Mentions): JsonValue {
  if (typeof name === "number") return name;
  return isKept ? mentions.replaceIn(name) : REDACTED;
}

function picked(object: JsonObject, names: readonly string[], mentions: Mentions): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => (object[name] === undefined ? [] : [[name, mentions.replaceIn(object[name])]])),
  );
}

function isSegmented(structure: unknown): structure is Segmented {
  return isObject(structure) && Array.isArray(structure.segments) && isObject(structure.transcript);
}
