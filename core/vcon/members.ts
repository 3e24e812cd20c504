/** The names of core-04's members, object by object (sections 4.1 to 4.5). */

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

export const ATTACHMENT_MEMBERS = words("purpose start party dialog").concat(CONTENT);

export const ANALYSIS_MEMBERS = words("type dialog attachment vendor product schema").concat(CONTENT);

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
