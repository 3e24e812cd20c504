/** Erases what a handle leads to: a record that this node has made, or what it wrote into one that was there before. */
import type { Handle } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";
import { apiName } from "./any-object.ts";
import { described } from "./fields.ts";
import type { Org } from "./org.ts";
import { soqlText } from "./quoting.ts";
import { isGone, overwrite, remove } from "./save.ts";

export async function eraseRecord(org: Org, handle: Handle, signal: AbortSignal): Promise<void> {
  const { id, field, value, fields } = handle;
  const target = {
    org,
    object: apiName(String(handle["object"])),
    columns: new Map<string, string>(),
    signal,
  };
  if (Array.isArray(fields)) {
    const types = await described(org, target.object);
    const names = fields
      .map((name) => types.get(String(name).toLowerCase()))
      .filter((type) => type !== undefined);
    const empty = names.map(({ name, type }) => [name, type === "boolean" ? false : null]);
    const [emptied] = await overwrite(target, [{ id: String(id), fields: Object.fromEntries(empty) }]);
    if (emptied instanceof Error && !isGone(emptied)) throw emptied;
    return;
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
