import { expect, it } from "vitest";
import {
  type AnyVcon,
  addAnalysis,
  addAttachment,
  categoriesOf,
  encodeBase64Url,
  newUuid,
  VconView,
  writeVcon,
} from "../../../core/index.ts";
import { call, chat, encrypted } from "../../support/vcons.ts";

const view = (vcon: ReturnType<typeof chat>) =>
  new VconView(vcon.uuid, {
    revision: "1",
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

const sealedView = (sealed: AnyVcon) => new VconView(newUuid(), { revision: "1", sealed } as never);

it("somebody who gets a signed vCon sees all that is signed", () => {
  const payload = encodeBase64Url(Buffer.from(writeVcon(chat("Good morning."))));
  const vcon = { payload, signatures: [{ signature: "AAAA" }] };
  expect(categoriesOf(sealedView(vcon))).toEqual(["parties", "text"]);
});

it("somebody who gets an encrypted vCon sees none of it", () => {
  expect(categoriesOf(sealedView(encrypted()))).toEqual(["encrypted vCon"]);
});
