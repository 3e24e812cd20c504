/** What was said and written, turn by turn in the order of time. */
import {
  bodyValue,
  type Dialog,
  dialogText,
  displayName,
  type Held,
  isTranscript,
  type Party,
  readDate,
  transcriptTurns,
  type VconView,
} from "../../../core/index.ts";
import type { Item } from "./divide.ts";

/** An item, where in the vCon it comes from, and which categories of data are in it. */
export interface Found {
  item: Item;
  dialog: number[];
  attachment?: number;
  categories: string[];
}

interface Timed extends Found {
  /** Milliseconds since 1970. */
  at: number;
}

/** The newest transcript of each dialog, and the dialogs that are text. */
export async function conversationIn(
  vcon: VconView,
  wanted: { transcripts: boolean; messages: boolean },
): Promise<Found[]> {
  const begins = beginsOf(vcon.dialog);
  const turns = [
    ...(wanted.transcripts ? await spokenIn(vcon, begins) : []),
    ...(wanted.messages ? await writtenIn(vcon, begins) : []),
  ];
  return turns.sort((one, other) => one.at - other.at || (one.dialog[0] ?? 0) - (other.dialog[0] ?? 0));
}

/** A dialog that does not tell when it began, began with the one before it. */
function beginsOf(dialogs: VconView["dialog"]): Map<number, number> {
  let last = 0;
  const begins = [...dialogs].map(([index, { start }]): [number, number] => {
    last = Date.parse(readDate(start) ?? "") || last;
    return [index, last];
  });
  return new Map(begins);
}

async function spokenIn({ analysis, parties }: VconView, begins: Map<number, number>): Promise<Timed[]> {
  const newest = new Map<string, Timed[]>();
  for (const transcript of analysis.values()) {
    if (!isTranscript(transcript)) continue;
    const dialog = [transcript.dialog ?? []].flat();
    const began = begins.get(dialog[0] ?? -1) ?? 0;
    let at = began;
    const turns = transcriptTurns({ ...transcript, body: await bodyValue(transcript) }).map((turn) => {
      if (turn.start !== undefined) at = began + turn.start * 1000;
      return { at, dialog, ...said(turn.text, "transcript", parties, turn.party, turn.speaker) };
    });
    if (turns.length > 0) newest.set(dialog.join(), turns);
  }
  return [...newest.values()].flat();
}

async function writtenIn({ dialog, parties }: VconView, begins: Map<number, number>): Promise<Timed[]> {
  const written: Timed[] = [];
  for (const [index, message] of dialog) {
    if (message.type !== "text") continue;
    const text = dialogText({ ...message, body: await bodyValue(message) });
    if (text === undefined || text.trim() === "") continue;
    written.push({
      at: begins.get(index)!,
      dialog: [index],
      ...said(text, "text", parties, senderOf(message)),
    });
  }
  return written;
}

function senderOf({ originator, parties }: Held<Dialog>): number | undefined {
  const [first] = [originator ?? parties ?? []].flat();
  return typeof first === "number" ? first : undefined;
}

/** Whoever speaks may have written the name, which goes to the model with each turn. */
const LONGEST_NAME = 100;

/** A turn with its speaker: the name in the transcript or else the party's, and the party's role. */
function said(
  text: string,
  category: string,
  parties: readonly Party[],
  index?: number,
  label?: string,
): Pick<Found, "item" | "categories"> {
  const own = index ?? parties.findIndex((one) => label !== undefined && displayName(one) === label);
  const party = parties[own];
  const [name, role] = [filled(party?.name), filled(party?.role)];
  // A party without a name is labelled with its number or address, which is nobody's business here.
  const isLabelled = label !== undefined && (name !== undefined || label !== displayName(party ?? {}));
  const shown = isLabelled ? short(label) : name;
  const speaker = shown && role ? `${shown} (${role})` : (shown ?? role ?? (party && `party ${own}`));
  const isFromParties = role !== undefined || (!isLabelled && name !== undefined);
  return {
    item: { ...(speaker !== undefined && { speaker }), text },
    categories: isFromParties ? [category, "parties"] : [category],
  };
}

function filled(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? short(value.trim()) : undefined;
}

function short(name: string): string {
  return name.slice(0, LONGEST_NAME).toWellFormed();
}
