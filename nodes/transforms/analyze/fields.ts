/** What is set in the node's form. */
import type { OpenAI } from "openai";
import { type ConfigOf, choice, list, number, service, several, text } from "../../kit/index.ts";
import { PRESETS, type Preset } from "./presets.ts";

/** What the config node opens. */
export interface Account {
  client: OpenAI;
  /** As vCons and their trails name whose service it is. */
  vendor: string;
  /** As errors name it. */
  system: string;
  host: string;
  /** `false` where the service would otherwise keep what it is asked. */
  store?: false;
}

const presetLabels = Object.fromEntries(
  Object.entries(PRESETS).map(([key, { label }]) => [key, label]),
) as Record<Preset, string>;

const ofOwnTask = { task: "own" };
const ofChosenParts = { over: "parts" };

export const fields = {
  account: service<Account>("vcon-openai", { label: "Account", icon: "key" }),
  model: text({ label: "Model", icon: "cogs", default: "gpt-6-luna", required: true }),
  task: choice({ ...presetLabels, own: "A prompt of your own" }, { label: "Task", icon: "lightbulb-o" }),
  prompt: text({
    label: "Prompt",
    icon: "pencil",
    lines: 5,
    required: true,
    placeholder: "Does the customer threaten to cancel?",
    shownWhen: ofOwnTask,
  }),
  analysisType: text({
    label: "Type",
    icon: "bookmark-o",
    required: true,
    placeholder: "cancellation",
    hint: "of the analysis in the vCon; each prompt has its own",
    shownWhen: ofOwnTask,
  }),
  answer: choice(
    { text: "Free text", yes_no: "Yes or no", labels: "Labels", json: "JSON, by a schema" },
    { label: "Answer", icon: "commenting-o", shownWhen: ofOwnTask },
  ),
  schema: text({
    label: "Schema",
    icon: "code",
    lines: 8,
    required: true,
    placeholder:
      '{ "type": "object", "properties": { "plan": { "type": "string" } }, "required": ["plan"], "additionalProperties": false }',
    hint: "JSON Schema of an object",
    shownWhen: { ...ofOwnTask, answer: "json" },
  }),
  labelMember: text({
    label: "Labels in",
    icon: "crosshairs",
    hint: "member of the JSON that holds a label or a list of them; empty: none",
    shownWhen: { ...ofOwnTask, answer: "json" },
  }),
  labels: list({
    label: "Labels",
    icon: "list",
    hint: "no others are allowed; none: the model finds some",
    shownWhen: { task: ["topics", "own"] },
  }),
  tag: text({
    label: "Tag",
    icon: "tag",
    placeholder: "topic",
    hint: "name of a tag for each label; empty: no tags",
    shownWhen: { task: ["sentiment", "topics", "engagement", "own"] },
  }),
  of: choice(
    { conversation: "The whole conversation", dialog: "Each dialog by itself" },
    { label: "Analyse", icon: "comments-o" },
  ),
  over: choice(
    { said: "Transcripts and messages", parts: "Chosen parts" },
    { label: "Over", icon: "file-text-o" },
  ),
  parts: several(
    {
      transcript: "Transcripts",
      messages: "Messages",
      head: "Subject and time",
      parties: "Parties",
      tags: "Tags",
    },
    { label: "Parts", icon: "check-square-o", default: ["transcript", "messages"], shownWhen: ofChosenParts },
  ),
  analyses: list({
    label: "Analyses",
    icon: "bookmark-o",
    hint: "of these types, such as summary",
    shownWhen: ofChosenParts,
  }),
  attachments: list({
    label: "Attachments",
    icon: "paperclip",
    hint: "with these purposes, where they are text",
    shownWhen: ofChosenParts,
  }),
  longest: number({
    label: "Longest text",
    icon: "arrows-h",
    default: 100,
    min: 1,
    max: 1000,
    hint: "thousand tokens at once; more is divided",
  }),
};

export type Config = ConfigOf<typeof fields>;
