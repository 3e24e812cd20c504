/** How Google writes where cells are: A1 notation. */

/** The name of a tab, as it stands before the exclamation mark. */
export function quoted(title: string): string {
  return `'${title.replaceAll("'", "''")}'`;
}

/** A for 0, Z for 25, AA for 26. */
export function columnLetters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : columnLetters(Math.floor(index / 26) - 1) + letter;
}
