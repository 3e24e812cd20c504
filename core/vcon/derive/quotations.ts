/** Takes out of a message what it quotes of others, where nobody can tell whom. */
import { REDACTED } from "./mentions.ts";

/** "> My pin is 1234." */
const QUOTED_LINE = /^[ \t]*>.*$/gm;

/** "-----Original Message-----", or the rule that Outlook draws above one. */
const RULE = /^[ \t]*(?:-{3,}[ \t]*\p{L}[^\n]*-{3,}|_{20,})\s*$/u;

/** "From: Carol Carter" */
const FROM = /^[\s*|]*(?:from|von|de|da|van|från|fra)\s?\*?\s?:/i;

/** What tells "On 2 Nov 2026 at 10:00 Carol Carter wrote:" from "Carol, these are your options:". */
const ATTRIBUTION =
  /\d[:.h]\d\d\b|<\[redacted\]|\b(?:wrote|writes|schrieb|écrit|escribió|escreveu|scritto|schreef|skrev)\b/iu;

const SENTENCE_END = /[.:!?]\s*$/;

/** A longer line introduces nothing. */
const MAX_LINE = 300;

/**
 * The text without what it quotes: lines that begin with ">", and all that comes below a line which says that another
 * message follows, unless that is quoted by lines.
 *
 * @param text with mentions replaced
 */
export function withoutQuotations(text: string): string {
  const lines = text.replace(QUOTED_LINE, `> ${REDACTED}`).split("\n");
  const end = lines.findIndex((line, index) => introducesQuotation(line, lines[index - 1] ?? ""));
  const below = lines.slice(end + 1).filter((line) => line.trim() !== "");
  if (end < 0 || below.length === 0 || below[0]!.startsWith("> ")) return lines.join("\n");
  return [...lines.slice(0, end + 1), REDACTED].join("\n");
}

/** Mailers break a long introduction in two, as this line and the one before may be. */
function introducesQuotation(line: string, before: string): boolean {
  if (line.length + before.length > MAX_LINE) return false;
  if (RULE.test(line)) return true;
  if (FROM.test(line)) return line.includes(REDACTED);
  const introduction = `${SENTENCE_END.test(before) ? "" : before} ${line.trim()}`;
  return introduction.endsWith(":") && introduction.includes(REDACTED) && ATTRIBUTION.test(introduction);
}
