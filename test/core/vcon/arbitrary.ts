/** vCons for property tests: whatever the normaliser looks for, with right and wrong values, in old and new names. */
import fc from "fast-check";

const json = fc.jsonValue({ maxDepth: 1 });
/** Each element has many members, so few make as much of a difference as many. */
const few = { maxLength: 3 };

const dateLike = fc.oneof(
  fc.constantFrom("2026-01-02T03:04:05Z", "2026-01-02 03:04", "Wed, 18 May 2022 23:05:05 -0000", "soon", ""),
  fc.integer(),
);
const bodyLike = fc.oneof(
  json,
  json.map((value) => JSON.stringify(value)),
  fc.base64String(),
);
const mediatype = fc.oneof(json, fc.constantFrom("audio/x-wav", "application/json", "text/plain"));
const digest = fc.constantFrom("a".repeat(43), "b".repeat(64), "c".repeat(86));
const contentHash = fc.oneof(
  json,
  fc
    .tuple(fc.constantFrom("sha256", "sha384", "sha512", "SHA-512", "md5"), digest)
    .map((both) => both.join("-")),
);
const indices = fc.oneof(json, fc.nat({ max: 3 }), fc.array(fc.nat({ max: 3 }), { maxLength: 3 }));

/** Objects with some of these members, and others that nobody knows. */
function objectOf(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> {
  return fc
    .tuple(fc.record(members, { requiredKeys: [] }), fc.dictionary(fc.string(), json, { maxKeys: 2 }))
    .map(([known, unknown]) => ({ ...unknown, ...known }));
}

const content = {
  mimetype: mediatype,
  mediatype,
  encoding: fc.oneof(json, fc.constantFrom("base64", "base64url", "json", "none")),
  body: bodyLike,
  content_hash: contentHash,
  alg: fc.constantFrom("SHA-512", "sha256", "lm-ots", 5),
  signature: fc.oneof(json, fc.base64String(), digest, fc.constant("0".repeat(128))),
  start: dateLike,
  dialog: indices,
};

const historyEvent = objectOf({
  event: fc.oneof(json, fc.constantFrom("join", "dtmfdown", "dtmfup", "keydown", "keyup")),
  dtmf: json,
  button: json,
  time: dateLike,
});

const parts = {
  parties: objectOf({ tel: json, name: json, role: json }),
  dialog: objectOf({
    ...content,
    type: fc.oneof(json, fc.constantFrom("audio", "text")),
    "transfer-target": indices,
    transfer_target: indices,
    target_dialog: indices,
    session_id: fc.oneof(json, fc.constantFrom("a", { local: "a", remote: "b" })),
    x_session_id: json,
    interaction: json,
    interaction_id: json,
    party_history: fc.oneof(json, fc.array(historyEvent, few)),
  }),
  analysis: objectOf({
    ...content,
    type: json,
    vendor: json,
    transcript: bodyLike,
    vendor_schema: json,
    schema: json,
  }),
  attachments: objectOf({
    ...content,
    type: fc.constantFrom("tags", "x", null),
    purpose: fc.oneof(json, fc.constant("tags")),
  }),
};

/** Of any syntax and no syntax at all; most of them can be read. */
export const vconLike: fc.Arbitrary<object> = objectOf({
  ...Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [
      name,
      fc.oneof({ weight: 9, arbitrary: fc.array(part, few) }, { weight: 1, arbitrary: json }),
    ]),
  ),
  uuid: fc.oneof(fc.uuid(), fc.constantFrom("", null)),
  created_at: dateLike,
  vcon: fc.oneof(json, fc.constantFrom("0.4.0", "0.3.0", "0.0.2", "0.0.1")),
  redacted: fc.oneof(json, objectOf(content)),
  amended: fc.oneof(json, objectOf(content)),
  appended: json,
  tags: json,
  critical: fc.oneof(json, fc.array(fc.string())),
  must_support: fc.oneof(json, fc.array(fc.string())),
  extensions: fc.oneof(fc.array(fc.string()), fc.constant(null)),
});
