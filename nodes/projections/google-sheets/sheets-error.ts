/** What went wrong at Google, in our own words: Google's may quote the row. */
import { parseRetryAfter } from "../../../core/index.ts";
import { StepError, statusError } from "../../kit/index.ts";

/** The client's error: the status, and what Google said (https://google.aip.dev/193). */
interface ClientError {
  status?: number;
  code?: unknown;
  response?: { headers?: Headers; data?: { error?: Said } };
}
interface Said {
  status?: string;
  message?: string;
  details?: { reason?: string }[];
}

/** Google does not say when to come again; a quota is for a minute, and five attempts go beyond that. */
const QUOTA_PAUSE_MS = 20_000;

const PROTECTED = /protected cell/;
const FULL = /number of cells .* above the limit/;
/** The request that writes rows, by its place among the requests. */
const ROWS = /^Invalid requests\[\d+\]\.(update|append)Cells/;

/** The error of a request as one that may be shown; what is none of Google's passes as it is. */
export function sheetsError(error: unknown, email: string): unknown {
  const { status, response, code } = (error ?? {}) as ClientError;
  if (error instanceof StepError) return error;
  // The connection ended in the middle of the answer.
  if (code === "ERR_STREAM_PREMATURE_CLOSE") return unreadable();
  if (status === undefined) return error;
  const retryAfter = parseRetryAfter(response?.headers?.get("retry-after"));
  if (status === 429) {
    return new StepError(
      "Google Sheets answered 429. The service account's quota of this minute is used up. If that happens often, raise it in Google's console.",
      { code: "429", transient: true, retryAfter: retryAfter ?? QUOTA_PAUSE_MS },
    );
  }
  const words = adviceFor(status, saidBy(error), email);
  if (words === undefined) return statusError("Google Sheets", status, retryAfter);
  return new StepError(`Google Sheets answered ${status}. ${words}`, {
    code: String(status),
    oneOfBatch: isRefused(error) && ROWS.test(saidBy(error).message ?? ""),
  });
}

function adviceFor(status: number, { status: name, message = "", details = [] }: Said, email: string) {
  const reasons = details.map(({ reason }) => reason);
  switch (status) {
    case 400:
      if (name === "FAILED_PRECONDITION") {
        return "The file is no Google spreadsheet. Open it in Google Drive, save it as Google Sheets, and take the URL of that.";
      }
      if (PROTECTED.test(message)) {
        return `The tab or cells in it are protected. Allow ${email} to edit them.`;
      }
      if (FULL.test(message)) {
        return "The spreadsheet is full: it has 10 million cells. Take another one, or delete tabs, rows or columns.";
      }
      return "It does not accept what was sent. Check the projection, and the name of the tab.";
    case 401:
      return reasons.includes("ACCESS_TOKEN_EXPIRED")
        ? "The signature has expired. Check the clock of this machine."
        : "The service account's key is not accepted. It may have been deleted: add a new one in Google's console.";
    case 403:
      return reasons.includes("SERVICE_DISABLED")
        ? "The Google Sheets API is off in the service account's project. Enable it in Google's console, and wait some minutes."
        : `The service account may not change the spreadsheet. Share it with ${email} as an editor.`;
    case 404:
      return "There is no such spreadsheet. Check its URL in the node.";
    default:
      return undefined;
  }
}

/** An answer that is none, because it was cut off or is a page of something between here and there. */
export function unreadable(): StepError {
  return new StepError("Google Sheets gave an answer that can't be read. Send the vCon again.", {
    code: "ANSWER_UNREADABLE",
    transient: true,
  });
}

/** Whether it does not take the request, which may be because the spreadsheet has changed since it was read. */
export function isRefused(error: unknown): boolean {
  const { status, message = "" } = saidBy(error);
  return status === "INVALID_ARGUMENT" && !PROTECTED.test(message) && !FULL.test(message);
}

/** Undefined in place of the error that the spreadsheet is not there. */
export function isGone(error: unknown): undefined {
  if ((error as ClientError).status !== 404) throw error;
}

function saidBy(error: unknown): Said {
  return (error as ClientError | undefined)?.response?.data?.error ?? {};
}
