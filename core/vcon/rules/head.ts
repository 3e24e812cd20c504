/** Rules for the vCon as a whole. */

import { VconError } from "../../errors.ts";
import { readDate } from "../dates.ts";
import { CC_EXTENSION, isRoleInSession } from "../extensions/contact-center.ts";
import { isEmpty, isObject, kindOf, nestsDeeperThan } from "../json.ts";
import { parseTag, tagsAttachment, tagTexts } from "../tags.ts";
import type { JsonObject, JsonValue } from "../types.ts";
import { findUuid, newUuid } from "../uuid.ts";
import { SYNTAX } from "../write.ts";
import { contentHash } from "./content.ts";
import { date, members, setAside } from "./member.ts";
import { Report } from "./rule.ts";

const REFERENCES = ["redacted", "amended", "appended", "redacted_from", "amended_from", "group"];
const NAME_LISTS = ["extensions", "critical", "must_support", "must_understand"];
const SECTIONS = ["parties", "dialog", "analysis", "attachments"];

const noNullsInReference = members({ core: ["uuid", "type", "url", "content_hash"] });

/** Old libraries write `"redacted": {}`, `"group": []` and the like into every vCon; null says as little. */
export function emptyReferences(vcon: JsonObject, report: Report): void {
  for (const name of REFERENCES) {
    const given = vcon[name];
    if (given === undefined) continue;
    if (isObject(given) && name !== "group") noNullsInReference(given, report.on(name));
    if (!isEmpty(given)) continue;
    delete vcon[name];
    report.changed("emptyReferences", name);
  }
}

/** The hash of the other instance, which the references to it may hold. */
export function referenceHashes(vcon: JsonObject, report: Report): void {
  for (const name of ["redacted", "amended"]) {
    const reference = vcon[name];
    if (isObject(reference)) contentHash(reference, report.on(name));
  }
}

/** Makes arrays of what must be arrays, or refuses the vCon. */
export function arrays(vcon: JsonObject, report: Report): void {
  for (const name of [...SECTIONS, ...NAME_LISTS]) {
    const value = vcon[name];
    if (value === undefined || Array.isArray(value)) continue;
    const isElement = SECTIONS.includes(name) ? isObject(value) : typeof value === "string";
    // Lua's JSON library writes an empty array as {}.
    if (value === null || (isObject(value) && isEmpty(value))) delete vcon[name];
    else if (isElement && !nestsDeeperThan(report.work.maxNesting - 2, value)) vcon[name] = [value];
    else throw malformed(`/${name}`, `is ${kindOf(value)} where an array belongs`);
    report.changed("arrays", name);
  }
  for (const section of SECTIONS) placeholders(section, vcon[section], report);
}

/** A null keeps its index as {}, the placeholder of section 4.1.8; other elements must be objects. */
function placeholders(section: string, array: unknown, report: Report): void {
  if (!Array.isArray(array)) return;
  for (let index = 0; index < array.length; index++) {
    if (array[index] === null) {
      array[index] = {};
      report.changed("arrays", `${section}/${index}`);
    } else if (!isObject(array[index])) {
      throw malformed(`/${section}/${index}`, "is not an object");
    }
  }
}

/** `must_support` (core-00) and `must_understand` join `critical`. */
export function criticalExtensions(vcon: JsonObject, report: Report): void {
  for (const old of ["must_support", "must_understand"]) {
    const names = vcon[old];
    if (!Array.isArray(names)) continue;
    const critical = (vcon.critical ?? []) as JsonValue[];
    vcon.critical = [...critical, ...names.filter((name) => !critical.includes(name))];
    delete vcon[old];
    report.changed("criticalExtensions", "critical");
  }
}

export function syntax(vcon: JsonObject, report: Report): void {
  if (vcon.vcon === SYNTAX) return;
  vcon.vcon = SYNTAX;
  report.changed("syntax", "vcon");
}

export function uuid(vcon: JsonObject, report: Report): void {
  const given = vcon.uuid ?? "";
  const found = given === "" ? newUuid() : findUuid(given);
  if (found === undefined) throw malformed("/uuid", "is not a UUID");
  if (found === given) return;
  vcon.uuid = found;
  report.changed("uuid", "uuid", given === "" ? "It had none; a new one was made." : undefined);
}

/** A missing or unreadable `created_at` becomes the start of the earliest dialog, or else now. */
export function createdAt(vcon: JsonObject, report: Report): void {
  if (readDate(vcon.created_at) !== undefined) {
    date(vcon, "created_at", report);
  } else {
    if (typeof vcon.created_at === "string" && vcon.created_at !== "") setAside(vcon, "created_at");
    const earliest = earliestStart(vcon);
    vcon.created_at = earliest ?? new Date().toISOString();
    const taken = earliest === undefined ? "the time of reading" : "the start of its earliest dialog";
    report.changed("createdAt", "created_at", `It was missing or could not be read; ${taken} was taken.`);
  }
}

function earliestStart(vcon: JsonObject): string | undefined {
  const dialogs = (vcon.dialog ?? []) as JsonObject[];
  const starts = dialogs.flatMap(({ start }) => readDate(start) ?? []);
  return starts.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

/** `tags` beside the parts, as vcon-js wrote them up to 0.3, become an attachment. */
export function topLevelTags(vcon: JsonObject, report: Report): void {
  const found = vcon.tags;
  if (typeof found !== "object") return;
  delete vcon.tags;
  report.changed("topLevelTags", "tags");
  const texts = tagTexts(found);
  if (texts.length === 0) return;
  vcon.attachments ??= [];
  const attachments = vcon.attachments as unknown[];
  const length = attachments.push(tagsAttachment(texts.map(parseTag), vcon.created_at as string));
  report.changed("topLevelTags", `attachments/${length - 1}`);
}

/** A member of the contact center extension, of a party or a dialog: the extension is to be listed (section 2.5). */
export function contactCenter(members: JsonObject, name: string, { work }: Report): void {
  if (isEmpty(members[name]) || (name === "role" && isRoleInSession(members))) return;
  work.vcon.extensions ??= [];
  const extensions = work.vcon.extensions as JsonValue[];
  if (extensions.includes(CC_EXTENSION)) return;
  const length = extensions.push(CC_EXTENSION);
  new Report(work, "").changed("contactCenter", `extensions/${length - 1}`);
}

function malformed(pointer: string, what: string): VconError {
  return new VconError("VCON_MALFORMED", `Not a vCon that can be read. ${pointer} ${what}.`);
}
