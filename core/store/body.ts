/** Inline bodies too large to be handed around as values. */
import type { Content, JsonValue } from "../vcon/types.ts";

/** An inline body above this many bytes of UTF-8 comes out of the store as a {@link LargeBody}. */
export const LARGE_BODY_BYTES = 64 * 1024;

/** A handle on an inline body that stays in the store until it is asked for. */
export class LargeBody {
  /** Bytes of UTF-8: of the text itself, or of the value's JSON. */
  readonly size: number;
  /** "text": the bytes are the string; "json": they are the JSON of any value. */
  readonly kind: "text" | "json";
  readonly #open: (start: number, end: number) => AsyncIterable<Uint8Array>;

  /** @param open reads the bytes from `start` on, up to but without `end`; `end` is at most `size` */
  constructor(
    size: number,
    kind: "text" | "json",
    open: (start: number, end: number) => AsyncIterable<Uint8Array>,
  ) {
    this.size = size;
    this.kind = kind;
    this.#open = open;
  }

  /**
   * The bytes, piece by piece; each call reads them anew. What a part of them costs does not depend on the others, but in
   * Redis as JSON, where the server writes out the whole body first, some 3 ms a megabyte.
   * @param start the first byte wanted, 0 if not given
   * @param end the first byte not wanted, `size` if not given
   */
  stream(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    return this.#open(Math.max(0, start), Math.min(end, this.size));
  }

  /** The whole body as the value that it is. */
  async value(): Promise<JsonValue> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.stream()) pieces.push(piece);
    const text = Buffer.concat(pieces).toString("utf8");
    return this.kind === "text" ? text : JSON.parse(text);
  }
}

/** Content as a store hands it out: its body a value, or a handle if it is large. */
export type Held<Part extends Content> = {
  [Member in keyof Part]: Member extends "body" ? JsonValue | LargeBody : Part[Member];
};

/** The body as a value, fetched if it is a handle. */
export async function bodyValue(content: Held<Content>): Promise<JsonValue | undefined> {
  return content.body instanceof LargeBody ? content.body.value() : content.body;
}

/** A body as a store keeps it: the bytes and how to read them back. */
export interface EncodedBody {
  kind: "text" | "json";
  text: string;
  size: number;
}

/** Gives the bytes of an encoded body from `start` on, up to but without `end`. */
export function bytesOf({ text, size }: EncodedBody): (start: number, end: number) => Buffer {
  // Of ASCII, as media are, no more is ever encoded than is asked for.
  if (text.length === size) return (start, end) => Buffer.from(text.slice(start, end), "latin1");
  const bytes = Buffer.from(text);
  return (start, end) => bytes.subarray(start, end);
}

/** The encoded body if it is too large to stand with its element, else undefined. */
export function encodeLargeBody(body: JsonValue | undefined): EncodedBody | undefined {
  if (body === undefined || body === null || typeof body === "number" || typeof body === "boolean") return;
  // A string with a lone surrogate has no UTF-8; its JSON, which escapes it, has.
  const kind = typeof body === "string" && body.isWellFormed() ? "text" : "json";
  const text = kind === "text" ? (body as string) : JSON.stringify(body);
  if (text.length * 3 <= LARGE_BODY_BYTES) return;
  const size = Buffer.byteLength(text);
  return size > LARGE_BODY_BYTES ? { kind, text, size } : undefined;
}
