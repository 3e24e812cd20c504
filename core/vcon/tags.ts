/** Tags: an attachment of purpose "tags" whose body is a list of "name:value", as the ecosystem writes them. */
import { addAttachment } from "./build.ts";
import { elementsOf, isObject, parseStructure } from "./json.ts";
import type { Attachment, Vcon } from "./types.ts";

export interface Tag {
  name: string;
  value: string;
}

/** "name:value"; a value may hold colons, a name may not. */
export function formatTag({ name, value }: Tag): string {
  return `${name}:${value}`;
}

/** Splits at the first colon only. */
export function parseTag(text: string): Tag {
  const colon = text.indexOf(":");
  return colon < 0 ? { name: text, value: "" } : { name: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** The attachment that holds the tags of a vCon made at `created`. */
export function tagsAttachment(tags: readonly Tag[], created: string): Attachment {
  return {
    purpose: "tags",
    start: created,
    party: 0,
    dialog: 0,
    mediatype: "application/json",
    encoding: "json",
    body: tags.map(formatTag),
  };
}

/** All tags of a vCon, in their order. */
export function tagsIn(vcon: Vcon): Tag[] {
  const attachments = elementsOf(vcon, "attachments").map(([, attachment]) => attachment);
  return attachments.filter(isTags).flatMap(({ body }) => tagTexts(body).map(parseTag));
}

/** The value of the first tag with this name. */
export function getTag(vcon: Vcon, name: string): string | undefined {
  return tagsIn(vcon).find((tag) => tag.name === name)?.value;
}

/** Adds a tag behind the others, unless the vCon has it already; a name may have several values. */
export function addTag(vcon: Vcon, name: string, value: string): void {
  if (tagsIn(vcon).some((tag) => tag.name === name && tag.value === value)) return;
  const tag = { name, value };
  const held = vcon.attachments?.find((attachment) => isTags(attachment) && attachment.url === undefined);
  if (!held) addAttachment(vcon, tagsAttachment([tag], vcon.created_at));
  else Object.assign(held, { encoding: "json", body: [...tagTexts(held.body), formatTag(tag)] });
}

/** Whether it holds tags: by its purpose, which older drafts called its type. */
export function isTags({ purpose, type }: { purpose?: unknown; type?: unknown }): boolean {
  return (purpose ?? type) === "tags";
}

/**
 * The tags in a body as "name:value" texts. In the wild it is a list of such texts or an object of names and values,
 * each also as JSON in a text; a name with several values gives several tags.
 */
export function tagTexts(body: unknown): string[] {
  if (body === undefined || body === "") return [];
  return textsIn(typeof body === "string" ? (parseStructure(body) ?? body) : body);
}

function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isObject(value)) return value === null ? [] : [String(value)];
  return Object.entries(value).flatMap(([name, values]) =>
    tagValues(values).map((text) => formatTag({ name, value: text })),
  );
}

function tagValues(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(tagValues);
  return [isObject(value) ? JSON.stringify(value) : String(value ?? "")];
}
