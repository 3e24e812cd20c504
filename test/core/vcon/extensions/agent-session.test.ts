import { describe, expect, it } from "vitest";
import {
  type Analysis,
  addAgentTrace,
  addAttachment,
  agentAttachments,
  agentParty,
  agentTraces,
  buildNew,
  readAgentSession,
  readFileChange,
} from "../../../../core/vcon/index.ts";

const session = { model_id: "example-model-1", provider: "example", environment: { vcs_branch: "main" } };
const entries = [
  { type: "user", content: "Hello." },
  { type: "tool-call", name: "search" },
];
const record = { version: "3.0.0", id: "1", session: { "session-id": "s", entries } };

it("an agent is a party that tells of its session", () => {
  const party = agentParty("Example agent", session);
  expect(party).toMatchObject({ name: "Example agent", role: "agent", meta: { agent_session: session } });
  expect(readAgentSession(party)).toEqual(session);
  for (const meta of [undefined, null, "x", {}, { agent_session: 5 }, { agent_session: { model_id: "m" } }]) {
    expect(readAgentSession({ meta })).toBeUndefined();
  }
});

describe("a trace", () => {
  it("is added with its extension and found with its entries", () => {
    const vcon = buildNew();
    expect(addAgentTrace(vcon, { record, dialog: [0, 1], session })).toBe(0);
    expect(vcon.extensions).toEqual(["agent_session"]);
    expect(vcon.analysis![0]).toMatchObject({
      type: "agent_trace",
      dialog: [0, 1],
      vendor: "example",
      product: "example-model-1",
      encoding: "json",
      body: record,
    });
    expect(agentTraces(vcon)).toEqual([{ analysis: 0, record, entries }]);
  });

  it("is read as JSON in a text and by the older name of its session, and not of what is no JSON", () => {
    const old = { version: "1.0", id: "1", "session-trace": { entries } };
    const trace = { type: "agent_trace", vendor: "v" };
    const vcon = buildNew({
      analysis: [
        { ...trace, type: "summary", body: record },
        { ...trace, encoding: "json", body: JSON.stringify(old) },
        { ...trace, encoding: "base64url", body: "oWF4AQ" },
        { ...trace, encoding: "jwe", body: "a.b.c.d.e" },
        { ...trace, body: { session: { entries: [5] } } },
        { ...trace },
      ] as Analysis[],
    });
    expect(agentTraces(vcon)).toEqual([
      { analysis: 1, record: old, entries },
      { analysis: 4, record: { session: { entries: [5] } }, entries: [] },
    ]);
  });
});

it("what an agent made is found among the attachments", () => {
  const vcon = buildNew();
  const change = { path: "src/example.ts", operation: "edit", line_range: [10, 25] };
  addAttachment(vcon, { purpose: "note" });
  addAttachment(vcon, { purpose: "agent_file_change", party: 1, encoding: "json", body: change });
  expect(agentAttachments(vcon)).toEqual([[1, vcon.attachments![1]]]);
  expect(readFileChange(vcon.attachments![1]!)).toEqual(change);
  expect(readFileChange({ body: { path: 5 } })).toBeUndefined();
});
