/**
 * The SIP signalling extension (draft-howe-vcon-sip-signaling-00): identifiers on parties and dialogs, and SIP
 * messages, traces and STIR data as attachments.
 */
import { addAttachment, addExtension } from "../build.ts";
import { elementsOf, isObject } from "../json.ts";
import { decodeBase64Url, isBase64 } from "../media.ts";
import type { Attachment, Index, JsonObject, JsonValue, Vcon } from "../types.ts";
import { isListOfObjects, structureIn } from "./structure.ts";

/** The extension's name in `extensions`; it must not stand in `critical` (section 3.1). */
export const SIP_SIGNALING_EXTENSION = "sip-signaling";

/** The purposes of the extension's attachments, with the media type that each must have (sections 6 and 7). */
export const SIP_PURPOSES = {
  "sip-invite": "message/sip",
  "sip-response": "message/sip",
  "sip-ack": "message/sip",
  "sip-bye": "message/sip",
  "sip-cancel": "message/sip",
  "sip-update": "message/sip",
  "sip-refer": "message/sip",
  "sip-message-trace": "application/json",
  "sip-sdp": "application/sdp",
  "sip-headers": "application/json",
  "stir-certificate": "application/pem-certificate-chain",
  "stir-verification-report": "application/json",
  "stir-passport-extended": "application/passport",
} as const;

export type SipPurpose = keyof typeof SIP_PURPOSES;

/** What the extension adds to a party (section 4). */
export interface SipParty {
  /** The addr-spec of the Contact header. */
  sip_contact?: string;
  sip_user_agent?: string;
  /** As claimed in From or To, which need not be the party's `name`. */
  sip_display_name?: string;
}

/** What the extension adds to a dialog (section 5). */
export interface SipDialog {
  /** The whole Call-ID. */
  sip_call_id?: string;
  sip_from_tag?: string;
  sip_to_tag?: string;
  sip_cseq?: number;
}

// These are types, not interfaces, so that they are JSON values to the compiler.

/** The body of a "sip-message-trace" (section 6.2). */
export type SipTrace = {
  version: string;
  call_id: string;
  /** In the order of time. */
  messages: SipTraceMessage[];
};

/** A request has a `method`, a response a `status_code` and a `status_text`. */
export type SipTraceMessage = {
  /** RFC 3339. */
  timestamp: string;
  /** As seen by who made the vCon. */
  direction: "sent" | "received";
  /** Who sent it. */
  party?: Index;
  method?: string;
  status_code?: number;
  status_text?: string;
  headers?: SipHeaders;
  body?: string;
  /** "base64url" where the body is not text. */
  body_encoding?: string;
};

/** Headers by name; a list where one stands several times (section 6.4). */
export type SipHeaders = { [name: string]: string | string[] };

/** The body of a "stir-verification-report" (section 7.3). */
export type StirVerificationReport = {
  verifier?: string;
  /** RFC 3339. */
  timestamp?: string;
  result: "verified" | "failed" | "no-signature" | "stale" | "certificate-error";
  attestation?: "A" | "B" | "C";
  reason?: string;
  orig_tn?: string;
  dest_tn?: string | string[];
};

/** What {@link addSipAttachment} is made of. */
export interface SipParts {
  purpose: SipPurpose;
  /** A text as it went over the wire, or JSON where the purpose is JSON. */
  body: string | SipTrace | SipHeaders | StirVerificationReport;
  /** Who sent it. */
  party?: Index;
  dialog?: Index;
  /** RFC 3339; when it was sent. */
  start?: string;
}

/** Section 9: these must not be kept. */
const CREDENTIALS = ["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"];
const CREDENTIAL_LINES = new RegExp(
  `^(?:${CREDENTIALS.join("|")})[ \\t]*:.*(?:\\r?\\n[ \\t].*)*\\r?\\n?`,
  "gim",
);

/**
 * Adds an attachment of the extension, lists the extension, and gives back the attachment's index. Headers that
 * authenticate are left out.
 */
export function addSipAttachment(vcon: Vcon, { purpose, body, ...place }: SipParts): Index {
  addExtension(vcon, SIP_SIGNALING_EXTENSION);
  return addAttachment(vcon, {
    purpose,
    ...place,
    mediatype: SIP_PURPOSES[purpose],
    ...(typeof body === "string"
      ? { encoding: "none", body: body.replace(CREDENTIAL_LINES, "") }
      : { encoding: "json", body: withoutCredentials(body) }),
  });
}

/** The vCon's attachments of SIP and STIR, or those of one purpose, with their indices. */
export function sipAttachments(vcon: Vcon, purpose?: SipPurpose): [Index, Attachment][] {
  return elementsOf(vcon, "attachments").filter(([, attachment]) =>
    purpose === undefined ? isSipAttachment(attachment) : attachment.purpose === purpose,
  );
}

function isSipAttachment({ purpose }: Attachment): boolean {
  return typeof purpose === "string" && Object.hasOwn(SIP_PURPOSES, purpose);
}

/** The message, SDP or certificate in an attachment as text; undefined where there is none. */
export function sipText({ body, encoding }: Attachment): string | undefined {
  if (typeof body !== "string" || encoding !== "base64url") return isText(body) ? body : undefined;
  return isBase64(body) ? decodeBase64Url(body).toString("utf8") : undefined;
}

/** The trace in an attachment, without what is no message in it; undefined if it holds none. */
export function readSipTrace(attachment: Attachment): SipTrace | undefined {
  const body = structureIn(attachment);
  if (!isObject(body) || !Array.isArray(body.messages)) return;
  const messages = body.messages.filter(isMessage);
  return { version: textOr(body.version, "1.0"), call_id: textOr(body.call_id, ""), messages };
}

/** The headers in a "sip-headers" attachment; undefined if it holds none. */
export function readSipHeaders(attachment: Attachment): SipHeaders | undefined {
  const body = structureIn(attachment);
  return isObject(body) ? headersIn(body) : undefined;
}

/** The report in a "stir-verification-report"; undefined if it holds none. */
export function readVerificationReport(attachment: Attachment): StirVerificationReport | undefined {
  const body = structureIn(attachment);
  return isObject(body) && typeof body.result === "string" ? (body as StirVerificationReport) : undefined;
}

function isMessage(message: JsonValue): message is SipTraceMessage {
  if (!isObject(message) || typeof message.timestamp !== "string") return false;
  return typeof message.method === "string" || typeof message.status_code === "number";
}

function headersIn(headers: JsonObject): SipHeaders {
  const texts = Object.entries(headers).filter(([, value]) => [value].flat().every(isText));
  return Object.fromEntries(texts) as SipHeaders;
}

function withoutCredentials(body: SipTrace | SipHeaders | StirVerificationReport): JsonObject {
  const kept = Object.entries(body).filter(([name]) => !CREDENTIALS.includes(name.toLowerCase()));
  const cleaned = Object.fromEntries(kept) as JsonObject;
  if (!isListOfObjects(cleaned.messages)) return cleaned;
  const messages = cleaned.messages.map(({ headers, body: text, ...message }) => ({
    ...message,
    ...(isObject(headers) && { headers: withoutCredentials(headers as SipHeaders) }),
    ...(isText(text) && { body: text.replace(CREDENTIAL_LINES, "") }),
  }));
  return { ...cleaned, messages };
}

function textOr(value: unknown, otherwise: string): string {
  return isText(value) ? value : otherwise;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
