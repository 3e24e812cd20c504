/** Labels out of a model's answer, made fit to be the values of tags. */

/** More is no classification any longer. */
const MOST_LABELS = 20;
const LONGEST_LABEL = 60;

/** Letters, digits and what stands inside names; nothing that ends a tag or a line, or that hides. */
const NOT_IN_LABELS = /(?:[^\p{L}\p{M}\p{N} '&+/._-]|\p{Default_Ignorable_Code_Point})+/gu;

/**
 * The labels in a value, which is one or a list of them; a no is none. Where `allowed` has any, those alone count, as
 * they are written there.
 */
export function labelsOf(value: unknown, allowed: readonly string[]): string[] {
  const labels = [value]
    .flat()
    .filter((label) => label === true || ["string", "number"].includes(typeof label))
    .map((label) => (allowed.includes(String(label)) ? String(label) : clean(String(label))))
    .filter((label) => label !== "" && (allowed.length === 0 || allowed.includes(label)));
  return [...new Set(labels)].slice(0, MOST_LABELS);
}

function clean(label: string): string {
  const plain = label.normalize().replaceAll(NOT_IN_LABELS, " ").replaceAll(/\s+/g, " ").trim();
  return [...plain].slice(0, LONGEST_LABEL).join("").trim();
}
