/** Rules for attachments. */
import { isEmpty, parseStructure } from "../json.ts";
import { tagTexts } from "../tags.ts";
import type { JsonObject } from "../types.ts";
import type { Report } from "./rule.ts";

/** The body of tags becomes a list of "name:value"; it is found as list and object, both also as text. */
export function tags(attachment: JsonObject, report: Report): void {
  const { purpose, body } = attachment;
  if (purpose !== "tags") return;
  const found = typeof body === "string" ? parseStructure(body) : body;
  if (typeof found !== "object" || isListOfTexts(body)) return;
  attachment.body = tagTexts(found);
  attachment.encoding = "json";
  attachment.mediatype = "application/json";
  report.changed("tags", "body");
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

/**
 * Core-04 wants to know when, by whom and to which dialog: without it the ecosystem takes the creation of the vCon
 * and the first of each. A placeholder ({}) stays one.
 */
export function attachmentPlace(attachment: JsonObject, report: Report): void {
  if (isEmpty(attachment)) return;
  const guess = (name: string, value: unknown, taken: string): void => {
    if (attachment[name] !== undefined) return;
    attachment[name] = value as JsonObject[string];
    report.changed("attachmentPlace", name, `It was missing; ${taken} was taken.`);
  };
  guess("start", report.work.vcon.created_at, "the creation of the vCon");
  guess("party", 0, "the first party");
  guess("dialog", 0, "the first dialog");
}
