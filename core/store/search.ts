/** Searches a store of any kind by what vCons hold. */
import { VconError, type VconErrorCode } from "../errors.ts";
import { parseTag } from "../vcon/tags.ts";
import { TRANSCRIPT_PARTS } from "../vcon/transcript.ts";
import { wordFinder } from "../vcon/words.ts";
import { inBatches } from "./in-batches.ts";
import { readAgain } from "./read-again.ts";
import type { Entry, PartyQuery, VconStore } from "./store.ts";
import { tagsOf } from "./tags-of.ts";
import { messageTexts, transcriptTexts } from "./texts-of.ts";
import type { Part, VconView } from "./view.ts";

/** What vCons to look for; all that is given has to fit. A sealed vCon is found by its party and its date alone. */
export interface SearchQuery {
  /** As {@link VconStore.find} takes it. */
  party?: PartyQuery;
  /** Tags that it has, all of them: as "name:value", or a name for any value. */
  tag?: readonly string[];
  /**
   * A word or several in a row, in a message or transcript: in any case; a star at the end stands for any ending, a
   * space for any white space.
   */
  text?: string;
  /** Types of analyses that it has, all of them. */
  analysis?: readonly string[];
  /** RFC 3339, inclusive. */
  since?: string;
  /** RFC 3339, inclusive. */
  until?: string;
}

export interface SearchOptions {
  /** At most this many are found. */
  limit: number;
  /** Begin behind this one: the `next` of the search before. */
  after?: Entry | undefined;
  signal?: AbortSignal | undefined;
}

export interface SearchResult {
  /** In the order of {@link VconStore.page}. */
  found: Entry[];
  /** Where to go on; there if there may be more, which may be so even if nothing was found. */
  next?: Entry;
}

/** One call reads at most so many vCons, so that its time is bounded. */
const READ_AT_MOST = 1000;
const READ_AT_ONCE = 16;

const PASSED_OVER: VconErrorCode[] = ["VCON_NOT_FOUND", "VCON_SEALED"];

/** Something asked of what a vCon holds. */
interface Condition {
  reads: readonly Part[];
  holds(vcon: VconView): boolean | Promise<boolean>;
}

/** @throws what the store throws, and the reason of `signal` */
export async function searchVcons(
  store: VconStore,
  query: SearchQuery,
  { limit, after, signal }: SearchOptions,
): Promise<SearchResult> {
  const conditions = conditionsOf(query);
  const atMost = conditions.length > 0 ? READ_AT_MOST : limit;
  const candidates = await store.page({ ...placesOf(query), ...(after && { after }), limit: atMost });
  const found: Entry[] = [];
  for (const batch of inBatches(candidates, READ_AT_ONCE)) {
    signal?.throwIfAborted();
    const fitting = await Promise.all(batch.map(({ uuid }) => fits(store, uuid, conditions)));
    found.push(...batch.filter((_, i) => fitting[i]));
    if (found.length >= limit) break;
  }
  found.splice(limit);
  const last = found.length === limit ? found.at(-1) : candidates.at(-1);
  const mayBeMore = candidates.length === atMost || last !== candidates.at(-1);
  return { found, ...(mayBeMore && last && { next: last }) };
}

function placesOf({ party, since, until }: SearchQuery): Pick<SearchQuery, "party" | "since" | "until"> {
  return {
    ...(party !== undefined && { party }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  };
}

/** Those that are told soonest first. */
function conditionsOf({ tag = [], analysis = [], text = "" }: SearchQuery): Condition[] {
  return [
    ...analysis.map(hasAnalysis),
    ...(tag.length > 0 ? [hasTags(tag)] : []),
    ...(text.trim() === "" ? [] : [holdsText(text.trim())]),
  ];
}

function hasAnalysis(type: string): Condition {
  return {
    reads: [`analysis:${type}`],
    holds: ({ analysis }) => [...analysis.values()].some((held) => held.type === type),
  };
}

function hasTags(wanted: readonly string[]): Condition {
  return {
    reads: ["attachments:tags"],
    holds: async (vcon) => {
      const tags = await tagsOf(vcon);
      const known = new Set([...tags, ...tags.map((tag) => parseTag(tag).name)]);
      return wanted.every((tag) => known.has(tag));
    },
  };
}

function holdsText(text: string): Condition {
  const isIn = wordFinder([text]);
  return {
    reads: ["dialog:text", ...TRANSCRIPT_PARTS],
    holds: async (vcon) => {
      for (const textsOf of [messageTexts, transcriptTexts]) {
        for await (const one of textsOf(vcon)) if (isIn(one)) return true;
      }
      return false;
    },
  };
}

async function fits(store: VconStore, uuid: string, conditions: readonly Condition[]): Promise<boolean> {
  if (conditions.length === 0) return true;
  const parts = [...new Set(conditions.flatMap(({ reads }) => reads))];
  try {
    return await readAgain(async () => {
      const vcon = await store.read(uuid, parts);
      for (const { holds } of conditions) if (!(await holds(vcon))) return false;
      return true;
    });
  } catch (error) {
    // It was deleted meanwhile, or can't be looked into.
    if (error instanceof VconError && PASSED_OVER.includes(error.code)) return false;
    throw error;
  }
}
