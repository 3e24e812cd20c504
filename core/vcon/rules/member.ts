/** Rules that look at one member after the other: its name, its value. */
import { isRfc3339, namesNoZone, readDate } from "../dates.ts";
import { asideOf } from "../members.ts";
import type { JsonObject } from "../types.ts";
import type { Report, Rule } from "./rule.ts";

/** Brings the value of the member of this name into core-04; it is neither missing nor null. */
export type ValueRule = (members: JsonObject, name: string, report: Report) => void;

export interface MemberTable {
  /** Core's names. */
  core: readonly string[];
  /** Old names and core-04's. */
  old?: Record<string, string>;
  values?: Record<string, ValueRule>;
}

/** Drops what is null, and gives the others a value of core-04. Members that the table doesn't name are left alone. */
export function members({ core, old = {}, values = {} }: MemberTable): Rule {
  const names = [...core, ...Object.keys(old), ...Object.keys(values)];
  const table = new Map(names.map((name) => [name, values[name] ?? leave]));
  return (members, report) => {
    for (const name of Object.keys(members)) {
      const rule = table.get(name);
      if (rule === undefined) continue;
      if (members[name] !== null) {
        rule(members, name, report);
      } else {
        delete members[name];
        report.changed("nulls", name);
      }
    }
  };
}

function leave(): void {}

/**
 * The object with core-04's names for its members; itself, where none has an old one. Where both names are there, the
 * new one wins and the old one is left alone.
 *
 * @param names old names and core-04's
 */
export function withNewNames(given: JsonObject, names: Record<string, string>, report: Report): JsonObject {
  let members = given;
  for (const old in names) {
    const name = names[old]!;
    if ((members[old] ?? null) === null || (members[name] ?? null) !== null) continue;
    // To delete a member takes longer, and the object is slower ever after.
    const { [old]: value, ...others } = members;
    others[name] = value;
    members = others;
    report.changed("oldNames", name);
  }
  return members;
}

/** Old values and core-04's. */
export function oneOf(values: Record<string, string>): ValueRule {
  const table = new Map<unknown, string>(Object.entries(values));
  return (members, name, report) => {
    const now = table.get(members[name]);
    if (now === undefined) return;
    members[name] = now;
    report.changed("oldValues", name);
  };
}

/** Writes a date as RFC 3339. */
export function date(members: JsonObject, name: string, report: Report): void {
  const given = members[name];
  if (isRfc3339(given)) return;
  const read = readDate(given);
  if (read === undefined) {
    report.left("dates", name, "It is no date that can be read.");
  } else if (read !== given) {
    members[name] = read;
    const warning = namesNoZone(given) ? "It named no time zone; it was taken as UTC." : undefined;
    report.changed("dates", name, warning);
  }
}

/**
 * Takes a value that core-04 has no place for out of its member, into one of its own.
 * @returns whether that could be done: its name may be taken
 */
export function setAside(members: JsonObject, name: string): boolean {
  const aside = asideOf(name);
  if (Object.hasOwn(members, aside)) return false;
  members[aside] = members[name];
  delete members[name];
  return true;
}
