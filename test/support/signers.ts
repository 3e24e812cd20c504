/** A small world of signers: a root, an authority below it, and those who sign. */
import { VconError } from "../../core/errors.ts";
import type { Vcon } from "../../core/vcon/index.ts";
import { type Identity, identity, newKey } from "./certificate.ts";

export const root = identity({ name: "Root", key: newKey("p256"), ca: true });
/** Has the same name as the root that signs, and another key. */
export const wrongRoot = identity({ name: "Root", key: newKey("p256"), ca: true });
export const authority = identity({
  name: "Authority",
  key: newKey("p256"),
  issuer: root,
  ca: true,
  pathLength: 0,
});

export const rsa = identity({ name: "RSA", key: newKey("rsa"), issuer: authority, keyUsage: 0x80 });
export const ec = identity({ name: "EC", key: newKey("p256"), issuer: authority });
export const ed = identity({ name: "Ed", key: newKey("ed25519"), issuer: authority });

export const vcon: Vcon = {
  vcon: "0.4.0",
  uuid: "01928e10-193e-8231-b9a2-279e0d16bc46",
  created_at: "2026-01-02T03:04:05Z",
  parties: [{ name: "Carol Carter", tel: "+12025550142" }, { name: "Alice Archer" }],
  dialog: [
    {
      type: "text",
      start: "2026-01-02T03:04:05Z",
      parties: 0,
      mediatype: "text/plain",
      encoding: "none",
      body: "Grüße",
    },
  ],
};

export const trusted = [root.certificate];

/** What signVcon takes, with the chain up to the authority. */
export function signer({ key, certificate }: Identity) {
  return { key, certificates: [certificate, authority.certificate] };
}

/** The error that a promise ends with, which must be a VconError. */
export async function refusal(promise: Promise<unknown>): Promise<VconError> {
  const outcome = await promise.then(
    () => new Error("Nothing was refused."),
    (error: unknown) => error,
  );
  if (outcome instanceof VconError) return outcome;
  throw outcome;
}

export function base64url(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}
