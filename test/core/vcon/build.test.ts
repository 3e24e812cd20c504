import { describe, expect, it } from "vitest";
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addExtension,
  addParty,
  agentParty,
  buildNew,
  findUuid,
  type Party,
  readVcon,
  uuid8,
  WTF_EXTENSION,
  writeVcon,
} from "../../../core/vcon/index.ts";

describe("buildNew", () => {
  it("makes a UUID and a date", () => {
    const before = Date.now();
    const vcon = buildNew({ subject: "A call", created_at: undefined });
    expect(vcon).toMatchObject({ vcon: "0.4.0", subject: "A call" });
    expect(findUuid(vcon.uuid)).toBe(vcon.uuid);
    expect(Date.parse(vcon.created_at)).toBeGreaterThanOrEqual(before);
    expect(buildNew().uuid).not.toBe(vcon.uuid);
  });

  it("keeps what it is given", () => {
    const given = { uuid: "01928e10-193e-8231-b9a2-279e0d16bc46", created_at: "2026-01-02T03:04:05Z" };
    expect(buildNew(given)).toEqual({ ...given, vcon: "0.4.0" });
  });
});

it("parts are added behind the others and told by their index, and what was built needs no normalising", () => {
  const vcon = buildNew({ created_at: "2026-01-02T03:04:05Z" });
  expect(addParty(vcon, { tel: "+12025550101" })).toBe(0);
  expect(addParty(vcon, { name: "Bob" })).toBe(1);
  expect(
    addDialog(vcon, {
      type: "text",
      parties: [0, 1],
      mediatype: "text/plain",
      encoding: "none",
      body: "Hi.",
    }),
  ).toBe(0);
  expect(addDialog(vcon, { type: "incomplete", disposition: "busy" })).toBe(1);
  expect(addAttachment(vcon, { purpose: "contract", party: 1 })).toBe(0);
  expect(
    addAnalysis(vcon, { type: "summary", vendor: "v", dialog: 0, encoding: "none", body: "Short." }),
  ).toBe(0);
  addExtension(vcon, WTF_EXTENSION);
  addExtension(vcon, "CC");
  addExtension(vcon, WTF_EXTENSION);

  expect(vcon.parties).toEqual([{ tel: "+12025550101" }, { name: "Bob" }]);
  expect(vcon.dialog).toHaveLength(2);
  expect(vcon.attachments).toEqual([
    { purpose: "contract", start: "2026-01-02T03:04:05Z", party: 1, dialog: 0 },
  ]);
  expect(vcon.extensions).toEqual(["wtf_transcription", "CC"]);
  expect(readVcon(writeVcon(vcon))).toEqual({ form: "unsigned", vcon, changes: [], left: [] });
});

// The suffixes that deployed systems make of these hosts.
it.each([
  ["strolid.com", "9dd8-dd37220d739c"],
  ["py-test.org", "a20f-d188127fad29"],
  ["example.com", "8caa-f24ab1a0c334"],
])("the version 8 UUID of %s ends in %s", (host, suffix) => {
  expect(uuid8(host, 0x0196010bbaaf, 0xc8c)).toBe(`0196010b-baaf-8c8c-${suffix}`);
});

it.each<[string, Party, string[] | undefined]>([
  ["with a role uses the extension for contact centres", { role: "agent" }, ["CC"]],
  ["with a contact list does", { contact_list: "Winter" }, ["CC"]],
  [
    "of an agent's session has a role of another extension",
    agentParty("Ada", { model_id: "m", provider: "p" } as never),
    undefined,
  ],
  ["with a name alone uses none", { name: "Bob" }, undefined],
])("a party %s", (_, party, extensions) => {
  const vcon = buildNew();
  addParty(vcon, party);
  addParty(vcon, party);
  expect(vcon.extensions).toEqual(extensions);
});
