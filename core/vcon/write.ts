/** Writes a vCon as JSON, in the syntax of core-04 or an older one. */
import { VconError } from "../errors.ts";
import { formOf } from "./form.ts";
import { requireObject } from "./json.ts";
import { isTooLong, stringify } from "./long-strings.ts";
import { headIn, isSyntax, type PartName, partIn, type Syntax } from "./older.ts";
import type { EncryptedVcon, SignedVcon, Vcon } from "./types.ts";

/** The syntax that this package writes (core-04 section 4.1.1). */
export const SYNTAX = "0.4.0";

const PARTS: readonly PartName[] = ["parties", "dialog", "analysis", "attachments"];

/**
 * The JSON of a vCon: an unsigned one in the syntax named, a signed or encrypted one as it is. Members that no draft
 * knows are written too.
 *
 * @param options.syntax an older one for programs that know no newer; what it has no place for stays as it is, and
 *   reading the older form gives the same vCon again
 * @throws VconError `VCON_SEALED` for a signed or encrypted vCon in an older syntax; `VCON_MALFORMED` for an object
 *   that has no JSON, `VCON_TOO_LARGE` for one whose JSON is longer than a string may be
 */
export function writeVcon(
  vcon: Vcon | SignedVcon | EncryptedVcon,
  options: { syntax?: Syntax } = {},
): string {
  const pieces = writeVconInPieces(vcon, options);
  try {
    return pieces.join("");
  } catch (cause) {
    throw unwritable(cause);
  }
}

/**
 * The same JSON in pieces: long media are one each, and not copied.
 *
 * @throws VconError as {@link writeVcon}
 */
export function writeVconInPieces(
  vcon: Vcon | SignedVcon | EncryptedVcon,
  { syntax = SYNTAX }: { syntax?: Syntax } = {},
): string[] {
  requireObject(vcon);
  if (!isSyntax(syntax))
    throw new VconError("VCON_MALFORMED", "vCons are written in the syntaxes 0.4.0, 0.3.0 and 0.0.1 alone.");
  const form = formOf(vcon);
  if (form === "unsigned") return toJson(inSyntax(syntax, vcon as Vcon));
  if (syntax === SYNTAX) return toJson(vcon);
  throw new VconError(
    "VCON_SEALED",
    `A ${form} vCon can't be written in syntax ${syntax}, because its content is sealed in the syntax that it has. Open it first.`,
  );
}

function inSyntax(syntax: Syntax, vcon: Vcon): object {
  if (syntax === SYNTAX) return headIn(syntax, vcon);
  const whole = { ...vcon };
  for (const name of PARTS) {
    const parts: unknown = vcon[name];
    if (Array.isArray(parts)) whole[name] = parts.map((part) => partIn(syntax, name, part)) as never;
  }
  return headIn(syntax, whole);
}

function toJson(value: object): string[] {
  try {
    return stringify(value);
  } catch (cause) {
    throw unwritable(cause);
  }
}

function unwritable(cause: unknown): VconError {
  if (isTooLong(cause))
    return new VconError("VCON_TOO_LARGE", "The vCon is too large to be written in one piece.");
  return new VconError(
    "VCON_MALFORMED",
    "The vCon can't be written as JSON: it refers to itself, is too deep or holds a BigInt.",
  );
}
