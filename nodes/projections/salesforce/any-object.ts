/** A row as a record of any object: over the one with the same external id, or over the one made before. */
import type { Handle, Row } from "../../../core/index.ts";
import { type Item, type Outcome, StepError } from "../../kit/index.ts";
import { MANY, saveInBulk } from "./bulk.ts";
import { comparableKey, rounds } from "./external-id.ts";
import { type Cell, checkValue, fieldsOf, fitted, type ObjectFields } from "./fields.ts";
import type { Org } from "./org.ts";
import { type Saved, type Saving, save } from "./save.ts";

/** The column that every row has, whatever the projection says. */
export const UUID = "uuid";

export type Mapping = readonly { field: string; column: string }[];

/** Of one org; two may have records with the same id. */
export interface Place {
  host: string;
  object: string;
}

export interface RecordContent {
  cells: Cell[];
  /** The external id. */
  key: Cell | undefined;
  /** Of the record that this node has made of the vCon before, where there is no external id. */
  id: string | undefined;
}

/** @throws StepError where there is nothing to write, or what no field takes */
export function cellsOf(row: Row, uuid: string, mapping: Mapping, projection: string): Cell[] {
  const all: Row = { ...row, [UUID]: uuid };
  const cells = mapping.flatMap(({ field, column }) =>
    Object.hasOwn(all, column) ? { field: apiName(field), column, value: all[column]! } : [],
  );
  if (cells.length === 0) {
    throw new StepError(
      `The projection "${projection}" has none of the columns that the node's fields name. Correct the one or the other.`,
      { code: "NO_COLUMN" },
    );
  }
  for (const cell of cells) checkValue(cell);
  return cells;
}

/** Salesforce's name of an object or a field, which becomes part of addresses and queries. */
export function apiName(name: string): string {
  const trimmed = name.trim();
  if (/^[A-Za-z]\w*$/.test(trimmed)) return trimmed;
  throw new StepError(
    `"${trimmed}" is no API name of Salesforce, such as Subject or Score__c. Correct it in the node.`,
    { code: "NOT_CONFIGURED" },
  );
}

/**
 * Takes the external id out of the cells; where the mapping does not name it, it is the vCon's UUID.
 * @throws StepError where its column is empty or missing
 */
export function splitKey(cells: readonly Cell[], mapping: Mapping, externalId: string, uuid: string) {
  if (externalId.trim() === "") return { key: undefined, others: [...cells] };
  const field = apiName(externalId);
  const isKey = (entry: { field: string }) => entry.field.trim().toLowerCase() === field.toLowerCase();
  const column = mapping.find(isKey)?.column;
  const key = column === undefined ? { field, column: UUID, value: uuid } : cells.find(isKey);
  if (key === undefined || comparableKey(key.value) === "" || key.value === 0) throw noKey(column ?? UUID);
  return { key, others: cells.filter((cell) => !isKey(cell)) };
}

function noKey(column: string): StepError {
  return new StepError(
    `The column "${column}" has nothing by which a record could be found. Draw the external id in the projection.`,
    { code: "NO_KEY" },
  );
}

/** Where this node put the vCon last, if that was in the same place, and found in the same way. */
export function lastIn(
  { host, object }: Place,
  key: Cell | undefined,
  last: Handle = {},
): Handle | undefined {
  const isThere = last["host"] === host && last["object"] === object && last["id"] !== undefined;
  const isShared = last["fields"] !== undefined;
  return isThere && isShared === (key !== undefined) ? last : undefined;
}

/**
 * By the UUID the record is found for as long as it is there. By another external id it is too, but that one may be
 * somebody's, so the handle is the record's id once that is known.
 */
export function recordHandle(place: Place, key: Cell | undefined, last: Handle | undefined): Handle {
  if (key?.column === UUID) return { ...place, field: key.field, value: String(key.value) };
  return last ?? { ...place };
}

export async function sendRecords(
  org: Org,
  object: string,
  items: readonly Item<RecordContent>[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const names = items.flatMap(({ content }) =>
    [...content.cells, ...keyOf(content)].map(({ field }) => field),
  );
  const types = await fieldsOf(org, object, [...new Set(names)]);
  const key = keyOf(items[0]!.content).map(({ field }) => types.get(field.toLowerCase())!.name)[0];
  const prepared = items.map(({ content }) => prepare(content, types));
  const target = { org, object, key, columns: columnsOf(items, types), signal };
  const results = new Map<Saving, Saved>();
  for (const round of rounds(prepared.filter(isSaving), key)) {
    const isMany = key !== undefined && round.length >= MANY;
    const saved = await (isMany ? saveInBulk : save)(target, round);
    for (const [index, { from }] of round.entries())
      for (const saving of from) results.set(saving, saved[index]!);
  }
  return items.map((item, index) => {
    const saving = prepared[index]!;
    const saved = saving instanceof Error ? saving : results.get(saving)!;
    return saved instanceof Error ? saved : handleOf(item, (saving as Saving).fields, saved.id, key);
  });
}

const keyOf = ({ key }: RecordContent): Cell[] => (key ? [key] : []);

function prepare({ cells, key, id }: RecordContent, types: ObjectFields): Saving | Error {
  try {
    return { id, fields: fieldValues(key ? [...cells, key] : cells, types) };
  } catch (error) {
    return error as Error;
  }
}

/** The values by the names of their fields. @throws StepError for one that does not go into its field */
export function fieldValues(cells: readonly Cell[], types: ObjectFields): Saving["fields"] {
  return Object.fromEntries(
    cells.map((cell) => {
      const type = types.get(cell.field.toLowerCase())!;
      return [type.name, fitted(cell, type)];
    }),
  );
}

/** For errors, the column that goes into each field. */
export function columnsOf(
  items: readonly Item<{ cells: readonly Cell[] }>[],
  types: ObjectFields,
): Map<string, string> {
  const cells = items.flatMap(({ content }) => content.cells);
  return new Map(cells.map(({ field, column }) => [types.get(field.toLowerCase())!.name, column]));
}

export const isSaving = (prepared: Saving | Error): prepared is Saving => !(prepared instanceof Error);

/** A record that is found by a column of the row may be that of others too: only what was written can be erased. */
function handleOf(
  { uuid, content: { key }, handle }: Item<RecordContent>,
  fields: Saving["fields"],
  id: string,
  keyName: string | undefined,
): Handle {
  if (key?.column === UUID) return handle;
  const place = { host: handle["host"]!, object: handle["object"]!, id };
  if (key === undefined) return place;
  const names = Object.keys(fields).filter((name) => name !== keyName);
  const uuidIn = names.find((name) => fields[name] === uuid);
  return { ...place, fields: names, ...(uuidIn && { uuidIn }) };
}
