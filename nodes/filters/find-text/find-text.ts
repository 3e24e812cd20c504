/** Sends a conversation on by whether one of some words was said or written in it. */
import {
  bodyValue,
  dialogText,
  type Part,
  TRANSCRIPT_PARTS,
  transcriptText,
  type VconView,
} from "../../../core/index.ts";
import { choice, filter, list } from "../../kit/index.ts";

const READS: Record<string, readonly Part[]> = {
  transcript: TRANSCRIPT_PARTS,
  messages: ["dialog:text"],
  anything: [...TRANSCRIPT_PARTS, "dialog:text"],
};

export default filter({
  type: "vcon-find-text",
  label: "find text",
  icon: "vcon-find-text.svg",
  fields: {
    words: list({ label: "Words", icon: "search", required: true, placeholder: "recall" }),
    where: choice(
      { anything: "Transcripts and messages", transcript: "Transcripts", messages: "Messages" },
      { label: "In", icon: "file-text-o" },
    ),
  },
  outputs: ["found", "not found"],
  reads: ({ where }) => READS[where]!,
  run: async ({ vcon, config }) => {
    const pattern = anyOf(config.words);
    for await (const text of textsOf(vcon, config.where)) {
      // An accent may be part of its letter or stand after it.
      if (pattern.test(text.normalize())) return "found";
    }
    return "not found";
  },
});

async function* textsOf(vcon: VconView, where: string): AsyncGenerator<string> {
  if (where !== "messages") {
    for (const analysis of vcon.analysis.values()) {
      yield transcriptText({ ...analysis, body: await bodyValue(analysis) }) ?? "";
    }
  }
  if (where !== "transcript") {
    for (const dialog of vcon.dialog.values()) {
      yield dialogText({ ...dialog, body: await bodyValue(dialog) }) ?? "";
    }
  }
}

/** Letters with their marks, and digits. */
const IN_WORDS = "[\\p{L}\\p{M}\\p{N}]";

/** Whole words in any case; a star at the end stands for any ending, a space for any white space. */
function anyOf(words: readonly string[]): RegExp {
  const patterns = words.map((word) => {
    const begins = word.endsWith("*");
    const literal = escaped((begins ? word.slice(0, -1) : word).normalize()).replaceAll(/\s+/g, "\\s+");
    return begins ? literal : `${literal}(?!${IN_WORDS})`;
  });
  return new RegExp(`(?<!${IN_WORDS})(?:${patterns.join("|")})`, "iu");
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
