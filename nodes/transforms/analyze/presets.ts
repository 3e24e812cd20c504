/** The tasks that need no prompt of one's own: what is asked, and what form the answer has. */
import type { JsonObject, JsonValue } from "../../../core/index.ts";
import { listOf, object, oneOf } from "./json-format.ts";

interface PresetTask {
  /** In the form. */
  label: string;
  /** Of the analysis. */
  type: string;
  instructions: string;
  /** What a JSON answer must be; without it the answer is free text. */
  schema?(labels: readonly string[]): JsonObject;
  /** What of a JSON answer can become tags. */
  labelsIn?(answer: JsonObject): JsonValue | undefined;
}

const PRESET_TASKS = {
  summary: {
    label: "Summary",
    type: "summary",
    instructions:
      "Summarise the conversation in at most five sentences: who wanted what, what came out, what was agreed, and what remains open.",
  },
  action_items: {
    label: "Action items",
    type: "action_items",
    instructions:
      "List what somebody has to do after the conversation because it was promised, agreed or asked for and not refused. For each, say who has to do it and by when; null where the conversation does not tell. Where there is nothing to do, the list is empty.",
    schema: () =>
      object({
        action_items: listOf(object({ task: { type: "string" }, owner: textOrNull, due: textOrNull })),
      }),
  },
  sentiment: {
    label: "Sentiment",
    type: "sentiment",
    instructions:
      "Judge the customer's mood in the conversation, or everybody's where nobody is a customer. How it ends counts more than how it begins. The score goes from -1, furious, to 1, delighted. Give the reason in one sentence.",
    schema: () =>
      object({
        label: { type: "string", enum: ["positive", "neutral", "negative", "mixed"] },
        score: { type: "number", enum: [-1, -0.5, 0, 0.5, 1] },
        reason: { type: "string" },
      }),
    labelsIn: ({ label }) => label,
  },
  topics: {
    label: "Topics",
    type: "topics",
    instructions:
      "Name what the conversation is about: one to five topics, the most important first, each of one to three words in lower case. Where the allowed topics are listed, use only those that fit, and none where none fits.",
    schema: (labels) => object({ topics: listOf(oneOf(labels)) }),
    labelsIn: ({ topics }) => topics,
  },
  objections: {
    label: "Customer objections",
    type: "objections",
    instructions:
      "List the customer's objections: each reason given against buying, agreeing, staying or going on, such as the price, the time or a lack of trust. For each, say how it was answered, or null where it was not, and whether the customer then gave it up. Where there are none, the list is empty.",
    schema: () =>
      object({
        objections: listOf(
          object({ objection: { type: "string" }, answer: textOrNull, overcome: { type: "boolean" } }),
        ),
      }),
  },
  engagement: {
    label: "Engagement",
    type: "engagement",
    instructions:
      "Decide whether the customer took part: both sides spoke or wrote, and answered each other. An announcement, a menu, a voicemail, silence or a wrong number is no engagement. Give the reason in one sentence.",
    schema: () => object({ engaged: { type: "boolean" }, reason: { type: "string" } }),
    // A no as well: the Python conserver's detect_engagement tags both.
    labelsIn: ({ engaged }) => String(engaged),
  },
} satisfies Record<string, PresetTask>;

export type Preset = keyof typeof PRESET_TASKS;
export const PRESETS: Record<Preset, PresetTask> = PRESET_TASKS;

const textOrNull = { type: ["string", "null"] };
