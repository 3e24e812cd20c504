/**
 * Saves very many records by Bulk API 2.0. Its requests go through the client's connection: the client's own module for
 * it tries again by itself, and takes five characters at once for what separates cells.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { StepError } from "../../kit/index.ts";
import { comparableKey } from "./external-id.ts";
import type { Value } from "./fields.ts";
import { pieces } from "./quoting.ts";
import { complaintError, salesforceError } from "./salesforce-error.ts";
import { type Saved, type Saving, save, type Target } from "./save.ts";

/** From how many on Salesforce advises it; a job takes some requests and seconds, however few it saves. */
export const MANY = 2000;

/** A file has 150 MB at most, which Salesforce counts as base64. */
const MOST = { entries: Number.POSITIVE_INFINITY, characters: 30_000_000 };

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

const NOTHING = "#N/A";

/** Upserts, in the order of the records; no two of them have the same external id. */
export async function saveInBulk(target: Target, records: readonly Saving[]): Promise<Saved[]> {
  const results = new Map<Saving, Saved>();
  const inCsv = records.filter(fitsCsv);
  for (const piece of pieces(inCsv, MOST, ({ fields }) => JSON.stringify(fields).length)) {
    const saved = await job(target, piece).catch((error) => {
      target.signal.throwIfAborted();
      return piece.map(() => salesforceError(error));
    });
    for (const [index, record] of piece.entries()) results.set(record, saved[index]!);
  }
  const others = records.filter((record) => !results.has(record));
  for (const [index, saved] of (await save(target, others)).entries()) results.set(others[index]!, saved);
  return records.map((record) => results.get(record)!);
}

/** What would be read as another value, or spoil the lines. */
function fitsCsv({ fields }: Saving): boolean {
  return Object.values(fields).every((value) => value !== NOTHING && !String(value).includes("\r"));
}

interface JobInfo {
  id: string;
  state: "Open" | "UploadComplete" | "InProgress" | "JobComplete" | "Aborted" | "Failed";
}

async function job(target: Target, records: readonly Saving[]): Promise<Saved[]> {
  const { object, key } = target;
  const jobs = "/jobs/ingest";
  const wanted = {
    object,
    externalIdFieldName: key,
    operation: "upsert",
    contentType: "CSV",
    lineEnding: "LF",
  };
  const { id } = await request<JobInfo>(target, "POST", jobs, wanted);
  const path = `${jobs}/${id}`;
  try {
    await requestText(target, "PUT", `${path}/batches`, toCsv(records));
    await request(target, "PATCH", path, { state: "UploadComplete" });
    await finished(target, path);
  } catch (error) {
    await request(target, "PATCH", path, { state: "Aborted" }).catch(() => {});
    throw error;
  }
  const succeeded = await requestText(target, "GET", `${path}/successfulResults`);
  const failed = await requestText(target, "GET", `${path}/failedResults`);
  // A job keeps its records for a week otherwise.
  await request(target, "DELETE", path).catch(() => {});
  return resultsOf(target, records, [...rowsOf(succeeded), ...rowsOf(failed)]);
}

async function finished(target: Target, path: string): Promise<void> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    await sleep(pause, undefined, { signal: target.signal });
    const { id, state } = await request<JobInfo>(target, "GET", path);
    if (state === "JobComplete") return;
    if (state === "Failed" || state === "Aborted") {
      throw new StepError(
        `The bulk job ${id} ended as "${state}". In Salesforce, Setup, Bulk Data Load Jobs says why.`,
        { code: "BULK_JOB_FAILED" },
      );
    }
  }
}

/** Results come in any order; the external id tells whose they are. */
function resultsOf(
  { key, columns }: Target,
  records: readonly Saving[],
  rows: Record<string, string>[],
): Saved[] {
  const byKey = new Map(rows.map((row) => [comparableKey(row[key!]), row]));
  return records.map(({ fields }) => {
    const row = byKey.get(comparableKey(fields[key!]));
    if (row === undefined) {
      return new StepError("Salesforce's bulk job did not get to the record. Send the vCon again.", {
        code: "BULK_JOB_FAILED",
      });
    }
    const { sf__Id: id = "", sf__Error } = row;
    return sf__Error === undefined ? { id } : complaintError(complaintIn(sf__Error), columns);
  });
}

/** "CODE:what it says:the fields --" */
function complaintIn(error: string) {
  const [, code = "", fields = ""] = /^(\w+):.*?(?::([\w,]*) ?--)?$/s.exec(error) ?? [];
  return { code: code || "NO_CODE", fields: fields.split(",").filter(Boolean) };
}

/** Only what is there is written: an empty cell leaves the field as it is. */
function toCsv(records: readonly Saving[]): string {
  const names = [...new Set(records.flatMap(({ fields }) => Object.keys(fields)))];
  const rows = records.map(({ fields }) => names.map((name) => cell(fields[name])));
  return stringify([names, ...rows]);
}

function cell(value: Value | undefined): string {
  return value === undefined ? "" : String(value ?? NOTHING);
}

function rowsOf(csv: string): Record<string, string>[] {
  return parse(csv, { columns: true, skip_empty_lines: true });
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

async function request<Answer>(target: Target, method: Method, url: string, body?: object): Promise<Answer> {
  const json = { "content-type": "application/json; charset=utf-8" };
  return target.org.ask((connection) =>
    connection.request<Answer>({
      method,
      url,
      ...(body && { body: JSON.stringify(body), headers: json }),
    }),
  );
}

async function requestText(target: Target, method: Method, url: string, body?: string): Promise<string> {
  const csv = { "content-type": "text/csv; charset=utf-8" };
  return target.org.ask((connection) =>
    connection.request<string>(
      { method, url, ...(body !== undefined && { body, headers: csv }) },
      { responseType: "text/plain" },
    ),
  );
}
