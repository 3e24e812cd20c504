import { expect, it } from "vitest";
import { addAnalysis, addAttachment, categoriesOf, VconView } from "../../../core/index.ts";
import { call, chat } from "../../support/vcons.ts";

const view = (vcon: ReturnType<typeof chat>) =>
  new VconView(vcon.uuid, {
    parties: vcon.parties ?? [],
    dialog: new Map((vcon.dialog ?? []).entries()),
    attachments: new Map((vcon.attachments ?? []).entries()),
    analysis: new Map((vcon.analysis ?? []).entries()),
  });

it("somebody who gets a vCon sees each category that it holds, named once", () => {
  const vcon = call({ url: "https://example.com/a.wav" }, {});
  addAnalysis(vcon, { type: "wtf_transcription", vendor: "example", body: {} });
  addAnalysis(vcon, { type: "transcript", vendor: "example", body: "x" });
  addAnalysis(vcon, { type: "summary", vendor: "example", body: "x" });
  addAttachment(vcon, { purpose: "contract", body: "x" });
  addAttachment(vcon, { purpose: "tags", body: [] });
  expect(categoriesOf(view(vcon))).toEqual(["parties", "recording", "attachments", "transcript", "summary"]);
});

it("what has no type is no category", () => {
  const vcon = { ...chat("Good morning."), parties: [] };
  vcon.dialog = [null as never, {} as never, ...vcon.dialog!];
  expect(categoriesOf(view(vcon))).toEqual(["text"]);
});
