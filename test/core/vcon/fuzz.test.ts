/**
 * Hostile input: whatever comes in, all that is done with a vCon gives a result or a VconError. FUZZ_INPUTS says how
 * many inputs; `npm run test:fuzz` takes 100,000.
 */
import { createPublicKey } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, it } from "vitest";
import { VconError } from "../../../core/errors.ts";
import {
  amendVcon,
  copyVcon,
  decryptVcon,
  encryptVcon,
  outerUuid,
  type Redaction,
  readVcon,
  redactVcon,
  signVcon,
  type Vcon,
  validateVcon,
  verifyVcon,
  writeVcon,
} from "../../../core/vcon/index.ts";
import { ec, ed, signer, trusted } from "../../support/signers.ts";

const INPUTS = Number(process.env.FUZZ_INPUTS ?? 5000);
/** So many milliseconds an input may take on a slow machine. */
const PATIENCE = 20;

const keys = [ec.key];
const recipients = [createPublicKey(ec.key)];
const REDACTIONS: Redaction[] = [
  { recordings: true, texts: true, analyses: "all", attachments: "all", details: { which: "all" } },
  { analyses: ["transcript"], attachments: "all but tags", details: { of: [0], which: ["name", "other"] } },
  { parties: [0] },
];

// What is mutated

const corpus = process.env.VCON_CORPUS ?? join(import.meta.dirname, "../../../../shared/corpus");
const MAX_SEED_BYTES = 8000;
const IS_VCON = /\.(?:vcon|json|gz)$/;

function filesOf(folder: string): Buffer[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && IS_VCON.test(entry.name))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)))
    .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes))
    .filter(({ length }) => length <= MAX_SEED_BYTES);
}

const plain = [...filesOf(join(import.meta.dirname, "written")), ...filesOf(corpus)];
const sample = readVcon(plain[0]!).vcon as Vcon;
const signed = await signVcon(sample, signer(ed));
const sealed = [signed, await encryptVcon(signed, { recipients }), await encryptVcon(sample, { recipients })];
/** The sealed ones weigh more, because most edits break them. */
const seeds = [
  ...plain.map(String),
  ...Array(5)
    .fill(sealed)
    .flat()
    .map((vcon) => writeVcon(vcon)),
];

// How

const ODD_VALUES: unknown[] = [
  null,
  "",
  {},
  [],
  [[]],
  [null],
  0,
  -1,
  1.5,
  1e300,
  true,
  "\ud800",
  "AAAA",
  "+/==",
  "[1]",
  '{"__proto__":{"a":1}}',
  "[".repeat(200),
  "2026-02-30",
  "tags",
  "json",
  "base64url",
  "constructor",
  JSON.parse('{"__proto__":{"toString":1},"toJSON":{},"then":1}'),
  JSON.parse(`${"[".repeat(99)}${"]".repeat(99)}`),
];
const NAMES = [
  ..."vcon uuid created_at redacted amended appended critical must_support extensions tags payload signatures".split(
    " ",
  ),
  ..."ciphertext recipients parties dialog analysis attachments type purpose body encoding mediatype mimetype".split(
    " ",
  ),
  ..."content_hash alg signature session_id x_session_id transfer_target transfer-target party_history".split(
    " ",
  ),
  ..."schema vendor_schema transcript start role header protected __proto__ toJSON".split(" "),
];

interface Edit {
  where: number;
  how: "replace" | "remove" | "rename" | "repeat";
  value: unknown;
  name: string;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  where: fc.nat(),
  how: fc.constantFrom("replace", "replace", "remove", "rename", "repeat"),
  value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue({ maxDepth: 1 })),
  name: fc.constantFrom(...NAMES),
});

type Holder = Record<string, unknown>;

/** Every member of every object and array inside. */
function placesIn(value: unknown): { holder: Holder; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Holder;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

function applyEdit(value: unknown, { where, how, value: odd, name }: Edit): void {
  const places = placesIn(value);
  if (places.length === 0) return;
  const { holder, key } = places[where % places.length]!;
  const before = holder[key];
  if (how === "remove" || how === "rename") delete holder[key];
  if (how === "replace") set(holder, key, structuredClone(odd));
  if (how === "rename") set(holder, name, before);
  if (how === "repeat" && Array.isArray(holder)) holder.push(structuredClone(before));
}

function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const edited = fc
  .record({ seed: fc.constantFrom(...seeds), edits: fc.array(edit, { maxLength: 3 }) })
  .map(({ seed, edits }) => {
    let value: unknown;
    try {
      value = JSON.parse(seed);
    } catch {
      return seed;
    }
    for (const each of edits) applyEdit(value, each);
    return JSON.stringify(value);
  });

const damaged = fc
  .record({
    text: fc.oneof(fc.constantFrom(...seeds), edited),
    at: fc.nat(),
    bytes: fc.uint8Array({ maxLength: 4 }),
    cut: fc.nat({ max: 9 }),
    zip: fc.boolean(),
  })
  .map(({ text, at, bytes, cut, zip }) => {
    const given = zip ? gzipSync(text) : Buffer.from(text);
    const start = at % (given.length + 1);
    return Buffer.concat([given.subarray(0, start), bytes, given.subarray(start + cut)]);
  });

const input: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 12, arbitrary: edited },
  { weight: 4, arbitrary: damaged },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);

// What is done with it

/** How often each thing gave a result, so that a harness that reaches nothing does not pass for one that finds nothing. */
const reached = new Map<string, number>();

async function attempt<Result>(
  what: string,
  work: () => Result | Promise<Result>,
): Promise<Result | undefined> {
  try {
    const result = await work();
    reached.set(what, (reached.get(what) ?? 0) + 1);
    return result;
  } catch (error) {
    if (error instanceof VconError) return;
    throw error;
  }
}

/** @param turn which of several like things is done; what takes long is done in some turns only */
async function useInEveryWay(given: string | Uint8Array, turn: number): Promise<void> {
  if (turn % 4 === 0) {
    await attempt("strict", () => readVcon(given, { maxBytes: 3000, maxNesting: 9, repair: true }));
  }
  const value = parsed(given);
  await attempt("validate", () => validateVcon(value));
  if (typeof value === "object" && value !== null) {
    // Members that only a program can give: Node-RED messages hold such.
    await attempt("object", () => readVcon(value));
  }

  const read = await attempt("read", () => readVcon(given));
  if (read === undefined) return;
  await attempt("outerUuid", () => read.form !== "unsigned" && outerUuid(read.vcon));
  if (read.form === "signed") await attempt("verify", () => verifyVcon(read.vcon, { trusted }));
  else if (read.form === "encrypted") await attempt("decrypt", () => decryptVcon(read.vcon, { keys }));
  else await useUnsigned(read.vcon, turn);
}

async function useUnsigned(vcon: Vcon, turn: number): Promise<void> {
  const written = writeVcon(vcon);
  expect(readVcon(written)).toMatchObject({ form: "unsigned", changes: [] });
  const syntax = turn % 2 === 0 ? "0.3.0" : "0.0.1";
  expect(writeVcon(readVcon(writeVcon(vcon, { syntax })).vcon).length).toBe(written.length);
  const what = REDACTIONS[turn % 9];
  if (what) await attempt("redact", () => redactVcon(vcon, what, { type: "test" }));
  if (turn % 3 === 0) await attempt("amend", () => amendVcon(vcon));
  if (turn % 3 === 1) await attempt("copy", () => copyVcon(vcon));
  expect(writeVcon(vcon)).toBe(written);
  if (turn !== 0) return;
  const signed = await attempt("sign", () => signVcon(vcon, signer(ed)));
  if (signed) await attempt("verify signed", () => verifyVcon(signed, { trusted }));
  const encrypted = await attempt("encrypt", () => encryptVcon(vcon, { recipients }));
  if (encrypted) await attempt("decrypt encrypted", () => decryptVcon(encrypted, { keys }));
}

function parsed(given: string | Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(given as string).toString());
  } catch {
    return;
  }
}

it(`${INPUTS} inputs give results or VconErrors, whatever is done with them`, {
  timeout: 60_000 + INPUTS * PATIENCE,
}, async () => {
  await fc.assert(
    fc.asyncProperty(input, fc.nat({ max: 19 }), (given, turn) => useInEveryWay(given, turn)),
    { numRuns: INPUTS },
  );
  const ways = [
    "strict",
    "validate",
    "object",
    "read",
    "verify",
    "decrypt",
    "redact",
    "amend",
    "copy",
    "sign",
    "encrypt",
  ];
  expect(ways.filter((way) => !reached.has(way))).toEqual([]);
  expect(reached.get("read")! / INPUTS).toBeGreaterThan(0.3);
});
