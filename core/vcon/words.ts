/** Looks for words in what was said or written. */

/** Letters with their marks, and digits. */
const IN_WORDS = "[\\p{L}\\p{M}\\p{N}]";

/**
 * Tells of a text whether one of the words is in it: as a whole word, in any case. A star at the end stands for any
 * ending, a space for any white space.
 */
export function wordFinder(words: readonly string[]): (text: string) => boolean {
  const patterns = words.map((word) => {
    const begins = word.endsWith("*");
    const literal = escaped((begins ? word.slice(0, -1) : word).normalize()).replaceAll(/\s+/g, "\\s+");
    return begins ? literal : `${literal}(?!${IN_WORDS})`;
  });
  const pattern = new RegExp(`(?<!${IN_WORDS})(?:${patterns.join("|")})`, "iu");
  // An accent may be part of its letter or stand after it.
  return (text) => pattern.test(text.normalize());
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
