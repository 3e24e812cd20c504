/** A Salesforce org, as its config node gives it. */
import type { Connection } from "jsforce/lib/connection.js";

export interface Org {
  host: string;
  /** Sends one request; once more where the session had expired. */
  ask<Answer>(request: (connection: Connection) => Promise<Answer>): Promise<Answer>;
}
