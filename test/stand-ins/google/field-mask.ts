/** The `fields` parameter: which members of an answer are wanted, such as `sheets(properties.title,data/rowData)`. */
import { violations } from "./answers.ts";

/** The members that a message has; true where a member has none. */
export type Shape = { [member: string]: Shape | true };
/** The members that are wanted; true for all of one. */
export type Mask = Map<string, Mask> | true;

/** @throws Refusal for a member that the answer can't have */
export function readMask(text: string | null, shape: Shape): Mask {
  if (text === null || text === "" || text === "*") return true;
  const paths = [...pathsIn(text)];
  const mask: Mask = new Map();
  for (const path of paths) {
    let at: Shape | true = shape;
    let into: Map<string, Mask> = mask;
    for (const [depth, member] of path.entries()) {
      at = at === true || !Object.hasOwn(at, member) ? unknown(path.join(".")) : at[member]!;
      const isLast = depth === path.length - 1;
      const inside: Mask = isLast ? true : (into.get(member) ?? new Map());
      into.set(member, inside);
      if (inside === true) break;
      into = inside;
    }
  }
  return mask;
}

/** Whether the mask asks for this member, or for something in it. */
export function wants(mask: Mask, ...path: string[]): boolean {
  let at: Mask = mask;
  for (const member of path) {
    if (at === true) return true;
    const inside: Mask | undefined = at.get(member);
    if (inside === undefined) return false;
    at = inside;
  }
  return true;
}

/** Only what the mask asks for. */
export function masked(value: unknown, mask: Mask): unknown {
  if (mask === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((entry) => masked(entry, mask));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => {
      const inside = mask.get(name);
      return inside === undefined ? [] : [[name, masked(member, inside)]];
    }),
  );
}

/** Every path that the text spells out: `a(b,c.d)` is a.b and a.c.d. */
function pathsIn(text: string): string[][] {
  let at = 0;
  const list = (): string[][] => {
    const paths: string[][] = [];
    do {
      const name = /^[\w./*]+/.exec(text.slice(at))?.[0] ?? unknown(text);
      at += name.length;
      const path = name.split(/[./]/);
      if (text[at] !== "(") {
        paths.push(path);
        continue;
      }
      at++;
      for (const inside of list()) paths.push([...path, ...inside]);
      if (text[at++] !== ")") unknown(text);
    } while (text[at] === "," && ++at);
    return paths;
  };
  const paths = list();
  if (at < text.length) unknown(text);
  return paths;
}

function unknown(path: string): never {
  throw violations([
    {
      field: path,
      description: `Error expanding 'fields' parameter. Cannot find matching fields for path '${path}'.`,
    },
  ]);
}
