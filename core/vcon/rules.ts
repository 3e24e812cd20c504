/**
 * The rules by which normalise.ts brings a vCon into the syntax of core-04.
 *
 * A rule is a generator: it changes the members of one object in place and yields the names of those that it
 * changed. No rule moves or removes an element of an array that is referred to by index, and none touches a member
 * that it doesn't know.
 */
import { VconError } from "../errors.ts";
import { readDate } from "./dates.ts";
import { isEmpty, isObject, MAX_NESTING, parseStructure } from "./json.ts";
import { isBase64, mediatypeOf, toBase64Url } from "./media.ts";
import { parseTag, tagsAttachment, tagTexts } from "./tags.ts";
import type { JsonObject, JsonValue } from "./types.ts";
import { findUuid, newUuid } from "./uuid.ts";
import { SYNTAX } from "./write.ts";

/** @param members the object at hand; `vcon` is the whole that it belongs to */
export type Rule = (members: JsonObject, vcon: JsonObject) => Iterable<string>;

/** How deep a body may nest that was text before: it stands inside vCon, array and element. */
const MAX_BODY_NESTING = MAX_NESTING - 3;

const BINARY = /^(?:audio|video|image)\/|^application\/(?:octet-stream|pdf|zip|gzip)$/;
const JSON_TYPE = /[/+]json$/;
const HASH_ALGORITHM = /^sha-?(256|384|512)$/i;
const HEX = /^[0-9a-f]*$/i;

const REFERENCES = ["redacted", "amended", "appended", "redacted_from", "amended_from", "group"];
const NAME_LISTS = ["extensions", "critical", "must_support", "must_understand"];
const SECTIONS = ["parties", "dialog", "analysis", "attachments"];

// Rules for any object

/** Drops core's members where they are null. */
export function nulls(names: readonly string[]): Rule {
  return function* (members) {
    for (const name of names) {
      if (members[name] !== null) continue;
      delete members[name];
      yield name;
    }
  };
}

/** Gives members the name of core-04. Where both names are there, the new one wins and the old one is left alone. */
export function oldNames(names: Record<string, string>): Rule {
  return function* (members) {
    for (const [old, now] of Object.entries(names)) {
      if (!Object.hasOwn(members, old) || members[now] !== undefined) continue;
      const value = members[old];
      delete members[old];
      if (value !== null) members[now] = value;
      yield value === null ? old : now;
    }
  };
}

export function oldValues(name: string, values: ReadonlyMap<unknown, string>): Rule {
  return function* (members) {
    const now = values.get(members[name]);
    if (now === undefined) return;
    members[name] = now;
    yield name;
  };
}

/** Writes dates as RFC 3339; one that can't be read stays for the validator to complain of. */
export function dates(names: readonly string[]): Rule {
  return function* (members) {
    for (const name of names) {
      const date = readDate(members[name]);
      if (date === undefined || date === members[name]) continue;
      members[name] = date;
      yield name;
    }
  };
}

// Rules for the top level

/** Old libraries write `"redacted": {}`, `"group": []` and the like into every vCon. */
export function* emptyReferences(vcon: JsonObject): Iterable<string> {
  for (const name of REFERENCES) {
    if (vcon[name] === undefined || !isEmpty(vcon[name])) continue;
    delete vcon[name];
    yield name;
  }
}

/** Makes arrays of what must be arrays, or refuses the vCon. */
export function* arrays(vcon: JsonObject): Iterable<string> {
  for (const name of [...SECTIONS, ...NAME_LISTS]) {
    const value = vcon[name];
    const isElement = SECTIONS.includes(name) ? isObject : isString;
    // Lua's JSON library writes an empty array as {}.
    if (value === null || (isObject(value) && isEmpty(value))) {
      delete vcon[name];
      yield name;
    } else if (isElement(value)) {
      vcon[name] = [value];
      yield name;
    } else if (value !== undefined && !Array.isArray(value)) {
      throw malformed(`/${name}`, `is a ${typeof value} where an array belongs`);
    }
  }
  for (const section of SECTIONS) yield* placeholders(section, vcon[section]);
}

/** A null keeps its index as {}, the placeholder of section 4.1.8; other elements must be objects. */
function* placeholders(section: string, array: unknown): Iterable<string> {
  if (!Array.isArray(array)) return;
  for (const [index, element] of array.entries()) {
    if (element === null) {
      array[index] = {};
      yield `${section}/${index}`;
    } else if (!isObject(element)) {
      throw malformed(`/${section}/${index}`, "is not an object");
    }
  }
}

/** `must_support` (core-00) and `must_understand` join `critical`. */
export function* criticalExtensions(vcon: JsonObject): Iterable<string> {
  for (const old of ["must_support", "must_understand"]) {
    const names = vcon[old];
    if (!Array.isArray(names)) continue;
    vcon.critical = [...new Set([...((vcon.critical as JsonValue[] | undefined) ?? []), ...names])];
    delete vcon[old];
    yield "critical";
  }
}

export function* syntax(vcon: JsonObject): Iterable<string> {
  if (vcon.vcon === SYNTAX) return;
  vcon.vcon = SYNTAX;
  yield "vcon";
}

export function* uuid(vcon: JsonObject): Iterable<string> {
  const given = vcon.uuid ?? "";
  const found = given === "" ? newUuid() : findUuid(given);
  if (found === undefined) throw malformed("/uuid", "is not a UUID");
  if (found === given) return;
  vcon.uuid = found;
  yield "uuid";
}

/** A missing or unreadable `created_at` becomes the start of the earliest dialog, or else now. */
export function* createdAt(vcon: JsonObject): Iterable<string> {
  if (readDate(vcon.created_at) !== undefined) return;
  vcon.created_at = earliestStart(vcon) ?? new Date().toISOString();
  yield "created_at";
}

function earliestStart(vcon: JsonObject): string | undefined {
  const starts = [...objectsIn(vcon.dialog)].flatMap(([, dialog]) => readDate(dialog.start) ?? []);
  return starts.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

/** `tags` beside the parts, as vcon-js wrote them up to 0.3, become an attachment. */
export function* topLevelTags(vcon: JsonObject): Iterable<string> {
  const found = vcon.tags;
  if (typeof found !== "object") return;
  delete vcon.tags;
  yield "tags";
  const texts = tagTexts(found);
  if (texts.length === 0) return;
  const attachments = (vcon.attachments ?? []) as JsonValue[];
  vcon.attachments = attachments;
  const length = attachments.push(
    tagsAttachment(texts.map(parseTag), vcon.created_at as string) as JsonObject,
  );
  yield `attachments/${length - 1}`;
}

// Rules for dialogs, attachments and analyses

/** `alg` and `signature` of container-00 and -01. What can't be converted (LMOTS, a wrong length) stays. */
export function* contentHash(content: JsonObject): Iterable<string> {
  const { alg, signature, content_hash: present } = content;
  if (present !== undefined || typeof alg !== "string" || typeof signature !== "string") return;
  const bits = HASH_ALGORITHM.exec(alg)?.[1];
  const digest = bits && digestOf(signature, Number(bits) / 8);
  if (!digest) return;
  content.content_hash = `sha${bits}-${digest}`;
  delete content.alg;
  delete content.signature;
  yield "content_hash";
}

/** A digest of `size` bytes, in base64url; it may be given as hex or in either base64 alphabet. */
function digestOf(text: string, size: number): string | undefined {
  if (text.length === size * 2 && HEX.test(text)) return Buffer.from(text, "hex").toString("base64url");
  const digest = isBase64(text) ? toBase64Url(text) : "";
  return digest.length === Math.ceil((size * 4) / 3) ? digest : undefined;
}

export function* encoding(content: JsonObject): Iterable<string> {
  if (content.body === undefined || content.body === "") return;
  const right = encodingOf(content);
  if (right === content.encoding) return;
  content.encoding = right;
  yield "encoding";
}

function encodingOf(content: JsonObject): JsonValue {
  const { body, encoding: given } = content;
  if (typeof body !== "string") return "json";
  if (given === "base64" && isBase64(body)) return "base64url";
  if (given !== undefined) return given;
  const mediatype = mediatypeOf(content) ?? "";
  if (JSON_TYPE.test(mediatype) && parseStructure(body, MAX_BODY_NESTING)) return "json";
  if (BINARY.test(mediatype) && isBase64(body)) return "base64url";
  return "none";
}

/** Padding, line breaks and the standard alphabet are not base64url. */
export function* base64Alphabet(content: JsonObject): Iterable<string> {
  const { body, encoding: given } = content;
  if (given !== "base64url" || typeof body !== "string" || !isBase64(body)) return;
  const right = toBase64Url(body);
  if (right === body) return;
  content.body = right;
  yield "body";
}

/** Up to core-02 a JSON body was text that contains JSON; from core-03 on it is the value (section 2.3.2). */
export function* jsonText(content: JsonObject): Iterable<string> {
  const { body, encoding: given } = content;
  if (given !== "json" || typeof body !== "string") return;
  const value = parseStructure(body, MAX_BODY_NESTING);
  if (value === undefined) return;
  content.body = value as JsonValue;
  yield "body";
}

/** Conserver links wrote their options, an object, as the schema. */
export function* schemaText(analysis: JsonObject): Iterable<string> {
  if (typeof analysis.schema !== "object") return;
  analysis.schema = JSON.stringify(analysis.schema);
  yield "schema";
}

/** The body of tags becomes a list of "name:value"; it is found as list and object, both also as text. */
export function* tags(attachment: JsonObject): Iterable<string> {
  const { purpose, body } = attachment;
  if (purpose !== "tags") return;
  const found = typeof body === "string" ? parseStructure(body) : body;
  if (typeof found !== "object" || isListOfTexts(body)) return;
  attachment.body = tagTexts(found);
  attachment.encoding = "json";
  attachment.mediatype = "application/json";
  yield "body";
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isString);
}

/**
 * Core-04 wants to know when, by whom and to which dialog: without it the ecosystem takes the creation of the vCon
 * and the first of each. A placeholder ({}) stays one.
 */
export function* attachmentPlace(attachment: JsonObject, vcon: JsonObject): Iterable<string> {
  if (isEmpty(attachment)) return;
  const place = { start: vcon.created_at, party: 0, dialog: 0 };
  for (const [name, value] of Object.entries(place)) {
    if (attachment[name] !== undefined) continue;
    attachment[name] = value;
    yield name;
  }
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function malformed(pointer: string, what: string): VconError {
  return new VconError("VCON_MALFORMED", `Not a vCon that can be read. ${pointer} ${what}.`);
}

/** The objects in an array, if it is one, with their index. */
export function* objectsIn(array: unknown): Generator<[number, JsonObject]> {
  if (!Array.isArray(array)) return;
  for (const [index, element] of array.entries()) if (isObject(element)) yield [index, element];
}
