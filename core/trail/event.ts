/** What happened to a vCon, one event a step; event names are those of draft-howe-vcon-lifecycle. */
import type { Form } from "../vcon/form.ts";
import type { JsonObject } from "../vcon/types.ts";

/** A system outside that has seen data of the vCon. */
export interface Recipient {
  vendor: string;
  product?: string;
  /** Host and port the data went to, never a whole URL: its path or query may carry a secret. */
  host: string;
  /** Which categories of data it saw: "recording", "text", "transcript", "projection", "parties", ... */
  categories: string[];
  /** What a language model read and wrote for it, in the vendor's own count. */
  tokens?: { input: number; output: number };
}

/**
 * By which the copy of a vCon can be found again at a recipient, and erased: a table and a key, a record's id, a
 * file's path. It outlives the vCon, so it holds nothing personal, and no secret.
 */
export type Handle = JsonObject;

export interface TrailEvent {
  event: "vcon_created" | "vcon_enhanced" | "vcon_sent" | "vcon_received" | "vcon_deleted";
  /** RFC 3339. */
  at: string;
  /** The Node-RED node that did the step. */
  node?: { id: string; type: string; name?: string; flow?: string };
  /** The name of the key by which it was done over the API. */
  key?: string;
  /** What was added, as parts: "analysis:transcript", "attachments:tags". */
  added?: string[];
  /** The form that the vCon has from now on, where a step has given it another. */
  form?: Form;
  /** UUID of the vCon that this one was made from, by redacting, amending or copying it. */
  source?: string;
  /** UUID of the vCon that was made from this one. */
  copy?: string;
  recipient?: Recipient;
  /** Where the recipient has its copy, if it keeps one that can be erased. */
  handle?: Handle;
  /** The recipient did not confirm: it may have seen the data, and may have kept it. */
  failed?: true;
  /** How long the step took, in milliseconds. */
  duration?: number;
}
