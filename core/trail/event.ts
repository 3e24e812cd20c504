/** What happened to a vCon, one event a step; event names are those of draft-howe-vcon-lifecycle. */

/** A system outside that has seen data of the vCon. */
export interface Recipient {
  vendor: string;
  product?: string;
  /** Host and port the data went to, never a whole URL: its path or query may carry a secret. */
  host: string;
  /** Which categories of data it saw: "recording", "text", "transcript", "projection", "parties", ... */
  categories: string[];
}

export interface TrailEvent {
  event: "vcon_created" | "vcon_enhanced" | "vcon_sent" | "vcon_received" | "vcon_deleted";
  /** RFC 3339. */
  at: string;
  /** The Node-RED node that did the step. */
  node?: { id: string; type: string; name?: string; flow?: string };
  /** What was added, as parts: "analysis:transcript", "attachments:tags". */
  added?: string[];
  recipient?: Recipient;
  /** How long the step took, in milliseconds. */
  duration?: number;
}
