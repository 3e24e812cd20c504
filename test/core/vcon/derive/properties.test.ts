/** What holds for whatever conversation a party is taken out of: 575 runs in all. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import {
  addTag,
  amendVcon,
  buildNew,
  copyVcon,
  type Index,
  newUuid,
  type Party,
  type Redaction,
  readVcon,
  redactVcon,
  type Vcon,
  writeVcon,
} from "../../../../core/vcon/index.ts";
import { isObject } from "../../../../core/vcon/json.ts";
import { frozen } from "../../../support/frozen.ts";

const OTHERS: Party[] = [
  { name: "Alice Archer", role: "agent", mailto: "alice@example.com", stir: "e.e.e" },
  { name: "Bob Baker", tel: "+442079460018" },
  { name: "Dan Dale", sip: "sip:dan@example.com" },
];

/** Words that nobody else says, and nothing else is made of. */
const secret = fc.stringMatching(/^zqx[a-z]{4,8}$/);
const secrets = fc.array(secret, { minLength: 1, maxLength: 5 }).map((words) => words.join(" "));

const person = fc.record({
  first: fc.stringMatching(/^Qar[a-z]{2,6}$/),
  last: fc.stringMatching(/^Wux[a-z]{2,6}(-Vex[a-z]{1,4})?$/),
  number: fc.stringMatching(/^2025550[0-9]{3}$/),
  address: fc.stringMatching(/^kjh[a-z0-9]{3,8}(\.[a-z]{3})?$/).map((local) => `${local}@mail.example`),
});
type Person = typeof person extends fc.Arbitrary<infer Value> ? Value : never;

/** What another may write that names the person. */
function naming({ first, last, number, address }: Person): fc.Arbitrary<string> {
  const [area, exchange, line] = [number.slice(0, 3), number.slice(3, 6), number.slice(6)];
  const ways = [
    `${first} ${last}`,
    `${last.toUpperCase()}, ${first.toLowerCase()}`,
    first,
    `Ms ${last}'s`,
    `+1${number}`,
    `(${area}) ${exchange}-${line}`,
    `001 ${area}.${exchange}.${line}`,
    [...number].join(" "),
    address,
    `mailto:${address.toUpperCase()}`,
    address.replace("@", " at ").replaceAll(".", " dot "),
    `${first}${number}`,
    `https://example.com/?q=${first}%20${last}&t=%2B1${number}`,
  ];
  return fc
    .tuple(
      fc.constantFrom("Hello", "order 17 for", "", "(", '{"to":"'),
      fc.constantFrom(...ways),
      fc.constantFrom("!", "", ")", '"}'),
    )
    .map(([before, name, after]) => `${before} ${name}${after}`);
}

interface Case {
  vcon: Vcon;
  erased: Index;
  person: Person;
}

const cases: fc.Arbitrary<Case> = fc
  .record({ person, erased: fc.integer({ min: 0, max: OTHERS.length }), given: fc.boolean() })
  .chain(({ person: someone, erased, given }) =>
    content(someone, erased).map((members) => {
      const { first, last, number, address } = someone;
      const theirs: Party = {
        name: `${first} ${last}`,
        tel: `tel:+1-${number}`,
        sip: `sip:+1${number}@pbx.example`,
        ...(given && { role: "customer", sip_display_name: first }),
        meta: { email: address },
      };
      const vcon = buildNew({ ...members, parties: OTHERS.toSpliced(erased, 0, theirs) });
      addTag(vcon, "topic", "billing");
      return { vcon, erased, person: someone };
    }),
  );

function content(someone: Person, erased: Index): fc.Arbitrary<Partial<Vcon>> {
  const others = [0, 1, 2, 3].filter((index) => index !== erased);
  const other = fc.constantFrom(...others);
  const named = naming(someone);
  const start = "2026-11-02T10:00:00Z";
  const name = `${someone.first} ${someone.last}`;

  const place = fc.record({
    start: fc.constant(start),
    application: named,
    session_id: fc.constant({ local: "a" }),
  });
  const theirText = fc.record({
    body: secrets,
    parties: fc.constantFrom<unknown>(erased, [erased, others[0]], undefined),
  });
  const othersText = fc.record({ body: named, parties: other.map((index) => [index, erased]) });
  const text = fc
    .oneof(theirText, othersText)
    .map((one) => ({ type: "text", mediatype: "text/plain", encoding: "none", ...one }));
  const encoded = text.map((one) => ({
    ...one,
    encoding: "base64url",
    body: Buffer.from(one.body).toString("base64url"),
  }));
  const message = othersText.chain((one) =>
    secrets.map((words) => ({
      ...one,
      type: "text",
      mediatype: "message/rfc822",
      encoding: "none",
      body: `From: ${name}\n\n${words}`,
    })),
  );
  const recording = fc.record({
    type: fc.constant("recording"),
    parties: fc.constantFrom<unknown>([erased, others[0]], others, [others[0], null, [erased]], undefined),
    filename: named,
    mediatype: fc.constant("audio/x-wav"),
    encoding: fc.constant("base64url"),
    body: fc.constant("AAAA"),
    meta: secrets,
    party_history: other.chain((index) =>
      fc.constantFrom(
        [{ party: index, time: start, event: "join" }],
        [{ party: erased, time: start, event: "keydown", button: "zqxbutton" }],
      ),
    ),
  });
  const transfer = fc.constant({ type: "transfer", transferee: erased, transferor: others[0], original: 0 });
  const dialog = fc
    .tuple(place, fc.oneof(text, encoded, message, recording, transfer))
    .map(([one, another]) => ({ ...one, ...another }));

  const turn = fc.oneof(
    secrets.map((words) => ({ party: erased, speaker: name, text: words })),
    fc.tuple(other, named).map(([index, words]) => ({ party: index, text: words })),
  );
  const turns = fc.array(turn, { minLength: 1, maxLength: 5 });
  const unknown = secrets.map((words) => [{ speaker: 1, text: words }]);
  const lines = fc
    .tuple(secrets, named)
    .map(([words, mention]) => `${name}: ${words}\nAlice Archer: ${mention}`);
  const wtf = turns.map((spoken) => ({
    transcript: { text: spoken.map((one) => one.text).join(" "), language: "en", duration: 1, confidence: 1 },
    segments: spoken.map(({ party, ...one }, id) => ({
      id,
      start: id,
      end: id + 1,
      confidence: 1,
      ...one,
      speaker: party,
    })),
    metadata: { created_at: start, processed_at: start, provider: "x", model: "y", options: { for: name } },
    speakers: Object.fromEntries(
      spoken.map(({ party }) => [
        party,
        { id: party, label: OTHERS.toSpliced(erased, 0, { name })[party]!.name },
      ]),
    ),
    words: spoken.map(({ text: word }, id) => ({ id, start: 0, end: 1, text: word, confidence: 1 })),
    enrichments: { summary: spoken[0]!.text },
  }));
  const speech = fc.record({
    type: fc.constantFrom("transcript", "wtf_transcription", "x-diary"),
    body: fc.oneof(turns, unknown, lines, wtf, secrets) as fc.Arbitrary<unknown>,
  });
  const summary = fc.record({
    type: fc.constant("summary"),
    body: fc.oneof(secrets, named) as fc.Arbitrary<unknown>,
  });
  const analysis = fc
    .tuple(fc.oneof(speech, summary), fc.constantFrom<unknown>(0, [0, 1], undefined), named)
    .map(([one, index, product]) => ({ vendor: "v", product, dialog: index, ...withEncoding(one) }));

  const attachment = fc.oneof(
    secrets.map((words) => ({ purpose: "note", party: erased, encoding: "none", body: words })),
    fc.tuple(other, named).map(([party, words]) => ({
      purpose: words,
      party,
      encoding: "json",
      body: { [words]: [words, Number(someone.number)] },
    })),
    fc
      .tuple(other, secrets)
      .map(([party, words]) => ({ purpose: "sip-invite", party, encoding: "none", body: words })),
    fc.tuple(other, turns).map(([party, body]) => ({ purpose: "log", party, encoding: "json", body })),
  );
  return fc.record({
    subject: secrets,
    "x-own": secrets,
    // What is analysed is a dialog of theirs, or nobody would have said the words.
    dialog: fc
      .array(dialog, { maxLength: 5 })
      .map((rest) => [{ type: "recording", parties: [others[0], erased] }, ...rest]),
    analysis: fc.array(analysis, { maxLength: 4 }),
    attachments: fc.array(
      attachment.map((one) => ({
        start,
        dialog: 0,
        mediatype: one.encoding === "json" ? "application/json" : "text/plain",
        ...one,
      })),
      { maxLength: 4 },
    ),
  }) as fc.Arbitrary<Partial<Vcon>>;
}

function withEncoding<One extends { body: unknown }>(one: One): One & { encoding: string } {
  return { ...one, encoding: typeof one.body === "string" ? "none" : "json" };
}

/** Every text in a value, its members' names and numbers with them, and what stands in base64url. */
function textsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (!isObject(value)) return [String(value), Buffer.from(String(value), "base64url").toString("utf8")];
  return Object.entries(value).flatMap(([member, inner]) => [member, ...textsIn(inner)]);
}

/** All that points from one element to another. */
function referencesIn(vcon: Vcon): unknown {
  const members = ["type", "parties", "originator", "transferee", "transferor", "original"];
  return (vcon.dialog ?? []).map((dialog) => members.map((member) => dialog[member]));
}

describe("a conversation without one of its parties", () => {
  it("holds neither their name, number or address nor a word that only they said", () => {
    fc.assert(
      fc.property(cases, ({ vcon, erased, person: { first, last, number, address } }) => {
        const { uuid, redacted, ...rest } = redactVcon(
          frozen(vcon),
          { parties: [erased] },
          { type: "a party" },
        );
        for (const text of textsIn(rest)) {
          const folded = text.toLowerCase();
          expect(folded).not.toContain("zqx");
          expect(folded).not.toContain(first.toLowerCase());
          expect(folded).not.toContain(last.toLowerCase());
          expect(folded).not.toContain(address);
          expect(folded.replaceAll(" dot ", ".").replaceAll(" at ", "@")).not.toContain(address);
          expect(text.replace(/\D/g, "")).not.toContain(number);
        }
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it("is read as it is, keeps its places, and points at what it pointed at, redacted once or twice", () => {
    fc.assert(
      fc.property(cases, ({ vcon, erased }) => {
        const once = redactVcon(vcon, { parties: [erased] }, { type: "a party" });
        const twice = redactVcon(once, { parties: [erased] }, { type: "a party" });
        expect(readVcon(writeVcon(once))).toMatchObject({ vcon: once, changes: [] });
        for (const made of [once, twice]) {
          for (const section of ["parties", "dialog", "analysis", "attachments"] as const) {
            expect(made[section]).toHaveLength(vcon[section]!.length);
          }
          expect(referencesIn(made)).toEqual(referencesIn(vcon));
        }
        for (const [index, one] of once.analysis!.entries()) {
          if (one.type !== undefined) expect(one.dialog).toEqual(vcon.analysis![index]!.dialog);
        }
        for (const section of ["parties", "dialog", "analysis", "attachments"] as const) {
          expect(twice[section]).toEqual(once[section]);
        }
      }),
      { numRuns: 75, endOnFailure: true },
    );
  });

  it("keeps what others said", () => {
    fc.assert(
      fc.property(cases, fc.uuid(), ({ vcon, erased }, words) => {
        const author = erased === 0 ? 1 : 0;
        const dialog = {
          type: "text",
          parties: [author, erased],
          mediatype: "text/plain",
          encoding: "none",
          body: words,
        };
        const index = vcon.dialog!.push(dialog) - 1;
        expect(redactVcon(vcon, { parties: [erased] }, { type: "a party" }).dialog![index]).toMatchObject(
          dialog,
        );
      }),
      { numRuns: 50, endOnFailure: true },
    );
  });
});

describe("whatever JSON stands in a vCon", () => {
  const json = fc.jsonValue({ maxDepth: 3 });
  const index = fc.oneof(fc.nat(3), json);
  const objects = (members: Record<string, fc.Arbitrary<unknown>>) =>
    fc.array(fc.oneof(fc.record(members, { requiredKeys: [] }), json), { maxLength: 3 });
  const held = {
    body: fc.oneof(
      json,
      fc.record({
        transcript: json,
        segments: objects({ text: json, speaker: index }),
        speakers: json,
        metadata: json,
      }),
      fc.constant("A: b\nB: c"),
    ),
    encoding: fc.oneof(json, fc.constantFrom("json", "none", "base64url")),
    mediatype: fc.oneof(json, fc.constantFrom("text/plain", "application/json")),
    party: index,
    dialog: fc.oneof(index, fc.array(index)),
    type: fc.oneof(json, fc.constantFrom("text", "recording", "transcript", "lawful_basis")),
    url: json,
  };
  const vcons = fc.record(
    {
      uuid: fc.constant(newUuid()),
      created_at: json,
      extensions: json,
      critical: fc.oneof(fc.constant(["CC"]), json),
      redacted: json,
      parties: objects({
        name: json,
        tel: fc.oneof(json, fc.constant("+12025550101")),
        mailto: json,
        meta: json,
        role: json,
      }),
      dialog: objects({
        ...held,
        parties: fc.oneof(json, fc.array(index)),
        originator: index,
        party_history: objects({ party: index }),
      }),
      analysis: objects({ ...held, attachment: index }),
      attachments: objects({
        ...held,
        purpose: fc.oneof(json, fc.constantFrom("tags", "lawful_basis", "consent")),
        consents: json,
      }),
    },
    { requiredKeys: ["uuid"] },
  );
  const redactions: Redaction[] = [
    { parties: [0, 2] },
    { parties: [-1, 99, 1.5] },
    {
      recordings: true,
      texts: true,
      analyses: "all",
      attachments: "all but tags",
      details: { which: "all" },
    },
  ];

  it("a vCon that can be read is made of it, or a VconError", () => {
    fc.assert(
      fc.property(vcons, fc.constantFrom(...redactions), (value, what) => {
        const vcon = frozen(value) as unknown as Vcon;
        for (const make of [
          () => redactVcon(vcon, what, { type: "t" }),
          () => copyVcon(vcon),
          () => amendVcon(vcon),
        ]) {
          try {
            expect(readVcon(writeVcon(make())).form).toBe("unsigned");
          } catch (error) {
            expect(error).toBeInstanceOf(VconError);
          }
        }
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });
});
