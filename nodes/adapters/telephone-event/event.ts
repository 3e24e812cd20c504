/** Reads the event that FreeSWITCH's mod_json_cdr posts when a call has ended. */
import { readDate } from "../../../core/index.ts";
import { StepError } from "../../kit/index.ts";

/** What of a call counts for its vCon. Times are RFC 3339. */
export interface EndedCall {
  /** FreeSWITCH's UUID of the call. */
  id: string;
  direction: "inbound" | "outbound";
  began: string;
  /** Undefined if nobody answered. */
  answered: string | undefined;
  /** Of the conversation, from the answer on; undefined if the event does not say. */
  seconds: number | undefined;
  hangupCause: string;
  disposition: "no-answer" | "congestion" | "failed" | "busy";
  stereo: boolean;
  customer: { tel: string | undefined; name: string | undefined };
  agent: { tel: string | undefined };
  /** Who began the call, as an index of its parties: 0 is the customer, 1 the agent. */
  originator: 0 | 1;
  variable(name: string): string | undefined;
}

/** Hang-up causes that say why a call was not answered (FreeSWITCH, "Hangup Cause Code Table"); others failed. */
const DISPOSITIONS: Record<string, EndedCall["disposition"]> = {
  NO_ANSWER: "no-answer",
  NO_USER_RESPONSE: "no-answer",
  ORIGINATOR_CANCEL: "no-answer",
  ALLOTTED_TIMEOUT: "no-answer",
  NORMAL_CLEARING: "no-answer",
  USER_BUSY: "busy",
  CALL_REJECTED: "busy",
  SWITCH_CONGESTION: "congestion",
  NORMAL_CIRCUIT_CONGESTION: "congestion",
};

type Json = { [member: string]: unknown };

/** @throws StepError if the event is none of mod_json_cdr's */
export function readEvent(event: unknown): EndedCall {
  const record = typeof event === "string" ? parse(event) : event;
  const variables = member(record, "variables");
  const profile = member(member(firstOf(member(record, "callflow")), "caller_profile"));
  const variable = (name: string) => decoded(variables?.[name]);
  const id = variable("uuid");
  const began = timeOf(variable("start_uepoch"), variable("start_epoch"));
  if (id === undefined || began === undefined) {
    throw new StepError(
      "This is not a hang-up event of FreeSWITCH's mod_json_cdr: it has no variables.uuid or start time.",
      { code: "BAD_INPUT" },
    );
  }
  const inbound = variable("direction") !== "outbound";
  const caller = decoded(profile?.["caller_id_number"]) ?? variable("caller_id_number");
  const called = decoded(profile?.["destination_number"]) ?? variable("destination_number");
  const hangupCause = variable("hangup_cause") ?? "";
  return {
    id,
    direction: inbound ? "inbound" : "outbound",
    began,
    answered: timeOf(variable("answer_uepoch"), variable("answer_epoch")),
    seconds: /^\d+$/.test(variable("billsec") ?? "") ? Number(variable("billsec")) : undefined,
    hangupCause,
    disposition: DISPOSITIONS[hangupCause] ?? "failed",
    stereo: variable("RECORD_STEREO") === "true",
    customer: inbound
      ? { tel: caller, name: decoded(profile?.["caller_id_name"]) ?? variable("caller_id_name") }
      : { tel: called, name: variable("callee_id_name") },
    agent: { tel: inbound ? (variable("agent_extension") ?? called) : caller },
    originator: inbound ? 0 : 1,
    variable,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function member(value: unknown, name?: string): Json | undefined {
  const found = name === undefined ? value : isObject(value) ? value[name] : undefined;
  return isObject(found) || Array.isArray(found) ? (found as Json) : undefined;
}

/** The callflow is a list of profiles, the last first; older versions send one object. */
function firstOf(callflow: unknown): unknown {
  return Array.isArray(callflow) ? callflow[0] : callflow;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Variables are URL-encoded unless mod_json_cdr's `encode-values` is off; a lone % shows that they are not. */
function decoded(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Unix time in microseconds or seconds; 0 stands for never. */
function timeOf(microseconds: string | undefined, seconds: string | undefined): string | undefined {
  const milliseconds = Number(microseconds ?? 0) / 1000 || Number(seconds ?? 0) * 1000;
  return milliseconds > 0 ? readDate(milliseconds / 1000) : undefined;
}
