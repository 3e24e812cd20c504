/** The session of an AI agent (draft-howe-vcon-agent-session-00). */
import { AGENT_PURPOSES, AGENT_SESSION_EXTENSION, AGENT_TRACE_TYPE } from "../../extensions/agent-session.ts";
import { isObject } from "../../json.ts";
import type { JsonObject } from "../../types.ts";
import { type Around, anything, draft, type Fault, leniently, object, type Place, text } from "../check.ts";
import { isCount } from "../values.ts";
import type { Extension } from "./extension.ts";

const session = draft("agent-session-00");

/** Receipts are not only of agents, so they don't tell that the extension is used. */
const PURPOSES: readonly string[] = AGENT_PURPOSES.filter((purpose) => purpose !== "scitt_receipt");

const environment = object({
  cwd: session.may("4", text),
  vcs_branch: session.may("4", text),
  vcs_commit: session.may("4", text),
});
const agent = object({
  model_id: session.must("4", text),
  provider: session.must("4", text),
  recording_agent: session.should("4", leniently(text)),
  environment: session.may("4", leniently(environment)),
});
const agentMeta = object({ agent_session: session.may("4", agent) });

const trace = object(
  {
    dialog: session.must("6.1", anything),
    product: session.must("6.1", anything),
    schema: session.must("6.1", anything),
  },
  traceEncoding,
);

export const agentSession: Extension = {
  name: AGENT_SESSION_EXTENSION,
  critical: "may",
  members: {
    // Other libraries keep members of their own in `meta`, in any form.
    parties: {
      meta: session.may("4", (meta, ...place) => (isObject(meta) ? agentMeta(meta, ...place) : [])),
    },
  },
  rules: { parties: agentRole, analysis: traceOf, attachments: changingAgent },
  types: [AGENT_TRACE_TYPE],
  uses: (section, element) =>
    (section === "parties" && agentSessionOf(element) !== undefined) ||
    (section === "analysis" && element.type === AGENT_TRACE_TYPE) ||
    (section === "attachments" && PURPOSES.includes(element.purpose as string)),
};

export function agentSessionOf({ meta }: JsonObject): unknown {
  return isObject(meta) ? meta.agent_session : undefined;
}

function* agentRole(party: JsonObject): Iterable<Fault> {
  if (agentSessionOf(party) === undefined || party.role === "agent") return;
  yield session.fault(
    "4",
    "error",
    "agentRole",
    "A party with an agent's session has the role agent.",
    "/role",
  );
}

function* traceOf(analysis: JsonObject, ...place: Place): Iterable<Fault> {
  if (analysis.type === AGENT_TRACE_TYPE) yield* trace(analysis, ...place);
}

function* traceEncoding({ encoding, schema }: JsonObject): Iterable<Fault> {
  const isCbor = encoding === "base64url" && typeof schema === "string" && schema.includes("encoding=cbor");
  if (encoding === undefined || encoding === "json" || isCbor) return;
  const message = "A trace is encoded as json, or as base64url if `schema` says that it is CBOR.";
  yield session.fault("6.3", "error", "value", message, "/encoding");
}

/** What an agent changed is attached by that agent. */
function* changingAgent({ purpose, party }: JsonObject, { parties }: Around): Iterable<Fault> {
  if (purpose !== "agent_file_change" || !isCount(party)) return;
  const contributor = parties[party];
  if (!isObject(contributor) || contributor.role === "agent") return;
  yield session.fault("7", "error", "reference", "A party with the role agent belongs here.", "/party");
}
