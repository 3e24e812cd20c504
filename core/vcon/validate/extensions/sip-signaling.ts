/** SIP signaling and STIR/SHAKEN data (draft-howe-vcon-sip-signaling-00). */
import { SIP_PURPOSES, SIP_SIGNALING_EXTENSION, type SipPurpose } from "../../extensions/sip-signaling.ts";
import { isObject } from "../../json.ts";
import { mediatypeOf } from "../../media.ts";
import type { JsonObject } from "../../types.ts";
import {
  type Around,
  anything,
  type Check,
  check,
  draft,
  type Fault,
  leniently,
  list,
  map,
  NONE,
  object,
  oneOrMany,
  type Place,
  type Rule,
  text,
} from "../check.ts";
import { choice, count, date, indexInto, isCount } from "../values.ts";
import { type Extension, hasAny } from "./extension.ts";

const sip = draft("sip-signaling-00");

const PARTY = {
  sip_contact: sip.may("4.1", leniently(text)),
  sip_user_agent: sip.may("4.2", leniently(text)),
  sip_display_name: sip.may("4.3", leniently(text)),
};
const DIALOG = {
  sip_call_id: sip.may("5.1", text),
  sip_from_tag: sip.may("5.2", leniently(text)),
  sip_to_tag: sip.may("5.3", leniently(text)),
  sip_cseq: sip.may("5.4", leniently(count)),
};

const PARTY_NAMES = Object.keys(PARTY);
const DIALOG_NAMES = Object.keys(DIALOG);

/** A request has a method, a response a status. */
function* requestOrResponse(message: JsonObject): Iterable<Fault> {
  if (message.method === undefined) return;
  for (const name of ["status_code", "status_text"]) {
    if (message[name] === undefined) continue;
    yield sip.fault("6.2.1", "error", "requestOrResponse", "A request must not have a status.", `/${name}`);
  }
}

const traceMessage = object(
  {
    timestamp: sip.should("6.2.1", leniently(date)),
    direction: sip.should("6.2.1", leniently(choice("sent", "received"))),
    party: sip.may("6.2.1", indexInto("parties")),
    method: sip.may("6.2.1", leniently(text)),
    status_code: sip.may("6.2.1", leniently(count)),
    status_text: sip.may("6.2.1", leniently(text)),
    headers: sip.may("6.2.1", leniently(object({}))),
    body: sip.may("6.2.1", leniently(text)),
  },
  requestOrResponse,
);

const trace = object({
  version: sip.should("6.2.1", leniently(choice("1.0"))),
  call_id: sip.should("6.2.1", leniently(text)),
  messages: sip.should("6.2.1", list(traceMessage)),
});

const report = leniently(
  object({
    verifier: sip.should("7.3", text),
    timestamp: sip.should("7.3", date),
    result: sip.should("7.3", choice("verified", "failed", "no-signature", "stale", "certificate-error")),
    attestation: sip.may("7.3", choice("A", "B", "C")),
    reason: sip.may("7.3", text),
    orig_tn: sip.may("7.3", text),
    dest_tn: sip.may("7.3", oneOrMany(text)),
  }),
);

const headers = leniently(map(oneOrMany(text)));

/** Where the draft defines the attachments of a purpose, and their bodies where they are JSON. */
const KINDS: Record<SipPurpose, [section: string, body?: Check]> = {
  "sip-invite": ["6.1.2"],
  "sip-response": ["6.1.2"],
  "sip-ack": ["6.1.2"],
  "sip-bye": ["6.1.2"],
  "sip-cancel": ["6.1.2"],
  "sip-update": ["6.1.2"],
  "sip-refer": ["6.1.2"],
  "sip-message-trace": ["6.2.1", trace],
  "sip-sdp": ["6.3"],
  "sip-headers": ["6.4", headers],
  "stir-certificate": ["7.2"],
  "stir-verification-report": ["7.3", report],
  "stir-passport-extended": ["7.4"],
};

/** A single certificate has another media type than a chain of them. */
const SINGLE_CERTIFICATE = "application/pkix-cert";

const ATTACHMENTS = new Map<unknown, Check>(
  Object.entries(KINDS).map(([purpose, [section, body = anything]]) => [
    purpose,
    object(
      { mediatype: sip.may(section, mediatypeFor(purpose as SipPurpose)) },
      inJson(section, body),
      callOfTrace,
    ),
  ]),
);

function inJson(section: string, body: Check): Rule {
  const content = object({ body: sip.may(section, body) });
  return (members, ...place) => (members.encoding === "json" ? content(members, ...place) : NONE);
}

function mediatypeFor(purpose: SipPurpose): Check {
  const types: string[] = [SIP_PURPOSES[purpose]];
  if (purpose === "stir-certificate") types.push(SINGLE_CERTIFICATE);
  return check(
    (value) => typeof value !== "string" || types.includes(mediatypeOf({ mediatype: value }) ?? ""),
    "error",
    "value",
    `An attachment of this purpose has the media type ${types.join(" or ")}.`,
  );
}

export const sipSignaling: Extension = {
  name: SIP_SIGNALING_EXTENSION,
  critical: "never",
  members: { parties: PARTY, dialog: DIALOG },
  rules: { attachments: signaling },
  uses: (section, element) =>
    (section === "parties" && hasAny(element, PARTY_NAMES)) ||
    (section === "dialog" && hasAny(element, DIALOG_NAMES)) ||
    (section === "attachments" && ATTACHMENTS.has(element.purpose)),
};

function signaling(attachment: JsonObject, ...place: Place): Iterable<Fault> {
  return ATTACHMENTS.get(attachment.purpose)?.(attachment, ...place) ?? NONE;
}

/** A trace is of the call that its dialog is. */
function* callOfTrace({ purpose, dialog, body }: JsonObject, around: Around): Iterable<Fault> {
  const related = isCount(dialog) ? around.dialog[dialog] : undefined;
  if (purpose !== "sip-message-trace" || !isObject(related) || !isObject(body)) return;
  if (related.sip_call_id === undefined || related.sip_call_id === body.call_id) return;
  const message = "The call must be the one that `sip_call_id` of the dialog names.";
  yield sip.fault("6.2.1", "error", "callId", message, "/body/call_id");
}
