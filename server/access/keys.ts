/** The keys of an API: who presents one, and what that one may do. */
import { hash, timingSafeEqual } from "node:crypto";
import { RIGHTS, type Right } from "../route.ts";

/** Somebody who has a key. */
export interface Holder {
  /** For the trail and the rate limit; never the key. */
  name: string;
  rights: ReadonlySet<Right>;
}

/**
 * Keys as they are typed in: several with blanks or commas between them, each "key" or "name:key". Those without a name
 * are "write key", "write key 2" and so on.
 */
export interface TypedKeys {
  read: string;
  write: string;
  /** May do everything. */
  admin: string;
  /** One that may do everything, as it is: whatever stands in it. */
  verbatim?: string;
}

interface KnownKey extends Holder {
  digest: Buffer;
  length: number;
}

/** Characters; as many as a UUID has at random. */
const GOOD_LENGTH = 16;

export class Keys {
  readonly #keys: KnownKey[];
  /** By list; undefined for one that is named without a key. */
  readonly #ingress: Map<string, Buffer[] | undefined>;

  /** @param ingress keys of lists, each "list:key" */
  constructor(typed: TypedKeys, ingress: string) {
    this.#keys = eachOnce([
      ...known(typed.read, "read", ["read"]),
      ...known(typed.write, "write", ["write"]),
      ...known(typed.admin, "admin", RIGHTS),
      ...(typed.verbatim ? [keyOf("admin key", RIGHTS, typed.verbatim)] : []),
    ]);
    this.#ingress = ingressKeys(ingress);
  }

  /** Whoever has this key, with the rights of every field in which it stands. Takes as long for any key. */
  holderOf(presented: string): Holder | undefined {
    const digest = digestOf(presented);
    return this.#keys.filter((key) => timingSafeEqual(key.digest, digest))[0];
  }

  /** How many can be found out by trying. */
  get weak(): number {
    return this.#keys.filter(({ length }) => length < GOOD_LENGTH).length;
  }

  /** Whether there is a key for any list at all. */
  get hasIngress(): boolean {
    return this.#ingress.size > 0;
  }

  /** What the list's keys say of this one; "missing" for a list that is not named, "empty" for one without a key. */
  opens(list: string, presented: string): "yes" | "no" | "missing" | "empty" {
    if (!this.#ingress.has(list)) return "missing";
    const digests = this.#ingress.get(list);
    if (digests === undefined) return "empty";
    const digest = digestOf(presented);
    return digests.filter((known) => timingSafeEqual(known, digest)).length > 0 ? "yes" : "no";
  }
}

function keyOf(name: string, rights: readonly Right[], key: string): KnownKey {
  return { name, rights: new Set(rights), digest: digestOf(key), length: key.length };
}

function known(typed: string, field: Right, rights: readonly Right[]): KnownKey[] {
  let nameless = 0;
  return entries(typed).flatMap((entry) => {
    const { name, key } = splitEntry(entry);
    if (key === "") return [];
    const own = name || numbered(`${field} key`, ++nameless);
    return [keyOf(own, rights, key)];
  });
}

function numbered(name: string, place: number): string {
  return place === 1 ? name : `${name} ${place}`;
}

/** With the rights of every field in which a key stands, and the name that it has in the first. */
function eachOnce(keys: readonly KnownKey[]): KnownKey[] {
  const merged = new Map<string, KnownKey>();
  for (const key of keys) {
    const digest = key.digest.toString("hex");
    const { name, rights } = merged.get(digest) ?? { ...key, rights: [] };
    merged.set(digest, { ...key, name, rights: new Set([...rights, ...key.rights]) });
  }
  return [...merged.values()];
}

function ingressKeys(typed: string): Map<string, Buffer[] | undefined> {
  const keys = new Map<string, Buffer[] | undefined>();
  for (const entry of entries(typed)) {
    const { name, key } = splitEntry(entry);
    if (name === "") continue;
    const others = keys.get(name);
    keys.set(name, key === "" ? others : [...(others ?? []), digestOf(key)]);
  }
  return keys;
}

function entries(typed: string): string[] {
  return typed.split(/[\s,]+/).filter((entry) => entry !== "");
}

/** A key holds no colon, a list's name may. */
function splitEntry(entry: string): { name: string; key: string } {
  const colon = entry.lastIndexOf(":");
  return { name: entry.slice(0, Math.max(colon, 0)), key: entry.slice(colon + 1) };
}

/** All of one length, so that comparing them tells nothing of the keys'. */
function digestOf(key: string): Buffer {
  return hash("sha256", key, "buffer");
}
