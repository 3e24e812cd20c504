/**
 * Regular expressions for the ways in which people write a name, a telephone number or an address. Names and numbers
 * come from anywhere, so nothing in these expressions can match one text in two ways: they never take long to fail.
 * What stands in them often is a short class, since one such as \p{L} takes a millisecond to compile.
 */
import { waysToWriteTel } from "../parties.ts";

/** From so many digits on a number is told inside a longer row of digits too. */
export const TELLING_DIGITS = 7;

/** Accents, the points of Hebrew and Arabic, what makes an emoji of a digit, and what nobody sees. */
const MARK = [
  "\\u0300-\\u036f\\u0591-\\u05bd\\u0610-\\u061a\\u064b-\\u065f\\u20d0-\\u20ff\\ufe00-\\ufe0f",
  "\\xad\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2064\\ufeff",
].join("");
const MARKS = `[${MARK}]*`;

/** Blanks and punctuation: what people write between the digits of a number, or the parts of a name. */
const BLANK = [
  "\\x00-/:-@[-`{-\\xa9\\xab\\xac\\xae-\\xb1\\xb4\\xb6-\\xb8\\xbb\\xbf",
  "\\u2000-\\u200a\\u2010-\\u2029\\u202f-\\u205f\\u2212\\u3000-\\u3003\\u30fb\\uff08-\\uff0f",
].join("");
const BETWEEN = `(?:[${BLANK}]${MARKS}){0,3}`;

/** %20 and the like end a word too, whatever letters they are written with; a plural or a genitive is a name still. */
const WORD_BEGINS = "(?:(?<!\\p{L})|(?<=%[0-9a-f]{2}))";
const WORD_ENDS = "(?:s(?!\\p{L})|(?!\\p{L}))";

/** Scripts that put no blanks between words. */
const UNSPACED =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Thai}|\p{Script=Lao}|\p{Script=Khmer}|\p{Script=Myanmar}/u;

const DIAERESIS = "\u0308";
const OTHER_MARKS = new RegExp(`(?!${DIAERESIS})[${MARK}]`, "gu");

/** As words, whatever their accents, and with other marks or none between the parts of a name. */
export function namesPatterns(names: readonly string[]): string[] {
  const words = names.filter((name) => !UNSPACED.test(name)).map(namePattern);
  const unspaced = names.filter((name) => UNSPACED.test(name)).map(namePattern);
  return [...(words.length > 0 ? [`${WORD_BEGINS}(?:${words.join("|")})${WORD_ENDS}`] : []), ...unspaced];
}

function namePattern(name: string): string {
  const parts = name.normalize("NFD").match(/[\p{L}\p{N}\p{M}]+/gu) ?? [];
  return parts.map(lettersPattern).join(BETWEEN);
}

/** "ü" is also written "ue", and the other way round. */
function lettersPattern(letters: string): string {
  const spelt = letters.replace(/([aou])(?:\u0308|e(?=\p{L}))/giu, `$1${DIAERESIS}`).replace(OTHER_MARKS, "");
  return [...spelt].map((letter) => (letter === DIAERESIS ? `(?:e${MARKS})?` : `${letter}${MARKS}`)).join("");
}

/** With and without country code, and with any blanks and marks between the digits. */
export function numberPattern(text: string): string {
  const [e164, , national] = waysToWriteTel(text);
  if (national === undefined) return digitsPattern(digitsIn(text).replace(/^0+(?=\d)/, ""));
  const country = digitsIn(e164!).slice(0, -national.length);
  return `(?:(?:\\+|00)?${spaced(country)}${BETWEEN})?(?:0${MARKS}${BETWEEN})?${digitsPattern(national)}`;
}

function digitsPattern(digits: string): string {
  const pattern = spaced(digits);
  return digits.length >= TELLING_DIGITS ? pattern : `(?<!\\d)${pattern}(?!\\d)`;
}

function spaced(digits: string): string {
  return [...digits].join(`${MARKS}${BETWEEN}`);
}

/** The digits of a telephone number, without those of its parameters. */
export function digitsIn(text: string): string {
  return text.replace(/;.*$/, "").replace(/\D/g, "");
}

/** Also with "at" and "dot". */
export function addressPattern(address: string): string {
  if (/[@.]{2}/.test(address)) return literalPattern(address);
  return [...address.normalize("NFD")]
    .map((character) => {
      if (character === "@") return "(?:\\s{0,2}(?:@|%40)\\s{0,2}|\\s{1,2}at\\s{1,2})";
      if (character === ".") return "(?:\\s{0,2}\\.\\s{0,2}|\\s{1,2}dot\\s{1,2})";
      return literal(character);
    })
    .join("");
}

export function literalPattern(text: string): string {
  return [...text.normalize("NFD")].map(literal).join("");
}

function literal(character: string): string {
  return /[\p{L}\p{N}]/u.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
