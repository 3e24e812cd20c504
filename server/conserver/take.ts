/** Takes a vCon that was sent: checked, stored, put on lists. */
import type { AnyVcon } from "../../core/index.ts";
import { unpacked } from "../body.ts";
import type { Call } from "../call.ts";
import { type Deposit, deposit, handOn, readSent } from "../work/deposit.ts";
import { requireAcceptable } from "./acceptable.ts";
import { listNamed } from "./list-named.ts";
import { located } from "./located.ts";

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
  const { uuid, vcon } = await read(call);
  return located(["body"], async () => {
    const { outcome } = await deposit(call, uuid, vcon);
    await handOn(call, uuid, lists);
    return { uuid, vcon, outcome };
  });
}

/** By itself: the bytes that were sent don't stay in memory while what they say is stored. */
async function read(call: Call): Promise<{ uuid: string; vcon: AnyVcon }> {
  const sent = await unpacked(await call.bytes(), call.api.settings.maxBytes);
  return located(["body"], async () => readSent(call, sent, requireAcceptable));
}
