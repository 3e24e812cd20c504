/** Takes a vCon that was sent: checked, stored, put on lists. */
import type { AnyVcon } from "../../core/index.ts";
import { unpacked } from "../body.ts";
import type { Call } from "../call.ts";
import { type Deposit, deposit, readSent } from "../work/deposit.ts";
import { handOn, sendingOf } from "../work/hand-on.ts";
import { requireAcceptable } from "./acceptable.ts";
import { listNamed } from "./list-named.ts";
import { located } from "./located.ts";

/** The header that it heeds. */
export const SENT_AGAIN = {
  "Idempotency-Key":
    "Sent again as it was with the same key within 24 hours, the vCon is on each list once, unless it was deleted or changed meanwhile.",
};

/** The vCon as it was sent, in the newest syntax; with "kept" there is more in the store. */
export interface Taken extends Pick<Deposit, "uuid" | "outcome"> {
  vcon: AnyVcon;
}

/**
 * Nothing is stored unless every list can be used.
 * @param parameter names the lists
 * @throws ApiError 422
 */
export async function take(call: Call, parameter: string, lists: readonly string[]): Promise<Taken> {
  for (const list of lists) await listNamed(call.api, parameter, list);
  const { uuid, vcon, sending } = await read(call);
  return located(["body"], async () => {
    const { outcome } = await deposit(call, uuid, vcon);
    await handOn(call, { uuid, outcome }, lists, sending);
    return { uuid, vcon, outcome };
  });
}

/** By itself: the bytes that were sent don't stay in memory while what they say is stored. */
async function read(call: Call): Promise<Pick<Deposit, "uuid" | "vcon"> & { sending: string | undefined }> {
  const sent = await unpacked(await call.bytes(), call.api.settings.maxBytes);
  const { uuid, vcon } = await located(["body"], async () => readSent(call, sent, requireAcceptable));
  return { uuid, vcon, sending: sendingOf(call, sent) };
}
