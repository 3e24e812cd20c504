/** The extensions whose content is validated, and whether a vCon lists what it uses (core-04 sections 2.5, 4.1.3, 4.1.4). */
import type { JsonObject, Vcon } from "../types.ts";
import { core, type Fault, type Members, objectsIn, type Rule } from "./check.ts";
import { agentSession } from "./extensions/agent-session.ts";
import { contactCenter } from "./extensions/contact-center.ts";
import type { Extension, Section } from "./extensions/extension.ts";
import { lawfulBasis } from "./extensions/lawful-basis.ts";
import { sipSignaling } from "./extensions/sip-signaling.ts";
import { worldTranscription } from "./extensions/wtf.ts";

const EXTENSIONS: readonly Extension[] = [
  contactCenter,
  worldTranscription,
  lawfulBasis,
  sipSignaling,
  agentSession,
];
const KNOWN = new Set<unknown>(EXTENSIONS.map(({ name }) => name));
const SECTIONS: readonly Section[] = ["parties", "dialog", "analysis", "attachments"];

/** What the extensions add to the elements of each section. */
export const EXTENSION_MEMBERS: Record<Section, Members> = {
  parties: membersOf("parties"),
  dialog: membersOf("dialog"),
  analysis: membersOf("analysis"),
  attachments: membersOf("attachments"),
};

/** The types of analysis that extensions define. */
export const EXTENSION_TYPES: readonly string[] = EXTENSIONS.flatMap(({ types = [] }) => types);

function membersOf(section: Section): Members {
  return Object.assign({}, ...EXTENSIONS.map(({ members }) => members?.[section]));
}

/** The extensions' own rules for an element. */
export function rulesOfExtensions(section: Section): Rule {
  const rules = EXTENSIONS.flatMap((extension) => extension.rules?.[section] ?? []);
  return function* (...element) {
    for (const rule of rules) yield* rule(...element);
  };
}

/** Whether `extensions` names one that is not known here. */
export function isExtended({ extensions }: JsonObject): boolean {
  return Array.isArray(extensions) && extensions.some((name) => !KNOWN.has(name));
}

/** What is used is listed. */
export function* listedExtensions(vcon: JsonObject): Iterable<Fault> {
  const listed = namesIn(vcon.extensions);
  for (const name of extensionsUsed(vcon)) {
    if (listed.has(name)) continue;
    const message = `The extension ${name} is used here, so it should be listed.`;
    yield core.fault("4.1.3", "warning", "extensionNotListed", message, "/extensions");
  }
}

/** The names of the extensions known here that these parts of a vCon use, whether they are listed or not. */
export function extensionsUsed(parts: Partial<Pick<Vcon, Section>>): string[] {
  return EXTENSIONS.filter((extension) => isUsed(extension, parts as JsonObject)).map(({ name }) => name);
}

function isUsed({ uses }: Extension, vcon: JsonObject): boolean {
  return SECTIONS.some((section) => {
    for (const [, element] of objectsIn(vcon[section])) if (uses(section, element)) return true;
    return false;
  });
}

/** What is critical is listed as an extension too, and is one that readers need. */
export function* criticalExtensions({ extensions, critical }: JsonObject): Iterable<Fault> {
  if (!Array.isArray(critical)) return;
  const listed = namesIn(extensions);
  for (const [index, name] of critical.entries()) {
    const found = [
      listed.has(name) ? undefined : NOT_LISTED,
      CRITICAL[EXTENSIONS.find((extension) => extension.name === name)?.critical ?? "unknown"],
    ];
    for (const wrong of found) if (wrong) yield { ...wrong, at: `/critical/${index}` };
  }
}

const NOT_LISTED = core.fault(
  "4.1.3",
  "warning",
  "criticalNotListed",
  "What is critical should be listed in `extensions` too.",
);
const CRITICAL: Record<Extension["critical"] | "unknown", Fault | undefined> = {
  may: undefined,
  needless: core.fault(
    "4.1.4",
    "warning",
    "criticalNeedless",
    "This extension is compatible with core, so readers that don't know it need not be kept away.",
  ),
  never: core.fault("4.1.4", "error", "criticalForbidden", "This extension must not be made critical."),
  unknown: core.fault(
    "4.1.4",
    "info",
    "criticalUnknown",
    "Readers that don't know this extension must not process the vCon, and it is not known here.",
  ),
};

function namesIn(list: unknown): Set<unknown> {
  return new Set(Array.isArray(list) ? list : []);
}
