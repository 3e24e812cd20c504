/** Whether a vCon keeps to the drafts, and where it does not. */
export { type Finding, findingsFrom, type Level, worstLevel } from "./finding.ts";
export { validateVcon } from "./validate.ts";
