/** The whole document of a vCon in memory, out of what a step has read of it. */
import { isObject } from "../vcon/json.ts";
import type { Vcon } from "../vcon/types.ts";
import { bodyValue } from "./body.ts";
import type { AnyVcon } from "./store.ts";
import { type Part, SECTIONS, type VconView } from "./view.ts";

/** What a step has to read to have the whole vCon, in whichever form it is. */
export const WHOLE_PARTS = [
  "sealed",
  "head",
  "parties",
  "dialog",
  "attachments",
  "analysis",
] as const satisfies readonly Part[];

/**
 * The vCon as it was when it was read, its large bodies fetched; a signed or encrypted one as it is. An array without
 * elements is left out, which says the same (core-04 section 2.2).
 * @param view read with {@link WHOLE_PARTS}
 * @throws VconError `VCON_NOT_FOUND` or `VCON_CHANGED` if the vCon was deleted or replaced since
 */
export async function wholeOf(view: VconView): Promise<AnyVcon> {
  if (view.sealed) return view.sealed;
  const vcon: Vcon = { ...view.head };
  if (view.parties.length > 0) vcon.parties = view.parties;
  for (const section of SECTIONS) {
    const elements: unknown[] = [];
    for (const element of view[section].values()) elements.push(await withBodyFetched(element));
    if (elements.length > 0) vcon[section] = elements as never;
  }
  return vcon;
}

async function withBodyFetched(element: object): Promise<unknown> {
  if (!isObject(element) || element.body === undefined) return element;
  return { ...element, body: await bodyValue(element as never) };
}
