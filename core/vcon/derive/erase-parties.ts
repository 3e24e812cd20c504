/** Takes parties out of a vCon: what they said, and what names them. */
import { KNOWN_EXTENSIONS } from "../extensions/known.ts";
import { isLawfulBasis, withoutProofs } from "../extensions/lawful-basis.ts";
import { structureIn } from "../extensions/structure.ts";
import { readWtf } from "../extensions/wtf.ts";
import { isObject } from "../json.ts";
import { isBase64 } from "../media.ts";
import { isTags } from "../tags.ts";
import { isTranscript, transcriptTurns } from "../transcript.ts";
import type { Analysis, Attachment, Content, Dialog, Index, JsonObject, JsonValue, Vcon } from "../types.ts";
import { isChat } from "./chat.ts";
import { identity, keepersWithout, kept } from "./keepers.ts";
import { mentionsOf } from "./mentions.ts";
import { plainContent } from "./plain-content.ts";
import { speakersAmong } from "./speakers.ts";
import { type Erased, withoutSpeechOf } from "./speech.ts";

interface Erasure extends Erased {
  vcon: Vcon;
  /** The dialogs in which an erased party took part, or may have. */
  dialogs: ReadonlySet<Index>;
  keepers: ReturnType<typeof keepersWithout>;
}

/** Attachments of others that hold the conversation itself, or the addresses of all who took part. */
const CONVERSATION = /^(?:chatlog|minutes|sip[-_].*|stir-.*|agent_trace.*)$/i;

/** The vCon without the parties; it is not changed. What is guaranteed stands at `redactVcon`. */
export function eraseParties(vcon: Vcon, indices: readonly Index[]): Vcon {
  const erasure = erasureOf(vcon, new Set(indices));
  const { keepers, parties } = erasure;
  const erased = {
    extensions: vcon.extensions?.filter((name) => KNOWN_EXTENSIONS.includes(name)),
    parties: vcon.parties?.map((party, index) => (parties.has(index) ? {} : kept(party, keepers.party))),
    dialog: vcon.dialog?.map((dialog, index) => erasedDialog(dialog, index, erasure)),
    analysis: vcon.analysis?.map((analysis) => erasedAnalysis(analysis, erasure)),
    attachments: vcon.attachments?.map((attachment) => erasedAttachment(attachment, erasure)),
  };
  const names = ["vcon", "uuid", "critical", "created_at", "redacted", ...Object.keys(erased)];
  return kept(
    { ...vcon, ...erased },
    Object.fromEntries(names.map((name) => [name, identity])),
  ) as unknown as Vcon;
}

function erasureOf(vcon: Vcon, erased: ReadonlySet<Index>): Erasure {
  const parties = vcon.parties ?? [];
  const mentions = mentionsOf(
    parties.filter((_, index) => erased.has(index)),
    parties.filter((_, index) => !erased.has(index)),
  );
  const dialogs = [...(vcon.dialog ?? []).entries()]
    .filter(([, dialog]) => takesPart(dialog, erased, parties.length))
    .map(([index]) => index);
  return {
    vcon,
    parties: erased,
    speakers: speakersAmong(parties, erased),
    mentions,
    dialogs: new Set(dialogs),
    keepers: keepersWithout(mentions),
  };
}

// Dialogs

function erasedDialog(dialog: Dialog, index: Index, erasure: Erasure): Dialog {
  const { keepers, dialogs } = erasure;
  const isTheirs = dialogs.has(index);
  const party_history = historyWithout(dialog.party_history, erasure);
  return {
    ...kept(dialog, isTheirs ? keepers.theirDialog : keepers.othersDialog),
    ...(party_history.length > 0 && { party_history }),
    ...(dialog.type === "recording" &&
      (isTheirs ? kept(dialog, keepers.theirMedia) : othersMedia(dialog, erasure))),
    ...(dialog.type === "text" && erasedText(dialog, erasure)),
  } as Dialog;
}

function othersMedia(dialog: Dialog, { keepers }: Erasure): JsonObject {
  const { body, encoding } = dialog;
  const isMedia = encoding === "base64url" && typeof body === "string" && isBase64(body);
  return { ...kept(dialog, keepers.othersMedia), ...(isMedia && { encoding, body }) };
}

function erasedText(dialog: Dialog, erasure: Erasure): JsonObject {
  if (!isKept(authorOf(dialog), erasure)) return {};
  const content = plainContent(dialog, erasure.mentions);
  if (!content || !isChat(dialog, erasure)) return content ?? {};
  return turnsOf(dialog, partiesIn(dialog), erasure) ?? {};
}

function authorOf({ originator, parties }: Dialog): Index | undefined {
  const author = originator ?? (Array.isArray(parties) ? parties[0] : parties);
  return typeof author === "number" ? author : undefined;
}

/** Who it doesn't say took part, or who is none of the parties, may be one of them. */
function takesPart(dialog: Dialog, erased: ReadonlySet<Index>, count: number): boolean {
  const { parties, originator, transferee, transferor, transfer_target, party_history } = dialog;
  const history = Array.isArray(party_history) ? party_history.map((event) => event?.party) : [];
  const present = [parties, originator, transferee, transferor, transfer_target, history]
    .flat(3)
    .filter((party) => party !== null && party !== undefined);
  const isOther = (party: Index) =>
    Number.isInteger(party) && party >= 0 && party < count && !erased.has(party);
  return present.length === 0 || !present.every(isOther);
}

function partiesIn({ parties }: Dialog): Index[] {
  return [...new Set([parties].flat(2).filter((party) => typeof party === "number"))];
}

/** What they pressed may be a secret, and the list is not referred to by index. */
function historyWithout(history: unknown, { parties, keepers }: Erasure): JsonObject[] {
  if (!Array.isArray(history)) return [];
  return history
    .filter((event) => isObject(event) && typeof event.party === "number" && !parties.has(event.party))
    .map((event) => kept(event, keepers.history));
}

// Analyses

function erasedAnalysis(analysis: Analysis, erasure: Erasure): Analysis {
  const { keepers, mentions } = erasure;
  const members = kept(analysis, keepers.analysis);
  if (concernsThem(analysis, erasure)) {
    const isSpeech = isTranscript(analysis) || readWtf(analysis) !== undefined;
    const turns = isSpeech && turnsOf(analysis, speakersOf(analysis, erasure), erasure);
    return (turns ? { ...members, ...turns } : {}) as Analysis;
  }
  const content = plainContent(analysis, mentions);
  const schema = kept(analysis, { schema: mentions.replaceIn });
  return (content ? { ...members, ...schema, ...content } : {}) as Analysis;
}

/** Whether it was drawn from anything of theirs; where it doesn't say from what, it may have been. */
function concernsThem({ dialog, attachment }: Analysis, erasure: Erasure): boolean {
  const { vcon, dialogs } = erasure;
  const drawnFrom = [dialog].flat().filter((index) => index !== undefined);
  const alsoFrom = [attachment].flat().filter((index) => index !== undefined);
  if (drawnFrom.length + alsoFrom.length === 0) return true;
  return (
    drawnFrom.some((index) => dialogs.has(index) || !elementAt(vcon.dialog, index)) ||
    alsoFrom.some((index) => !isOthers(elementAt(vcon.attachments, index), erasure))
  );
}

/** Who may have spoken in what was transcribed. */
function speakersOf({ dialog }: { dialog?: Index | Index[] }, { vcon }: Erasure): Index[] {
  const dialogs = [dialog].flat().map((index) => elementAt(vcon.dialog, index));
  return [...new Set(dialogs.flatMap((one) => (one ? partiesIn(one) : [])))];
}

// Attachments

function erasedAttachment(attachment: Attachment, erasure: Erasure): Attachment {
  const content = attachmentContent(attachment, erasure);
  return content ? { ...kept(attachment, erasure.keepers.attachment), ...content } : {};
}

function attachmentContent(attachment: Attachment, erasure: Erasure): JsonObject | undefined {
  const { mentions } = erasure;
  if (isLawfulBasis(attachment)) {
    const body = withoutProofs(attachment);
    return body && asJson(mentions.replaceIn(body));
  }
  if (isTags(attachment)) return plainContent(attachment, mentions);
  if (hasSpeakers(attachment)) return turnsOf(attachment, speakersOf(attachment, erasure), erasure);
  return isOthers(attachment, erasure) ? plainContent(attachment, mentions) : undefined;
}

/** Whether it is another party's, and not the conversation over again. Of party 0 is also what is nobody's. */
function isOthers(attachment: Attachment | undefined, erasure: Erasure): boolean {
  const { party, purpose = "" } = attachment ?? {};
  const isConversation = isTranscript({ type: purpose }) || CONVERSATION.test(purpose);
  return party !== 0 && isKept(party, erasure) && !isConversation;
}

function hasSpeakers(content: Content): boolean {
  const body = structureIn(content);
  const turns = body ? transcriptTurns({ body: body as JsonValue }) : [];
  return turns.some(({ party, speaker }) => party !== undefined || speaker !== undefined);
}

// Any of them

/** The content with its turns told apart and theirs taken out; undefined where they can't be told apart. */
function turnsOf(content: Content, present: readonly Index[], erasure: Erasure): JsonObject | undefined {
  const body = withoutSpeechOf(erasure, content, present);
  return body && asJson(body);
}

function asJson(body: JsonValue): JsonObject {
  return { mediatype: "application/json", encoding: "json", body };
}

function isKept(party: Index | undefined, { parties, vcon }: Erasure): boolean {
  return elementAt(vcon.parties, party) !== undefined && !parties.has(party!);
}

/** Not what a text such as "0" or "length" finds in a list. */
function elementAt<Element>(list: readonly Element[] | undefined, index: unknown): Element | undefined {
  return typeof index === "number" ? list?.[index] : undefined;
}
