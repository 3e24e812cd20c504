/** Makes a redacted version of a vCon (core-04 section 4.1.8). */
import { VconError } from "../../errors.ts";
import { KNOWN_EXTENSIONS } from "../extensions/known.ts";
import { PARTY_MEMBERS } from "../members.ts";
import { isTags } from "../tags.ts";
import { isTranscript } from "../transcript.ts";
import type { Analysis, Attachment, Dialog, Index, Party, Vcon } from "../types.ts";
import { findUuid } from "../uuid.ts";
import { eraseParties } from "./erase-parties.ts";
import { type InstanceOptions, newInstance } from "./instance.ts";

/** What to take out; what is not named stays. */
export interface Redaction {
  /** The media of all recordings. */
  recordings?: boolean;
  /** The texts of all dialogs that are no recordings. */
  texts?: boolean;
  /** All analyses, or those of these types; "transcript" stands for every type of transcript. */
  analyses?: "all" | readonly string[];
  /** All attachments, all but the tags, or those of these purposes. */
  attachments?: "all" | "all but tags" | readonly string[];
  /** Details of parties: which, and of whom; of all where it isn't said. */
  details?: { of?: readonly Index[]; which: "all" | readonly PartyDetail[] };
  /** Parties to take out altogether: everything that they said or are named in. */
  parties?: readonly Index[];
}

/** A detail of a party and the members that hold it; "other" are all those that no draft knows. */
const PARTY_DETAILS = {
  name: ["name", "sip_display_name"],
  tel: ["tel"],
  mailto: ["mailto"],
  sip: ["sip", "sip_contact", "sip_user_agent"],
  did: ["did"],
  uuid: ["uuid"],
  stir: ["stir"],
  validation: ["validation"],
  gmlpos: ["gmlpos"],
  civicaddress: ["civicaddress"],
  org: ["org"],
  dept: ["dept"],
  contact_list: ["contact_list"],
  other: [],
} as const satisfies Record<string, readonly string[]>;

export type PartyDetail = keyof typeof PARTY_DETAILS;

export interface RedactOptions extends InstanceOptions {
  /** What was redacted, in the words that the new vCon is to say it with. */
  type: string;
}

/** What a party is in the conversation, rather than who. */
const ROLE_MEMBERS = ["type", "role"];
const KNOWN_MEMBERS: readonly string[] = [
  ...PARTY_MEMBERS,
  ...Object.values(PARTY_DETAILS).flat(),
  ...ROLE_MEMBERS,
];

/**
 * A new vCon without what is to be redacted. It names the given one, which is not changed, in `redacted`. The arrays
 * keep their length and order, so every index points at what it pointed at: of what is taken out stays {}, of a dialog
 * everything but its content. As in the draft's example a recording keeps its `mediatype`, `filename` and
 * `content_hash`; a text loses the hash, because a short one can be guessed from it.
 *
 * Taking `parties` out does more, and leaves only what is known to be safe. It is guaranteed that
 *
 * - nothing of their party objects is left, no button that they pressed, and no STIR token or SIP message of anybody;
 * - no text dialog that they began (as originator or first party) has content, nor has any recording in which they
 *   took part, however many channels it has, or that doesn't say who did;
 * - of transcripts of what they took part in, their turns are "[redacted]", or the transcript is gone: it is where a
 *   speaker can't be told to be somebody else, and so are all other analyses of it, the subject, and what neither
 *   core-04 nor a known extension has a member for;
 * - no attachment is left that they contributed, nor one of party 0, which is also written where nobody knows who did;
 *   but for tags, lawful bases and what has speakers;
 * - what is left of others' texts, transcripts, attachments, analyses and tags names them neither by the name that
 *   their party object tells nor by a part of it, nor by its telephone numbers and addresses, in any of the ways that
 *   people write them: each is replaced by "[redacted]". A part of a name that another party bears too, or shorter
 *   than three letters, stays. What a message quotes is gone, in lines (">") or below a line that says who wrote it, and
 *   so is what can't be read as plain text or JSON.
 *
 * It is not guaranteed that nobody can tell who they were: that and when they took part is still there; others may
 * have spoken of them without a name, by a nickname or a number in words, repeated what they said, or be heard to name
 * them in a recording that they took no part in. Who spoke is believed as the vCon tells it. Lawful bases keep what
 * they grant and lose their proofs. The given vCon, which `redacted` leads to, must be kept encrypted.
 *
 * @throws VconError `PARTY_NOT_FOUND` for an index that is none of a party, `EXTENSION_UNSUPPORTED` if `critical` lists an extension that this package doesn't know,
 *   `VCON_TOO_LARGE` if the parties have more to look for than some 400 people have, `VCON_SEALED` for a signed or
 *   encrypted vCon, `VCON_MALFORMED`, `UUID_MALFORMED`
 */
export function redactVcon(vcon: Vcon, what: Redaction, { type, ...options }: RedactOptions): Vcon {
  const { amended: _, ...copy } = newInstance(vcon, options);
  refuseUnknown(copy.critical);
  for (const index of [...(what.parties ?? []), ...(what.details?.of ?? [])]) refuseMissing(vcon, index);
  const whole = { ...copy, redacted: { uuid: findUuid(vcon.uuid), type } } as Vcon;
  // Parties first: by their details they are found in everything else.
  const { parties = [] } = what;
  return withoutParts(parties.length > 0 ? eraseParties(whole, parties) : whole, what);
}

function withoutParts(vcon: Vcon, what: Redaction): Vcon {
  const { parties, dialog, analysis, attachments } = vcon;
  return {
    ...vcon,
    ...(parties && { parties: parties.map((party, index) => withoutDetails(party, index, what)) }),
    ...(dialog && { dialog: dialog.map((one) => withoutContent(one, what)) }),
    ...(analysis && { analysis: analysis.map((one) => (isAnalysisIn(what, one) ? {} : one) as Analysis) }),
    ...(attachments && { attachments: attachments.map((one) => (isAttachmentIn(what, one) ? {} : one)) }),
  };
}

/** Section 4.1.4: what lists a critical extension must not be processed by who doesn't support it. */
function refuseUnknown(critical: readonly string[] = []): void {
  if (critical.every((extension) => KNOWN_EXTENSIONS.includes(extension))) return;
  throw new VconError(
    "EXTENSION_UNSUPPORTED",
    "The vCon lists a critical extension that this package does not know, so what personal data it holds can't be told. It was not redacted.",
  );
}

/** Somebody would stay in what is told to be redacted. */
function refuseMissing({ parties = [] }: Vcon, index: unknown): void {
  if (typeof index === "number" && index in parties) return;
  throw new VconError(
    "PARTY_NOT_FOUND",
    "The vCon has no party of an index that is to be redacted. It was not redacted.",
  );
}

function withoutDetails(party: Party, index: Index, { details }: Redaction): Party {
  if (!details || !(details.of?.includes(index) ?? true)) return party;
  const { which } = details;
  const chosen = which === "all" ? (Object.keys(PARTY_DETAILS) as PartyDetail[]) : which;
  const members: readonly string[] = chosen.flatMap((detail) => PARTY_DETAILS[detail] ?? []);
  const isOther = (member: string) => chosen.includes("other") && !KNOWN_MEMBERS.includes(member);
  return Object.fromEntries(
    Object.entries(party).filter(([member]) => !members.includes(member) && !isOther(member)),
  );
}

function withoutContent(dialog: Dialog, { recordings, texts }: Redaction): Dialog {
  if (texts && dialog.type !== "recording") {
    const { body: _, encoding: _1, url: _2, content_hash: _3, filename: _4, ...rest } = dialog;
    return rest as Dialog;
  }
  if (recordings && dialog.type === "recording") {
    const { body: _, encoding: _1, url: _2, ...rest } = dialog;
    return rest as Dialog;
  }
  return dialog;
}

function isAnalysisIn({ analyses }: Redaction, analysis: Analysis): boolean {
  if (analyses === undefined || analyses === "all") return analyses === "all";
  return analyses.includes(analysis.type) || (analyses.includes("transcript") && isTranscript(analysis));
}

function isAttachmentIn({ attachments }: Redaction, attachment: Attachment): boolean {
  if (attachments === undefined || attachments === "all") return attachments === "all";
  if (attachments === "all but tags") return !isTags(attachment);
  return attachments.includes(attachment.purpose ?? "");
}
