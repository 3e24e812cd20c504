/** The vCon as a whole, as a destination takes it that keeps more than a row. */
import { createHash } from "node:crypto";
import {
  categoriesOf,
  type Form,
  formOf,
  payloadOf,
  SYNTAX,
  type Syntax,
  VconError,
  type VconView,
} from "../../core/index.ts";
import { choice } from "../kit/index.ts";

/** To be what a node reads that takes the whole, and has no use for a sealed one. */
export const WHOLE = ["head", "parties", "dialog", "attachments", "analysis"] as const;

/** By the draft that a syntax came with: the editor's catalogue takes no dots. */
export const SYNTAXES = {
  newest: SYNTAX,
  core00: "0.3.0",
  container00: "0.0.1",
} as const satisfies Record<string, Syntax>;

export const syntaxField = choice<keyof typeof SYNTAXES>(
  { newest: "0.4.0, the newest", core00: "0.3.0", container00: "0.0.1" },
  { label: "Syntax", icon: "code", hint: "an older one for programs that know no newer" },
);

/**
 * What the trail says of the whole: which categories of data it is, and which state of it, in this syntax.
 * @throws VconError `VCON_SEALED` for a signed or encrypted one in an older syntax
 */
export function wholeIn(syntax: Syntax, vcon: VconView): { version: string; categories: string[] } {
  if (vcon.sealed && syntax !== SYNTAX) throw sealedIn(syntax, formOf(vcon.sealed));
  return { version: stateOf(vcon, syntax), categories: categoriesOf(vcon) };
}

function sealedIn(syntax: Syntax, form: Form): VconError {
  return new VconError(
    "VCON_SEALED",
    `It is ${form}, so it can't be written in syntax ${syntax}. Open it first, or set "Syntax" to the newest.`,
  );
}

/**
 * Tells this state of the vCon, in this syntax, from an earlier and a later one; says nothing of what is in it. The time
 * alone is not enough: programs that share the store, such as the Conserver's links, add to a vCon and leave `updated_at`
 * as it was.
 */
export function stateOf(vcon: VconView, syntax: Syntax): string {
  const state = vcon.sealed ? sealedState(vcon.sealed) : openState(vcon);
  return syntax === SYNTAX ? state : `${state} ${syntax}`;
}

function sealedState(sealed: object): string {
  return createHash("sha256").update(JSON.stringify(sealed)).digest("base64url");
}

function openState({ head, parties, dialog, attachments, analysis }: VconView): string {
  const sections = [dialog, attachments, analysis].map((section) => [...section.values()]);
  const { length } = JSON.stringify([head, parties, sections]);
  return `${head.updated_at ?? head.created_at} ${length}`;
}

/** When the vCon was made, as far as that can be told from outside. */
export function createdAt(vcon: VconView): unknown {
  if (vcon.sealed === undefined) return vcon.head.created_at;
  return (payloadOf(vcon.sealed) as { created_at?: unknown } | null | undefined)?.created_at;
}
