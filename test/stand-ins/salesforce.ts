/**
 * Stands in for a Salesforce org: its token endpoint, the REST API and Bulk API 2.0, with what API limits do.
 *
 * Written from Salesforce's guides to the REST API, Bulk API 2.0, SOQL and SOSL and its OAuth flows
 * (https://developer.salesforce.com/docs), its object reference, and answers that users have published. It knows no
 * users, layouts or currencies, and refuses a JSON value of another type than its field's, where Salesforce may be
 * more lenient. Address and headers may have 16 kB together, which is what Node's server allows by itself.
 */
import {
  type Answer,
  type Received,
  type StandIn,
  type StandInOptions,
  startStandIn,
} from "../../flows/stand-ins/stand-in.ts";
import { BulkJobs } from "./salesforce/bulk.ts";
import { failure, notFound, Refusal, refusalAnswer } from "./salesforce/errors.ts";
import { type Client, Sessions } from "./salesforce/oauth.ts";
import { Records, type Rule } from "./salesforce/records.ts";
import { Rest } from "./salesforce/rest.ts";
import { CONVERSATION, STANDARD } from "./salesforce/schema.ts";

export type { Client } from "./salesforce/oauth.ts";
export type { Change, Saved } from "./salesforce/records.ts";

export interface SalesforceOptions extends StandInOptions {
  /** The one that is let in. */
  client: Client;
}

export interface SalesforceStandIn extends StandIn {
  records: Records;
  sessions: Sessions;
  jobs: BulkJobs;
  /** The org's own rules: may be set by a test. */
  rule: Rule;
  /** How many requests the org may get in a day. */
  dailyRequests: number;
}

const TOKEN_PATH = "/services/oauth2/token";
const VERSION = /^\/services\/data\/v(\d+\.0)(\/.*)?$/;
const OLDEST_VERSION = 46;
const LARGEST_BODY_BYTES = 200_000_000;

/** An org with the objects Contact, Task and Conversation__c, and no records. */
export async function startSalesforceStandIn(options: SalesforceOptions): Promise<SalesforceStandIn> {
  const records = new Records([...STANDARD, CONVERSATION], (change) => org.rule(change));
  const sessions = new Sessions(options.client);
  const jobs = new BulkJobs(records);
  const rests = new Map<string, Rest>();
  let used = 0;

  const standIn = await startStandIn(
    { largestBody: LARGEST_BODY_BYTES, answer, failure: (status) => withLimit(failure(status)) },
    options,
  );
  const org: SalesforceStandIn = Object.assign(standIn, {
    records,
    sessions,
    jobs,
    rule: () => undefined,
    dailyRequests: 15_000,
  });
  return org;

  async function answer(request: Received): Promise<Answer> {
    if (request.path === TOKEN_PATH) return sessions.answer(request, standIn.url);
    used++;
    try {
      return withLimit(api(request));
    } catch (thrown) {
      if (thrown instanceof Refusal) return withLimit(refusalAnswer(thrown));
      throw thrown;
    }
  }

  function api(request: Received): Answer {
    const [, version, path = ""] = VERSION.exec(request.path) ?? [];
    if (version === undefined || Number(version) < OLDEST_VERSION) throw notFound();
    if (!sessions.isOpen(request)) return failure(401);
    if (used > org.dailyRequests) return failure(403);
    if (path === "/limits") return { status: 200, body: limits() };
    const bulk = "/jobs/ingest";
    if (path.startsWith(bulk)) return jobs.answer(request, path.slice(bulk.length), version);
    const rest = rests.get(version) ?? new Rest(records, version);
    rests.set(version, rest);
    return rest.answer(request, path);
  }

  function limits(): object {
    return { DailyApiRequests: { Max: org.dailyRequests, Remaining: Math.max(0, org.dailyRequests - used) } };
  }

  /** Each answer tells how much of the day's share is used. */
  function withLimit({ headers, ...answered }: Answer): Answer {
    const usage = `api-usage=${used}/${org.dailyRequests}`;
    return { ...answered, headers: { ...headers, "sforce-limit-info": usage } };
  }
}
