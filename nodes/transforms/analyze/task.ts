/** What a node's settings ask of the model, and how its answer is read. */
import { createHash } from "node:crypto";
import type { JsonObject, JsonValue, Tag } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import type { Config } from "./fields.ts";
import { formatOf, formatTyped, type JsonFormat, listOf, object, oneOf } from "./json-format.ts";
import { labelsOf } from "./labels.ts";
import { PRESETS } from "./presets.ts";

export interface Task {
  /** Of the analysis. */
  type: string;
  /** The analysis's `schema`: names the form of its body and what was asked, so that a changed prompt is told apart. */
  schemaName: string;
  instructions: string;
  /** What a JSON answer must be; undefined for free text. */
  format: JsonFormat | undefined;
  tags(answer: JsonValue): Tag[];
}

interface Wanted {
  instructions: string;
  format: JsonFormat | undefined;
  /** What of an answer can become tags, and which labels alone may; all where there are none. */
  labelsIn?: ((answer: JsonObject) => JsonValue | undefined) | undefined;
  allowed?: readonly string[];
}

const made = new WeakMap<Config, Promise<Task>>();

/** The type of the analyses that the task adds. */
export function typeOfTask({ task, analysisType }: Config): string {
  return task === "own" ? analysisType : PRESETS[task].type;
}

/** @throws StepError where the settings make no sense together */
export function taskOf(config: Config): Promise<Task> {
  const task = made.get(config) ?? makeTask(config);
  made.set(config, task);
  return task;
}

async function makeTask(config: Config): Promise<Task> {
  const name = tagName(config);
  const { instructions, format, labelsIn, allowed = [] } = await wanted(config);
  const type = typeOfTask(config);
  return {
    type,
    schemaName: `vcon-node-red:${type}:${digestOf(config)}`,
    instructions,
    format,
    tags: (answer) => {
      const labels = name === "" ? [] : labelsOf(labelsIn?.(answer as JsonObject), allowed);
      return labels.map((value) => ({ name, value }));
    },
  };
}

async function wanted(config: Config): Promise<Wanted> {
  if (config.task === "own") return ownTask(config);
  const { instructions, schema, labelsIn } = PRESETS[config.task];
  const allowed = config.labels ?? [];
  return { instructions, format: schema && (await formatOf(schema(allowed))), labelsIn, allowed };
}

async function ownTask({ prompt, answer, labels, schema, labelMember }: Config): Promise<Wanted> {
  const instructions = prompt;
  switch (answer) {
    case "text":
      return { instructions, format: undefined };
    case "yes_no": {
      const format = await formatOf(object({ answer: { type: "boolean" }, reason: { type: "string" } }));
      return { instructions, format, labelsIn: (given) => given["answer"] };
    }
    case "labels": {
      const format = await formatOf(object({ labels: listOf(oneOf(labels)) }));
      return { instructions, format, labelsIn: (given) => given["labels"], allowed: labels };
    }
    case "json": {
      const format = await formatTyped(schema);
      return { instructions, format, labelsIn: (given) => given[labelMember], allowed: labels };
    }
  }
}

function tagName({ tag = "" }: Config): string {
  if (!tag.includes(":")) return tag.trim();
  throw new StepError('"Tag" holds a colon, which ends a tag\'s name. Open the node and set it.', {
    code: "NOT_CONFIGURED",
  });
}

/** Of the settings, not of our own wording: a new version of this package must not analyse everything again. */
function digestOf(config: Config): string {
  const { task, prompt, answer, schema, labels, over, parts, analyses, attachments } = config;
  const asked = JSON.stringify([task, prompt, answer, schema, labels, over, parts, analyses, attachments]);
  return createHash("sha256").update(asked).digest("hex").slice(0, 12);
}
