/** Finds and replaces what names a person: names, telephone numbers and addresses, in any text. */
import { VconError } from "../../errors.ts";
import { isObject, parseStructure } from "../json.ts";
import type { JsonObject, JsonValue, Party } from "../types.ts";
import {
  addressPattern,
  digitsIn,
  literalPattern,
  namesPatterns,
  numberPattern,
  TELLING_DIGITS,
} from "./patterns.ts";

/** What stands where something was taken out of a text. */
export const REDACTED = "[redacted]";

export interface Mentions {
  isIn(text: string): boolean;
  /** The same value with the mentions in its texts, its numbers and its members' names replaced. */
  replaceIn(value: unknown): JsonValue;
}

/** A longer text is no name, number or address. */
const MAX_LENGTH = 256;

/** In characters, of all parties together: some 400 people. */
const MAX_DETAILS = 30_000;

/** A party's `tel` may be an extension. */
const SHORTEST_NUMBER = 3;

/** A shorter one may be a word, or a counter. */
const SHORTEST_IDENTIFIER = 8;

/** A shorter part of a name is too often a word of its own. */
const TELLING_LETTERS = 3;

/** Parts of names that name nobody. */
export const COMMON_WORDS = new Set(
  `mr mrs ms miss mx dr prof sir madam the and von van der den del della dos las los bin ibn
   agent customer caller callee support service sales user guest anonymous unknown bot speaker party redacted`.split(
    /\s+/,
  ),
);

const ADDRESS = /[^\s@<>"'(),:;?]+@[^\s@<>"'(),:;?]+/g;
const NUMBER = /^(?:tel:)?\s*[+(]?\d[\d\s()./-]*(?:;.*)?$/i;

/**
 * The mentions of some parties. Found are, whatever the case and the accents: their whole names and each part of
 * three letters or more; their telephone numbers with any blanks and marks between the digits, with and without
 * country code; their addresses, also with "at" and "dot"; their DIDs and UUIDs. A part that is no name ("Dr", "agent"),
 * that belongs to an organisation, or that one of the `others` has in the name too, counts only within the whole name.
 *
 * @throws VconError `VCON_TOO_LARGE` for parties of too many names, numbers and addresses
 */
export function mentionsOf(named: readonly Party[], others: readonly Party[]): Mentions {
  const shared = new Set(others.flatMap(namesOf).flatMap(partsOf).flatMap(withPieces).map(folded));
  const names = named.flatMap((party) => namesOf(party).map((name) => tellingIn(name, party, shared)));
  const addresses = distinct(named.flatMap(addressesOf));
  const identifiers = distinct(named.flatMap(identifiersOf));
  const wholes = distinct(names.flatMap(({ whole }) => whole));
  const numbers = distinct(named.flatMap(numbersOf));
  const parts = distinct(names.flatMap((name) => name.parts));
  refuseTooMany([addresses, identifiers, wholes, numbers, parts].flat());
  // Where several begin at one place, the first one is taken: an address may begin with a number or a name.
  const patterns = [
    ...addresses.map(addressPattern),
    ...identifiers.map(literalPattern),
    ...namesPatterns(wholes),
    ...numbers.map(numberPattern),
    ...namesPatterns(parts),
  ];
  // What was replaced comes first, so that it is no mention itself: a party may be named "redacted".
  const mention = new RegExp([literalPattern(REDACTED), ...patterns].join("|"), "giu");

  const replaceInText = (text: string): string => {
    if (patterns.length === 0) return text;
    const decomposed = text.normalize("NFD");
    const replaced = decomposed.replace(mention, REDACTED);
    if (replaced === decomposed) return text;
    // Beside what was replaced something may have become a mention, such as a name right behind a number.
    return replaced.replace(mention, REDACTED).normalize("NFC");
  };

  const replaceIn = (value: unknown): JsonValue => {
    if (typeof value === "string") return replaceInJson(value) ?? replaceInText(value);
    if (typeof value === "number") return replaceInText(String(value)) === String(value) ? value : REDACTED;
    if (Array.isArray(value)) return value.map(replaceIn);
    if (isObject(value)) return replaceInMembers(value);
    return typeof value === "boolean" ? value : null;
  };

  const replaceInMembers = (object: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(object).map(([name, value]) => [replaceInText(name), replaceIn(value)]),
    );

  /** JSON in a text may hide a name behind its escapes. */
  const replaceInJson = (text: string): string | undefined => {
    const structure = parseStructure(text);
    if (structure === undefined) return;
    const replaced = JSON.stringify(replaceIn(structure));
    return replaced === JSON.stringify(structure) ? text : replaced;
  };

  return { isIn: (text) => replaceIn(text) !== text, replaceIn };
}

function namesOf({ name, sip_display_name }: Party): string[] {
  return [name, sip_display_name].flatMap((text) =>
    typeof text === "string" && text.length <= MAX_LENGTH && !NUMBER.test(text.trim())
      ? text.replace(ADDRESS, " ")
      : [],
  );
}

/** Every address among the party's members. */
function addressesOf({ did: _, uuid: _1, ...party }: Party): string[] {
  const addresses = textsIn(party).flatMap((text) => text.match(ADDRESS) ?? []);
  return addresses.map((text) => text.replace(/\.+$/, ""));
}

/** What else names the party for sure. */
function identifiersOf({ did, uuid }: Party): string[] {
  return [did, uuid].flatMap((text) =>
    typeof text === "string" && text.length >= SHORTEST_IDENTIFIER && text.length <= MAX_LENGTH ? text : [],
  );
}

/** Every number among the party's members, and those that SIP addresses begin with. */
function numbersOf(party: Party): string[] {
  const texts = textsIn(party).flatMap((text) => [text, text.replace(/^sips?:/i, "").split("@", 1)[0]!]);
  const numbers = texts.filter((text) => NUMBER.test(text.trim()));
  const fewest = (text: string) => (text === party.tel ? SHORTEST_NUMBER : TELLING_DIGITS);
  return numbers.filter((text) => digitsIn(text).length >= fewest(text));
}

/** All texts at any depth, but for long ones and the signed PASSporT. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value.length <= MAX_LENGTH ? [value] : [];
  if (typeof value === "number") return [String(value)];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => (name === "stir" ? [] : textsIn(member)));
}

/** What of a name names the party: all of it, and which parts of it alone. */
function tellingIn(
  name: string,
  { type }: Party,
  shared: ReadonlySet<string>,
): { whole: string[]; parts: string[] } {
  const words = partsOf(name).filter((word) => !COMMON_WORDS.has(folded(word)));
  const isName = [...words.join("")].length > 1;
  const isTelling = (part: string) =>
    [...part].length >= TELLING_LETTERS &&
    !COMMON_WORDS.has(folded(part)) &&
    !shared.has(folded(part)) &&
    /\p{L}/u.test(part);
  return {
    whole: isName ? [words.join(" ")] : [],
    parts: type === "organization" ? [] : words.flatMap(withPieces).filter(isTelling),
  };
}

/** Who is called Carter-Smith may be named by half of it. */
function withPieces(word: string): string[] {
  return [...new Set([word, ...word.split("-")])];
}

/** The words of a name; a hyphen or an apostrophe makes no new one. */
function partsOf(name: string): string[] {
  return name
    .split(/[^\p{L}\p{N}\p{M}'’-]+/u)
    .map((part) => part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, ""))
    .filter((part) => part !== "");
}

/** The longest first. */
function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((one, other) => other.length - one.length);
}

/** Seconds are spent on as much, and far more is no expression any more. */
function refuseTooMany(details: readonly string[]): void {
  if (details.reduce((sum, { length }) => sum + length, 0) <= MAX_DETAILS) return;
  throw new VconError(
    "VCON_TOO_LARGE",
    `The parties to take out have more than ${MAX_DETAILS} characters of names, numbers and addresses, which are too many to look for at once. Take out fewer of them.`,
  );
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
