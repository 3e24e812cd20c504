/**
 * SOQL, as far as records are looked up by it: SELECT fields FROM one object, WHERE with comparisons, IN, AND, OR and
 * brackets, ORDER BY, LIMIT. Read as strictly as Salesforce does, above all what stands in quotes.
 */
import { Refusal } from "./errors.ts";
import { comparable, type Records, type Saved } from "./records.ts";
import { type Field, isFilterable, type ObjectType, type Stored } from "./schema.ts";

/** Answers the records, with the selected fields. */
export function select(
  text: string,
  records: Records,
): { type: ObjectType; found: Saved[]; names: string[] } {
  const reader = new Reader(text);
  reader.word("SELECT");
  const wanted = reader.list(() => reader.name());
  reader.word("FROM");
  const type = objectIn(records, reader.name());
  const clauses = readClauses(reader, type);
  reader.end();
  const names = wanted.map((name) => columnOf(type, name).name);
  return { type, found: clauses(records.all(type.name)), names };
}

/** What may stand behind an object's name, in SOQL and in the RETURNING clause of SOSL. */
export function readClauses(reader: Reader, type: ObjectType): (records: Saved[]) => Saved[] {
  const matches = reader.hasWord("WHERE") ? either(reader, type) : () => true;
  const order = reader.hasWord("ORDER") ? readOrder(reader, type) : () => 0;
  const limit = reader.hasWord("LIMIT") ? reader.whole() : Number.POSITIVE_INFINITY;
  return (records) => records.filter(matches).sort(order).slice(0, limit);
}

export function objectIn(records: Records, name: string): ObjectType {
  try {
    return records.objectNamed(name);
  } catch {
    throw new Refusal(400, "INVALID_TYPE", `sObject type '${name}' is not supported.`);
  }
}

export function columnOf(type: ObjectType, name: string): Field {
  const found = type.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new Refusal(400, "INVALID_FIELD", `No such column '${name}' on entity '${type.name}'.`);
}

type Test = (record: Saved) => boolean;

function either(reader: Reader, type: ObjectType): Test {
  const tests = [both(reader, type)];
  while (reader.hasWord("OR")) tests.push(both(reader, type));
  return (record) => tests.some((test) => test(record));
}

function both(reader: Reader, type: ObjectType): Test {
  const tests = [comparison(reader, type)];
  while (reader.hasWord("AND")) tests.push(comparison(reader, type));
  return (record) => tests.every((test) => test(record));
}

function comparison(reader: Reader, type: ObjectType): Test {
  if (reader.has("(")) {
    const inside = either(reader, type);
    reader.sign(")");
    return inside;
  }
  const field = columnOf(type, reader.name());
  if (!isFilterable(field)) {
    throw new Refusal(400, "INVALID_FIELD", `field '${field.name}' can not be filtered in a query call`);
  }
  const value = ({ [field.name]: found = null }: Saved) => comparable(found);
  if (reader.hasWord("IN")) {
    reader.sign("(");
    const wanted = new Set(reader.list(() => literal(reader, field)).map(comparable));
    reader.sign(")");
    return (record) => wanted.has(value(record));
  }
  const operator = reader.operator();
  const wanted = comparable(literal(reader, field));
  return (record) => compares(value(record), operator, wanted);
}

function compares(value: Stored, operator: string, wanted: Stored): boolean {
  if (operator === "=") return value === wanted;
  if (operator === "!=") return value !== wanted;
  if (value === null || wanted === null) return false;
  const [one, other] = [value, wanted].map((part) => (isMoment(part) ? Date.parse(String(part)) : part));
  if (operator === "<") return one! < other!;
  if (operator === ">") return one! > other!;
  return operator === "<=" ? one! <= other! : one! >= other!;
}

const isMoment = (value: Stored) => typeof value === "string" && /^\d{4}-\d\d-\d\dt/i.test(value);

const BARE = {
  boolean: /^(true|false)$/i,
  int: /^[+-]?\d+$/,
  double: /^[+-]?\d+(\.\d+)?$/,
  date: /^\d{4}-\d\d-\d\d$/,
  datetime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/i,
} as const;

/** Texts stand in quotes, and nothing else does. */
function literal(reader: Reader, { name, type }: Field): Stored {
  const pattern = type in BARE ? BARE[type as keyof typeof BARE] : undefined;
  const quoted = reader.quoted();
  if (quoted !== undefined && pattern === undefined) return quoted;
  const bare = quoted ?? reader.bare();
  if (quoted === undefined && bare.toLowerCase() === "null") return null;
  if (quoted !== undefined || !pattern?.test(bare)) {
    const should = quoted === undefined ? "should be enclosed in quotes" : "should not be enclosed in quotes";
    throw new Refusal(
      400,
      "INVALID_FIELD",
      `value of filter criterion for field '${name}' must be of type ${type} and ${should}`,
    );
  }
  if (type === "boolean") return bare.toLowerCase() === "true";
  return type === "int" || type === "double" ? Number(bare) : bare;
}

function readOrder(reader: Reader, type: ObjectType): (one: Saved, other: Saved) => number {
  reader.word("BY");
  const keys = reader.list(() => {
    const { name } = columnOf(type, reader.name());
    const down = reader.hasWord("DESC");
    if (!down) reader.hasWord("ASC");
    if (reader.hasWord("NULLS") && !reader.hasWord("LAST")) reader.word("FIRST");
    return { name, down };
  });
  return (one, other) => {
    for (const { name, down } of keys) {
      const [a, b] = [one, other].map((record) => comparable(record[name] ?? null) ?? "");
      if (a !== b) return (a! < b! ? -1 : 1) * (down ? -1 : 1);
    }
    return 0;
  };
}

const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", '"': '"', "'": "'" };

/** Reads a statement from left to right. */
export class Reader {
  readonly #text: string;
  readonly #errorCode: string;
  #at = 0;

  constructor(text: string, errorCode = "MALFORMED_QUERY") {
    this.#text = text;
    this.#errorCode = errorCode;
  }

  word(wanted: string): void {
    if (!this.hasWord(wanted)) throw this.#unexpected();
  }

  hasWord(wanted: string): boolean {
    return this.#take(new RegExp(`${wanted}(?![\\w.])`, "iy")) !== undefined;
  }

  sign(wanted: string): void {
    if (!this.has(wanted)) throw this.#unexpected();
  }

  has(wanted: string): boolean {
    this.#skip();
    if (!this.#text.startsWith(wanted, this.#at)) return false;
    this.#at += wanted.length;
    return true;
  }

  name(): string {
    return this.#take(/[A-Za-z]\w*/y) ?? this.#fail();
  }

  operator(): string {
    return this.#take(/<=|>=|!=|=|<|>/y) ?? this.#fail();
  }

  whole(): number {
    return Number(this.#take(/\d+/y) ?? this.#fail());
  }

  bare(): string {
    return this.#take(/[\w:+.-]+/y) ?? this.#fail();
  }

  list<Part>(read: () => Part): Part[] {
    const parts = [read()];
    while (this.has(",")) parts.push(read());
    return parts;
  }

  /** What stands between single quotes, without its backslashes; undefined where there is no quote. */
  quoted(): string | undefined {
    if (!this.has("'")) return undefined;
    let value = "";
    for (;;) {
      const letter = this.#text[this.#at++];
      if (letter === undefined) throw this.malformed("unexpected token: <EOF>");
      if (letter === "'") return value;
      value += letter === "\\" ? this.#escaped() : letter;
    }
  }

  /** Everything up to the sign that is not behind a backslash; the sign is read too. */
  until(sign: string): string {
    const start = this.#at;
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === sign) return this.#text.slice(start, this.#at++);
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    throw this.#unexpected();
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  malformed(message: string): Refusal {
    return new Refusal(400, this.#errorCode, message);
  }

  #escaped(): string {
    const letter = this.#text[this.#at++] ?? "";
    if (letter === "u") {
      const code = this.#text.slice(this.#at, this.#at + 4);
      this.#at += 4;
      if (/^[0-9a-f]{4}$/i.test(code)) return String.fromCharCode(Number.parseInt(code, 16));
    }
    if (letter === "\\") return "\\";
    const value = ESCAPED[letter.toLowerCase()];
    if (value !== undefined) return value;
    throw this.malformed(
      `Invalid string literal. Illegal character sequence '\\${letter}' in string literal.`,
    );
  }

  #take(pattern: RegExp): string | undefined {
    this.#skip();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skip(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #fail(): never {
    throw this.#unexpected();
  }

  #unexpected(): Refusal {
    const token = this.#text.slice(this.#at).split(/\s/, 1)[0] || "<EOF>";
    return this.malformed(`unexpected token: '${token}'`);
  }
}
