/** The vCon document as draft-ietf-vcon-vcon-core-04 (syntax "0.4.0") defines it, as plain JSON types. */

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [member: string]: JsonValue | undefined;
}

/** An index into one of the vCon's arrays, the only kind of reference a vCon has (section 4). */
export type Index = number;

/** A vCon in its unsigned form (section 4.1). Members that no draft knows are kept as they came. */
export interface Vcon {
  /** Deprecated by core-04 and optional; "0.4.0" where it is written. */
  vcon?: string;
  uuid: string;
  extensions?: string[];
  critical?: string[];
  /** RFC 3339; set once and never changed. */
  created_at: string;
  /** RFC 3339. */
  updated_at?: string;
  subject?: string;
  redacted?: Redacted;
  amended?: Amended;
  parties?: Party[];
  dialog?: Dialog[];
  analysis?: Analysis[];
  attachments?: Attachment[];
  [member: string]: unknown;
}

/** A vCon in its signed form: JWS General JSON Serialization (section 5.2). */
export interface SignedVcon {
  payload: string;
  signatures: { protected?: string; header?: JsonObject; signature: string }[];
  [member: string]: unknown;
}

/** A vCon in its encrypted form: JWE General JSON Serialization (section 5.3). */
export interface EncryptedVcon {
  ciphertext: string;
  recipients: { header?: JsonObject; encrypted_key?: string }[];
  protected?: string;
  unprotected?: JsonObject;
  iv?: string;
  tag?: string;
  [member: string]: unknown;
}

/** A reference to the less redacted instance (section 4.1.8). */
export interface Redacted {
  /** Absent where the less redacted instance is not to be had. */
  uuid?: string;
  /** What was redacted, in free text. */
  type: string;
  url?: string;
  content_hash?: string | string[];
}

/** A reference to the instance that this one adds to (section 4.1.9). */
export interface Amended {
  uuid?: string;
  url?: string;
  content_hash?: string | string[];
}

/** What Dialog, Attachment and Analysis share: content inline or by reference (section 2.3, 2.4). */
export interface Content {
  body?: JsonValue;
  encoding?: "base64url" | "json" | "none" | (string & {});
  url?: string;
  content_hash?: string | string[];
  mediatype?: string;
  filename?: string;
}

/** One participant (section 4.2). Every member is optional. */
export interface Party {
  /** A TEL URL, the prefix `tel:` optional. */
  tel?: string;
  /** An addr-spec (RFC 3261 section 25.1). */
  sip?: string;
  /** The PASSporT that vouches for the party, in JWS Compact Serialization. */
  stir?: string;
  /** An address, the prefix `mailto:` optional. */
  mailto?: string;
  /** As free text; "anonymous" where the party is not to be known. */
  name?: string;
  /** A DID URI. */
  did?: string;
  /** How the name was validated ("SSN", "none"), never the data that it was validated with. */
  validation?: string;
  /** Latitude and longitude as in gml:pos, at the start of the conversation. */
  gmlpos?: string;
  civicaddress?: CivicAddress;
  /** The participant's own, in any syntax; the same from one conversation to the next. */
  uuid?: string;
  type?: "person" | "bot" | "organization" | (string & {});
  org?: string;
  dept?: string;
  /** Of the CC extension: "agent", "customer", "supervisor", "sme", "thirdparty" or another. */
  role?: string;
  [member: string]: unknown;
}

/** Where a party is (section 4.2.9), its members named as in RFC 4119, in lower case. */
export type CivicAddress = {
  [member in
    | "country"
    | `a${1 | 2 | 3 | 4 | 5 | 6}`
    | "prd"
    | "pod"
    | "sts"
    | "hno"
    | "hns"
    | "lmk"
    | "loc"
    | "flr"
    | "nam"
    | "pc"]?: string;
};

export type DialogType = "recording" | "recording-set" | "text" | "transfer" | "incomplete";

/** Why an "incomplete" dialog came to nothing (section 4.3.11). */
export type Disposition = "no-answer" | "congestion" | "failed" | "busy" | "hung-up" | "voicemail-no-message";

/** One captured piece of the conversation (section 4.3). */
export interface Dialog extends Content {
  type: DialogType | (string & {});
  /** RFC 3339. */
  start?: string;
  /** Seconds. */
  duration?: number;
  /** The parties; for a recording with several channels one entry a channel, null for an unused one. */
  parties?: Index | (Index | Index[] | null)[];
  /** A party, where the first of `parties` is not the one who began. */
  originator?: Index;
  /** Of a "recording-set": its recordings, as dialogs. */
  recordings?: Index[];
  /** Of a "recording": the "recording-set" that it belongs to, as a dialog. */
  recording_set?: Index;
  /** Of an "incomplete" one. */
  disposition?: Disposition;
  party_history?: PartyHistory[];
  /** One for all parties, or in the order and depth of `parties`, {} for a party that has none. */
  session_id?: SessionId | (SessionId | SessionId[])[];
  /** Of a "transfer": the party that is handed over. */
  transferee?: Index;
  /** Of a "transfer": the party that hands over. */
  transferor?: Index;
  /** Of a "transfer": the party that takes over. */
  transfer_target?: Index;
  /** Of a "transfer": the dialog of transferee and transferor. */
  original?: Index;
  /** Of a "transfer": the dialog of transferor and target. */
  consultation?: Index;
  /** Of a "transfer": the dialog of transferee and target. */
  target_dialog?: Index;
  /** The service over which it was held. */
  application?: string;
  /** The messaging system's own name for the message. */
  message_id?: string;
  [member: string]: unknown;
}

/** The session identifier of RFC 7989; the nil UUID for an end that has none. */
export interface SessionId {
  local?: string;
  remote?: string;
}

/** Something that a party did during a dialog (section 4.3.13). */
export interface PartyHistory {
  party: Index;
  /** RFC 3339. */
  time: string;
  event: "join" | "drop" | "hold" | "unhold" | "mute" | "unmute" | "keydown" | "keyup" | (string & {});
  /** What was pressed or released; required for "keydown" and "keyup". */
  button?: string;
}

/** Something exchanged beside the conversation (section 4.4). */
export interface Attachment extends Content {
  purpose?: string;
  /** RFC 3339. */
  start?: string;
  /** Who contributed it; need not take part in the conversation. */
  party?: Index;
  /** What it belongs to. */
  dialog?: Index;
  [member: string]: unknown;
}

/** Something derived from the conversation (section 4.5). */
export interface Analysis extends Content {
  /** Such as "report", "sentiment", "summary", "transcript", "translation", "tts", or an extension's own. */
  type: string;
  /** What it was derived from. */
  dialog?: Index | Index[];
  /** What it was derived from. */
  attachment?: Index | Index[];
  vendor: string;
  product?: string;
  /** Names the format of the body. */
  schema?: string;
  [member: string]: unknown;
}
