/** Reads a vCon of any age and form: bytes, gzipped or not, text or an object. */
import { constants } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { VconError } from "../errors.ts";
import { formOf } from "./form.ts";
import { isObject, MAX_NESTING, nestsDeeperThan } from "./json.ts";
import { type Change, normalise } from "./normalise.ts";
import type { EncryptedVcon, JsonObject, SignedVcon, Vcon } from "./types.ts";

/** What was read; `changes` says what was done to bring an unsigned vCon into the syntax of core-04. */
export type ReadVcon =
  | { form: "unsigned"; vcon: Vcon; changes: Change[] }
  | { form: "signed"; vcon: SignedVcon; changes: Change[] }
  | { form: "encrypted"; vcon: EncryptedVcon; changes: Change[] };

/** 512 MiB, less the few bytes that a JavaScript string can't hold. */
const MAX_BYTES = constants.MAX_STRING_LENGTH;

/** By at least one of these an unsigned vCon is told from other JSON. */
const TELLING_MEMBERS = ["vcon", "uuid", "created_at", "parties", "dialog", "analysis", "attachments"];

/** The members that must be a string and an array in the sealed forms. */
const SEALED_MEMBERS = {
  signed: ["payload", "signatures"],
  encrypted: ["ciphertext", "recipients"],
} as const;

/**
 * Reads a vCon. An unsigned one comes in the syntax of core-04, whichever draft it was written by; a signed or
 * encrypted one comes as it is. An object is read as the JSON that it would be written as, and is left untouched.
 *
 * @param input JSON as text or UTF-8 bytes, the bytes gzipped or not, or an object
 * @param options.maxBytes the most that bytes may hold once unpacked; 512 MiB unless said otherwise
 * @throws VconError `VCON_TOO_LARGE`; `VCON_MALFORMED` for what is no vCon. Messages say what is wrong and where,
 *   and quote nothing.
 */
export function readVcon(
  input: string | Uint8Array | object,
  { maxBytes = MAX_BYTES }: { maxBytes?: number } = {},
): ReadVcon {
  const value = parse(toText(input, maxBytes));
  if (!isObject(value)) throw malformed(`A vCon is a JSON object, but this is ${kindOf(value)}.`);
  if (nestsDeeperThan(MAX_NESTING, value)) throw malformed(`It nests deeper than ${MAX_NESTING} levels.`);

  const form = formOf(value);
  return form === "unsigned" ? readUnsigned(value) : readSealed(form, value);
}

function readUnsigned(value: JsonObject): ReadVcon {
  if (!TELLING_MEMBERS.some((member) => Object.hasOwn(value, member))) {
    throw malformed("The object has none of a vCon's members.");
  }
  return { form: "unsigned", ...normalise(value) };
}

function readSealed(form: "signed" | "encrypted", value: JsonObject): ReadVcon {
  const [text, list] = SEALED_MEMBERS[form];
  // The draft of 2022 spelt `ciphertext` with a y.
  const sealedText = value[text] ?? value.cyphertext;
  if (typeof sealedText !== "string" || !Array.isArray(value[list])) {
    throw malformed(`It looks ${form}, but "${text}" is not a text or "${list}" not an array.`);
  }
  return { form, vcon: value, changes: [] } as unknown as ReadVcon;
}

function toText(input: string | Uint8Array | object, maxBytes: number): string {
  if (typeof input === "string") return input;
  if (input instanceof Uint8Array) return decode(unpack(input, maxBytes));
  try {
    return JSON.stringify(input) ?? "";
  } catch {
    throw malformed(
      "The object can't be written as JSON: it refers to itself, is too deep or holds a BigInt.",
    );
  }
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const unpacked = gzipped ? gunzip(bytes, maxBytes) : bytes;
  if (unpacked.length > maxBytes) throw tooLarge(maxBytes);
  return unpacked;
}

function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw malformed("Its gzip is damaged or cut off.", cause);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed("Its bytes are not UTF-8.", cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    // The engine's message quotes the text around the fault, so only its position is passed on, and no cause.
    const [position = ""] =
      /at position \d+(?: \(line \d+ column \d+\))?$/.exec((error as Error).message) ?? [];
    throw malformed(text.trim() === "" ? "It is empty." : `It is not JSON${position && ` ${position}`}.`);
  }
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

function malformed(what: string, cause?: unknown): VconError {
  return new VconError("VCON_MALFORMED", `Not a vCon that can be read. ${what}`, { cause });
}

function tooLarge(maxBytes: number): VconError {
  return new VconError("VCON_TOO_LARGE", `The vCon holds more than ${maxBytes} bytes once unpacked.`);
}
