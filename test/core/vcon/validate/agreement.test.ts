/** What the draft's schema rejects is an error here too: in every public file, and in the hand-written ones, mutated. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formOf } from "../../../../core/vcon/form.ts";
import { readVcon, validateVcon } from "../../../../core/vcon/index.ts";
import { isAbout, noSchema, schemaErrors } from "./schema.ts";

const corpus = process.env.VCON_CORPUS ?? join(import.meta.dirname, "../../../../../shared/corpus");
const noCorpus = existsSync(corpus) ? noSchema : `skipped: no ${corpus}; VCON_CORPUS may name another place`;
const written = join(import.meta.dirname, "../written");

/** The pointers at which the schema finds an error and validation none. */
function disagreements(vcon: unknown): string[] {
  const errors = validateVcon(vcon).filter(({ level }) => level === "error");
  return schemaErrors(vcon)
    .filter((theirs) => !errors.some((ours) => isAbout(theirs, ours.pointer)))
    .map(({ pointer }) => pointer)
    .filter((pointer) => !isSanctioned(vcon, pointer));
}

/**
 * In a redacted vCon the empty object is the placeholder that section 4.1.8 asks for; the schema asks it for the
 * members that an analysis or attachment has.
 */
function isSanctioned(vcon: unknown, pointer: string): boolean {
  const [, section = "", index = ""] = /^\/(analysis|attachments)\/(\d+)\/\w+$/.exec(pointer) ?? [];
  const { redacted, [section]: elements } = vcon as Record<string, Record<string, unknown> | undefined>;
  const element = elements?.[index];
  return Object.keys(redacted ?? {}).length > 0 && JSON.stringify(element) === "{}";
}

describe.skipIf(noCorpus)(`public files (${noCorpus ?? "corpus"})`, () => {
  const files = (noCorpus ? [] : readdirSync(corpus, { recursive: true, encoding: "utf8" }))
    .filter((file) => !/^(?:certs|interop-inputs)|^index\.md$/.test(file))
    .flatMap((file) => parsed(join(corpus, file)).map((vcon) => ({ file, vcon })));

  it("are there", () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it.each(files)("$file has findings, and an error wherever the schema finds one", ({ vcon }) => {
    const findings = validateVcon(vcon);
    expect(findings.length).toBeGreaterThan(0);
    if (formOf(vcon) === "unsigned") expect(disagreements(vcon)).toEqual([]);
  });

  it.each(files.filter(({ vcon }) => formOf(vcon) === "unsigned" && isReadable(vcon)))(
    "$file agrees with the schema once it is read, too",
    ({ vcon }) => {
      expect(disagreements(readVcon(vcon).vcon)).toEqual([]);
    },
  );
});

/** The JSON object in a file, if it is one. */
function parsed(path: string): object[] {
  try {
    const bytes = readFileSync(path);
    const value = JSON.parse((path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString());
    return typeof value === "object" ? [value] : [];
  } catch {
    return [];
  }
}

function isReadable(vcon: object): boolean {
  try {
    return readVcon(vcon).form === "unsigned";
  } catch {
    return false;
  }
}

const documents = readdirSync(written)
  .filter((file) => file.endsWith(".json"))
  .map((file) => JSON.parse(readFileSync(join(written, file), "utf8")) as object);

/** Values near to what belongs somewhere, and far from it. */
const anyValue = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.integer({ min: -1, max: 4 }),
  fc.array(fc.integer({ min: -1, max: 4 })),
  fc.constantFrom(
    "text",
    "transfer",
    "json",
    "none",
    "2026-03-02T09:00:00Z",
    "https://example.com/",
    "",
    {},
    [],
    null,
  ),
);

/** A hand-written vCon in which one member, anywhere, was set, dropped or added. */
const mutated = fc
  .record({
    document: fc.constantFrom(...documents),
    place: fc.nat(),
    name: fc.constantFrom(
      "type",
      "body",
      "url",
      "parties",
      "dialog",
      "redacted",
      "amended",
      "encoding",
      "session_id",
    ),
    value: fc.option(anyValue, { nil: undefined }),
    isAdded: fc.boolean(),
  })
  .map(({ document, place, name, value, isAdded }) => {
    const copy = structuredClone(document);
    const objects = objectsIn(copy);
    const object = objects[place % objects.length] as Record<string, unknown>;
    const names = Object.keys(object);
    const changed = isAdded || names.length === 0 ? name : names[place % names.length]!;
    object[changed] = value;
    return JSON.parse(JSON.stringify(copy)) as unknown;
  });

function objectsIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

it.skipIf(noSchema)("a mutated vCon has an error wherever the schema finds one", () => {
  let rejected = 0;
  fc.assert(
    fc.property(mutated, (vcon) => {
      expect(disagreements(vcon)).toEqual([]);
      if (schemaErrors(vcon).length > 0) rejected += 1;
    }),
    { numRuns: 1000 },
  );
  // Or else the property would say nothing.
  expect(rejected).toBeGreaterThan(200);
});

it("any JSON value at all, and any mutated vCon, has a list of findings that are complete", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), mutated), (value) => {
      for (const { level, pointer, rule, section, message } of validateVcon(value)) {
        expect(["error", "warning", "info"]).toContain(level);
        expect(pointer).toMatch(/^(?:\/|$)/);
        expect(rule).toMatch(/^[a-z]+[A-Za-z0-9]*$/);
        expect(section).toMatch(/^(?:[a-z-]+-\d\d|RFC \d+) \d+(?:\.\d+)*$/);
        expect(message).toMatch(/^[A-Z`].*\.$/);
      }
    }),
    { numRuns: 1000 },
  );
});
