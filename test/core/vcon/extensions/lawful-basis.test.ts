import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type Attachment,
  addLawfulBasis,
  checkPermission,
  type JsonObject,
  type LawfulBasisBody,
  type LawfulBasisError,
  lawfulBasisAttachment,
  readLawfulBasis,
  readVcon,
  type Vcon,
  writeVcon,
} from "../../../../core/vcon/index.ts";
import { chat } from "../../../support/vcons.ts";

const at = new Date("2026-11-02T12:00:00Z");
const granted_at = "2026-11-02T10:00:00Z";

function grant(purpose: string, granted = true, conditions?: string[]) {
  return { purpose, granted, granted_at, ...(conditions && { conditions }) };
}

function basis(...purpose_grants: LawfulBasisBody["purpose_grants"]): LawfulBasisBody {
  return { lawful_basis: "consent", expiration: "2027-11-02T10:00:00Z", purpose_grants };
}

function vconWith(...attachments: object[]): Vcon {
  return { ...chat("Hello."), attachments: attachments as Attachment[] };
}

function stated(body: object, members: object = {}): object {
  return { ...lawfulBasisAttachment({ body: body as LawfulBasisBody, start: granted_at }), ...members };
}

function errors(vcon: Vcon, purpose = "analysis", options: object = {}): string[] {
  const permission = checkPermission(vcon, purpose, { at, ...options });
  return permission.allowed ? [] : permission.reasons.map(({ error }) => error);
}

describe("a lawful basis", () => {
  it("is added as the draft asks for, with its extension, and read back", () => {
    const vcon = chat("Hello.");
    expect(addLawfulBasis(vcon, { body: basis(grant("recording")), party: 1 })).toBe(0);
    expect(vcon.extensions).toContain("lawful_basis");
    expect(vcon.attachments![0]).toMatchObject({
      purpose: "lawful_basis",
      party: 1,
      dialog: 0,
      mediatype: "application/json",
      encoding: "json",
      body: basis(grant("recording")),
    });
    expect(Date.parse(vcon.attachments![0]!.start!)).toBeGreaterThan(0);
    const read = readVcon(writeVcon(vcon)).vcon as Vcon;
    expect(readLawfulBasis(read.attachments![0]!)).toEqual(basis(grant("recording")));
  });

  it.each<[string, object]>([
    [
      "as JSON in a text",
      { purpose: "lawful_basis", encoding: "json", body: JSON.stringify(basis(grant("a"))) },
    ],
    ["by its type, as older drafts call it", { type: "lawful_basis", body: basis(grant("a")) }],
  ])("is read %s", (_, attachment) => {
    expect(readLawfulBasis(attachment as Attachment)).toEqual(basis(grant("a")));
  });

  it("is read with its one condition as a list", () => {
    const body = { ...basis(), purpose_grants: [{ ...grant("a"), conditions: "for training" }] };
    expect(readLawfulBasis({ body })?.purpose_grants).toEqual([grant("a", true, ["for training"])]);
  });

  it("is read of a consent, whose members stand on the attachment", () => {
    const consents = [
      { purpose: "recording", status: "granted", timestamp: granted_at },
      { purpose: "analysis", status: "revoked", timestamp: granted_at },
    ];
    const consent = { type: "consent", expiration: null, party: 0, dialog: 0, consents };
    expect(readLawfulBasis(consent)).toEqual({
      lawful_basis: "consent",
      expiration: null,
      purpose_grants: [grant("recording"), grant("analysis", false)],
    });
    expect(errors(vconWith(consent), "recording")).toEqual([]);
    expect(errors(vconWith(consent))).toEqual(["PermissionDeniedError"]);
    expect(errors(readVcon(vconWith(consent)).vcon as Vcon)).toEqual(["PermissionDeniedError"]);
  });

  it.each<[string, object]>([
    ["another ground", { ...basis(), lawful_basis: "because" }],
    ["no expiration", { ...basis(), expiration: undefined }],
    ["an expiration that is no date", { ...basis(), expiration: "soon" }],
    ["nothing", {}],
  ])("is not read of %s", (_, body) => {
    expect(readLawfulBasis({ body: body as JsonObject })).toBeUndefined();
  });
});

describe("checkPermission", () => {
  it("allows what is granted, under the conditions that it is granted with", () => {
    const vcon = vconWith(
      stated(basis(grant("analysis", true, ["anonymised only"]))),
      stated(basis(grant("recording"))),
      {},
      stated({ ...basis(grant("analysis", true, ["anonymised only", "in the EU"])), expiration: null }),
    );
    expect(checkPermission(vcon, "analysis", { at })).toEqual({
      allowed: true,
      conditions: ["anonymised only", "in the EU"],
      attachments: [0, 3],
    });
  });

  it.each<[string, object[], LawfulBasisError[]]>([
    ["without any attachment", [], ["LawfulBasisMissingError"]],
    ["where only others are granted", [stated(basis(grant("recording")))], ["LawfulBasisMissingError"]],
    ["where it is denied", [stated(basis(grant("analysis", false)))], ["PermissionDeniedError"]],
    [
      "where it is granted and denied",
      [stated(basis(grant("analysis"))), stated(basis(grant("analysis", false)))],
      ["PermissionDeniedError"],
    ],
    [
      "where one grants and denies it",
      [stated(basis(grant("analysis"), grant("analysis", false)))],
      ["PermissionDeniedError"],
    ],
    [
      "where granted is anything but true",
      [stated({ ...basis(), purpose_grants: [{ ...grant("analysis"), granted: "true" }] })],
      ["PermissionDeniedError"],
    ],
    [
      "after the end",
      [stated({ ...basis(grant("analysis")), expiration: "2026-11-02T11:54:59Z" })],
      ["LawfulBasisExpiredError"],
    ],
    [
      "for a party that isn't there",
      [stated(basis(grant("analysis")), { party: 7 })],
      ["ReferenceValidationError"],
    ],
    [
      "for a dialog that isn't there",
      [stated(basis(grant("analysis")), { dialog: [0, 1] })],
      ["ReferenceValidationError"],
    ],
    [
      "for an index that is none",
      [stated(basis(grant("analysis")), { party: "0" })],
      ["ReferenceValidationError"],
    ],
    [
      "on a ground that is none",
      [stated({ ...basis(grant("analysis")), lawful_basis: "x" })],
      ["LawfulBasisMissingError"],
    ],
    [
      "without an end",
      [stated({ ...basis(grant("analysis")), expiration: undefined })],
      ["LawfulBasisMissingError"],
    ],
    [
      "before it is granted",
      [
        stated({
          ...basis(),
          purpose_grants: [{ ...grant("analysis"), granted_at: "2026-11-02T12:06:00Z" }],
        }),
      ],
      ["LawfulBasisMissingError"],
    ],
    [
      "where the attachment can't be read",
      [{ purpose: "lawful_basis", url: "https://example.com/" }],
      ["LawfulBasisMissingError"],
    ],
  ])("refuses %s", (_, attachments, expected) => {
    expect(errors(vconWith(...attachments))).toEqual(expected);
    expect(checkPermission(vconWith(...attachments), "analysis", { at }).allowed).toBe(false);
  });

  it("names the attachment that refuses, and none where none speaks of it", () => {
    const vcon = vconWith({}, stated(basis(grant("analysis", false))));
    expect(checkPermission(vcon, "analysis", { at })).toEqual({
      allowed: false,
      reasons: [{ error: "PermissionDeniedError", attachment: 1 }],
    });
    expect(checkPermission(vcon, "other")).toEqual({
      allowed: false,
      reasons: [{ error: "LawfulBasisMissingError" }],
    });
  });

  it("lets what has expired neither grant nor refuse", () => {
    const expired = { expiration: "2026-01-01T00:00:00Z" };
    const denied = stated({ ...basis(grant("analysis", false)), ...expired });
    expect(errors(vconWith(denied, stated(basis(grant("analysis")))))).toEqual([]);
    expect(errors(vconWith(denied))).toEqual(["LawfulBasisExpiredError"]);
  });

  it("allows clocks to differ by as much as said, and five minutes at most", () => {
    const vcon = vconWith(stated({ ...basis(grant("analysis")), expiration: "2026-11-02T11:58:00Z" }));
    expect(errors(vcon)).toEqual([]);
    expect(errors(vcon, "analysis", { skew: 60 })).toEqual(["LawfulBasisExpiredError"]);
    const earlier = vconWith(stated({ ...basis(grant("analysis")), expiration: "2026-11-02T11:50:00Z" }));
    expect(errors(earlier, "analysis", { skew: 3600 })).toEqual(["LawfulBasisExpiredError"]);
    expect(errors(vcon, "analysis", { skew: Number.NaN })).toEqual(["LawfulBasisExpiredError"]);
  });

  it("takes index 0 of a vCon without dialogs for none", () => {
    const { dialog, ...vcon } = vconWith(stated(basis(grant("analysis"))));
    expect(errors(vcon as Vcon)).toEqual([]);
  });

  it.each(["sha-256", "sha-3-256"] as const)("checks a hash of %s", (hash) => {
    const whole = lawfulBasisAttachment({ body: basis(grant("analysis")), hash });
    expect(errors(vconWith(whole))).toEqual([]);
    const reordered = Object.fromEntries(Object.entries(whole.body as object).reverse());
    expect(errors(vconWith({ ...whole, body: reordered }))).toEqual([]);
    const changed = { ...(whole.body as JsonObject), purpose_grants: [grant("analysis"), grant("training")] };
    expect(errors(vconWith({ ...whole, body: changed }))).toEqual(["ContentHashMismatchError"]);
    expect(errors(vconWith({ ...whole, body: changed }), "something else")).toEqual([
      "ContentHashMismatchError",
    ]);
    expect(errors(vconWith({ ...whole, body: changed }, stated(basis(grant("analysis")))))).toEqual([
      "ContentHashMismatchError",
    ]);
  });

  it("hashes the body as RFC 8785 writes it", () => {
    const body = { ...basis(), metadata: { b: 1e21, a: "€\n", "\u20ac": [0.1, -0] } };
    const { content_hash } = lawfulBasisAttachment({ body, hash: "sha-256" }).body as LawfulBasisBody;
    const canonical =
      '{"expiration":"2027-11-02T10:00:00Z","lawful_basis":"consent","metadata":{"a":"€\\n","b":1e+21,"€":[0.1,0]},"purpose_grants":[]}';
    expect(content_hash).toEqual({
      algorithm: "sha-256",
      canonicalization: "jcs",
      value: createHash("sha256").update(canonical).digest("hex"),
    });
  });

  it.each<[string, unknown, LawfulBasisError]>([
    [
      "blake2b-256",
      { algorithm: "blake2b-256", canonicalization: "jcs", value: "00" },
      "UnsupportedHashAlgorithmError",
    ],
    ["no algorithm", { canonicalization: "jcs", value: "00" }, "UnsupportedHashAlgorithmError"],
    [
      "another form",
      { algorithm: "sha-256", canonicalization: "c14n", value: "00" },
      "UnsupportedCanonicalizationError",
    ],
    ["no value", { algorithm: "sha-256", canonicalization: "jcs" }, "ContentHashMismatchError"],
    ["a hash of core-04", "sha512-aaaa", "ContentHashMismatchError"],
  ])("refuses a hash with %s", (_, content_hash, error) => {
    expect(errors(vconWith(stated({ ...basis(grant("analysis")), content_hash })))).toEqual([error]);
  });

  it("refuses what JCS has no form for", () => {
    const whole = lawfulBasisAttachment({
      body: { ...basis(grant("analysis")), metadata: { a: "\ud800" } },
      hash: "sha-256",
    });
    expect(errors(vconWith(whole))).toEqual(["ContentHashMismatchError"]);
  });
});
