import { describe, expect, it } from "vitest";
import {
  addAnalysis,
  amendVcon,
  buildNew,
  copyVcon,
  findUuid,
  readVcon,
  redactVcon,
  type Vcon,
  writeVcon,
} from "../../../../core/vcon/index.ts";
import { frozen } from "../../../support/frozen.ts";
import { chat } from "../../../support/vcons.ts";

const UUID = "01928e10-193e-8231-b9a2-279e0d16bc46";
const given = frozen({
  ...chat("Good morning.", "Hello."),
  updated_at: "2026-11-02T11:00:00Z",
  subject: "A chat",
  "x-own": { kept: true },
} as Vcon);

describe.each([
  ["copyVcon", copyVcon],
  ["amendVcon", amendVcon],
])("%s", (_, make) => {
  it("makes a vCon with a UUID and a time of its own and all of the content", () => {
    const made = make(given, { uuid: UUID });
    const { uuid, created_at, updated_at, ...content } = given;
    expect(made).toMatchObject({ ...content, uuid: UUID });
    expect(made).not.toHaveProperty("updated_at");
    expect(Date.parse(made.created_at)).toBeGreaterThan(Date.parse(given.created_at));
    expect(readVcon(writeVcon(made))).toMatchObject({ vcon: made, changes: [] });
  });

  it("makes a new UUID each time where none is given", () => {
    const uuids = [make(given).uuid, make(given).uuid, given.uuid];
    expect(new Set(uuids).size).toBe(3);
    expect(uuids.map(findUuid)).toEqual(uuids);
  });

  it("shares nothing with the given vCon, which stays as it is", () => {
    const made = make(given);
    addAnalysis(made, { type: "summary", vendor: "v", dialog: 0, encoding: "none", body: "Short." });
    made.parties![0]!.name = "Somebody else";
    expect(given.analysis).toBeUndefined();
    expect(given.parties![0]!.name).toBe("Carol Carter");
  });

  it.each([
    ["signed", { payload: "e30", signatures: [] }],
    ["encrypted", { ciphertext: "e30", recipients: [] }],
  ])("refuses a %s one", (_, sealed) => {
    expect(() => make(sealed as unknown as Vcon)).toThrow(expect.objectContaining({ code: "VCON_SEALED" }));
  });

  it("refuses what is no UUID", () => {
    expect(() => make(given, { uuid: "mine" })).toThrow(expect.objectContaining({ code: "UUID_MALFORMED" }));
  });
});

it("a copy names no other vCon, but tells that something was redacted", () => {
  expect(copyVcon(given)).not.toHaveProperty("amended");
  expect(copyVcon(amendVcon(given))).not.toHaveProperty("amended");
  const redacted = redactVcon(given, { texts: true }, { type: "texts" });
  expect(copyVcon(redacted).redacted).toEqual({ type: "texts" });
});

describe("an amended vCon", () => {
  it("names the one that it adds to", () => {
    expect(amendVcon(given).amended).toEqual({ uuid: given.uuid });
    const amended = amendVcon(given);
    expect(amendVcon(amended).amended).toEqual({ uuid: amended.uuid });
  });

  it("of a redacted one names that and is not said to be redacted itself", () => {
    const redacted = redactVcon(given, { texts: true }, { type: "texts" });
    const amended = amendVcon(redacted);
    expect(amended.amended).toEqual({ uuid: redacted.uuid });
    expect(amended).not.toHaveProperty("redacted");
  });

  it("of an old vCon is in the syntax of core-04", () => {
    const old = {
      ...buildNew({ uuid: UUID }),
      vcon: "0.0.1",
      dialog: [{ type: "text", mimetype: "text/plain" }],
    };
    expect(amendVcon(old as Vcon).dialog).toEqual([{ type: "text", mediatype: "text/plain" }]);
  });
});
