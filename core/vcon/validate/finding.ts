/** What validation says of a vCon, one thing at a time. */

/**
 * "error": the draft's MUST is broken, and a strict reader may refuse the vCon. "warning": a SHOULD is broken, or
 * something is lost on readers. "info": worth knowing, such as a member that only an older draft knows.
 */
export type Level = "error" | "warning" | "info";

export interface Finding {
  level: Level;
  /** A JSON Pointer (RFC 6901) to what is found fault with; for something missing, to where it belongs. */
  pointer: string;
  /** The rule's name, which stays the same from version to version. */
  rule: string;
  /** Where the rule stands: "core-04 4.3.1.6", or another draft's name and section. */
  section: string;
  /** One sentence; quotes nothing of the conversation. */
  message: string;
}

/** The levels, worst first. */
export const LEVELS: readonly Level[] = ["error", "warning", "info"];

/** The worst level among the findings; undefined where nothing was found. */
export function worstLevel(findings: readonly Finding[]): Level | undefined {
  return LEVELS.find((level) => findings.some((finding) => finding.level === level));
}

/** The findings of `level` and of worse levels, in their order. */
export function findingsFrom(level: Level, findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => LEVELS.indexOf(finding.level) <= LEVELS.indexOf(level));
}
