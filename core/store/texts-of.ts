/** What was said and written, among the parts of a vCon that a step read; large bodies are fetched one by one. */
import { dialogText } from "../vcon/text.ts";
import { isTranscript, transcriptText } from "../vcon/transcript.ts";
import { bodyValue } from "./body.ts";
import type { VconView } from "./view.ts";

/** The text of each transcript that has one. */
export async function* transcriptTexts({ analysis }: Pick<VconView, "analysis">): AsyncGenerator<string> {
  for (const transcript of analysis.values()) {
    if (!isTranscript(transcript)) continue;
    const text = transcriptText({ ...transcript, body: await bodyValue(transcript) });
    if (text !== undefined) yield text;
  }
}

/** The text of each dialog that has one. */
export async function* messageTexts({ dialog }: Pick<VconView, "dialog">): AsyncGenerator<string> {
  for (const message of dialog.values()) {
    const text = dialogText({ ...message, body: await bodyValue(message) });
    if (text !== undefined) yield text;
  }
}
