/** Tells a text that holds what several people said from one that somebody wrote. */
import { structureIn } from "../extensions/structure.ts";
import { dialogText } from "../text.ts";
import { transcriptTurns } from "../transcript.ts";
import type { Content } from "../types.ts";
import { COMMON_WORDS, REDACTED } from "./mentions.ts";
import type { Erased } from "./speech.ts";

/** A label is not longer, and has no more colons in it: "[2/11/2026, 10:02:11] Carol Carter: ...". */
const MAX_LABEL = 80;
const MAX_COLONS = 4;

/** What may stand beside a time, such as "AM", "Nov" or "UTC"; "On" begins a sentence. */
const OF_TIME = /^(?!on$)\p{L}{1,3}$/iu;

/** Whether one text holds what several said, or anything that is said to be by one of the erased. */
export function isChat(content: Content, erased: Erased): boolean {
  if (structureIn(content)) return true;
  const text = dialogText(content) ?? "";
  if (text.split("\n").some((line) => labelsOf(line).some((label) => isTheirs(label, erased)))) return true;
  return new Set(transcriptTurns({ body: text }).map(({ speaker }) => speaker)).size > 1;
}

/** What may name the speaker of a line: all before a colon, or a line with a time in it, as stands above a message. */
function labelsOf(line: string): string[] {
  const parts = line
    .slice(0, MAX_LABEL)
    .split(":")
    .slice(0, MAX_COLONS + 1);
  const labels = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(":"));
  return line.length <= MAX_LABEL && /\d/.test(line) ? [...labels, line] : labels;
}

/** Whether it says who they are and, but for a time, nothing else. */
function isTheirs(label: string, { mentions, speakers, parties }: Erased): boolean {
  const replaced = mentions.replaceIn(label) as string;
  const words = wordsIn(replaced.replaceAll(REDACTED, " "));
  if (replaced !== label) return words.every((word) => COMMON_WORDS.has(word.toLowerCase()));
  return parties.has(speakers.ofTurn({ speaker: words.join(" ") }) ?? -1);
}

function wordsIn(label: string): string[] {
  const words = label.match(/[\p{L}\p{M}]+/gu) ?? [];
  return /\d/.test(label) ? words.filter((word) => !OF_TIME.test(word)) : words;
}
