/** Saves records, 200 a request; each has a result of its own. */
import type { Connection } from "jsforce/lib/connection.js";
import { StepError } from "../../kit/index.ts";
import type { Value } from "./fields.ts";
import type { Org } from "./org.ts";
import { pieces } from "./quoting.ts";
import { codeOf, complaintError, salesforceError } from "./salesforce-error.ts";

/** Where records are saved. */
export interface Target {
  org: Org;
  object: string;
  /** The external id field by which a record is found again. */
  key?: string | undefined;
  /** For errors: the column that goes into each field. */
  columns: ReadonlyMap<string, string>;
  signal: AbortSignal;
}

/** A record to be saved: over the one with this id or with the same external id, or as a new one. */
export interface Saving {
  id?: string | undefined;
  fields: Readonly<Record<string, Value>>;
}

/** What became of a record. */
export type Saved = { id: string } | Error;

/** What the collections resource takes. */
const MOST = { entries: 200, characters: 10_000_000 };

/** What Salesforce answers where a record is no more. */
const GONE = new Set(["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"]);

/** Answers in the order of the records. Never rejects for what Salesforce says, since some may be saved by then. */
export async function save(target: Target, records: readonly Saving[]): Promise<Saved[]> {
  if (target.key !== undefined) return inPieces(target, upsert, records);
  const known = records.filter(({ id }) => id !== undefined);
  const updated = new Map(zipped(known, await overwrite(target, known)));
  const fresh = records.filter((record) => record.id === undefined || isGone(updated.get(record)));
  const created = new Map(zipped(fresh, await inPieces(target, create, fresh)));
  return records.map((record) => (created.get(record) ?? updated.get(record))!);
}

/** Saves over records that are there. */
export function overwrite(target: Target, records: readonly Saving[]): Promise<Saved[]> {
  return inPieces(target, update, records);
}

/** Deletes the records; those that are gone already are none the worse for it. */
export async function remove({ org, object }: Target, ids: readonly string[]): Promise<void> {
  for (const piece of pieces(ids, MOST, ({ length }) => length)) {
    const answers = await org.ask((connection) => connection.destroy(object, [...piece]));
    for (const answer of answers) {
      const result = resultOf(answer as Answer, new Map());
      if (result instanceof Error && !isGone(result)) throw result;
    }
  }
}

export function isGone(result: Saved | undefined): boolean {
  return result instanceof StepError && GONE.has(result.code);
}

/** How Salesforce answers for one record of a collection. */
interface Answer {
  success: boolean;
  id?: string;
  errors: { statusCode?: string; errorCode?: string; fields?: string[] }[];
}

type Way = (connection: Connection, target: Target, records: readonly Saving[]) => Promise<unknown>;

const upsert: Way = (connection, { object, key }, records) =>
  connection.upsert(object, fieldsIn(records), key!);

const update: Way = (connection, { object }, records) =>
  connection.update(
    object,
    records.map(({ id, fields }) => ({ Id: id!, ...fields })),
  );

const create: Way = (connection, { object }, records) => connection.create(object, fieldsIn(records));

const fieldsIn = (records: readonly Saving[]) => records.map(({ fields }) => ({ ...fields }));

async function inPieces(target: Target, way: Way, records: readonly Saving[]): Promise<Saved[]> {
  const results: Saved[] = [];
  for (const piece of pieces(records, MOST, sizeOf)) results.push(...(await together(target, way, piece)));
  return results;
}

/** In one request, or in smaller ones where one record spoils it for all. */
async function together(target: Target, way: Way, records: readonly Saving[]): Promise<Saved[]> {
  target.signal.throwIfAborted();
  try {
    const answers = await target.org.ask((connection) => way(connection, target, records));
    if (!isComplete(answers, records)) throw new SyntaxError("The answer is not one for each record.");
    return answers.map((answer) => resultOf(answer, target.columns));
  } catch (error) {
    const reason = salesforceError(error);
    if (!(reason instanceof StepError && reason.oneOfBatch) || records.length === 1) {
      return records.map(() => reason);
    }
    const middle = Math.ceil(records.length / 2);
    const first = await together(target, way, records.slice(0, middle));
    return [...first, ...(await together(target, way, records.slice(middle)))];
  }
}

function isComplete(answers: unknown, { length }: readonly Saving[]): answers is Answer[] {
  return Array.isArray(answers) && answers.length === length;
}

function resultOf({ success, id = "", errors }: Answer, columns: Target["columns"]): Saved {
  if (success) return { id };
  const { statusCode, errorCode, fields } = errors[0] ?? {};
  const code = codeOf({ errorCode: statusCode ?? errorCode }) ?? "NO_CODE";
  return complaintError({ code, ...(fields && { fields }) }, columns);
}

function sizeOf({ fields }: Saving): number {
  const texts = Object.values(fields).map((value) => (typeof value === "string" ? value.length : 0));
  return texts.reduce((sum, length) => sum + length, 0);
}

function zipped<One, Other>(ones: readonly One[], others: readonly Other[]): [One, Other][] {
  return ones.map((one, index) => [one, others[index]!]);
}
