/** What holds for any input: 800 runs in all. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { VconError } from "../../../core/errors.ts";
import { type ReadVcon, readVcon, type Vcon, writeVcon } from "../../../core/vcon/index.ts";

const json = fc.jsonValue({ maxDepth: 2 });
const dateLike = fc.oneof(
  fc.constantFrom("2026-01-02T03:04:05Z", "2026-01-02 03:04", "Wed, 18 May 2022 23:05:05 -0000", "soon", ""),
  fc.integer(),
);
const bodyLike = fc.oneof(
  json,
  json.map((value) => JSON.stringify(value)),
  fc.base64String(),
);

/** Objects that hold what the rules look for, with right and wrong values. */
function objectOf(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc
    .tuple(fc.record(members, { requiredKeys: [] }), fc.dictionary(fc.string(), json, { maxKeys: 2 }))
    .map(([known, unknown]) => ({ ...unknown, ...known }));
}

const content = {
  mimetype: fc.oneof(json, fc.constantFrom("audio/x-wav", "application/json", "text/plain")),
  mediatype: fc.oneof(json, fc.constantFrom("audio/x-wav", "application/json", "text/plain")),
  encoding: fc.oneof(json, fc.constantFrom("base64", "base64url", "json", "none")),
  body: bodyLike,
  alg: fc.constantFrom("SHA-512", "sha256", "lm-ots", 5),
  signature: fc.oneof(
    json,
    fc.base64String(),
    fc.constantFrom("a".repeat(86), "0".repeat(128), "a".repeat(43)),
  ),
  start: dateLike,
  dialog: json,
};
const sections = {
  parties: fc.array(objectOf({ tel: json, name: json, role: json })),
  dialog: fc.array(
    objectOf({
      ...content,
      type: fc.oneof(json, fc.constantFrom("audio", "text")),
      "transfer-target": json,
      party_history: fc.oneof(json, fc.array(objectOf({ dtmf: json, event: json, time: dateLike }))),
    }),
  ),
  analysis: fc.array(objectOf({ ...content, transcript: bodyLike, vendor_schema: json, schema: json })),
  attachments: fc.array(objectOf({ ...content, type: fc.constantFrom("tags", "x", null), purpose: json })),
};
const vconLike = objectOf({
  ...sections,
  ...Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [
      name,
      fc.oneof({ weight: 9, arbitrary: section }, { weight: 1, arbitrary: json }),
    ]),
  ),
  uuid: fc.oneof(fc.uuid(), fc.constantFrom("", null)),
  created_at: dateLike,
  vcon: json,
  redacted: json,
  appended: json,
  tags: json,
  must_support: fc.oneof(json, fc.array(fc.string())),
  extensions: fc.oneof(fc.array(fc.string()), fc.constant(null)),
});

function readOrRefuse(text: string): ReadVcon | undefined {
  try {
    return readVcon(text);
  } catch (error) {
    expect(error).toBeInstanceOf(VconError);
    return;
  }
}

it("any JSON value is read or refused, never another error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), vconLike), (value) => {
      readOrRefuse(JSON.stringify(value));
    }),
    { numRuns: 300 },
  );
});

it("what was read reads the same again, and normalising it again changes nothing", () => {
  let read = 0;
  fc.assert(
    fc.property(vconLike, (value) => {
      const first = readOrRefuse(JSON.stringify(value));
      if (first === undefined) return;
      read += 1;
      const written = writeVcon(first.vcon as Vcon);
      const second = readVcon(written);
      expect(second.changes).toEqual([]);
      expect(writeVcon(second.vcon as Vcon)).toBe(written);
    }),
    { numRuns: 500 },
  );
  // Or else the property would say nothing.
  expect(read).toBeGreaterThan(100);
});
