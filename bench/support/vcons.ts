/** The conversations that are measured with. */
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addParty,
  buildNew,
  encodeBase64Url,
  openStore,
  projectionAnalysis,
  tagsAttachment,
  type Vcon,
  type VconStore,
} from "../../core/index.ts";

const BEGAN = "2026-11-02T10:00:00Z";
const LINES = 8;
const LINE = "My kettle gets hot on the outside while it boils. ";

export interface Chat {
  id: string;
  customer: string;
  messages: { from: string; at: string; text: string }[];
}

/** What a chat tool sends of one conversation: about 1 kB. */
export function chatEvent(id: string): Chat {
  const messages = Array.from({ length: LINES }, (_, index) => ({
    from: index % 2 === 0 ? "customer" : "agent",
    at: BEGAN,
    text: LINE,
  }));
  return { id, customer: "Carol Carter", messages };
}

/** The vCon of such a conversation. */
export function chat(): Vcon {
  const vcon = withParties();
  for (const { text } of chatEvent("").messages) {
    addDialog(vcon, {
      type: "text",
      start: BEGAN,
      parties: [0, 1],
      mediatype: "text/plain",
      encoding: "none",
      body: text,
    });
  }
  return vcon;
}

/** What a program posts of a conversation that has just ended: 0.7 kB. */
export function enquiry(): Vcon {
  const vcon = withParties();
  addDialog(vcon, {
    type: "text",
    start: BEGAN,
    parties: [0, 1],
    mediatype: "text/plain",
    encoding: "none",
    body: LINE.repeat(6),
  });
  return vcon;
}

/** A longer one with all that is usually in a vCon: each line a dialog, a transcript of them all, a summary, tags. */
export function conversation(lines: number): Vcon {
  const vcon = withParties();
  vcon.extensions = ["CC"];
  const texts = Array.from({ length: lines }, (_, index) => `${index}: ${LINE}`);
  for (const body of texts) {
    const start = BEGAN;
    addDialog(vcon, {
      type: "text",
      start,
      parties: [0, 1],
      mediatype: "text/plain",
      encoding: "none",
      body,
    });
  }
  const segments = texts.map((text, index) => ({ text, start: index, end: index + 1, speaker: index % 2 }));
  const dialog = texts.map((_, index) => index);
  const derived = { vendor: "example", product: "listener", dialog };
  addAnalysis(vcon, { ...derived, type: "transcript", encoding: "json", body: { segments } });
  addAnalysis(vcon, { ...derived, type: "summary", encoding: "none", body: LINE });
  addAttachment(vcon, tagsAttachment([{ name: "product", value: "kettle" }], BEGAN));
  return vcon;
}

/** Such a conversation with a row drawn from it, as the projection node's own defaults draw one. */
export function withRow(): Vcon {
  const vcon = chat();
  const row = {
    transcription: LINE.repeat(LINES),
    agent: "Alice Archer",
    customer: "Carol Carter",
    created_at: BEGAN,
  };
  addAnalysis(vcon, projectionAnalysis({ name: "conversation", row, dialog: [0] }));
  return vcon;
}

/** A call of so many bytes of audio, which stand in the vCon itself. */
export function call(audio: string): Vcon {
  const vcon = withParties();
  addDialog(vcon, {
    type: "recording",
    start: BEGAN,
    parties: [0, 1],
    mediatype: "audio/x-wav",
    encoding: "base64url",
    body: audio,
  });
  return vcon;
}

function withParties(): Vcon {
  const vcon = buildNew({ created_at: BEGAN });
  addParty(vcon, { role: "customer", name: "Carol Carter", tel: "+12025550101" });
  addParty(vcon, { role: "agent", name: "Alice Archer", mailto: "alice@example.com" });
  return vcon;
}

/** Puts calls into the store at this URL. @returns their UUIDs */
export async function storeCalls(url: string, count: number, audioBytes: number): Promise<string[]> {
  const audio = encodeBase64Url(Buffer.alloc(audioBytes, "audio"));
  const store = await openStore(url);
  const uuids: string[] = [];
  const filler = async (): Promise<void> => {
    while (uuids.length < count) {
      const vcon = call(audio);
      uuids.push(vcon.uuid);
      await create(store, vcon);
    }
  };
  // So many at once that the writes share commits, and so few that large ones stay few in memory.
  await Promise.all(Array.from({ length: audioBytes > 100_000 ? 4 : 256 }, filler));
  await store.close();
  return uuids;
}

async function create(store: VconStore, vcon: Vcon): Promise<void> {
  if (!(await store.create(vcon))) throw new Error("The store is not empty.");
}
