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
  renamed?: Record<string, string>;
  /** By core-04's name. */
  values?: Record<string, ValueRule>;
}

/**
 * Drops what is null, gives members the name of core-04 and then a value of core-04. Where both names are there, the
 * new one wins and the old one is left alone; members that the table doesn't name are, too.
 */
export function members({ core, renamed = {}, values = {} }: MemberTable): Rule {
  const table = new Map<string, { name: string; value: ValueRule | undefined }>();
  for (const name of [...core, ...Object.keys(values)]) table.set(name, { name, value: values[name] });
  for (const [old, name] of Object.entries(renamed)) table.set(old, { name, value: values[name] });

  return (members, report) => {
    for (const given of Object.keys(members)) {
      const entry = table.get(given);
      if (entry === undefined) continue;
      if (members[given] === null) {
        delete members[given];
        report.changed("nulls", given);
      } else if (entry.name === given || rename(members, given, entry.name, report)) {
        entry.value?.(members, entry.name, report);
      }
    }
  };
}

function rename(members: JsonObject, old: string, name: string, report: Report): boolean {
  if ((members[name] ?? null) !== null) return false;
  members[name] = members[old];
  delete members[old];
  report.changed("oldNames", name);
  return true;
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
