import { describe, expect, it } from "vitest";
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addTag,
  amendVcon,
  buildNew,
  type Redaction,
  readVcon,
  redactVcon,
  signVcon,
  type Vcon,
  verifyVcon,
  writeVcon,
} from "../../../../core/vcon/index.ts";
import { frozen } from "../../../support/frozen.ts";
import { ec, signer, trusted } from "../../../support/signers.ts";
import { call, chat, inline } from "../../../support/vcons.ts";

const UUID = "01928e10-193e-8231-b9a2-279e0d16bc46";
const HASH = `sha512-${"a".repeat(86)}`;

const given = frozen(readVcon(conversation()).vcon as Vcon);

function conversation(): Vcon {
  const vcon = call(
    { ...inline(Buffer.from("sound")), filename: "call.mp3", content_hash: HASH },
    { url: "https://example.com/call.mp3", content_hash: HASH, mediatype: "audio/x-mp3" },
  );
  addDialog(vcon, {
    type: "text",
    start: vcon.created_at,
    parties: [0, 1],
    mediatype: "text/plain",
    filename: "hello.txt",
    encoding: "none",
    body: "Hello.",
    message_id: "m-1",
  });
  addDialog(vcon, { type: "incomplete", start: vcon.created_at, disposition: "busy" });
  const analysis = { vendor: "v", dialog: 0, encoding: "none", body: "Carol called." };
  for (const type of ["transcript", "wtf_transcription", "summary"]) addAnalysis(vcon, { type, ...analysis });
  addAttachment(vcon, {
    purpose: "contract",
    party: 0,
    encoding: "none",
    body: "I agree.",
    mediatype: "text/plain",
  });
  addTag(vcon, "topic", "billing");
  return vcon;
}

function redact(what: Redaction, vcon = given): Vcon {
  return redactVcon(vcon, what, { uuid: UUID, type: "for a test" });
}

describe("a redacted vCon", () => {
  it("names the one that it was made of and what was redacted, has a time of its own, and is read as it is", () => {
    const redacted = redact({ recordings: true, analyses: "all", attachments: "all" });
    expect(redacted).toMatchObject({ uuid: UUID, redacted: { uuid: given.uuid, type: "for a test" } });
    expect(Date.parse(redacted.created_at)).toBeGreaterThan(Date.parse(given.created_at));
    expect(redacted).not.toHaveProperty("updated_at");
    expect(readVcon(writeVcon(redacted))).toMatchObject({ vcon: redacted, changes: [] });
  });

  it("of which nothing was to be redacted is the same otherwise", () => {
    const { uuid, created_at, redacted, ...content } = redact({});
    const { uuid: _, created_at: _1, ...givenContent } = given;
    expect(content).toEqual(givenContent);
  });

  it("of an amended or redacted one names that one alone", () => {
    const amended = amendVcon(given);
    expect(redact({}, amended).redacted?.uuid).toBe(amended.uuid);
    expect(redact({}, amended)).not.toHaveProperty("amended");
    const once = redactVcon(given, { texts: true }, { type: "texts" });
    expect(redact({ analyses: "all" }, once).redacted).toEqual({ uuid: once.uuid, type: "for a test" });
  });

  it("can be signed, as the one that it was made of was", async () => {
    const verified = await verifyVcon(await signVcon(given, signer(ec)), { trusted });
    const redacted = redact({ parties: [0] }, verified.vcon);
    const again = await verifyVcon(await signVcon(redacted, signer(ec)), { trusted });
    const { updated_at, ...rest } = again.vcon;
    expect(rest).toEqual(redacted);
    expect(again.changes).toEqual([]);
  });

  it("is refused where an extension that nobody here knows is critical", () => {
    const unknown = buildNew({ critical: ["lawful_basis", "x-unknown"] });
    expect(() => redact({}, unknown)).toThrow(expect.objectContaining({ code: "EXTENSION_UNSUPPORTED" }));
    expect(() => redact({}, buildNew({ critical: ["lawful_basis"] }))).not.toThrow();
  });
});

describe("the recordings", () => {
  it("lose their media and keep what the draft's example keeps", () => {
    const about = { type: "recording", start: given.created_at, parties: [0, 1], mediatype: "audio/x-mp3" };
    const { dialog } = redact({ recordings: true });
    expect(dialog!.slice(0, 2)).toEqual([
      { ...about, filename: "call.mp3", content_hash: HASH },
      { ...about, content_hash: HASH },
    ]);
    expect(dialog!.slice(2)).toEqual(given.dialog!.slice(2));
  });
});

describe("the texts", () => {
  it("are gone with their names and hashes, and nothing else is", () => {
    const { dialog, ...rest } = redact({ texts: true });
    expect(dialog![2]).toEqual({
      type: "text",
      start: given.created_at,
      parties: [0, 1],
      mediatype: "text/plain",
      message_id: "m-1",
    });
    expect(dialog![3]).toEqual({ type: "incomplete", start: given.created_at, disposition: "busy" });
    expect(dialog!.slice(0, 2)).toEqual(given.dialog!.slice(0, 2));
    expect(rest.analysis).toEqual(given.analysis);
  });
});

describe("analyses and attachments", () => {
  it.each<[Redaction["analyses"], string[]]>([
    ["all", []],
    [["summary"], ["transcript", "wtf_transcription"]],
    [["transcript"], ["summary"]],
    [["wtf_transcription"], ["transcript", "summary"]],
    [[], ["transcript", "wtf_transcription", "summary"]],
  ])("leave a placeholder: %j of the analyses", (analyses, left) => {
    const { analysis } = redact({ analyses });
    expect(analysis).toHaveLength(3);
    for (const [index, one] of analysis!.entries()) {
      const isLeft = left.includes(given.analysis![index]!.type);
      expect(one).toEqual(isLeft ? given.analysis![index] : {});
    }
  });

  it.each<[Redaction["attachments"], number[]]>([
    ["all", []],
    ["all but tags", [1]],
    [["contract"], [1]],
    [["tags"], [0]],
    [[], [0, 1]],
  ])("leave a placeholder: %j of the attachments", (attachments, left) => {
    const redacted = redact({ attachments }).attachments;
    expect(redacted).toEqual(given.attachments!.map((one, index) => (left.includes(index) ? one : {})));
  });
});

describe("details of parties", () => {
  const [customer, agent] = [
    { name: "Carol Carter", sip_display_name: "Carol", tel: "+12025550101", role: "customer", loyalty: 5 },
    { name: "Alice Archer", mailto: "alice@example.com", type: "person", meta: { desk: 4 } },
  ];
  const vcon = frozen({ ...chat(), parties: [customer, agent] } as Vcon);

  it.each<[string, Redaction["details"], object[]]>([
    [
      "the names of all",
      { which: ["name"] },
      [
        { tel: "+12025550101", role: "customer", loyalty: 5 },
        { mailto: "alice@example.com", type: "person", meta: { desk: 4 } },
      ],
    ],
    [
      "number and name of one",
      { which: ["name", "tel"], of: [0] },
      [{ role: "customer", loyalty: 5 }, agent],
    ],
    [
      "what no draft knows",
      { which: ["other"], of: [1] },
      [customer, { name: "Alice Archer", mailto: "alice@example.com", type: "person" }],
    ],
    ["all", { which: "all" }, [{ role: "customer" }, { type: "person" }]],
    ["those of nobody", { which: "all", of: [] }, [customer, agent]],
  ])("are taken out: %s", (_, details, left) => {
    expect(redact({ details }, vcon).parties).toEqual(left);
  });

  it.each<[string, Redaction]>([
    ["the details of a party", { details: { which: "all", of: [7] } }],
    ["a party", { parties: [0, 7] }],
    ["a party by a text", { parties: ["0" as never] }],
  ])("are not told to be taken out where nobody is there: %s", (_, what) => {
    expect(() => redact(what, vcon)).toThrow(expect.objectContaining({ code: "PARTY_NOT_FOUND" }));
  });
});
