/** The whole document of a vCon as bytes, without its media in memory. */
import { SYNTAX } from "../vcon/write.ts";
import { LargeBody } from "./body.ts";
import { SECTIONS, type VconView } from "./view.ts";

/** Short texts are gathered up to so many characters. */
const PIECE_LENGTH = 64 * 1024;

/**
 * The JSON that `writeVcon` gives of the same vCon, in UTF-8 and piece by piece: its large bodies are read from the
 * store as they are needed, anew for every call. An array without elements is left out, which says the same (core-04
 * section 2.2).
 * @param vcon read with its head, parties, dialog, attachments and analysis
 */
export async function* streamVcon(vcon: VconView): AsyncGenerator<Buffer> {
  let gathered = "";
  for (const part of partsOf(vcon)) {
    if (typeof part === "string") gathered += part;
    if (gathered.length < PIECE_LENGTH && typeof part === "string") continue;
    yield Buffer.from(gathered);
    gathered = "";
    if (part instanceof LargeBody) yield* jsonOf(part);
  }
  yield Buffer.from(gathered);
}

function* partsOf(vcon: VconView): Generator<string | LargeBody> {
  yield JSON.stringify({ ...vcon.head, vcon: SYNTAX }).slice(0, -1);
  if (vcon.parties.length > 0) yield `,"parties":${JSON.stringify(vcon.parties)}`;
  for (const section of SECTIONS) {
    if (vcon[section].size === 0) continue;
    let before = `,"${section}":[`;
    for (const element of vcon[section].values()) {
      yield before;
      yield* elementParts(element);
      before = ",";
    }
    yield "]";
  }
  yield "}";
}

function* elementParts(element: { body?: unknown } | null): Generator<string | LargeBody> {
  if (!(element?.body instanceof LargeBody)) return yield JSON.stringify(element);
  const { body, ...rest } = element;
  const others = JSON.stringify(rest).slice(1);
  yield `{"body":`;
  yield body;
  yield others === "}" ? others : `,${others}`;
}

async function* jsonOf(body: LargeBody): AsyncGenerator<Buffer> {
  const isText = body.kind === "text";
  if (isText) yield Buffer.from('"');
  for await (const piece of body.stream()) {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    yield isText ? escaped(bytes) : bytes;
  }
  if (isText) yield Buffer.from('"');
}

/**
 * Text as it stands between the quotes of a JSON string. What JSON escapes is one byte in UTF-8 and no byte of a longer
 * character, so the bytes pass through as if each was a character, and a piece may end inside of one.
 */
function escaped(text: Buffer): Buffer {
  return Buffer.from(JSON.stringify(text.toString("latin1")).slice(1, -1), "latin1");
}
