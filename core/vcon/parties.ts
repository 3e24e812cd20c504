/** Finds, names and compares the parties of a vCon. */
import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from "libphonenumber-js/min";
import { elementsOf } from "./json.ts";
import type { Index, Party, Vcon } from "./types.ts";

/** The members by which a party is looked up. */
const PARTY_KEY_KINDS = ["tel", "mailto", "name", "sip", "did"] as const;
export type PartyKeyKind = (typeof PARTY_KEY_KINDS)[number];

/** A longer value is no address that anybody would look for. */
const MAX_KEY_LENGTH = 256;

const URL_PREFIX: Partial<Record<PartyKeyKind, RegExp>> = {
  tel: /^tel:/i,
  mailto: /^mailto:/i,
  sip: /^sips?:/i,
};

/** Roles as they are found, beside the CC extension's own. */
const ROLE_NAMES = {
  agent: ["agent", "ai", "bot", "representative"],
  customer: ["customer", "contact", "caller"],
};

/**
 * The index of the first party whose member `by` is `value`, in capitals or not, or, for tel, mailto and sip, is the
 * same address written otherwise.
 */
export function findPartyIndex(vcon: Vcon, by: PartyKeyKind, value: string): Index | undefined {
  return findPartyIndices(vcon, by, value)[0];
}

/**
 * Like {@link findPartyIndex}, of all such parties: one person may stand in a vCon several times. By "role" they are
 * as {@link partyOfRole} tells them, but never by a guess where no party has a role.
 */
export function findPartyIndices(vcon: Vcon, by: PartyKeyKind | "role", value: string): Index[] {
  const parties = elementsOf(vcon, "parties");
  if (by === "role") {
    const found = partiesOfRole(
      parties.map(([, party]) => party),
      value.trim().toLowerCase(),
    );
    return found.map((at) => parties[at]![0]);
  }
  const wanted = new Set(forms(by, value).map(loose));
  const fits = (party: Party) => forms(by, party[by]).some((form) => wanted.has(loose(form)));
  return parties.filter(([, party]) => fits(party)).map(([index]) => index);
}

/** As people take two names for the same: in capitals or not, with one blank or two. */
function loose(text: string): string {
  return text.normalize().replaceAll(/\s+/g, " ").toLowerCase();
}

/** The parties with the role, by one of its names, or of two the one that remains beside the other role. */
export function partiesOfRole(parties: readonly Party[], role: string): Index[] {
  const names: readonly string[] = isTold(role) ? ROLE_NAMES[role] : [role];
  const holders = indicesWhere(parties.map(roleOf), (held) => held !== undefined && names.includes(held));
  if (holders.length > 0 || !isTold(role) || !parties.some(roleOf)) return holders;
  const remaining = partyOfRole(parties, role);
  return remaining === undefined ? [] : [remaining];
}

function isTold(role: string): role is keyof typeof ROLE_NAMES {
  return Object.hasOwn(ROLE_NAMES, role);
}

/** Where in a list those stand that fit. */
export function indicesWhere<Item>(items: readonly Item[], fits: (item: Item) => boolean): Index[] {
  return [...items.entries()].filter(([, item]) => fits(item)).map(([index]) => index);
}

/**
 * The index of the first party with the role: by `role` (CC extension) or `meta.role`. If none has it and there are
 * two parties of which one has the other role, it is the remaining one; if no role is given at all, the first of two
 * is the customer, who opens most conversations with a contact centre, and the second the agent.
 */
export function partyOfRole(parties: readonly Party[], role: "agent" | "customer"): Index | undefined {
  const other = role === "agent" ? "customer" : "agent";
  const index = indexOfRole(parties, role);
  if (index !== undefined || parties.length !== 2) return index;
  const others = indexOfRole(parties, other);
  if (others !== undefined) return 1 - others;
  if (parties.some(roleOf)) return;
  return role === "customer" ? 0 : 1;
}

function indexOfRole(parties: readonly Party[], role: "agent" | "customer"): Index | undefined {
  const index = parties.findIndex((party) => ROLE_NAMES[role].includes(roleOf(party) ?? ""));
  return index < 0 ? undefined : index;
}

/** The party's `role` (CC extension) or `meta.role`, in lower case. */
export function roleOf(party: Party): string | undefined {
  const role = party.role ?? (party.meta as { role?: unknown } | null | undefined)?.role;
  return (typeof role === "string" && role.trim().toLowerCase()) || undefined;
}

/** What to call a party: its name, or else an address without the URL prefix; undefined if it has none. */
export function displayName(party: Party): string | undefined {
  for (const kind of ["name", "mailto", "tel", "sip", "did"] as const) {
    const text = party[kind];
    if (typeof text === "string" && text.trim() !== "") return withoutPrefix(kind, text.trim());
  }
  return;
}

/**
 * The telephone number in E.164 ("+12025550123"), or undefined if it can't be one. A TEL URL is read too.
 *
 * @param defaultCountry ISO 3166 code of the country that national numbers belong to
 */
export function normaliseTel(text: string, defaultCountry?: string): string | undefined {
  const country = defaultCountry?.toUpperCase() as CountryCode | undefined;
  const number = parsePhoneNumberFromString(withoutPrefix("tel", text.trim()), {
    extract: false,
    ...(country && isSupportedCountry(country) && { defaultCountry: country }),
  });
  return number?.isPossible() ? number.number : undefined;
}

/**
 * The telephone number in the ways that people write it: in E.164, with 00 for the plus, and as in its own country,
 * without and with what is dialled there first. Where it can't be read without knowing the country, as it is.
 */
export function waysToWriteTel(text: string): string[] {
  const bare = withoutPrefix("tel", text.trim());
  const number = parsePhoneNumberFromString(bare.replace(/^00/, "+"), { extract: false });
  if (!number) return [bare];
  return [number.number, number.number.replace("+", "00"), number.nationalNumber, number.formatNational()];
}

/**
 * The e-mail address in lower case, without `mailto:`, header fields and display name ("Alice <a@example.com>"), or
 * undefined if it can't be one.
 */
export function normaliseMailto(text: string): string | undefined {
  const bare = withoutPrefix("mailto", text.trim()).split("?", 1)[0]!;
  const address = /<([^<>]*)>$/.exec(bare)?.[1] ?? bare;
  return /^[^\s@<>]+@[^\s@<>]+$/.test(address) ? address.toLowerCase() : undefined;
}

/**
 * What a party is found by: pairs of kind and value. Each value stands as written, without its URL prefix, and
 * normalised (tel in E.164, mailto and sip in lower case). To look a value up, take the keys of a party with just it:
 * `partyIndexKeys({ tel: "tel:+1-202-555-0123" })`.
 */
export function partyIndexKeys(party: Party, defaultCountry?: string): [PartyKeyKind, string][] {
  return PARTY_KEY_KINDS.flatMap((kind) =>
    forms(kind, party[kind], defaultCountry).map((form): [PartyKeyKind, string] => [kind, form]),
  );
}

function forms(kind: PartyKeyKind, value: unknown, defaultCountry?: string): string[] {
  if (typeof value !== "string") return [];
  const written = value.trim();
  if (written === "" || written.length > MAX_KEY_LENGTH) return [];
  const normalised = normalise(kind, written, defaultCountry);
  return [...new Set([written, withoutPrefix(kind, written), normalised ?? written])].filter(
    (form) => form !== "",
  );
}

function normalise(kind: PartyKeyKind, text: string, defaultCountry?: string): string | undefined {
  if (kind === "tel") return normaliseTel(text, defaultCountry);
  if (kind === "mailto") return normaliseMailto(text);
  if (kind === "sip") return withoutPrefix("sip", text).toLowerCase();
  return;
}

function withoutPrefix(kind: PartyKeyKind, text: string): string {
  const prefix = URL_PREFIX[kind];
  return prefix ? text.replace(prefix, "") : text;
}
