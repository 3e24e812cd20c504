/** A vCon as an answer: in the syntax that is asked for, its media streamed. */
import Type from "typebox";
import {
  categoriesOf,
  SYNTAX,
  type Syntax,
  streamVcon,
  VconError,
  WHOLE_PARTS,
  writeVcon,
} from "../../core/index.ts";
import { type Answer, bytes, type Headers } from "../answer.ts";
import type { Call } from "../call.ts";
import { ApiError } from "../errors.ts";
import { handedOut } from "./handing-out.ts";

export const VCON_TYPE = "application/vcon+json";
const SYNTAXES: readonly Syntax[] = ["0.4.0", "0.3.0", "0.0.1"];

/** What else than the URL an answer may depend on; the origin, too, which is else set where web pages may ask. */
export const VARY: Headers = { vary: "Accept, Origin" };

/** The parameter that says so. */
export const version = Type.Optional(
  Type.String({
    description: `The syntax in which it is given out: ${SYNTAXES.join(", ")}; the newest if not given.`,
    examples: ["0.0.1"],
  }),
);

/** How an answer tells a vCon. */
export interface Telling {
  /** The media type that the answer says it has. */
  type: string;
  /** Whether its arrays are there without elements, too. */
  emptyArrays?: boolean;
}

export async function vconAnswer(
  call: Call<unknown, { version?: string }>,
  uuid: string,
  { type, emptyArrays = false }: Telling,
): Promise<Answer> {
  const store = await call.api.store();
  const view = await store.read(uuid, WHOLE_PARTS);
  const syntax = syntaxAsked(call);
  if (view.sealed) writeVcon(view.sealed, { syntax }); // Says so where it can't be had in this syntax.
  await handedOut(call, view, categoriesOf(view));
  const headers = { "content-type": type, ...VARY, etag: etagOf(view.revision, syntax) };
  return bytes(200, streamVcon(view, { syntax, emptyArrays }), headers);
}

/** By `?version=`, else by the parameter of what is accepted: `application/vcon+json; version=0.0.1`. */
export function syntaxAsked({ query, header }: Call<unknown, { version?: string }>): Syntax {
  const asked = query.version ?? /;\s*version="?([\d.]+)"?/.exec(header("accept") ?? "")?.[1];
  const syntax = SYNTAXES.find((known) => asked === undefined || known === asked);
  if (syntax !== undefined) return syntax;
  throw new ApiError(
    406,
    "SYNTAX_UNKNOWN",
    `vCons are given out in the syntaxes ${SYNTAXES.join(", ")} alone.`,
  );
}

/** Of the vCon in this syntax: the same bytes have the same one, others never. */
export function etagOf(revision: string, syntax: Syntax = SYNTAX): string {
  return syntax === SYNTAX ? `"${revision}"` : `"${revision};${syntax}"`;
}

/** The revision that "If-Match" asks for, in any syntax; undefined where it is missing or any will do. */
export function revisionAsked({ header }: Pick<Call, "header">): string | undefined {
  const match = header("if-match")?.trim();
  if (match === undefined || match === "*") return undefined;
  const revision = /^"([^";]*)(?:;[\d.]+)?"$/.exec(match)?.[1];
  if (revision !== undefined) return revision;
  throw new ApiError(400, "ETAG_MALFORMED", "If-Match takes one ETag as it was given, in quotation marks.");
}

/** Whether the asker has it already, as "If-None-Match" says. */
export function isKnown({ header }: Pick<Call, "header">, etag: string): boolean {
  const known = header("if-none-match")?.split(",") ?? [];
  return known.some((one) => ["*", etag].includes(one.trim().replace(/^W\//, "")));
}

export function isNotFound(error: unknown): boolean {
  return error instanceof VconError && error.code === "VCON_NOT_FOUND";
}
