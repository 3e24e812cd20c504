/** What validation knows of an extension, and what several extensions share. */
import type { JsonObject } from "../../types.ts";
import { type Check, check, type Draft, type Members, NONE, object, type Rule } from "../check.ts";

export type Section = "parties" | "dialog" | "analysis" | "attachments";

export interface Extension {
  /** As `extensions` lists it. */
  name: string;
  /** Whether it may stand in `critical`: it may, it must never, or it needn't because readers lose nothing. */
  critical: "may" | "never" | "needless";
  /** What it adds to the elements of a section. */
  members?: Partial<Record<Section, Members>>;
  rules?: Partial<Record<Section, Rule>>;
  /** The types of analysis that it defines. */
  types?: readonly string[];
  uses(section: Section, element: JsonObject): boolean;
}

export function hasAny(members: JsonObject, names: readonly string[]): boolean {
  return names.some((name) => members[name] !== undefined);
}

const json = check((value) => value === "json", "error", "value", "The encoding json belongs here.");

/** The content is JSON and passes `body`; only redacted content may be missing. */
export function jsonContent(draft: Draft, section: string, body: Check): Rule {
  const missing = [draft.required(section, "body")];
  return object(
    { encoding: draft.may(section, json), body: draft.may(section, body) },
    (members, { isRedacted }) => (members.body === undefined && !isRedacted ? missing : NONE),
  );
}
