/**
 * Brings an unsigned vCon of any draft, or as libraries write it, into the syntax of core-04: the tables below say
 * which rules (rules/) apply where and in what order.
 */

import { isObject } from "./json.ts";
import {
  ANALYSIS_MEMBERS,
  ATTACHMENT_MEMBERS,
  DIALOG_MEMBERS,
  HISTORY_MEMBERS,
  OLD_NAMES,
  PARTY_MEMBERS,
  TOP_MEMBERS,
} from "./members.ts";
import { schemaText, vendor } from "./rules/analysis.ts";
import { attachmentPlace, tags } from "./rules/attachment.ts";
import { base64Alphabet, contentHash, encoding, jsonText } from "./rules/content.ts";
import { oneIndex, sessionId } from "./rules/dialog.ts";
import {
  arrays,
  contactCenter,
  createdAt,
  criticalExtensions,
  emptyReferences,
  referenceHashes,
  syntax,
  topLevelTags,
  uuid,
} from "./rules/head.ts";
import { date, type MemberTable, members, oneOf, withNewNames } from "./rules/member.ts";
import { apply, type Change, Report, type Rule, type Work } from "./rules/rule.ts";
import type { JsonObject, Vcon } from "./types.ts";

export type { Change };

/** What is done to objects of one kind: first to their names, then by the rules. */
interface Kind {
  old: Record<string, string>;
  rules: readonly Rule[];
}

const CONTENT_RULES: readonly Rule[] = [contentHash, encoding, base64Alphabet, jsonText];

const HEAD = kind(
  { core: TOP_MEMBERS, old: OLD_NAMES.vcon, values: { updated_at: date } },
  referenceHashes,
  arrays,
  criticalExtensions,
  syntax,
  uuid,
);

const PARTY = kind({
  core: PARTY_MEMBERS,
  values: { role: contactCenter, contact_list: contactCenter },
});

const DIALOG = kind(
  {
    core: DIALOG_MEMBERS,
    old: OLD_NAMES.dialog,
    values: {
      type: oneOf({ audio: "recording", video: "recording" }),
      start: date,
      session_id: sessionId,
      transferee: oneIndex,
      transferor: oneIndex,
      transfer_target: oneIndex,
      original: oneIndex,
      consultation: oneIndex,
      target_dialog: oneIndex,
      campaign: contactCenter,
      interaction_type: contactCenter,
      interaction_id: contactCenter,
      skill: contactCenter,
    },
  },
  partyHistory,
  ...CONTENT_RULES,
);

const HISTORY = kind({
  core: HISTORY_MEMBERS,
  old: OLD_NAMES.history,
  values: { event: oneOf({ dtmfdown: "keydown", dtmfup: "keyup" }), time: date },
});

/** What needs the dialogs' dates and comes before what needs the vCon's own. */
const CREATION_RULES: readonly Rule[] = [createdAt, topLevelTags];

const ANALYSIS = kind(
  { core: ANALYSIS_MEMBERS, old: OLD_NAMES.analysis, values: { schema: schemaText, start: date } },
  ...CONTENT_RULES,
  vendor,
);

const ATTACHMENT = kind(
  { core: ATTACHMENT_MEMBERS, old: OLD_NAMES.attachment, values: { start: date } },
  ...CONTENT_RULES,
  tags,
  attachmentPlace,
);

function kind(table: MemberTable, ...rules: Rule[]): Kind {
  return { old: table.old ?? {}, rules: [members(table), ...rules] };
}

/** A vCon in the syntax of core-04, and what was done to it. */
export interface Normalised {
  vcon: Vcon;
  /** What was changed; with a warning where something was guessed or set aside. Again it would be nothing. */
  changes: Change[];
  /** What a rule found and could not change. */
  left: Change[];
}

/**
 * Normalises `given`, which is changed on the way.
 *
 * @param options.maxNesting how deep the vCon may nest when JSON that stood in it as text becomes part of it
 * @param options.repair whether a missing vendor of an analysis becomes "unknown"
 * @throws VconError `VCON_MALFORMED` where a text or number stands for a vCon's part, or the UUID is none
 */
export function normalise(
  given: JsonObject,
  { maxNesting, repair }: { maxNesting: number; repair: boolean },
): Normalised {
  const work: Work = { vcon: given, syntax: given.vcon, maxNesting, repair, changes: [], left: [] };
  const whole = new Report(work, "");
  emptyReferences(given, whole);
  const vcon = withNewNames(given, HEAD.old, whole);
  work.vcon = vcon;
  apply(HEAD.rules, vcon, whole);
  applyToAll(PARTY, vcon, "parties", whole);
  applyToAll(DIALOG, vcon, "dialog", whole);
  apply(CREATION_RULES, vcon, whole);
  applyToAll(ANALYSIS, vcon, "analysis", whole);
  applyToAll(ATTACHMENT, vcon, "attachments", whole);
  return { vcon: vcon as Vcon, changes: work.changes, left: work.left };
}

function partyHistory(dialog: JsonObject, report: Report): void {
  applyToAll(HISTORY, dialog, "party_history", report);
}

/** Normalises every object in an array, if it is one. */
function applyToAll({ old, rules }: Kind, members: JsonObject, name: string, report: Report): void {
  const array = members[name];
  if (!Array.isArray(array)) return;
  for (let index = 0; index < array.length; index++) {
    const given = array[index];
    if (!isObject(given)) continue;
    const at = report.on(`${name}/${index}`);
    const element = withNewNames(given, old, at);
    array[index] = element;
    apply(rules, element, at);
  }
}
