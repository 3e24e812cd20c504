/** Erases what a handle leads to: a record of the vCon's own, or what was written into one that others may share. */
import type { Handle } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import { apiName } from "./any-object.ts";
import { described } from "./fields.ts";
import type { Org } from "./org.ts";
import { soqlText } from "./quoting.ts";
import { isGone, overwrite, remove, type Target } from "./save.ts";

export async function eraseRecord(
  org: Org,
  uuid: string,
  handle: Handle,
  signal: AbortSignal,
): Promise<void> {
  const { host, id, field, value, fields, uuidIn } = handle;
  if (host !== org.host) throw otherOrg(String(host));
  const target = {
    org,
    object: apiName(String(handle["object"])),
    columns: new Map<string, string>(),
    signal,
  };
  if (Array.isArray(fields)) {
    if (uuidIn !== undefined && !(await isLatest(target, String(id), String(uuidIn), uuid))) return;
    return empty(target, String(id), fields.map(String), uuidIn);
  }
  if (typeof id === "string") return remove(target, [id]);
  if (typeof field === "string" && typeof value === "string") {
    const query = `SELECT Id FROM ${target.object} WHERE ${apiName(field)} = ${soqlText(value)}`;
    const { records } = await org.ask(async (connection) => connection.query<{ Id: string }>(query));
    return remove(
      target,
      records.map(({ Id }) => Id),
    );
  }
  throw new StepError(
    `Salesforce did not say whether it has the record, and it can't be looked up: it has no external id with the vCon's UUID. Look among the newest records of ${target.object}.`,
    { code: "COPY_UNKNOWN" },
  );
}

/** Whether no other vCon was written over this one since. */
async function isLatest({ org, object }: Target, id: string, uuidIn: string, uuid: string): Promise<boolean> {
  const field = apiName(uuidIn);
  const query = `SELECT ${field} FROM ${object} WHERE Id = ${soqlText(id)}`;
  const { records } = await org.ask(async (connection) => connection.query<Record<string, string>>(query));
  return records.some((record) => record[field] === uuid);
}

/** Empties the fields of the record, except those that must not be empty: the error names them. */
async function empty(target: Target, id: string, names: readonly string[], uuidIn: unknown): Promise<void> {
  const types = await described(target.org, target.object);
  const known = names.flatMap((name) => types.get(name.toLowerCase()) ?? []);
  const kept = known.filter(({ type, nillable }) => type !== "boolean" && !nillable);
  // For as long as something is left, it must be known whose it is.
  const emptied = known.filter(
    (field) => !kept.includes(field) && (kept.length === 0 || field.name !== uuidIn),
  );
  const values = emptied.map(({ name, type }) => [name, type === "boolean" ? false : null]);
  const [saved] = await overwrite(target, [{ id, fields: Object.fromEntries(values) }]);
  if (isGone(saved)) return;
  if (saved instanceof Error) throw saved;
  if (kept.length > 0) throw notEmptied(id, kept.map(({ name }) => name).join(", "));
}

function otherOrg(host: string): StepError {
  return new StepError(
    `The copy is in the Salesforce org at ${host}, and the node's org is another one. Set that URL to erase it.`,
    { code: "OTHER_ORG" },
  );
}

function notEmptied(id: string, names: string): StepError {
  return new StepError(
    `The record ${id} can't do without what stands in ${names}. Overwrite that in Salesforce, or delete the record.`,
    { code: "NOT_EMPTIED" },
  );
}
