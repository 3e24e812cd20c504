/** The columns that need no expression. */
import {
  bodyValue,
  dialogText,
  displayName,
  isTranscript,
  type Part,
  partyOfRole,
  TRANSCRIPT_PARTS,
  tagsOf,
  transcriptText,
  type VconView,
} from "../../../core/index.ts";

interface Choice {
  label: string;
  reads: readonly Part[];
  draw(vcon: VconView): string | number | null | Promise<string | number | null>;
}

export const READY_MADE = {
  transcript: { label: "Transcript", reads: ["dialog:text", ...TRANSCRIPT_PARTS], draw: transcript },
  agent: { label: "Agent", reads: ["parties"], draw: ({ parties }) => nameOf(parties, "agent") },
  customer: { label: "Customer", reads: ["parties"], draw: ({ parties }) => nameOf(parties, "customer") },
  created_at: { label: "Created at", reads: ["head"], draw: ({ head }) => head.created_at },
  duration: { label: "Duration, in seconds", reads: ["dialog"], draw: duration },
  subject: { label: "Subject", reads: ["head"], draw: ({ head }) => head.subject ?? null },
  tags: { label: "Tags", reads: ["attachments:tags"], draw: tags },
  summary: { label: "Summary", reads: ["analysis:summary"], draw: summary },
  uuid: { label: "UUID", reads: [], draw: ({ uuid }) => uuid },
} satisfies Record<string, Choice>;

export type ReadyMade = keyof typeof READY_MADE;

/** The newest transcript of each recording, then what was written. */
async function transcript({ analysis, dialog }: VconView): Promise<string | null> {
  const byDialog = new Map<string, string>();
  for (const found of analysis.values()) {
    if (!isTranscript(found)) continue;
    const text = transcriptText({ ...found, body: await bodyValue(found) });
    if (text !== undefined) byDialog.set([found.dialog ?? []].flat().join(), text);
  }
  const texts = [...byDialog.values()];
  for (const written of dialog.values()) {
    if (written.type !== "text") continue;
    const text = dialogText({ ...written, body: await bodyValue(written) });
    if (text !== undefined) texts.push(text);
  }
  return texts.length > 0 ? texts.join("\n") : null;
}

function nameOf(parties: VconView["parties"], role: "agent" | "customer"): string | null {
  const index = partyOfRole(parties, role);
  return (index === undefined ? undefined : displayName(parties[index]!)) ?? null;
}

function duration({ dialog }: VconView): number | null {
  const known = [...dialog.values()].flatMap((part) =>
    typeof part.duration === "number" ? [part.duration] : [],
  );
  return known.length > 0 ? known.reduce((sum, seconds) => sum + seconds, 0) : null;
}

async function tags(vcon: VconView): Promise<string | null> {
  const texts = await tagsOf(vcon);
  return texts.length > 0 ? texts.join(", ") : null;
}

async function summary({ analysis }: VconView): Promise<string | null> {
  const last = [...analysis.values()].filter(({ type }) => type === "summary").at(-1);
  const body = last && (await bodyValue(last));
  if (body === undefined || body === null) return null;
  return typeof body === "string" ? body : JSON.stringify(body);
}
