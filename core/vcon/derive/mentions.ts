/** Finds and replaces what names a person: names, telephone numbers and addresses, in any text. */
import { isObject, parseStructure } from "../json.ts";
import { waysToWriteTel } from "../parties.ts";
import type { JsonObject, JsonValue, Party } from "../types.ts";

/** What stands where something was taken out of a text. */
export const REDACTED = "[redacted]";

export interface Mentions {
  isIn(text: string): boolean;
  /** The same value with the mentions in its texts, its numbers and its members' names replaced. */
  replaceIn(value: unknown): JsonValue;
}

/** A longer text is no name, number or address. */
const MAX_LENGTH = 256;

/** From so many digits on a number is told inside a longer row of digits too. */
const TELLING_DIGITS = 7;

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

/** Scripts that put no blanks between words. */
const UNSPACED =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}/u;

/** What people write between the digits of a number, or the parts of a name. */
const BETWEEN = "[^\\p{L}\\p{N}]{0,3}";
/** %20 and the like end a word too, whatever letters they are written with. */
const WORD_BEGINS = "(?:(?<!\\p{L})|(?<=%[0-9a-f]{2}))";
const WORD_ENDS = "(?!\\p{L})";

/**
 * The mentions of some parties. Found are, whatever the case and the accents: their whole names and each part of
 * three letters or more; their telephone numbers with any blanks and marks between the digits, with and without
 * country code; their addresses, also with "at" and "dot"; their DIDs and UUIDs. A part that is no name ("Dr", "agent"),
 * that belongs to an organisation, or that one of the `others` has in the name too, counts only within the whole name.
 */
export function mentionsOf(named: readonly Party[], others: readonly Party[]): Mentions {
  const shared = new Set(others.flatMap(namesOf).flatMap(partsOf).map(folded));
  const names = named.flatMap((party) => namesOf(party).map((name) => namePatterns(name, party, shared)));
  // Where several begin at one place, the first one is taken: an address may begin with a number or a name.
  const patterns = [
    ...named.flatMap(addressesOf).map(addressPattern).sort(longestFirst),
    ...names.flatMap(({ whole }) => whole).sort(longestFirst),
    ...named.flatMap(numbersOf).map(numberPattern).sort(longestFirst),
    ...names.flatMap(({ parts }) => parts).sort(longestFirst),
  ];
  const pattern = patterns.length > 0 ? new RegExp([...new Set(patterns)].join("|"), "giu") : undefined;

  // What is left beside a replaced mention may have become one, such as a name that stood right behind a number.
  const replaceInText = (text: string): string => {
    if (!pattern) return text;
    const decomposed = text.normalize("NFD");
    let replaced = decomposed.replace(pattern, REDACTED);
    if (replaced === decomposed) return text;
    for (let before = decomposed; before !== replaced; ) {
      before = replaced;
      replaced = before.replace(pattern, REDACTED);
    }
    return replaced.normalize("NFC");
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

/** Every address among the party's members, and what else names it for sure. */
function addressesOf({ did, uuid, ...party }: Party): string[] {
  const addresses = textsIn(party).flatMap((text) => text.match(ADDRESS) ?? []);
  const identifiers = [did, uuid].filter(
    (text) => typeof text === "string" && text.length >= SHORTEST_IDENTIFIER && text.length <= MAX_LENGTH,
  );
  return [...addresses, ...(identifiers as string[])].map((text) => text.replace(/\.+$/, ""));
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

function numberPattern(text: string): string {
  const [e164, , national] = waysToWriteTel(text);
  if (national === undefined) return digitsPattern(digitsIn(text).replace(/^0+(?=\d)/, ""));
  const country = digitsIn(e164!).slice(0, -national.length);
  const prefix = `(?:(?:\\+|00)?${[...country].join(BETWEEN)}${BETWEEN})?(?:0${BETWEEN})?`;
  return `${prefix}${digitsPattern(national)}`;
}

function digitsPattern(digits: string): string {
  const pattern = [...digits].join(BETWEEN);
  return digits.length >= TELLING_DIGITS ? pattern : `(?<!\\p{N})${pattern}(?!\\p{N})`;
}

function addressPattern(address: string): string {
  return [...address.normalize("NFD")]
    .map((character) => {
      if (character === "@") return "(?:\\s{0,2}(?:@|%40)\\s{0,2}|\\s{1,2}at\\s{1,2})";
      if (character === ".") return "(?:\\s{0,2}\\.\\s{0,2}|\\s{1,2}dot\\s{1,2})";
      return literal(character);
    })
    .join("");
}

function namePatterns(
  name: string,
  { type }: Party,
  shared: ReadonlySet<string>,
): { whole: string[]; parts: string[] } {
  const words = partsOf(name).filter((part) => !COMMON_WORDS.has(folded(part)));
  const isName = [...words.join("")].length > 1;
  const telling = words.filter(
    (part) => [...part].length >= TELLING_LETTERS && !shared.has(folded(part)) && /\p{L}/u.test(part),
  );
  return {
    whole: isName ? [wordPattern(words.map(partPattern).join(BETWEEN), name)] : [],
    parts: type === "organization" ? [] : telling.map((part) => wordPattern(partPattern(part), part)),
  };
}

/** The words of a name; a hyphen or an apostrophe makes no new one. */
function partsOf(name: string): string[] {
  return name
    .split(/[^\p{L}\p{N}\p{M}'’-]+/u)
    .map((part) => part.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}\p{M}]+$/gu, ""))
    .filter((part) => part !== "");
}

function partPattern(part: string): string {
  return [...part.normalize("NFD")]
    .map((character) => {
      if (/\p{M}/u.test(character)) return "";
      return /[\p{L}\p{N}]/u.test(character) ? `${character}[\\p{M}\\p{Cf}]*` : BETWEEN;
    })
    .join("");
}

function wordPattern(pattern: string, word: string): string {
  return UNSPACED.test(word) ? pattern : `${WORD_BEGINS}${pattern}${WORD_ENDS}`;
}

function longestFirst(one: string, other: string): number {
  return other.length - one.length;
}

function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function digitsIn(text: string): string {
  return text.replace(/;.*$/, "").replace(/\D/g, "");
}

function literal(character: string): string {
  return /[\p{L}\p{N}]/u.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
