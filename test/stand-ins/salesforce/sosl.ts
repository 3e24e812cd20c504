/**
 * SOSL, as far as people are looked up by it: FIND words or phrases, also with wildcards behind them, joined by AND or
 * OR, in the fields of one kind, RETURNING fields of objects. A telephone number is found by all of its digits.
 */
import type { Records, Saved } from "./records.ts";
import type { Field, ObjectType } from "./schema.ts";
import { columnOf, objectIn, Reader, readClauses } from "./soql.ts";

export interface Found {
  type: ObjectType;
  found: Saved[];
  names: string[];
}

/** Above these lengths Salesforce finds nothing, or no longer knows AND from OR. */
const LONGEST = 10_000;
const LONGEST_WITH_OPERATORS = 4_000;
const MOST_FOUND = 2_000;

const GROUPS: Record<string, (field: Field) => boolean> = {
  ALL: ({ type }) => ["string", "textarea", "email", "phone"].includes(type),
  NAME: ({ name }) => /^(First|Last)?Name$/.test(name),
  EMAIL: ({ type }) => type === "email",
  PHONE: ({ type }) => type === "phone",
};

export function search(text: string, records: Records): Found[] {
  const reader = new Reader(text, "MALFORMED_SEARCH");
  reader.word("FIND");
  reader.sign("{");
  const query = reader.until("}");
  const matches = readQuery(query, reader);
  const group = reader.hasWord("IN") ? readGroup(reader) : GROUPS["ALL"]!;
  reader.word("RETURNING");
  const objects = reader.list(() => {
    const type = objectIn(records, reader.name());
    reader.sign("(");
    const wanted = reader.list(() => reader.name());
    const clauses = readClauses(reader, type);
    reader.sign(")");
    return { type, clauses, names: wanted.map((name) => columnOf(type, name).name) };
  });
  const limit = reader.hasWord("LIMIT") ? reader.whole() : MOST_FOUND;
  reader.end();
  if (limit > MOST_FOUND) throw reader.malformed(`LIMIT must be at most ${MOST_FOUND}`);
  let left = query.length > LONGEST ? 0 : limit;
  return objects.map(({ type, clauses, names }) => {
    const fields = type.fields.filter(group);
    const found = clauses(records.all(type.name))
      .filter((record) => matches(fields, record))
      .slice(0, left);
    left -= found.length;
    return { type, found, names };
  });
}

function readGroup(reader: Reader): (field: Field) => boolean {
  const group = GROUPS[reader.name().toUpperCase()];
  if (group === undefined) throw reader.malformed("unexpected search group");
  reader.word("FIELDS");
  return group;
}

type Matches = (fields: Field[], record: Saved) => boolean;

function readQuery(query: string, reader: Reader): Matches {
  const parts = partsOf(query, reader);
  const terms = parts.filter(({ operator }) => operator === undefined).map(({ text }) => term(text, reader));
  if (terms.length === 0) throw reader.malformed("Search term must be longer than one character");
  const operators = new Set(parts.map(({ operator }) => operator ?? ""));
  const isOr = operators.has("OR") || query.length > LONGEST_WITH_OPERATORS;
  if (operators.has("OR") && operators.has("AND")) {
    throw new Error("This stand-in knows no search that has both AND and OR.");
  }
  return (fields, record) =>
    isOr
      ? terms.some((matches) => matches(fields, record))
      : terms.every((matches) => matches(fields, record));
}

const RESERVED = "?&|!{}[]()^~*:\\\"'+-";

/** Words, phrases in quotes, and operators; what is reserved stands behind a backslash. */
function partsOf(query: string, reader: Reader): { text: string; operator?: string }[] {
  const parts: { text: string; operator?: string }[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+))/gy;
  let end = 0;
  for (const match of query.matchAll(pattern)) {
    end = match.index + match[0].length;
    const [, phrase, word] = match;
    if (word !== undefined && /^(AND|OR)$/i.test(word))
      parts.push({ text: "", operator: word.toUpperCase() });
    else parts.push({ text: unescaped(phrase ?? word!, reader) });
  }
  if (query.slice(end).trim() !== "") throw reader.malformed("unexpected end of the search query");
  return parts;
}

/** An asterisk at the end stays as it is: it is the one wildcard that is known here. */
function unescaped(text: string, reader: Reader): string {
  const bare = text.replace(/\\(.)/gs, (_, letter: string) => {
    if (!RESERVED.includes(letter)) throw reader.malformed(`Illegal character sequence '\\${letter}'`);
    return "";
  });
  if ([...bare.replace(/\*$/, "")].some((letter) => RESERVED.includes(letter))) {
    throw reader.malformed("a reserved character must be escaped");
  }
  return text.replace(/\\(.)/gs, "$1");
}

function term(text: string, reader: Reader): Matches {
  const isBeginning = text.endsWith("*");
  const words = isBeginning ? text.slice(0, -1) : text;
  if (words.trim().length < 2) throw reader.malformed("Search term must be longer than one character");
  const digits = words.replace(/\D/g, "");
  return (fields, record) =>
    fields.some(({ name, type }) => {
      const value = String(record[name] ?? "").toLowerCase();
      if (type === "phone") return digits !== "" && same(value.replace(/\D/g, ""), digits, isBeginning);
      if (type === "email") return same(value, words.toLowerCase(), isBeginning);
      return value.includes(words.toLowerCase());
    });
}

function same(value: string, wanted: string, isBeginning: boolean): boolean {
  return isBeginning ? value.startsWith(wanted) : value === wanted;
}
