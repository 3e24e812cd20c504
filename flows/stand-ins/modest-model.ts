/**
 * A model that understands nothing but repeats well: it finds the sentences that say most by how often their words
 * occur. Where JSON is wanted, it fills the schema by types. Everything that it says stands in what it was given.
 */

import type { Asked } from "./openai-chat-question.ts";
import type { Schema } from "./strict-schema.ts";

export function modestAnswer({ messages, schema }: Asked): string {
  const material = messages.findLast(({ role }) => role === "user")?.content ?? "";
  const told = tellingSentences(turnsIn(material));
  if (!schema) return told.map(quoted).join(" ") || "Nothing was said.";
  return JSON.stringify(filled(schema, schema, { told: told.map(({ text }) => text), material }));
}

interface Turn {
  speaker?: string;
  text: string;
}

/** The texts of a JSON document in their order, or the whole of what is none. */
function turnsIn(material: string): Turn[] {
  try {
    return turnsOf(JSON.parse(material));
  } catch {
    return [{ text: material }];
  }
}

function turnsOf(value: unknown): Turn[] {
  if (typeof value === "string") return [{ text: value }];
  if (typeof value !== "object" || value === null) return [];
  if ("text" in value && typeof value.text === "string") return [value as Turn];
  if ("conversation" in value) return turnsOf(value.conversation);
  return Object.values(value).flatMap(turnsOf);
}

/** Small words, which say nothing of what a conversation is about. */
const small =
  /^(about|after|also|because|been|before|could|from|have|hello|just|like|me|more|much|only|please|some|thank|thanks|that|their|them|then|there|they|this|very|want|well|were|what|when|which|will|with|would|your|yours)$/;
const most = 3;
const fewestWords = 4;

/** The most telling sentences, in the order in which they were said. */
function tellingSentences(turns: readonly Turn[]): Turn[] {
  const sentences = turns.flatMap(({ speaker, text }) =>
    text
      .split(/(?<=[.!?])\s+/)
      .map((sentence) => ({ ...(speaker !== undefined && { speaker }), text: sentence })),
  );
  const counts = new Map<string, number>();
  for (const word of sentences.flatMap(({ text }) => words(text)))
    counts.set(word, (counts.get(word) ?? 0) + 1);
  const ranked = sentences
    .map((sentence, index) => ({ sentence, index, weight: weightOf(sentence.text, counts) }))
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight || one.index - other.index);
  return ranked
    .slice(0, most)
    .sort((one, other) => one.index - other.index)
    .map(({ sentence }) => sentence);
}

/** A question tells less than its answer, and a greeting nothing. */
function weightOf(sentence: string, counts: ReadonlyMap<string, number>): number {
  if (sentence.split(" ").length < fewestWords) return 0;
  const own = words(sentence);
  const sum = own.reduce((weight, word) => weight + counts.get(word)!, 0);
  return (sum / Math.sqrt(own.length || 1)) * (sentence.endsWith("?") ? 0.5 : 1);
}

function words(text: string): string[] {
  return (text.toLowerCase().match(/\p{L}{4,}/gu) ?? []).filter((word) => !small.test(word));
}

function quoted({ speaker, text }: Turn, index: number, told: readonly Turn[]): string {
  return speaker === undefined || speaker === told[index - 1]?.speaker ? text : `${speaker}: ${text}`;
}

interface Source {
  told: readonly string[];
  material: string;
}

function filled(schema: Schema, root: Schema, source: Source): unknown {
  if (typeof schema["$ref"] === "string") return filled(referred(schema["$ref"], root), root, source);
  if (Array.isArray(schema["anyOf"])) return filled(schema["anyOf"][0], root, source);
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["enum"])) return chosen(schema["enum"], source);
  const types = [schema["type"]].flat();
  if (types.includes("null")) return null;
  switch (types[0]) {
    case "object": {
      const members = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
      return Object.fromEntries(members.map(([name, member]) => [name, filled(member, root, source)]));
    }
    case "array":
      return list(schema["items"] as Schema, root, source);
    case "boolean":
      return true;
    case "number":
    case "integer":
      return schema["minimum"] ?? 0;
    default:
      return source.told[0] ?? "";
  }
}

function referred(reference: string, root: Schema): Schema {
  const path = reference.split("/").slice(1);
  return path.reduce<unknown>((found, name) => (found as Schema)[name], root) as Schema;
}

/** The first value that the material names; having no opinion, it otherwise takes the one in the middle. */
function chosen(values: readonly unknown[], { material }: Source): unknown {
  return values.find((value) => names(material, value)) ?? values[Math.floor((values.length - 1) / 2)];
}

function list(items: Schema, root: Schema, source: Source): unknown[] {
  const values = items["enum"];
  if (Array.isArray(values)) return values.filter((value) => names(source.material, value));
  if (items["type"] === "string") return [...source.told];
  return [filled(items, root, source)];
}

function names(material: string, value: unknown): boolean {
  return typeof value === "string" && material.toLowerCase().includes(value.toLowerCase());
}
