/** Divides what is too long for a model, between what one and another said where that can be done. */

/** One piece of what the model gets: what somebody said or wrote, or another text of the vCon. */
export interface Item {
  speaker?: string;
  /** The type of the analysis that the text is of. */
  analysis?: string;
  /** The purpose of the attachment that the text is of. */
  attachment?: string;
  text: string;
}

/** For the names and quotes of an item's JSON. */
const TOKENS_AROUND = 12;
/** The part of the room that repeats the end of the part before. */
const OVERLAP = 1 / 20;

/**
 * How many tokens a text has at most, or nearly: OpenAI counts one for about four characters of English, so three
 * are taken here; one for each UTF-16 unit of any other script, which few tokenizers exceed.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (let at = 0; at < text.length; at++) tokens += weight(text.charCodeAt(at));
  return Math.ceil(tokens);
}

export function estimateItems(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + estimateItem(item), 0);
}

/** Parts of at most so many tokens, each of which begins with the last turns of the one before; always one at least. */
export function divided(items: readonly Item[], most: number): Item[][] {
  const parts: Item[][] = [[]];
  let size = 0;
  for (const item of items.flatMap((whole) => pieces(whole, most))) {
    const next = estimateItem(item);
    if (size + next > most && size > 0) {
      parts.push(lastOf(parts.at(-1)!, Math.min(most * OVERLAP, most - next)));
      size = estimateItems(parts.at(-1)!);
    }
    parts.at(-1)!.push(item);
    size += next;
  }
  return parts;
}

function estimateItem({ text, speaker = "" }: Item): number {
  return TOKENS_AROUND + estimateTokens(speaker) + estimateTokens(text);
}

function weight(code: number): number {
  if (code < 0x20) return 2;
  return code < 0x80 ? 1 / 3 : 1;
}

function lastOf(items: readonly Item[], most: number): Item[] {
  let first = items.length;
  let size = 0;
  while (first > 0) {
    size += estimateItem(items[first - 1]!);
    if (size > most) break;
    first--;
  }
  return items.slice(first);
}

/** The item, or where it alone is too long, its text in several. */
function pieces(item: Item, most: number): Item[] {
  if (estimateItem(item) <= most) return [item];
  const room = most - estimateItem({ ...item, text: "" });
  const cut: Item[] = [];
  for (let start = 0; start < item.text.length; ) {
    const end = endOfPiece(item.text, start, room);
    cut.push({ ...item, text: item.text.slice(start, end) });
    start = end;
  }
  return cut;
}

/** After a blank in the second half of the piece, if there is one, and never inside a surrogate pair. */
function endOfPiece(text: string, start: number, room: number): number {
  let end = start;
  for (let size = 0; end < text.length; end++) {
    size += weight(text.charCodeAt(end));
    if (size > room) break;
  }
  if (end === text.length) return end;
  const blank = text.lastIndexOf(" ", end - 1);
  if (blank > (start + end) / 2) return blank + 1;
  const isInPair = /[\uDC00-\uDFFF]/.test(text[end]!) && /[\uD800-\uDBFF]/.test(text[end - 1]!);
  return Math.max(isInPair ? end - 1 : end, start + 1);
}
