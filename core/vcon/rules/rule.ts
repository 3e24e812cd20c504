/**
 * What a rule of the normaliser is, and how it tells what it did.
 *
 * No rule moves or removes an element of an array that is referred to by index, and none drops what it doesn't know.
 */
import type { JsonObject } from "../types.ts";

/** So many changes are told, so that nothing that comes in from outside can make a list without end. */
const MAX_CHANGES = 10_000;

/** One change that was made, or that could not be made. */
export interface Change {
  /** A JSON Pointer (RFC 6901) to the member set or dropped. */
  pointer: string;
  rule: string;
  /** Where something was guessed, set aside or could not be done: one sentence that says what. */
  warning?: string;
}

/** Changes the members of one object in place, and reports which. */
export type Rule = (members: JsonObject, report: Report) => void;

/** The vCon at work, and what is found out about it on the way. */
export interface Work {
  vcon: JsonObject;
  /** What `vcon` said before it was changed. */
  readonly syntax: unknown;
  readonly maxNesting: number;
  /** Whether what can only be made up is made up. */
  readonly repair: boolean;
  readonly changes: Change[];
  /** What would have to be changed and could not be. */
  readonly left: Change[];
}

/** Where the rules of one object tell what they did. */
export class Report {
  readonly work: Work;
  readonly #pointer: string;

  constructor(work: Work, pointer: string) {
    this.work = work;
    this.#pointer = pointer;
  }

  changed(rule: string, member: string, warning?: string): void {
    if (this.work.changes.length === MAX_CHANGES) return;
    const pointer = `${this.#pointer}/${member}`;
    this.work.changes.push(warning === undefined ? { pointer, rule } : { pointer, rule, warning });
  }

  left(rule: string, member: string, warning: string): void {
    if (this.work.left.length === MAX_CHANGES) return;
    this.work.left.push({ pointer: `${this.#pointer}/${member}`, rule, warning });
  }

  /** The report on an object inside of this one, at this relative pointer. */
  on(path: string): Report {
    return new Report(this.work, `${this.#pointer}/${path}`);
  }
}

/** Runs the rules, in their order, over one object. */
export function apply(rules: readonly Rule[], members: JsonObject, report: Report): void {
  for (const rule of rules) rule(members, report);
}
