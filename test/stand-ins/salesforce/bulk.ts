/**
 * Bulk API 2.0, as far as records are brought in by it: a job is made, gets its CSV, is closed, works while it is asked
 * how far it is, and then has its results, in no order that a client could count on.
 */
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import type { Answer, Received } from "../../../flows/stand-ins/stand-in.ts";
import { BadRecord, notFound, Refusal } from "./errors.ts";
import { externalIdOf, type Fields, type Records } from "./records.ts";
import { type Field, fromCsv, type ObjectType } from "./schema.ts";

/** What a client may say of a new job. */
const MEMBERS = [
  "object",
  "operation",
  "externalIdFieldName",
  "contentType",
  "lineEnding",
  "columnDelimiter",
  "assignmentRuleId",
];
const OPERATIONS = ["insert", "update", "upsert", "delete"];
const LONGEST_CSV_BYTES = 150_000_000;
const FINISHED = ["JobComplete", "Aborted", "Failed"];

export interface Job {
  id: string;
  /** Whether it works for ever. */
  isStuck?: boolean;
  object: ObjectType;
  operation: string;
  key: Field | undefined;
  lineEnding: "LF" | "CRLF";
  state: "Open" | "UploadComplete" | "InProgress" | "JobComplete" | "Aborted" | "Failed";
  errorMessage?: string;
  csv?: string;
  header: string[];
  succeeded: string[][];
  failed: string[][];
}

export class BulkJobs {
  readonly #records: Records;
  readonly #jobs = new Map<string, Job>();
  #count = 0;
  /** Called when a job begins to work: may be set by a test, to have it go wrong. */
  onStart: (job: Job) => void = () => {};

  constructor(records: Records) {
    this.#records = records;
  }

  /** How the jobs stand, the oldest first. */
  get states(): string[] {
    return [...this.#jobs.values()].map(({ state }) => state);
  }

  /** @param path behind /jobs/ingest */
  answer({ method, headers, body }: Received, path: string, version: string): Answer {
    const [, id, resource] = /^(?:\/(\w+)(?:\/(\w+))?)?\/?$/.exec(path) ?? [];
    if (path === "" && method === "POST") return { status: 200, body: info(this.#make(json(body)), version) };
    const job = this.#jobs.get(id ?? "");
    if (job === undefined) throw notFound();
    switch (`${method} ${resource ?? ""}`) {
      case "PUT batches":
        return this.#upload(job, headers["content-type"] ?? "", body);
      case "PATCH ":
        return { status: 200, body: info(this.#change(job, json(body)), version) };
      case "GET ":
        return { status: 200, body: info(this.#work(job), version) };
      case "DELETE ":
        this.#jobs.delete(job.id);
        return { status: 204, body: undefined };
      case "GET successfulResults":
        return csv(["sf__Id", "sf__Created", ...job.header], this.#finished(job).succeeded);
      case "GET failedResults":
        return csv(["sf__Id", "sf__Error", ...job.header], this.#finished(job).failed);
      case "GET unprocessedrecords":
        return csv(job.header, job.state === "JobComplete" ? [] : rowsOf(job.csv ?? "").slice(1));
      default:
        throw notFound();
    }
  }

  #make(wanted: Record<string, unknown>): Job {
    const unknown = Object.keys(wanted).find((name) => !MEMBERS.includes(name));
    if (unknown) throw new Refusal(400, "JSON_PARSER_ERROR", `Unrecognized field "${unknown}"`);
    const { object, operation, externalIdFieldName, contentType = "CSV", columnDelimiter = "COMMA" } = wanted;
    const { lineEnding = "LF" } = wanted as { lineEnding?: "LF" | "CRLF" };
    if (typeof object !== "string" || !OPERATIONS.includes(String(operation)))
      throw invalidJob("Missing job");
    if (contentType !== "CSV" || columnDelimiter !== "COMMA" || !["LF", "CRLF"].includes(lineEnding)) {
      throw invalidJob("Unsupported content");
    }
    const type = this.#records.objectNamed(object);
    const isUpsert = operation === "upsert";
    if (isUpsert !== (externalIdFieldName !== undefined)) throw invalidJob("External ID for an upsert only");
    const job: Job = {
      id: `7505f00000${String(++this.#count).padStart(5, "0")}AAA`,
      object: type,
      operation: String(operation),
      key: isUpsert ? externalIdOf(type, String(externalIdFieldName)) : undefined,
      lineEnding,
      state: "Open",
      header: [],
      succeeded: [],
      failed: [],
    };
    this.#jobs.set(job.id, job);
    return job;
  }

  #upload(job: Job, type: string, body: Buffer): Answer {
    if (job.state !== "Open") throw new Refusal(400, "INVALIDJOBSTATE", "Job is not open");
    if (!/^text\/csv\b/.test(type)) throw new Refusal(400, "INVALIDJOB", "Content-Type must be text/csv");
    // Counted as base64, which is what Salesforce makes of it.
    if (body.length * 1.5 > LONGEST_CSV_BYTES) {
      throw new Refusal(413, "EXCEEDED_MAX_SIZE_REQUEST", "The file is too large");
    }
    job.csv = body.toString();
    return { status: 201, body: "" };
  }

  #change(job: Job, { state, ...others }: Record<string, unknown>): Job {
    const isNext = job.state === "Open" && state === "UploadComplete" && job.csv !== undefined;
    const isAborted = state === "Aborted" && !FINISHED.includes(job.state);
    if (Object.keys(others).length > 0 || !(isNext || isAborted)) {
      throw new Refusal(400, "INVALIDJOBSTATE", "The job can't be brought into that state");
    }
    job.state = isNext ? "UploadComplete" : "Aborted";
    if (isNext) this.onStart(job);
    return job;
  }

  /** A job is in progress the first time that it is asked, and done the second time. */
  #work(job: Job): Job {
    if (job.state === "InProgress" && !job.isStuck) this.#process(job);
    else if (job.state === "UploadComplete") job.state = "InProgress";
    return job;
  }

  #process(job: Job): void {
    const fault = endsOtherwise(job) ?? this.#faultyHeader(job);
    if (fault !== undefined) {
      job.state = "Failed";
      job.errorMessage = fault;
      return;
    }
    for (const row of rowsOf(job.csv!).slice(1)) this.#save(job, row);
    job.succeeded.reverse();
    job.state = "JobComplete";
  }

  #faultyHeader(job: Job): string | undefined {
    job.header = rowsOf(job.csv!)[0] ?? [];
    const unknown = job.header.find(
      (name) => !job.object.fields.some((field) => field.name.toLowerCase() === name.toLowerCase()),
    );
    return unknown && `InvalidBatch : Field name not found : ${unknown}`;
  }

  #save(job: Job, row: string[]): void {
    try {
      const { id, created } = this.#saved(job, row);
      job.succeeded.push([id, String(created), ...row]);
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      const { statusCode, message, fields } = error.error;
      job.failed.push(["", `${statusCode}:${message}:${fields.join(",")} --`, ...row]);
    }
  }

  #saved(job: Job, row: string[]): { id: string; created: boolean } {
    const { object, key, header } = job;
    const fields: Fields = {};
    for (const [index, name] of header.entries()) {
      const field = object.fields.find((known) => known.name.toLowerCase() === name.toLowerCase())!;
      // An empty cell leaves the field as it is.
      if (row[index] !== "") fields[field.name] = fromCsv(field, row[index]!);
    }
    const records = this.#records;
    if (key) {
      const { [key.name]: value = null, ...others } = fields;
      return records.upsert(object, key, value, others);
    }
    if (job.operation === "insert") return { id: records.create(object, fields), created: true };
    const { Id, ...others } = fields;
    if (job.operation === "update") records.update(object, String(Id), others);
    else records.remove(object, String(Id));
    return { id: String(Id), created: false };
  }

  #finished(job: Job): Job {
    if (FINISHED.includes(job.state)) return job;
    throw new Refusal(400, "INVALIDJOBSTATE", "The job is not finished");
  }
}

function info(
  { id, object, operation, key, lineEnding, state, errorMessage, succeeded, failed }: Job,
  version: string,
): object {
  return {
    id,
    operation,
    object: object.name,
    createdById: "0055f0000000001AAA",
    createdDate: new Date().toISOString().replace("Z", "+0000"),
    systemModstamp: new Date().toISOString().replace("Z", "+0000"),
    state,
    ...(key && { externalIdFieldName: key.name }),
    concurrencyMode: "Parallel",
    contentType: "CSV",
    apiVersion: Number(version),
    contentUrl: `services/data/v${version}/jobs/ingest/${id}/batches`,
    lineEnding,
    columnDelimiter: "COMMA",
    jobType: "V2Ingest",
    numberRecordsProcessed: succeeded.length + failed.length,
    numberRecordsFailed: failed.length,
    ...(errorMessage && { errorMessage }),
  };
}

/** A line break of the other kind, be it within a cell, spoils the whole file. */
function endsOtherwise({ csv = "", lineEnding }: Job): string | undefined {
  const has = csv.includes("\r") ? "CRLF" : "LF";
  if (has === lineEnding || !csv.includes("\n")) return undefined;
  return `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`;
}

function rowsOf(text: string): string[][] {
  return parse(text, { relax_column_count: false, skip_empty_lines: true });
}

function csv(header: string[], rows: string[][]): Answer {
  const body = stringify([header, ...rows], { quoted: true, quoted_empty: true });
  return { status: 200, headers: { "content-type": "text/csv" }, body };
}

function json(body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new Refusal(400, "JSON_PARSER_ERROR", "The body can't be parsed");
  }
}

const invalidJob = (message: string) => new Refusal(400, "INVALIDJOB", message);
