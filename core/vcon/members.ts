/** The names of core-04's members, object by object (sections 4.1 to 4.5), and of what it has no place for. */

const CONTENT = words("body encoding url content_hash mediatype filename");

export const TOP_MEMBERS = words(`
  vcon uuid extensions critical created_at updated_at subject redacted amended
  parties dialog analysis attachments`);

export const PARTY_MEMBERS = words(`
  tel sip stir mailto name did validation gmlpos civicaddress uuid type org dept`);

export const DIALOG_MEMBERS = words(`
  type start duration parties originator recordings recording_set disposition session_id party_history
  transferee transferor transfer_target original consultation target_dialog application message_id`).concat(
  CONTENT,
);

export const HISTORY_MEMBERS = words("party time event button");

export const ATTACHMENT_MEMBERS = words("purpose start party dialog").concat(CONTENT);

export const ANALYSIS_MEMBERS = words("type dialog attachment vendor product schema").concat(CONTENT);

/** What older drafts and libraries call the members of each object, and what core-04 and its extensions do. */
export const OLD_NAMES = {
  vcon: { appended: "amended", amended_from: "amended", redacted_from: "redacted" },
  dialog: {
    mimetype: "mediatype",
    "transfer-target": "transfer_target",
    "target-dialog": "target_dialog",
    interaction: "interaction_id",
  },
  history: { dtmf: "button" },
  attachment: { mimetype: "mediatype", type: "purpose" },
  analysis: {
    mimetype: "mediatype",
    schema_version: "schema",
    vendor_schema: "schema",
    vendor_product: "product",
    transcript: "body",
  },
};

/** The name of the member that keeps a value which an older draft allowed in `name` and core-04 does not. */
export function asideOf(name: string): string {
  return `x_${name}`;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
