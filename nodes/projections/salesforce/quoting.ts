/** Values in SOQL and SOSL, whatever stands in them. */

/** A text in SOQL. The client's own quoting leaves backslashes as they are, and with them a way out of the text. */
export function soqlText(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/** A list of texts for IN. */
export function soqlList(texts: readonly string[]): string {
  return `(${texts.map(soqlText).join(", ")})`;
}

/** Any of these digits, in SOSL's FIND. Digits alone: every other sign may mean something there. */
export function soslAny(digits: readonly string[]): string {
  return digits.map((each) => `"${each.replace(/\D/g, "")}"`).join(" OR ");
}

/** Consecutive pieces of a list, of so many entries at most and of so many characters. */
export function pieces<Entry>(
  entries: readonly Entry[],
  most: { entries: number; characters: number },
  lengthOf: (entry: Entry) => number,
): Entry[][] {
  const found: Entry[][] = [];
  let length = 0;
  for (const entry of entries) {
    const piece = found.at(-1);
    const own = lengthOf(entry);
    length += own;
    if (piece && piece.length < most.entries && length <= most.characters) piece.push(entry);
    else {
      found.push([entry]);
      length = own;
    }
  }
  return found;
}
