/** What went wrong at Salesforce, in our own words: Salesforce's may quote the record. */
import { outsideError, StepError, statusError } from "../../kit/index.ts";

/** What Salesforce says of one record in a collection, or of a request as a whole. */
export interface Complaint {
  code: string;
  /** The API names of the fields that it is about. */
  fields?: readonly string[];
}

interface Words {
  what: string;
  transient?: true;
  /** It is about what stands in a field. */
  value?: true;
  /** One record spoils the request for the others. */
  oneOfMany?: true;
}

/** By Salesforce's status and error codes (SOAP API Developer Guide, "API Fault Element" and "StatusCode"). */
const WORDS: Record<string, Words> = {
  // What stands in a field
  STRING_TOO_LONG: { what: "The text is longer than the field allows.", value: true },
  NUMBER_OUTSIDE_VALID_RANGE: { what: "The number has more digits than the field allows.", value: true },
  INVALID_EMAIL_ADDRESS: { what: "The text is no e-mail address.", value: true },
  INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: { what: "The value is none of the picklist's.", value: true },
  INVALID_TYPE_ON_FIELD_IN_RECORD: { what: "The value does not fit the type of the field.", value: true },
  MALFORMED_ID: { what: "The value is no id of a record.", value: true },
  JSON_PARSER_ERROR: { what: "A value does not fit the type of its field.", value: true, oneOfMany: true },
  // The record
  REQUIRED_FIELD_MISSING: { what: "A required field is empty. Fill it from a column." },
  FIELD_CUSTOM_VALIDATION_EXCEPTION: { what: "The record breaks a validation rule of the org." },
  FIELD_FILTER_VALIDATION_EXCEPTION: { what: "The record breaks a lookup filter of the org." },
  FIELD_INTEGRITY_EXCEPTION: { what: "A field's value does not go with the others." },
  DUPLICATES_DETECTED: {
    what: "A duplicate rule of the org holds the record for one that is there. Use an external id, or change the rule.",
  },
  DUPLICATE_VALUE: { what: "Another record has the same value in a field that must be unique." },
  DUPLICATE_EXTERNAL_ID: {
    what: "Several records have this external id. Make the field unique, or delete all but one.",
  },
  MULTIPLE_CHOICES: {
    what: "Several records have this external id. Make the field unique, or delete all but one.",
  },
  MISSING_ARGUMENT: { what: "The external id is empty." },
  INVALID_CROSS_REFERENCE_KEY: { what: "The record, or one that it refers to, does not exist." },
  ENTITY_IS_DELETED: { what: "The record was deleted." },
  ENTITY_IS_LOCKED: { what: "The record is locked, such as by an approval." },
  CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: { what: "A trigger or flow of the org failed on the record." },
  CANNOT_EXECUTE_FLOW_TRIGGER: { what: "A flow of the org failed on the record." },
  STORAGE_LIMIT_EXCEEDED: { what: "The org's storage is full." },
  // What the user may do
  INSUFFICIENT_ACCESS: { what: "The user may not do this. Grant it the right." },
  INSUFFICIENT_ACCESS_OR_READONLY: { what: "The user may not write the record. Grant it the right." },
  INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY: {
    what: "The user may not see a record that this one refers to. Grant it the right.",
  },
  INVALID_FIELD_FOR_INSERT_UPDATE: { what: "The user may not write a field. Grant it the right." },
  INVALID_SESSION_ID: { what: 'The session was refused. The app needs the OAuth scope "api".' },
  API_DISABLED_FOR_ORG: { what: "The org's edition has no API, or the user may not use it." },
  FUNCTIONALITY_NOT_ENABLED: { what: "The org does not have what this needs." },
  // What is there
  NOT_FOUND: {
    what: "The object or the external id field does not exist, is not ticked External ID, or the user may not see it.",
  },
  INVALID_TYPE: { what: "The object does not exist, or the user may not see it." },
  INVALID_FIELD: { what: "A field does not exist, or the user may not see it." },
  INVALID_FIELD_FOR_UPSERT: { what: "The field is no external id." },
  // What passes
  UNABLE_TO_LOCK_ROW: { what: "Another change held the record.", transient: true },
  REQUEST_LIMIT_EXCEEDED: { what: "The org had too many requests at the same moment.", transient: true },
  REQUEST_RUNNING_TOO_LONG: { what: "It took too long.", transient: true },
  QUERY_TIMEOUT: { what: "It took too long.", transient: true },
  SERVER_UNAVAILABLE: { what: "It has a fault at the moment.", transient: true },
  API_CURRENTLY_DISABLED: { what: "It is under maintenance.", transient: true },
  UNKNOWN_EXCEPTION: { what: "It has a fault at the moment.", transient: true },
};

/** @param columns the column that goes into each field */
export function complaintError(
  { code, fields = [] }: Complaint,
  columns: ReadonlyMap<string, string>,
): StepError {
  const words = WORDS[code] ?? { what: "It refused the record." };
  const named = fields.map((field) => nameOf(field, columns));
  const about = named.length > 0 ? ` It is about ${named.join(" and ")}.` : "";
  return new StepError(`Salesforce answered ${code}. ${words.what}${about}`, {
    code: words.value ? "BAD_VALUE" : code,
    transient: words.transient ?? false,
    oneOfBatch: words.oneOfMany ?? false,
  });
}

function nameOf(field: string, columns: ReadonlyMap<string, string>): string {
  const column = columns.get(field);
  return column === undefined ? `the field ${field}` : `the column "${column}" for the field ${field}`;
}

/** Whatever the client threw, as an error that may be shown. */
export function salesforceError(error: unknown): Error {
  if (error instanceof StepError) return error;
  const code = codeOf(error);
  if (code === undefined) return outsideError("Salesforce", error);
  const [, status] = /^ERROR_HTTP_(\d{3})$/.exec(code) ?? [];
  return status ? statusError("Salesforce", Number(status)) : complaintError({ code }, new Map());
}

/** Salesforce's own code; of several errors the first one's. */
export function codeOf(error: unknown): string | undefined {
  const { errorCode, data } = (error ?? {}) as { errorCode?: unknown; data?: unknown };
  if (errorCode === "MULTIPLE_API_ERRORS" && Array.isArray(data)) return codeOf(data[0]);
  return typeof errorCode === "string" && /^[A-Z][A-Z0-9_]+$/.test(errorCode) ? errorCode : undefined;
}
