/** Reads a vCon of any age and form: bytes, gzipped or not, text or an object. */
import { constants } from "node:buffer";
import { types } from "node:util";
import { gunzipSync } from "node:zlib";
import { VconError } from "../errors.ts";
import { formOf } from "./form.ts";
import { holdsTooManyValues, isObject, kindOf, MAX_NESTING, MAX_VALUES, nestsDeeperThan } from "./json.ts";
import { type Emptied, isTooLong, putBack, stringifyRest, takeOut } from "./long-strings.ts";
import { type Change, type Normalised, normalise } from "./normalise.ts";
import type { EncryptedVcon, JsonObject, SignedVcon, Vcon } from "./types.ts";

/**
 * What was read. Of an unsigned vCon `changes` says what was done to bring it into the syntax of core-04, with a
 * warning where something was guessed, and `left` what could not be done; the first 10,000 of each are told. Of a
 * sealed one there are none.
 */
export type ReadVcon = (
  | { form: "unsigned"; vcon: Vcon }
  | { form: "signed"; vcon: SignedVcon }
  | { form: "encrypted"; vcon: EncryptedVcon }
) & { changes: Change[]; left: Change[] };

export interface ReadOptions {
  /** The most bytes that a vCon may hold, as given and once unpacked; 512 MiB unless said otherwise, and at most. */
  maxBytes?: number;
  /** How deep its arrays and objects may nest, itself included; 100 unless said otherwise. */
  maxNesting?: number;
  /** Whether what can only be made up is made up: the vendor "unknown" of an analysis that names none. */
  repair?: boolean;
  /** Is shown the JSON as it was given, before any of it is read as a vCon; what it throws, readVcon throws. */
  inspect?(given: unknown): void;
}

/** 512 MiB, less the few bytes that a JavaScript string can't hold. */
const MAX_BYTES = constants.MAX_STRING_LENGTH;

/** By at least one of these an unsigned vCon is told from other JSON. */
const TELLING_MEMBERS = ["vcon", "uuid", "created_at", "parties", "dialog", "analysis", "attachments"];

/** The members that must be a string and an array in the sealed forms. */
const SEALED_MEMBERS = {
  signed: ["payload", "signatures"],
  encrypted: ["ciphertext", "recipients"],
} as const;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a vCon. An unsigned one comes in the syntax of core-04, whichever draft it was written by; a signed or
 * encrypted one comes as it is, also where the signature stands inside the unsigned vCon. An object is read as the
 * JSON that it would be written as, and is left untouched. Where JSON names a member twice, the last one counts. More
 * than 5,000,000 values are too many, however few bytes they take.
 *
 * @param input JSON as text or UTF-8 bytes, the bytes gzipped or not, or an object
 * @throws VconError `VCON_TOO_LARGE`; `VCON_MALFORMED` for what is no vCon or nests too deep. Messages say what is
 *   wrong and where, and quote nothing.
 */
export function readVcon(
  input: string | Uint8Array | object,
  { maxBytes = MAX_BYTES, maxNesting = MAX_NESTING, repair = false, inspect }: ReadOptions = {},
): ReadVcon {
  const value = toValue(input, { maxBytes: Math.min(maxBytes, MAX_BYTES), maxNesting });
  inspect?.(value);
  if (!isObject(value)) throw malformed(`A vCon is a JSON object, but this is ${kindOf(value)}.`);

  const form = formOf(value);
  if (form !== "unsigned") return readSealed(form, value);
  return { form, ...readUnsigned(value, { maxNesting, repair }) };
}

function readUnsigned(value: JsonObject, options: { maxNesting: number; repair: boolean }): Normalised {
  if (!TELLING_MEMBERS.some((member) => Object.hasOwn(value, member))) {
    throw malformed("The object has none of a vCon's members.");
  }
  return normalise(value, options);
}

function readSealed(form: "signed" | "encrypted", value: JsonObject): ReadVcon {
  const [text, list] = SEALED_MEMBERS[form];
  // The draft of 2022 spelt `ciphertext` with a y.
  const sealedText = text === "ciphertext" ? (value[text] ?? value.cyphertext) : value[text];
  if (typeof sealedText !== "string" || !Array.isArray(value[list])) {
    throw malformed(`It looks ${form}, but "${text}" is not a text or "${list}" not an array.`);
  }
  return { form, vcon: value, changes: [], left: [] } as unknown as ReadVcon;
}

interface Limits {
  maxBytes: number;
  maxNesting: number;
}

function toValue(input: string | Uint8Array | object, { maxBytes, maxNesting }: Limits): unknown {
  const value = parsed(input, maxBytes, maxNesting);
  if (nestsDeeperThan(maxNesting, value)) throw tooDeep(maxNesting);
  return value;
}

function parsed(input: unknown, maxBytes: number, maxNesting: number): unknown {
  if (types.isUint8Array(input)) return parseBytes(unpack(input, maxBytes), maxNesting);
  if (typeof input === "object" && input !== null) return parseObject(input, maxBytes, maxNesting);
  if (typeof input !== "string") throw malformed(`A vCon is a JSON object, but this is ${kindOf(input)}.`);
  limitSize([input], maxBytes);
  return parse(input);
}

function parseBytes(bytes: Uint8Array, maxNesting: number): unknown {
  const emptied = takeOut(bytes);
  if (emptied === undefined) return parse(decode(bytes));
  try {
    const value = parse(utf8.decode(emptied.rest));
    if (putBack(value, emptied.strings, maxNesting)) return value;
  } catch (error) {
    if (error instanceof VconError && error.code === "VCON_TOO_LARGE") throw error;
    // The whole tells better what is wrong with it.
  }
  return parse(decode(bytes));
}

function parseObject(input: object, maxBytes: number, maxNesting: number): unknown {
  const { rest, strings } = stringified(input, maxBytes);
  if (rest === undefined) return undefined;
  limitSize([rest, ...strings.values()], maxBytes);
  const value = JSON.parse(rest);
  if (strings.size > 0) putBack(value, strings, maxNesting);
  return value;
}

function stringified(input: object, maxBytes: number): Emptied<string | undefined> {
  try {
    return stringifyRest(input);
  } catch (error) {
    if (isTooLong(error)) throw tooLarge(maxBytes);
    throw malformed(
      "The object can't be written as JSON: it refers to itself, is too deep or holds a BigInt.",
    );
  }
}

function limitSize(texts: readonly string[], maxBytes: number): void {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  // A character takes at most three bytes of UTF-8.
  if (length * 3 <= maxBytes) return;
  const size = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (size > maxBytes) throw tooLarge(maxBytes);
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) throw tooLarge(maxBytes);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? gunzip(bytes, maxBytes) : bytes;
}

function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(maxBytes, " once unpacked");
    throw malformed("Its gzip is damaged or cut off.", cause);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformed("Its bytes are not UTF-8.", cause);
  }
}

function parse(text: string): unknown {
  if (holdsTooManyValues(text))
    throw new VconError("VCON_TOO_LARGE", `The vCon holds more than ${MAX_VALUES} values.`);
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    // The engine's message quotes the text around the fault, so only its position is passed on, and no cause.
    const [position = ""] =
      /at position \d+(?: \(line \d+ column \d+\))?$/.exec((error as Error).message) ?? [];
    throw malformed(text.trim() === "" ? "It is empty." : `It is not JSON${position && ` ${position}`}.`);
  }
}

function malformed(what: string, cause?: unknown): VconError {
  return new VconError("VCON_MALFORMED", `Not a vCon that can be read. ${what}`, { cause });
}

function tooDeep(maxNesting: number): VconError {
  return malformed(`It nests deeper than ${maxNesting} levels.`);
}

function tooLarge(maxBytes: number, when = ""): VconError {
  return new VconError("VCON_TOO_LARGE", `The vCon holds more than ${maxBytes} bytes${when}.`);
}
