/** Finds the Contacts of people by their telephone numbers and e-mail addresses, many people in few requests. */
import { normaliseMailto, type Party, partyOfRole, waysToWriteTel } from "../../../core/index.ts";
import { described } from "./fields.ts";
import type { Org } from "./org.ts";
import { pieces, soqlList, soslAny } from "./quoting.ts";

/** How somebody is looked up. */
export interface Person {
  /** The digits of a telephone number, in the ways to write it: with its country's code, without, with zeros in front. */
  tel: string[];
  mail: string | undefined;
}

/** Below this it is an extension, or a service that everybody calls. */
const FEWEST_DIGITS = 6;

/** A Contact has e-mail addresses of at most so many characters. */
const LONGEST_MAIL = 80;

/** The customer; or all who are not the agent, where nobody is known as the customer. */
export function peopleOf(parties: readonly Party[]): Person[] {
  const customer = partyOfRole(parties, "customer");
  const agent = partyOfRole(parties, "agent");
  const wanted =
    customer === undefined ? parties.filter((_, index) => index !== agent) : [parties[customer]!];
  return wanted.map(personOf).filter(({ tel, mail }) => tel.length > 0 || mail !== undefined);
}

function personOf({ tel, mailto }: Party): Person {
  const mail = typeof mailto === "string" ? normaliseMailto(mailto) : undefined;
  const digits = typeof tel === "string" ? waysToWriteTel(tel).map(digitsOf) : [];
  return {
    tel: [...new Set(digits)].filter(({ length }) => length >= FEWEST_DIGITS),
    mail: isMail(mail) ? mail : undefined,
  };
}

/** Without an extension. */
function digitsOf(tel: string): string {
  return tel.replace(/(;|ext|x|#).*$/is, "").replace(/\D/g, "");
}

/** No longer than a Contact's, and without what can't stand in an address. */
function isMail(mail: string | undefined): mail is string {
  return mail !== undefined && mail.length <= LONGEST_MAIL && /^[^\p{Cc}\p{Cs}]+$/u.test(mail);
}

interface Contact {
  Id: string;
  LastModifiedDate: string;
  [field: string]: unknown;
}

/** Above 4,000 characters a search forgets its OR; addresses have 16 kB, in which a comma takes three. */
const SEARCH = { entries: 200, characters: 3_500 };
const QUERY = { entries: 200, characters: 6_000 };

/** A Contact's numbers that are somebody else's, or no telephone's. */
const NOT_THEIRS = ["AssistantPhone", "Fax"];

/**
 * For each list of people the id of the Contact that fits best.
 * @returns undefined where there is none
 */
export async function findContacts(
  org: Org,
  wanted: readonly (readonly Person[])[],
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const people = wanted.flat();
  const phones = await phoneFields(org);
  const columns = ["Id", "LastModifiedDate", "Email", ...phones].join(", ");
  const found = new Map<string, Contact>();
  const keep = (contacts: Contact[]) => {
    for (const contact of contacts) found.set(contact.Id, contact);
  };
  const tels = [...new Set(people.flatMap(({ tel }) => tel))];
  for (const piece of pieces(tels, SEARCH, ({ length }) => length + 6)) {
    signal.throwIfAborted();
    const search = `FIND {${soslAny(piece)}} IN PHONE FIELDS RETURNING Contact(${columns})`;
    const { searchRecords } = await org.ask((connection) => connection.search(search));
    keep(searchRecords as Contact[]);
  }
  const mails = [...new Set(people.flatMap(({ mail }) => mail ?? []))];
  for (const piece of pieces(mails, QUERY, (mail) => encodeURIComponent(mail).length + 6)) {
    signal.throwIfAborted();
    const query = `SELECT ${columns} FROM Contact WHERE Email IN ${soqlList(piece)}`;
    const { records } = await org.ask(async (connection) => connection.query<Contact>(query));
    keep(records);
  }
  const contacts = [...found.values()].map((contact) => withAddresses(contact, phones)).sort(newestFirst);
  return wanted.map((list) => bestFor(list, contacts));
}

/** All that the user may see; an admin may have added some. */
async function phoneFields(org: Org): Promise<string[]> {
  const fields = [...(await described(org, "Contact")).values()];
  return fields.flatMap(({ type, name }) => (type === "phone" && !NOT_THEIRS.includes(name) ? name : []));
}

interface Addresses {
  id: string;
  modified: string;
  tels: Set<string>;
  mail: string;
}

function withAddresses(contact: Contact, phones: readonly string[]): Addresses {
  const tels = phones.map((name) => digitsOf(String(contact[name] ?? "")));
  const mail = String(contact["Email"] ?? "").toLowerCase();
  return { id: contact.Id, modified: contact.LastModifiedDate, tels: new Set(tels), mail };
}

function newestFirst(one: Addresses, other: Addresses): number {
  return other.modified.localeCompare(one.modified) || one.id.localeCompare(other.id);
}

/** The first person who has one: by number and address, else by number, else by address; of several the newest. */
function bestFor(people: readonly Person[], contacts: readonly Addresses[]): string | undefined {
  for (const { tel, mail } of people) {
    const byTel = contacts.filter(({ tels }) => tel.some((digits) => tels.has(digits)));
    const byMail = contacts.filter((contact) => contact.mail === mail);
    const best = byTel.find((contact) => byMail.includes(contact)) ?? byTel[0] ?? byMail[0];
    if (best) return best.id;
  }
  return undefined;
}
