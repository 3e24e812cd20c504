/** The names of queues, channels and conserver lists, as a person types them. */
import { VconError } from "../errors.ts";

interface Rule {
  what: string;
  longest: number;
  /** What must not stand in it, and how that is told. */
  forbidden: { pattern: RegExp; says: string }[];
}

const CONTROL = { pattern: /\p{Cc}/u, says: "it has a line break, a tab or another control character in it" };

const QUEUE: Rule = {
  what: "queue",
  longest: 100,
  // BullMQ puts the name between colons, and braces around it, into its keys.
  forbidden: [CONTROL, { pattern: /[:{}]/, says: "it has a colon or a brace in it" }],
};

const CHANNEL: Rule = { what: "channel", longest: 200, forbidden: [CONTROL] };

const LIST: Rule = {
  what: "list",
  longest: 200,
  forbidden: [
    CONTROL,
    // What lies beside a list has its name in braces, to share its slot of a cluster.
    { pattern: /[{}]/, says: "it has a brace in it" },
    { pattern: /^vcon[:-]/, says: 'it begins with "vcon:" or "vcon-", as keys of the store do' },
    { pattern: /^vcons$|^(?:tel|mailto|name|sip|did):/, says: "the store has an index of this name" },
  ],
};

/** @returns the name without the spaces around it. @throws VconError `DELIVERY_NAME_MALFORMED` */
export function queueName(name: string): string {
  return checked(name, QUEUE);
}

/** As {@link queueName}. */
export function channelName(name: string): string {
  return checked(name, CHANNEL);
}

/** As {@link queueName}; a list of what has failed (`DLQ:<list>`) is a list too. */
export function listName(name: string): string {
  return checked(name, LIST);
}

function checked(typed: string, { what, longest, forbidden }: Rule): string {
  const name = typed.trim();
  const wrong =
    name === ""
      ? "it is empty"
      : [...name].length > longest
        ? `it is longer than ${longest} characters`
        : forbidden.find(({ pattern }) => pattern.test(name))?.says;
  if (wrong === undefined) return name;
  throw new VconError(
    "DELIVERY_NAME_MALFORMED",
    `The name of the ${what} can't be used: ${wrong}. Give it another name.`,
  );
}
