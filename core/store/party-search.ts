/** What vCons are indexed and found by: the addresses and names of their parties. */
import { isObject } from "../vcon/json.ts";
import { partyIndexKeys } from "../vcon/parties.ts";
import type { PartyQuery } from "./store.ts";

/** Kind and value of all that parties are found by, each once. What is no object is no party. */
export function indexKeysOf(parties: readonly unknown[], country: string | undefined): [string, string][] {
  const keys = parties.filter(isObject).flatMap((party) => partyIndexKeys(party, country));
  return [...new Map(keys.map((key) => [key.join(":"), key])).values()];
}

/** For each member of the query the keys of which a party has at least one. */
export function searchKeys(query: PartyQuery, country: string | undefined): [string, string][][] {
  return Object.entries(query).map(([kind, value]) => partyIndexKeys({ [kind]: value }, country));
}

/** Whether one of these parties may be the one that is looked for. */
export type PartyCheck = (parties: readonly unknown[]) => boolean;

/**
 * What a vCon is indexed by and no party of it has is of a party that can't be read any more, or not without a key: it
 * may be the one.
 */
export function partyCheck(query: PartyQuery, country: string | undefined): PartyCheck {
  const wanted = searchKeys(query, country).map(asTexts);
  const has = (own: ReadonlySet<string>, keys: string[]) => keys.some((key) => own.has(key));
  return (parties) => {
    const owned = parties.map((party) => new Set(asTexts(indexKeysOf([party], country))));
    return (
      owned.some((own) => wanted.every((keys) => has(own, keys))) ||
      wanted.some((keys) => !owned.some((own) => has(own, keys)))
    );
  };
}

/**
 * Of the vCons that have some party for each member of a query, those where it is one and the same.
 * @param found for each member of the query the UUIDs that an index gave
 * @param partiesOf undefined for a vCon that is gone
 */
export async function withOneParty(
  found: ReadonlySet<string>[],
  isThere: PartyCheck,
  partiesOf: (uuid: string) => unknown[] | undefined | Promise<unknown[] | undefined>,
): Promise<string[]> {
  const [first = new Set<string>(), ...others] = found;
  const candidates = [...first].filter((uuid) => others.every((set) => set.has(uuid)));
  if (others.length === 0) return candidates;
  const fitting = await Promise.all(
    candidates.map(async (uuid) => {
      const parties = await partiesOf(uuid);
      return parties !== undefined && isThere(parties);
    }),
  );
  return candidates.filter((_, i) => fitting[i]);
}

function asTexts(keys: [string, string][]): string[] {
  return keys.map((key) => key.join(":"));
}
