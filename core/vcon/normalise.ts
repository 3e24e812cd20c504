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
import { date, members, oneOf } from "./rules/member.ts";
import { apply, type Change, Report, type Rule, type Work } from "./rules/rule.ts";
import type { JsonObject, Vcon } from "./types.ts";

export type { Change };

const HEAD_RULES: readonly Rule[] = [
  emptyReferences,
  members({
    core: TOP_MEMBERS,
    renamed: { appended: "amended", amended_from: "amended", redacted_from: "redacted" },
    values: { updated_at: date },
  }),
  referenceHashes,
  arrays,
  criticalExtensions,
  syntax,
  uuid,
];

const PARTY_RULES: readonly Rule[] = [
  members({ core: PARTY_MEMBERS, values: { role: contactCenter, contact_list: contactCenter } }),
];

const CONTENT_RULES: readonly Rule[] = [contentHash, encoding, base64Alphabet, jsonText];

const DIALOG_RULES: readonly Rule[] = [
  members({
    core: DIALOG_MEMBERS,
    renamed: {
      mimetype: "mediatype",
      "transfer-target": "transfer_target",
      "target-dialog": "target_dialog",
      interaction: "interaction_id",
    },
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
  }),
  partyHistory,
  ...CONTENT_RULES,
];

const HISTORY_RULES: readonly Rule[] = [
  members({
    core: HISTORY_MEMBERS,
    renamed: { dtmf: "button" },
    values: { event: oneOf({ dtmfdown: "keydown", dtmfup: "keyup" }), time: date },
  }),
];

/** What needs the dialogs' dates and comes before what needs the vCon's own. */
const CREATION_RULES: readonly Rule[] = [createdAt, topLevelTags];

const ANALYSIS_RULES: readonly Rule[] = [
  members({
    core: ANALYSIS_MEMBERS,
    renamed: {
      mimetype: "mediatype",
      schema_version: "schema",
      vendor_schema: "schema",
      vendor_product: "product",
      transcript: "body",
    },
    values: { schema: schemaText, start: date },
  }),
  ...CONTENT_RULES,
  vendor,
];

const ATTACHMENT_RULES: readonly Rule[] = [
  members({
    core: ATTACHMENT_MEMBERS,
    renamed: { mimetype: "mediatype", type: "purpose" },
    values: { start: date },
  }),
  ...CONTENT_RULES,
  tags,
  attachmentPlace,
];

/** A vCon in the syntax of core-04, and what was done to it. */
export interface Normalised {
  vcon: Vcon;
  /** What was changed; with a warning where something was guessed or set aside. Again it would be nothing. */
  changes: Change[];
  /** What a rule found and could not change. */
  left: Change[];
}

/**
 * Normalises `vcon`, which is changed in place.
 *
 * @param options.maxNesting how deep the vCon may nest when JSON that stood in it as text becomes part of it
 * @param options.repair whether a missing vendor of an analysis becomes "unknown"
 * @throws VconError `VCON_MALFORMED` where a text or number stands for a vCon's part, or the UUID is none
 */
export function normalise(
  vcon: JsonObject,
  { maxNesting, repair }: { maxNesting: number; repair: boolean },
): Normalised {
  const work: Work = { vcon, syntax: vcon.vcon, maxNesting, repair, changes: [], left: [] };
  const whole = new Report(work, "");
  apply(HEAD_RULES, vcon, whole);
  applyToAll(PARTY_RULES, vcon, "parties", whole);
  applyToAll(DIALOG_RULES, vcon, "dialog", whole);
  apply(CREATION_RULES, vcon, whole);
  applyToAll(ANALYSIS_RULES, vcon, "analysis", whole);
  applyToAll(ATTACHMENT_RULES, vcon, "attachments", whole);
  return { vcon: vcon as Vcon, changes: work.changes, left: work.left };
}

function partyHistory(dialog: JsonObject, report: Report): void {
  applyToAll(HISTORY_RULES, dialog, "party_history", report);
}

/** Runs the rules over every object in an array, if it is one. */
function applyToAll(rules: readonly Rule[], members: JsonObject, name: string, report: Report): void {
  const array = members[name];
  if (!Array.isArray(array)) return;
  for (let index = 0; index < array.length; index++) {
    const element = array[index];
    if (isObject(element)) apply(rules, element, report.on(`${name}/${index}`));
  }
}
