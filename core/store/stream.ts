/** The whole document of a vCon as bytes, without its media in memory. */
import { headIn, partIn, type Syntax } from "../vcon/older.ts";
import { SYNTAX, writeVcon } from "../vcon/write.ts";
import { LargeBody } from "./body.ts";
import { SECTIONS, type VconView } from "./view.ts";

/** Short texts are gathered up to so many characters. */
const PIECE_LENGTH = 64 * 1024;

/** A large body as a text that holds its JSON, which is how older syntaxes have it. */
class JsonText {
  readonly body: LargeBody;

  constructor(body: LargeBody) {
    this.body = body;
  }
}

type Piece = string | LargeBody | JsonText;

/**
 * The JSON that `writeVcon` gives of the same vCon, in UTF-8 and piece by piece: its large bodies are read from the
 * store as they are needed, anew for every call. An array without elements is left out, which says the same (core-04
 * section 2.2). A signed or encrypted vCon is in memory already, and comes as it is.
 * @param vcon read with `WHOLE_PARTS`
 * @param options.syntax as for `writeVcon`
 * @param options.emptyArrays whether arrays without elements are written all the same, for programs that rely on them
 * @throws VconError `VCON_SEALED` as `writeVcon`
 */
export async function* streamVcon(
  vcon: VconView,
  { syntax = SYNTAX, emptyArrays = false }: { syntax?: Syntax; emptyArrays?: boolean } = {},
): AsyncGenerator<Buffer> {
  if (vcon.sealed) return yield Buffer.from(writeVcon(vcon.sealed, { syntax }));
  let gathered = "";
  for (const piece of piecesOf(vcon, syntax, emptyArrays)) {
    if (typeof piece === "string") gathered += piece;
    if (gathered.length < PIECE_LENGTH && typeof piece === "string") continue;
    yield Buffer.from(gathered);
    gathered = "";
    if (typeof piece !== "string") yield* jsonOf(piece);
  }
  yield Buffer.from(gathered);
}

function* piecesOf(vcon: VconView, syntax: Syntax, emptyArrays: boolean): Generator<Piece> {
  yield JSON.stringify(headIn(syntax, vcon.head)).slice(0, -1);
  if (vcon.parties.length > 0 || emptyArrays) yield `,"parties":${JSON.stringify(vcon.parties)}`;
  for (const section of SECTIONS) {
    if (vcon[section].size === 0) {
      if (emptyArrays) yield `,"${section}":[]`;
      continue;
    }
    let before = `,"${section}":[`;
    for (const element of vcon[section].values()) {
      yield before;
      yield* elementPieces(partIn(syntax, section, element, jsonText));
      before = ",";
    }
    yield "]";
  }
  yield "}";
}

function jsonText(body: unknown): string | JsonText {
  return body instanceof LargeBody ? new JsonText(body) : JSON.stringify(body);
}

function* elementPieces(element: unknown): Generator<Piece> {
  const { body, ...rest } = (element ?? {}) as { body?: unknown };
  if (!(body instanceof LargeBody || body instanceof JsonText)) return yield JSON.stringify(element);
  const others = JSON.stringify(rest).slice(1);
  yield `{"body":`;
  yield body;
  yield others === "}" ? others : `,${others}`;
}

async function* jsonOf(body: LargeBody | JsonText): AsyncGenerator<Buffer> {
  const isText = body instanceof JsonText || body.kind === "text";
  if (isText) yield Buffer.from('"');
  for await (const piece of body instanceof JsonText ? jsonOf(body.body) : body.stream()) {
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
