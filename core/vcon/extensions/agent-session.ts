/**
 * The agent session extension (draft-howe-vcon-agent-session-00): an autonomous agent as a party, the trace of its
 * session as an analysis, and what it made as attachments.
 */
import { addAnalysis, addExtension } from "../build.ts";
import { elementsOf, isObject } from "../json.ts";
import type { Analysis, Attachment, Index, JsonObject, Party, Vcon } from "../types.ts";
import { isListOfObjects, structureIn } from "./structure.ts";

/** The extension's name in `extensions`; list it in `critical` too where readers must process the trace. */
export const AGENT_SESSION_EXTENSION = "agent_session";

/** The type of analyses that hold a trace. */
export const AGENT_TRACE_TYPE = "agent_trace";

/** The purposes of the extension's attachments (section 7.1 and 8). */
export const AGENT_PURPOSES = [
  "agent_file_change",
  "agent_artifact",
  "agent_environment",
  "agent_trace_cose_sign1",
  "scitt_receipt",
] as const;

/** The format of the record in a trace: Verifiable Agent Conversations. */
const RECORD_SCHEMA = "https://datatracker.ietf.org/doc/draft-birkholz-verifiable-agent-conversations/";

/** What `meta.agent_session` of a party says of the agent (section 4). */
export interface AgentSession {
  model_id: string;
  provider: string;
  /** What recorded the session, such as "example-cli/1.2.0". */
  recording_agent?: string;
  environment?: { cwd?: string; vcs_branch?: string; vcs_commit?: string; [member: string]: unknown };
}

/** A trace found in a vCon. */
export interface AgentTrace {
  /** The analysis that holds it. */
  analysis: Index;
  /** The record as it was written. */
  record: JsonObject;
  /** Of the session: messages, tool calls and their results, reasoning, events, in order. */
  entries: JsonObject[];
}

/** The body of an "agent_file_change" (section 7). */
export interface AgentFileChange {
  path: string;
  operation?: string;
  contributor?: string;
  /** First and last line. */
  line_range?: [number, number];
  commit?: string;
  content_hash?: string;
}

/** What {@link addAgentTrace} is made of. */
export interface AgentTraceParts {
  /** A verifiable-agent-record. */
  record: JsonObject;
  /** The dialogs that the session took part in. */
  dialog: Index[];
  /** The agent, as its party says it. */
  session: Pick<AgentSession, "provider" | "model_id">;
}

/** A party for an agent; list {@link AGENT_SESSION_EXTENSION} in the vCon's `extensions`. */
export function agentParty(name: string, session: AgentSession): Party {
  return { name, role: "agent", type: "bot", validation: "system", meta: { agent_session: session } };
}

/** Adds the trace as an analysis, lists the extension, and gives back the analysis's index. */
export function addAgentTrace(vcon: Vcon, { record, dialog, session }: AgentTraceParts): Index {
  addExtension(vcon, AGENT_SESSION_EXTENSION);
  return addAnalysis(vcon, {
    type: AGENT_TRACE_TYPE,
    dialog,
    vendor: session.provider,
    product: session.model_id,
    schema: RECORD_SCHEMA,
    mediatype: "application/json",
    encoding: "json",
    body: record,
  });
}

/** The agent's session, if the party is an agent that tells of one; undefined otherwise. */
export function readAgentSession(party: Party): AgentSession | undefined {
  const meta = isObject(party) ? party.meta : undefined;
  const session = isObject(meta) ? meta.agent_session : undefined;
  if (!isObject(session) || typeof session.model_id !== "string") return;
  return typeof session.provider === "string" ? (session as unknown as AgentSession) : undefined;
}

/**
 * The traces in the vCon whose record is JSON, as the value or as a text; one in CBOR or encrypted is not read. The
 * session stands in `session`, in older records in `session-trace`.
 */
export function agentTraces(vcon: Vcon): AgentTrace[] {
  return elementsOf(vcon, "analysis").flatMap(([index, analysis]) => {
    const record = recordIn(analysis);
    if (!record) return [];
    const session = record.session ?? record["session-trace"];
    const entries = isObject(session) && isListOfObjects(session.entries) ? session.entries : [];
    return [{ analysis: index, record, entries }];
  });
}

/** The vCon's attachments of what agents made, with their indices. */
export function agentAttachments(vcon: Vcon): [Index, Attachment][] {
  return elementsOf(vcon, "attachments").filter(([, { purpose }]) =>
    (AGENT_PURPOSES as readonly unknown[]).includes(purpose),
  );
}

/** The change that an "agent_file_change" tells; undefined if it tells none. */
export function readFileChange(attachment: Attachment): AgentFileChange | undefined {
  const body = structureIn(attachment);
  return isObject(body) && typeof body.path === "string" ? (body as unknown as AgentFileChange) : undefined;
}

function recordIn(analysis: Analysis): JsonObject | undefined {
  const body = analysis.type === AGENT_TRACE_TYPE ? structureIn(analysis) : undefined;
  return isObject(body) ? body : undefined;
}
