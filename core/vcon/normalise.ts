/**
 * Brings an unsigned vCon of any draft, or as libraries write it, into the syntax of core-04: the tables below say
 * which rules (rules.ts) apply where and in what order.
 */
import {
  ANALYSIS_MEMBERS,
  ATTACHMENT_MEMBERS,
  DIALOG_MEMBERS,
  PARTY_MEMBERS,
  TOP_MEMBERS,
} from "./members.ts";
import {
  arrays,
  attachmentPlace,
  base64Alphabet,
  contentHash,
  createdAt,
  criticalExtensions,
  dates,
  emptyReferences,
  encoding,
  jsonText,
  nulls,
  objectsIn,
  oldNames,
  oldValues,
  type Rule,
  schemaText,
  syntax,
  tags,
  topLevelTags,
  uuid,
} from "./rules.ts";
import type { JsonObject, Vcon } from "./types.ts";

/** One change: the rule that made it, and where, as a JSON Pointer (RFC 6901) to the member set or dropped. */
export interface Change {
  pointer: string;
  rule: string;
}

type Rules = Record<string, Rule>;

const DIALOG_TYPES = new Map([
  ["audio", "recording"],
  ["video", "recording"],
]);
const HISTORY_EVENTS = new Map([
  ["dtmfdown", "keydown"],
  ["dtmfup", "keyup"],
]);

const TOP_RULES: Rules = {
  nulls: nulls(TOP_MEMBERS),
  emptyReferences,
  oldNames: oldNames({
    appended: "amended",
    amended_from: "amended",
    redacted_from: "redacted",
  }),
  arrays,
  criticalExtensions,
  syntax,
  uuid,
  dates: dates(["created_at", "updated_at"]),
};

const PARTY_RULES: Rules = {
  nulls: nulls(PARTY_MEMBERS),
};

const CONTENT_RULES: Rules = {
  contentHash,
  encoding,
  base64Alphabet,
  jsonText,
};

const DIALOG_RULES: Rules = {
  nulls: nulls(DIALOG_MEMBERS),
  oldNames: oldNames({
    mimetype: "mediatype",
    "transfer-target": "transfer_target",
    "target-dialog": "target_dialog",
    interaction: "interaction_id",
  }),
  oldValues: oldValues("type", DIALOG_TYPES),
  dates: dates(["start"]),
  partyHistory,
  ...CONTENT_RULES,
};

const HISTORY_RULES: Rules = {
  oldNames: oldNames({ dtmf: "button" }),
  oldValues: oldValues("event", HISTORY_EVENTS),
  dates: dates(["time"]),
};

/** What needs the dialogs' dates and comes before what needs the vCon's own. */
const CREATION_RULES: Rules = {
  createdAt,
  topLevelTags,
};

const ANALYSIS_RULES: Rules = {
  nulls: nulls(ANALYSIS_MEMBERS),
  oldNames: oldNames({
    mimetype: "mediatype",
    schema_version: "schema",
    vendor_schema: "schema",
    vendor_product: "product",
    transcript: "body",
  }),
  schemaText,
  dates: dates(["start"]),
  ...CONTENT_RULES,
};

const ATTACHMENT_RULES: Rules = {
  nulls: nulls(ATTACHMENT_MEMBERS),
  oldNames: oldNames({ mimetype: "mediatype", type: "purpose" }),
  dates: dates(["start"]),
  ...CONTENT_RULES,
  tags,
  attachmentPlace,
};

/**
 * Normalises `vcon`, which is changed in place, and says what was changed. Doing it again changes nothing more.
 *
 * @throws VconError `VCON_MALFORMED` where a text or number stands for a vCon's part, or the UUID is none
 */
export function normalise(vcon: JsonObject): { vcon: Vcon; changes: Change[] } {
  const changes = [
    ...apply(TOP_RULES, vcon, "", vcon),
    ...applyToElements(PARTY_RULES, "parties", vcon),
    ...applyToElements(DIALOG_RULES, "dialog", vcon),
    ...apply(CREATION_RULES, vcon, "", vcon),
    ...applyToElements(ANALYSIS_RULES, "analysis", vcon),
    ...applyToElements(ATTACHMENT_RULES, "attachments", vcon),
  ];
  return { vcon: vcon as Vcon, changes };
}

function* apply(rules: Rules, members: JsonObject, pointer: string, vcon: JsonObject): Generator<Change> {
  for (const [rule, run] of Object.entries(rules)) {
    for (const member of run(members, vcon)) yield { pointer: `${pointer}/${member}`, rule };
  }
}

function* applyToElements(rules: Rules, section: string, vcon: JsonObject): Generator<Change> {
  for (const [index, element] of objectsIn(vcon[section])) {
    yield* apply(rules, element, `/${section}/${index}`, vcon);
  }
}

function* partyHistory(dialog: JsonObject, vcon: JsonObject): Iterable<string> {
  for (const [index, event] of objectsIn(dialog.party_history)) {
    for (const { pointer } of apply(HISTORY_RULES, event, `party_history/${index}`, vcon)) yield pointer;
  }
}
