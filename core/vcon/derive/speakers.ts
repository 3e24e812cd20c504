/** Whose words they are: tells the party behind what a transcript calls its speakers. */
import { indicesWhere, partiesOfRole, partyIndexKeys } from "../parties.ts";
import type { Index, Party } from "../types.ts";
import { COMMON_WORDS } from "./mentions.ts";

/** Parties by the words that a transcript has for them. */
export interface Speakers {
  /** The party that spoke the turn; undefined where that can't be told for sure. */
  ofTurn(turn: { party?: Index; speaker?: string }): Index | undefined;
}

/**
 * @param parties all of the vCon's
 * @param preferred who is meant where several may be: taking somebody's words out too much harms less than leaving them
 */
export function speakersAmong(parties: readonly Party[], preferred: ReadonlySet<Index>): Speakers {
  const known = parties.map(wordsOf);

  const named = (label: string): Index[] => {
    const wanted = namingWords(label);
    const whole = indicesWhere(known, ({ identifiers }) => identifiers.includes(words(label).join(" ")));
    if (whole.length > 0) return whole;
    return indicesWhere(
      known,
      ({ name }) => name.length > 0 && (isWithin(wanted, name) || isWithin(name, wanted)),
    );
  };

  const inRole = (label: string): Index[] => partiesOfRole(parties, words(label).join(" "));

  return {
    ofTurn({ party, speaker }) {
      if (party !== undefined) return parties[party] ? party : undefined;
      if (speaker === undefined) return;
      const found = [...named(speaker), ...inRole(speaker)];
      return found.find((index) => preferred.has(index)) ?? found[0];
    },
  };
}

interface KnownParty {
  identifiers: string[];
  /** The words of its name. */
  name: string[];
}

function wordsOf(party: Party): KnownParty {
  const { name, uuid } = party;
  const keys = partyIndexKeys(party).map(([, key]) => key);
  const identifiers = [...keys, ...(typeof uuid === "string" ? [uuid] : [])];
  return {
    identifiers: identifiers.map((text) => words(text).join(" ")).filter((text) => text !== ""),
    name: typeof name === "string" ? namingWords(name) : [],
  };
}

/** The letters and digits of a text without case and accents. */
function words(text: string): string[] {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function namingWords(text: string): string[] {
  return words(text).filter((word) => !COMMON_WORDS.has(word));
}

function isWithin(few: string[], many: string[]): boolean {
  return few.length > 0 && few.every((word) => many.includes(word));
}
