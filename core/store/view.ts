/** The parts of a vCon that a step asked for, as a store hands them out. */
import { sealed } from "../errors.ts";
import { formOf } from "../vcon/form.ts";
import type { Analysis, Attachment, Dialog, EncryptedVcon, Party, SignedVcon, Vcon } from "../vcon/types.ts";
import type { Held } from "./body.ts";

/** The arrays of a vCon whose elements are read one by one. */
export const SECTIONS = ["dialog", "attachments", "analysis"] as const;
export type Section = (typeof SECTIONS)[number];

/**
 * A part of a vCon that a step reads: the head (all members but the four arrays), the parties, a section,
 * or the elements of one type in it ("analysis:transcript", "dialog:text"; an attachment's type is its purpose).
 * With "sealed" the step takes a signed or encrypted vCon too, as a whole and instead of the other parts, and learns
 * the revision by which it can replace the vCon.
 */
export type Part = "sealed" | "head" | "parties" | Section | `${Section}:${string}`;

export type Head = {
  [Member in keyof Vcon as Member extends "parties" | Section ? never : Member]: Vcon[Member];
};

/** What a store found, before it is guarded by {@link VconView}. */
export interface FoundParts {
  /** There if "sealed" was asked for. */
  revision?: string;
  /** There if "sealed" was asked for and the vCon is signed or encrypted; other parts then are not. */
  sealed?: SignedVcon | EncryptedVcon;
  head?: Head;
  parties?: Party[];
  dialog?: Map<number, Held<Dialog>>;
  attachments?: Map<number, Held<Attachment>>;
  analysis?: Map<number, Held<Analysis>>;
}

/**
 * The read parts of one vCon. Sections are maps from the index in the vCon, which is how other parts refer
 * to an element, to the element. Asking for a part that was not read is an error, not an empty answer; `VCON_SEALED`
 * where it was not read because the vCon is sealed.
 */
export class VconView {
  readonly uuid: string;
  readonly #found: FoundParts;

  constructor(uuid: string, found: FoundParts) {
    this.uuid = uuid;
    this.#found = found;
  }

  /** An opaque text that every change of the vCon changes; of a view that was read with "sealed". */
  get revision(): string {
    return this.#part("revision");
  }

  /** The signed or encrypted vCon as it is, undefined for an unsigned one; of a view that was read with "sealed". */
  get sealed(): SignedVcon | EncryptedVcon | undefined {
    this.#part("revision");
    return this.#found.sealed;
  }

  get head(): Head {
    return this.#part("head");
  }

  get parties(): Party[] {
    return this.#part("parties");
  }

  get dialog(): ReadonlyMap<number, Held<Dialog>> {
    return this.#part("dialog");
  }

  get attachments(): ReadonlyMap<number, Held<Attachment>> {
    return this.#part("attachments");
  }

  get analysis(): ReadonlyMap<number, Held<Analysis>> {
    return this.#part("analysis");
  }

  #part<Name extends keyof FoundParts>(name: Name): NonNullable<FoundParts[Name]> {
    const part = this.#found[name];
    if (part !== undefined) return part;
    const whole = this.#found.sealed;
    if (whole !== undefined) throw sealed(this.uuid, formOf(whole) as "signed" | "encrypted");
    const missing = name === "revision" ? "sealed" : name;
    throw new TypeError(`This step did not read "${missing}": add it to its "reads".`);
  }
}

/** What is asked of one section: everything, some types, or nothing. */
export type Wanted = "all" | Set<string> | undefined;

/** What `parts` ask of `section`. */
export function wantedTypes(parts: readonly Part[], section: Section): Wanted {
  if (parts.includes(section)) return "all";
  const prefix = `${section}:`;
  const types = parts.filter((part) => part.startsWith(prefix)).map((part) => part.slice(prefix.length));
  return types.length > 0 ? new Set(types) : undefined;
}

/** The member of an element that `reads` goes by. */
export function typeOf(section: Section, element: unknown): string {
  if (typeof element !== "object" || element === null) return "";
  const { type, purpose } = element as { type?: unknown; purpose?: unknown };
  const name = section === "attachments" ? (purpose ?? type) : type;
  return typeof name === "string" ? name : "";
}
