/** Reads a vCon of any age and form: bytes, gzipped or not, text or an object. */
import { constants } from "node:buffer";
import { types } from "node:util";
import { gunzipSync } from "node:zlib";
import { VconError } from "../errors.ts";
import { formOf } from "./form.ts";
import { isObject, MAX_NESTING, nestsDeeperThan } from "./json.ts";
import { putBack, takeOut } from "./long-strings.ts";
import { type Change, type Normalised, normalise } from "./normalise.ts";
import { OverLimit, plainJson } from "./plain.ts";
import type { EncryptedVcon, JsonObject, SignedVcon, Vcon } from "./types.ts";

/**
 * What was read. Of an unsigned vCon `changes` says what was done to bring it into the syntax of core-04, with a
 * warning where something was guessed, and `left` what could not be done.
 */
export type ReadVcon =
  | { form: "unsigned"; vcon: Vcon; changes: Change[]; left: Change[] }
  | { form: "signed"; vcon: SignedVcon; changes: Change[]; left: Change[] }
  | { form: "encrypted"; vcon: EncryptedVcon; changes: Change[]; left: Change[] };

export interface ReadOptions {
  /** The most bytes that a vCon may hold, as given and once unpacked; 512 MiB unless said otherwise, and at most. */
  maxBytes?: number;
  /** How deep its arrays and objects may nest, itself included; 100 unless said otherwise. */
  maxNesting?: number;
  /** Whether what can only be made up is made up: the vendor "unknown" of an analysis that names none. */
  repair?: boolean;
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
 * JSON that it would be written as, and is left untouched. Where JSON names a member twice, the last one counts.
 *
 * @param input JSON as text or UTF-8 bytes, the bytes gzipped or not, or an object
 * @throws VconError `VCON_TOO_LARGE`; `VCON_MALFORMED` for what is no vCon or nests too deep. Messages say what is
 *   wrong and where, and quote nothing.
 */
export function readVcon(
  input: string | Uint8Array | object,
  { maxBytes = MAX_BYTES, maxNesting = MAX_NESTING, repair = false }: ReadOptions = {},
): ReadVcon {
  const value = toValue(input, { maxBytes: Math.min(maxBytes, MAX_BYTES), maxNesting });
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
  const sealedText = value[text] ?? value.cyphertext;
  if (typeof sealedText !== "string" || !Array.isArray(value[list])) {
    throw malformed(`It looks ${form}, but "${text}" is not a text or "${list}" not an array.`);
  }
  return { form, vcon: value, changes: [], left: [] } as unknown as ReadVcon;
}

interface Limits {
  maxBytes: number;
  maxNesting: number;
}

function toValue(input: string | Uint8Array | object, limits: Limits): unknown {
  if (typeof input === "object" && input !== null && !types.isUint8Array(input))
    return ofObject(input, limits);
  const { maxBytes, maxNesting } = limits;
  const value = types.isUint8Array(input)
    ? parseBytes(unpack(input, maxBytes), maxNesting)
    : parse(limited(input, maxBytes));
  if (nestsDeeperThan(maxNesting, value)) throw tooDeep(maxNesting);
  return value;
}

function parseBytes(bytes: Uint8Array, maxNesting: number): unknown {
  const emptied = takeOut(bytes);
  if (emptied === undefined) return parse(decode(bytes));
  try {
    const value = JSON.parse(utf8.decode(emptied.rest));
    if (putBack(value, emptied.strings, maxNesting)) return value;
  } catch {
    // The whole tells better what is wrong with it.
  }
  return parse(decode(bytes));
}

function ofObject(input: object, { maxBytes, maxNesting }: Limits): unknown {
  try {
    return plainJson(input, maxBytes, maxNesting);
  } catch (cause) {
    if (!(cause instanceof OverLimit)) throw malformed("The object can't be written as JSON.");
    throw cause.limit === "size" ? tooLarge(maxBytes) : tooDeep(maxNesting);
  }
}

function limited(text: unknown, maxBytes: number): string {
  if (typeof text !== "string") throw malformed(`A vCon is a JSON object, but this is ${kindOf(text)}.`);
  // A character takes at most three bytes of UTF-8.
  if (text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes) throw tooLarge(maxBytes);
  return text;
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
  try {
    return JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text);
  } catch (error) {
    // The engine's message quotes the text around the fault, so only its position is passed on, and no cause.
    const [position = ""] =
      /at position \d+(?: \(line \d+ column \d+\))?$/.exec((error as Error).message) ?? [];
    throw malformed(text.trim() === "" ? "It is empty." : `It is not JSON${position && ` ${position}`}.`);
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
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
