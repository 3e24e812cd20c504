/** Validates a vCon, in any of its forms, against core-04 and the extensions known here. */
import { formOf } from "../form.ts";
import { isEmpty, isObject } from "../json.ts";
import type { JsonObject } from "../types.ts";
import { type Around, type Fault, fault, located } from "./check.ts";
import { isExtended } from "./extensions.ts";
import { type Finding, LEVELS, type Level } from "./finding.ts";
import { encrypted, signed } from "./sealed.ts";
import { unsigned } from "./unsigned.ts";

const CHECKS = { unsigned, signed, encrypted };

/** So many of a level are told, so that nothing that comes in from outside can make a list without end. */
const MAX_FINDINGS = 1000;

const NO_VCON = fault("error", "type", "A vCon is a JSON object.");

/**
 * What is to be said of a vCon, as it was before it was normalised; an empty list for one of which nothing is. The
 * payload of a signed or encrypted one is not opened: validate it once it is.
 *
 * Levels are as {@link Level} says, with one exception: a SHOULD that only suggests (values that a text may have,
 * the version of a UUID) is "info" where it is not followed, because no reader loses anything. Of each level at most
 * 1,000 findings are told.
 *
 * @param value any parsed JSON
 */
export function validateVcon(value: unknown): Finding[] {
  return firstOfEach(located("core-04 3", faultsOf(value)));
}

function faultsOf(value: unknown): Iterable<Fault> {
  return isObject(value) ? CHECKS[formOf(value)](value, aroundOf(value), 0) : [NO_VCON];
}

function aroundOf(vcon: JsonObject): Around {
  return {
    parties: arrayOrNone(vcon.parties),
    dialog: arrayOrNone(vcon.dialog),
    attachments: arrayOrNone(vcon.attachments),
    isRedacted: isObject(vcon.redacted) && !isEmpty(vcon.redacted),
    isExtended: isExtended(vcon),
  };
}

function arrayOrNone(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Nothing is worse than an error, so the search ends with the last one that is told. */
function firstOfEach(faults: Iterable<Fault>): Finding[] {
  const left = new Map<Level, number>(LEVELS.map((level) => [level, MAX_FINDINGS]));
  const findings: Finding[] = [];
  for (const { level, at, rule, section = "", message } of faults) {
    const rest = left.get(level)! - 1;
    left.set(level, rest);
    if (rest >= 0) findings.push({ level, pointer: at, rule, section, message });
    if (level === "error" && rest === 0) break;
  }
  return findings;
}
