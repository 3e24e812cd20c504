/** What the rules of validation are made of: checks of a value, and the ways to put them together. */
import { isObject } from "../json.ts";
import type { JsonObject } from "../types.ts";
import type { Finding, Level } from "./finding.ts";

/** What is wrong inside a value; `at` is the JSON Pointer from that value to it. */
export interface Fault extends Omit<Finding, "pointer" | "section"> {
  at: string;
  /** Where it is left out, the rule stands where the member that the value belongs to is defined. */
  section?: string;
}

/** The vCon around a value. */
export interface Around {
  parties: readonly unknown[];
  dialog: readonly unknown[];
  attachments: readonly unknown[];
  isRedacted: boolean;
  /** Whether the vCon lists an extension that is not known here, so that any member may be that one's. */
  isExtended: boolean;
}

/** Where a value stands; the index is the value's own, where it is an element of an array. */
export type Place = [around: Around, index: number];

export type Check = (value: unknown, ...place: Place) => Iterable<Fault>;

/** A check of a value that is looked at as a whole. */
export type Leaf = (value: unknown, ...place: Place) => readonly Fault[];

/** A check of several members of one object. */
export type Rule = (members: JsonObject, ...place: Place) => Iterable<Fault>;

/** A member of an object, and what is wrong where it is missing. */
export interface Member {
  section: string;
  check: Check;
  missing: readonly Fault[];
}
export type Members = Record<string, Member>;

export type Draft = ReturnType<typeof draft>;

export const NONE: readonly Fault[] = [];

export function fault(level: Level, rule: string, message: string, at = ""): Fault {
  return { level, rule, message, at };
}

/** The members and rules that one draft defines; sections are given by their number. */
export function draft(name: string) {
  const member = (section: string, check: Check, missing: readonly Fault[]): Member => {
    return { section: `${name} ${section}`, check, missing };
  };
  const lacks = (missing: Fault, section: string, member: string): Fault => {
    return { ...missing, section: `${name} ${section}`, at: pointerTo(member) };
  };
  return {
    may: (section: string, check: Check): Member => member(section, check, NONE),
    should: (section: string, check: Check): Member => member(section, check, [RECOMMENDED]),
    must: (section: string, check: Check): Member => member(section, check, [REQUIRED]),
    /** The fault of an object that lacks a member. */
    required: (section: string, member: string): Fault => lacks(REQUIRED, section, member),
    recommended: (section: string, member: string): Fault => lacks(RECOMMENDED, section, member),
    fault: (section: string, ...[level, rule, message, at]: Parameters<typeof fault>): Fault => {
      return { ...fault(level, rule, message, at), section: `${name} ${section}` };
    },
  };
}

export const core = draft("core-04");

export const REQUIRED = fault("error", "required", "This member is required here.");
export const RECOMMENDED = fault("warning", "recommended", "This member should be here.");

/** Whether the value passes `isRight`. */
export function check(isRight: (value: unknown) => boolean, ...wrong: Parameters<typeof fault>): Leaf {
  const faults = [fault(...wrong)];
  return (value) => (isRight(value) ? NONE : faults);
}

export const anything: Check = () => NONE;
export const text = check((value) => typeof value === "string", "error", "type", "A text belongs here.");

/** A text that passes `isRight`. */
export function textThat(isRight: (text: string) => boolean, ...wrong: Parameters<typeof fault>): Leaf {
  const faults = [fault(...wrong)];
  return (value, ...place) => {
    if (typeof value !== "string") return text(value, ...place);
    return isRight(value) ? NONE : faults;
  };
}

/** The next check runs only where the ones before it found nothing. */
export function inTurn(...checks: Leaf[]): Leaf {
  return (value, ...place) => {
    for (const next of checks) {
      const faults = next(value, ...place);
      if (faults.length > 0) return faults;
    }
    return NONE;
  };
}

/** Lowers errors to warnings: for what a draft defines without a MUST. */
export function leniently(strict: Check): Check {
  return function* (value, ...place) {
    for (const found of strict(value, ...place)) {
      yield found.level === "error" ? { ...found, level: "warning" } : found;
    }
  };
}

const NO_ARRAY = fault("error", "type", "An array belongs here.");

export function list(element: Check): Check {
  return function* (value, around) {
    if (!Array.isArray(value)) return yield NO_ARRAY;
    for (let index = 0; index < value.length; index++) {
      const faults = element(value[index], around, index);
      if (faults !== NONE) yield* inside(index, faults);
    }
  };
}

const EMPTY = [fault("error", "empty", "At least one belongs in this array.")];

export function listOfSome(element: Check): Check {
  const some = list(element);
  return (value, ...place) => (Array.isArray(value) && value.length === 0 ? EMPTY : some(value, ...place));
}

export function oneOrMany(one: Check): Check {
  const many = list(one);
  return (value, ...place) => (Array.isArray(value) ? many : one)(value, ...place);
}

const NO_OBJECT = fault("error", "type", "An object belongs here.");

/** An object with these members, of which `rules` may want more; other members are not looked at. */
export function object(members: Members, ...rules: Rule[]): Check {
  const defined = new Map(Object.entries(members));
  const wanted = [...defined].filter(([, { missing }]) => missing !== NONE);
  return function* (value, around, index) {
    if (!isObject(value)) return yield NO_OBJECT;
    for (const [name, { section, missing }] of wanted) {
      if (value[name] === undefined) yield* inside(name, located(section, missing));
    }
    for (const name of Object.keys(value)) {
      const member = defined.get(name);
      const faults = member?.check(value[name], around, index) ?? NONE;
      // Most are right: asking whether a list is the empty one takes less than going through it.
      if (faults !== NONE) yield* inside(name, located(member!.section, faults));
    }
    for (const rule of rules) yield* rule(value, around, index);
  };
}

/** An object that holds values of one kind under names of any kind. */
export function map(element: Check): Check {
  return function* (value, ...place) {
    if (!isObject(value)) return yield NO_OBJECT;
    for (const name of Object.keys(value)) yield* inside(name, element(value[name], ...place));
  };
}

/** The faults of a value, seen from the object or array that holds it. */
export function* inside(step: string | number, faults: Iterable<Fault>): Iterable<Fault> {
  for (const found of faults) yield { ...found, at: `${pointerTo(step)}${found.at}` };
}

/** Faults that don't say where their rule stands get `section`. */
export function* located(section: string, faults: Iterable<Fault>): Iterable<Fault> {
  for (const found of faults) yield found.section === undefined ? { ...found, section } : found;
}

/** The objects in an array, if it is one, with their index. */
export function* objectsIn(array: unknown): Generator<[number, JsonObject]> {
  if (!Array.isArray(array)) return;
  for (let index = 0; index < array.length; index++) if (isObject(array[index])) yield [index, array[index]];
}

export function pointerTo(step: string | number): string {
  return `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
