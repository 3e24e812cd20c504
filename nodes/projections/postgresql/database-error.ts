/** What went wrong at the database, in our own words: the server's may quote the row. */
import { StepError } from "../../kit/index.ts";

/** By SQLSTATE, whole or by its class of two characters (PostgreSQL documentation, appendix A). */
const WORDS: Record<string, { what: string; transient?: boolean }> = {
  "08": { what: "The connection to it was lost.", transient: true },
  "22": { what: "A value does not fit the type of its column. Change the column or the projection." },
  "23": { what: "The row breaks a rule of the table, such as a column that must not be empty." },
  "25006": {
    what: "It takes no writes at the moment, like a standby before it takes over.",
    transient: true,
  },
  "28": { what: "It refused the user or the password. Check the server's settings." },
  "3D": { what: "The database does not exist. Check the server's URL." },
  "3F": { what: "The table's schema does not exist. Create it." },
  "40": { what: "It rolled the write back because of another one.", transient: true },
  "42501": { what: "The user may not write into the table. Grant it the right." },
  "42P01": { what: `The table does not exist. Create it, or tick "Create".` },
  "42P10": {
    what: "The key column has no unique index, so a row can't be replaced. Make it the primary key.",
  },
  "42703": { what: `The table lacks a column. Add it, or tick "Create".` },
  "42804": { what: "A value does not fit the type of its column. Change the column or the projection." },
  "53": { what: "It has no connection, disk or memory left.", transient: true },
  "55": { what: "It is locked by another user.", transient: true },
  "57": { what: "It is starting, stopping, or gave up on the write.", transient: true },
  "58": { what: "Its disk fails.", transient: true },
};

/** PostgreSQL's codes, by their classes; Node's own may have five letters too, such as EPIPE. */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/;

/** The classes of errors that a row is at fault for, and not the server or the table. */
const OF_A_ROW = new Set(["22", "23"]);

const MISSING = new Set(["42P01", "42703"]);

/** Whether the table, or a column of it, is not there. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(String((error as { code?: unknown }).code));
}

/** The error of a query as one that may be shown; what is none of the database's passes as it is. */
export function databaseError(error: unknown, creates: boolean): unknown {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  if (error instanceof StepError) return error;
  if (typeof code === "string" && SQLSTATE.test(code)) {
    const words = WORDS[code] ?? WORDS[code.slice(0, 2)];
    const what = words?.what ?? "It refused the row. Check the table and the projection.";
    // A write that creates what is missing gets over it by itself.
    const transient = words?.transient ?? (creates && isMissing(error));
    const oneOfBatch = words === undefined || OF_A_ROW.has(code.slice(0, 2));
    return new StepError(`PostgreSQL answered ${code}. ${what}`, { code, transient, oneOfBatch });
  }
  // The client's own words where the server wants a password and there is none.
  if (code === undefined && /password must be a/.test(message ?? "")) {
    return new StepError("PostgreSQL wants a password. Set it in the server's settings.", { code: "28P01" });
  }
  if (code === undefined && /does not support SSL/.test(message ?? "")) {
    return new StepError("PostgreSQL takes no encrypted connections. Remove sslmode from the server's URL.", {
      code: "NO_TLS",
    });
  }
  // The client's own words for a connection that broke or did not come about carry no code.
  if (code === undefined && /connection|timeout/i.test(message ?? "")) {
    return new StepError("PostgreSQL can't be reached. Check the server's URL, and that it runs.", {
      code: "UNREACHABLE",
      transient: true,
    });
  }
  return error;
}
