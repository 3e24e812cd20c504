import { expect, it } from "vitest";
import {
  addAnalysis,
  addDialog,
  LargeBody,
  SYNTAX,
  type Syntax,
  type Vcon,
  VconView,
} from "../../../core/index.ts";
import { stateOf } from "../../../nodes/projections/whole-vcon.ts";
import { chat } from "../../support/vcons.ts";

function state(vcon: Vcon, syntax: Syntax = SYNTAX): string {
  const { parties = [], dialog = [], attachments = [], analysis = [], ...head } = vcon;
  const found = { revision: "1", head, parties, ...mapped({ dialog, attachments, analysis }) };
  return stateOf(new VconView(head.uuid, found as never), syntax);
}
const mapped = (sections: Record<string, unknown[]>) =>
  Object.fromEntries(Object.entries(sections).map(([name, elements]) => [name, new Map(elements.entries())]));

it("the state of a vCon is another once it was changed, also where nobody wrote down when", () => {
  const vcon = chat("Good morning.");
  const states = [state(vcon)];
  expect(state(structuredClone(vcon))).toBe(states[0]);

  states.push(state({ ...vcon, updated_at: "2026-11-03T10:00:00Z" }));
  addAnalysis(vcon, { type: "summary", vendor: "example", body: "A greeting." });
  states.push(state(vcon));
  vcon.attachments = [{ type: "tags", body: ["mood:good"] } as never];
  states.push(state(vcon));
  vcon.attachments = [{ type: "tags", body: ["mood:good", "urgent:no"] } as never];
  states.push(state(vcon));
  const body = new LargeBody(200_000, "text", async function* () {});
  addDialog(vcon, { type: "recording", start: vcon.created_at, body: body as never });
  states.push(state(vcon));
  states.push(state(vcon, "0.0.1"));
  expect(new Set(states).size).toBe(states.length);
});

it("the state of a vCon tells nothing of what was said", () => {
  expect(state(chat("Good morning."))).toMatch(/^2026-11-02T10:00:00Z \d+$/);
});
