/** Sends a conversation on by whether one of some words was said or written in it. */
import {
  messageTexts,
  type Part,
  TRANSCRIPT_PARTS,
  transcriptTexts,
  wordFinder,
} from "../../../core/index.ts";
import { choice, filter, list } from "../../kit/index.ts";

const READS: Record<string, readonly Part[]> = {
  transcript: TRANSCRIPT_PARTS,
  messages: ["dialog:text"],
  anything: [...TRANSCRIPT_PARTS, "dialog:text"],
};

const TEXTS = {
  transcript: [transcriptTexts],
  messages: [messageTexts],
  anything: [transcriptTexts, messageTexts],
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
    const isIn = wordFinder(config.words);
    for (const textsOf of TEXTS[config.where]) {
      for await (const text of textsOf(vcon)) if (isIn(text)) return "found";
    }
    return "not found";
  },
});
