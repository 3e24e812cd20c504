/** vCons to begin with, put into the file of the embedded store beside the running Node-RED. */
import {
  type AnyVcon,
  addAnalysis,
  addDialog,
  addParty,
  buildNew,
  type Dialog,
  encodeBase64Url,
  newUuid,
  openStore,
  outerUuid,
  type SignedVcon,
  type Vcon,
  type VconStore,
} from "../../core/index.ts";
import type { FlowNode, TestNodeRed } from "./node-red.ts";

/** The store that the flow's nodes use. */
export const storeNode: FlowNode = {
  id: "store",
  type: "vcon-store",
  url: "sqlite:test.sqlite",
  country: "US",
};

/** The same store, opened by the test. */
export function storeOf({ userFolder }: TestNodeRed): Promise<VconStore> {
  return openStore("sqlite:test.sqlite", { folder: userFolder, country: "US" });
}

/** A customer, an agent, and what they wrote to each other in turn. */
export function chat(...texts: string[]): Vcon {
  const vcon = buildNew({ created_at: "2026-11-02T10:00:00Z" });
  addParty(vcon, { role: "customer", name: "Carol Carter", tel: "+12025550101" });
  addParty(vcon, { role: "agent", name: "Alice Archer", mailto: "alice@example.com" });
  texts.forEach((body, index) => {
    addDialog(vcon, {
      type: "text",
      start: vcon.created_at,
      parties: index % 2 === 0 ? [0, 1] : [1, 0],
      mediatype: "text/plain",
      encoding: "none",
      body,
    });
  });
  return vcon;
}

/** A call of the same two: one dialog for each of these recordings. */
export function call(...recordings: Partial<Dialog>[]): Vcon {
  const vcon = chat();
  for (const recording of recordings) {
    addDialog(vcon, { type: "recording", start: vcon.created_at, parties: [0, 1], ...recording });
  }
  return vcon;
}

export function inline(audio: Uint8Array, mediatype = "audio/x-mp3"): Partial<Dialog> {
  return { mediatype, encoding: "base64url", body: encodeBase64Url(audio) };
}

/** A chat with this analysis of its first dialog. */
export function analysed(type: string, body: unknown): Vcon {
  const vcon = chat("Good morning.");
  const encoding = typeof body === "string" ? "none" : "json";
  addAnalysis(vcon, { type, vendor: "example", dialog: 0, encoding, body: body as never });
  return vcon;
}

/** Sealed vCons: what is in them is no business of these tests, that nothing is done to them is. */
export function signed(uuid = newUuid()): AnyVcon {
  return {
    payload: Buffer.from("sealed").toString("base64url"),
    signatures: [{ header: { uuid }, signature: "AAAA" }],
  };
}
export function encrypted(uuid = newUuid()): AnyVcon {
  return { unprotected: { uuid }, ciphertext: "AAAA", iv: "AAAA", tag: "AAAA", recipients: [{}] };
}

/** Puts it into the store and gives its UUID. */
export async function stored(store: VconStore, vcon: AnyVcon): Promise<string> {
  await store.create(vcon);
  return String(vcon["uuid"] ?? outerUuid(vcon as SignedVcon));
}
