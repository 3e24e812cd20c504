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
  uuid?: string;
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
  sip?: string;
  stir?: string;
  /** An address, the prefix `mailto:` optional. */
  mailto?: string;
  name?: string;
  did?: string;
  validation?: string;
  gmlpos?: string;
  civicaddress?: Record<string, string>;
  uuid?: string;
  type?: "person" | "bot" | "organization" | (string & {});
  org?: string;
  dept?: string;
  /** Of the CC extension: "agent", "customer", "supervisor", "sme", "thirdparty" or another. */
  role?: string;
  [member: string]: unknown;
}

export type DialogType = "recording" | "recording-set" | "text" | "transfer" | "incomplete";

/** One captured piece of the conversation (section 4.3). */
export interface Dialog extends Content {
  type: DialogType | (string & {});
  /** RFC 3339. */
  start?: string;
  /** Seconds. */
  duration?: number;
  /** The parties; for a recording with several channels one entry a channel, null for an unused one. */
  parties?: Index | (Index | Index[] | null)[];
  originator?: Index;
  /** Why an "incomplete" dialog has no content. */
  disposition?: "no-answer" | "congestion" | "failed" | "busy" | "hung-up" | "voicemail-no-message";
  party_history?: JsonObject[];
  session_id?: JsonValue;
  application?: string;
  message_id?: string;
  [member: string]: unknown;
}

/** Something exchanged beside the conversation (section 4.4). */
export interface Attachment extends Content {
  purpose?: string;
  /** RFC 3339. */
  start?: string;
  party?: Index;
  dialog?: Index;
  [member: string]: unknown;
}

/** Something derived from the conversation (section 4.5). */
export interface Analysis extends Content {
  type: string;
  dialog?: Index | Index[];
  attachment?: Index | Index[];
  vendor: string;
  product?: string;
  schema?: string;
  [member: string]: unknown;
}
