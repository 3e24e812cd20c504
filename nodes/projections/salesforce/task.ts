/** A conversation as a Task that is done, on the Contact who it was with. */
import type { Handle, VconView } from "../../../core/index.ts";
import { type Item, type Outcome, StepError } from "../../kit/index.ts";
import { columnsOf, fieldValues, isSaving } from "./any-object.ts";
import { findContacts, type Person, peopleOf } from "./contacts.ts";
import { type Cell, checkValue, fieldsOf } from "./fields.ts";
import type { Org } from "./org.ts";
import { pieces, soqlList } from "./quoting.ts";
import { salesforceError } from "./salesforce-error.ts";
import { type Saving, save } from "./save.ts";

/**
 * Made for the name of a call in the system that it comes from: a text of 255 characters, that is no key but can be
 * found by (Object Reference, Task).
 */
const NAME_FIELD = "CallObject";

/** A query's address has 16 kB. */
const NAMES = { entries: 200, characters: Number.POSITIVE_INFINITY };

/** How far clocks may be apart, and more. */
const DAY_MS = 24 * 60 * 60 * 1000;

export interface TaskContent {
  cells: Cell[];
  /** What a new Task has besides, where no cell says otherwise. */
  defaults: Cell[];
  people: Person[];
  /** When the conversation began; no Task is older. */
  began: string;
}

export function taskHandle(host: string, uuid: string): Handle {
  return { host, object: "Task", field: NAME_FIELD, value: `vcon:${uuid}` };
}

/** @throws StepError where nobody can be looked up, or what no Task takes */
export function taskContent(vcon: VconView, cells: Cell[], status: string, anyway: boolean): TaskContent {
  const { subject, created_at } = vcon.head;
  const people = peopleOf(vcon.parties);
  if (people.length === 0 && !anyway) {
    throw new StepError(
      `The customer has neither a telephone number nor an e-mail address. Tick "Anyway" to make the Task all the same.`,
      { code: "NO_CONTACT" },
    );
  }
  const defaults = [
    { field: "Subject", column: "subject", value: subject || "Conversation" },
    { field: "Status", column: "status", value: status },
    { field: "ActivityDate", column: "created_at", value: created_at },
  ];
  const isMapped = (field: string) => cells.some((cell) => cell.field.toLowerCase() === field.toLowerCase());
  if (isMapped(NAME_FIELD)) throw nameTaken();
  const fresh = defaults.filter(({ field }) => !isMapped(field));
  for (const cell of fresh) checkValue(cell);
  return { cells, defaults: fresh, people, began: created_at };
}

function nameTaken(): StepError {
  return new StepError(
    `The field ${NAME_FIELD} of a Task holds the vCon's UUID, by which it is found again. Take it out of "Fields".`,
    { code: "NOT_CONFIGURED" },
  );
}

export async function sendTasks(
  org: Org,
  items: readonly Item<TaskContent>[],
  anyway: boolean,
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { known, contacts, types } = await looked(org, items, signal).catch((error) => {
    throw salesforceError(error);
  });
  const prepared = items.map(({ content, handle }, index): Saving | Error => {
    try {
      const id = known.get(String(handle["value"]));
      const fields = fieldValues(content.cells, types);
      if (id !== undefined) return { id, fields };
      const contact = contacts.get(index);
      if (contact === undefined && !anyway) return noContact();
      const own = { ...fieldValues(content.defaults, types), ...fields };
      return {
        fields: { ...own, ...(contact && { WhoId: contact }), [NAME_FIELD]: String(handle["value"]) },
      };
    } catch (error) {
      return error as Error;
    }
  });
  const records = prepared.filter(isSaving);
  const results = await save({ org, object: "Task", columns: columnsOf(items, types), signal }, records);
  return items.map(({ handle }, index) => {
    const saving = prepared[index]!;
    const saved = saving instanceof Error ? saving : results[records.indexOf(saving)]!;
    return saved instanceof Error ? saved : { ...handle, id: saved.id };
  });
}

/** All that must be known before anything is written. */
async function looked(org: Org, items: readonly Item<TaskContent>[], signal: AbortSignal) {
  const cells = items.flatMap(({ content }) => [...content.cells, ...content.defaults]);
  const names = [...new Set([NAME_FIELD, "WhoId", ...cells.map(({ field }) => field)])];
  const types = await fieldsOf(org, "Task", names);
  const known = await knownTasks(org, items, signal);
  const fresh = [...items.entries()].filter(([, { handle }]) => !known.has(String(handle["value"])));
  const found = await findContacts(
    org,
    fresh.map(([, { content }]) => content.people),
    signal,
  );
  const contacts = new Map(fresh.map(([index], at) => [index, found[at]]));
  return { known, contacts, types };
}

/** The ids of the Tasks that are there, by what stands in their {@link NAME_FIELD}. */
async function knownTasks(
  org: Org,
  items: readonly Item<TaskContent>[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const known = new Map<string, string>();
  for (const piece of pieces(items, NAMES, () => 0)) {
    signal.throwIfAborted();
    const names = soqlList(piece.map(({ handle }) => String(handle["value"])));
    // The day is indexed, the name is not: so the query is quick in an org with millions of Tasks, too.
    const query = `SELECT Id, ${NAME_FIELD} FROM Task WHERE CreatedDate >= ${earliest(piece)} AND ${NAME_FIELD} IN ${names} ORDER BY CreatedDate DESC`;
    const { records } = await org.ask(async (connection) =>
      connection.query<{ Id: string; [NAME_FIELD]: string }>(query),
    );
    // Of several the oldest.
    for (const record of records) known.set(record[NAME_FIELD], record.Id);
  }
  return known;
}

function earliest(items: readonly Item<TaskContent>[]): string {
  const times = items.map(({ content }) => Date.parse(content.began)).filter((time) => !Number.isNaN(time));
  const first = Math.min(Date.now(), ...times) - DAY_MS;
  return new Date(Math.max(first, Date.UTC(1970, 0, 1))).toISOString();
}

function noContact(): StepError {
  return new StepError(
    `Salesforce has no Contact with the customer's telephone number or e-mail address. Create one, or tick "Anyway".`,
    { code: "NO_CONTACT" },
  );
}
