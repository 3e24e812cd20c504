/** What holds for any input. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { VconError } from "../../../core/errors.ts";
import {
  agentTraces,
  checkPermission,
  findPartyIndex,
  findWtf,
  formOf,
  outerUuid,
  payloadOf,
  type ReadVcon,
  readLawfulBasis,
  readVcon,
  readWtf,
  sipAttachments,
  tagsIn,
  type Vcon,
  validateVcon,
  writeVcon,
} from "../../../core/vcon/index.ts";
import { vconLike } from "./arbitrary.ts";

function readOrRefuse(value: unknown): ReadVcon | undefined {
  try {
    return readVcon(JSON.stringify(value));
  } catch (error) {
    expect(error).toBeInstanceOf(VconError);
    return;
  }
}

/** Runs over what can be read, and fails if that is too little to say anything. */
function forVconsRead(property: (vcon: Vcon) => void): void {
  let read = 0;
  fc.assert(
    fc.property(vconLike, (value) => {
      const found = readOrRefuse(value);
      if (found?.form !== "unsigned") return;
      read += 1;
      property(found.vcon);
    }),
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(100);
}

it("any JSON value is read or refused, never another error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), vconLike), (value) => {
      readOrRefuse(value);
    }),
    { numRuns: 300 },
  );
});

it("what was read reads the same again, and normalising it again changes nothing", () => {
  forVconsRead((vcon) => {
    const written = writeVcon(vcon);
    const again = readVcon(written);
    expect(again.changes).toEqual([]);
    expect(writeVcon(again.vcon)).toBe(written);
  });
});

it.each(["0.3.0", "0.0.1"] as const)("what is written in syntax %s reads as the same vCon", (syntax) => {
  forVconsRead((vcon) => {
    const before = structuredClone(vcon);
    const written = writeVcon(vcon, { syntax });
    expect(vcon).toEqual(before);
    expect(JSON.parse(written).vcon).toBe(syntax);
    expect(readVcon(written).vcon).toEqual(vcon);
  });
});

it("text, bytes and object read the same", () => {
  forVconsRead((vcon) => {
    const written = writeVcon(vcon);
    for (const input of [Buffer.from(written), JSON.parse(written)]) {
      expect(writeVcon(readVcon(input).vcon)).toBe(written);
    }
  });
});

/** What is asked of a vCon that nobody has read before. */
const QUESTIONS: Record<string, (value: never) => unknown> = {
  agentTraces,
  checkPermission: (value) => checkPermission(value, "analysis"),
  findPartyIndex: (value) => findPartyIndex(value, "name", "Alice"),
  findWtf,
  formOf,
  outerUuid,
  payloadOf,
  readLawfulBasis,
  readWtf,
  sipAttachments,
  tagsIn,
  validateVcon,
  writeVcon,
  writeOlder: (value) => writeVcon(value, { syntax: "0.0.1" }),
};

it.each(Object.keys(QUESTIONS))("%s answers, or refuses with an error of ours, whatever the JSON", (name) => {
  const oddVcon = fc.dictionary(
    fc.constantFrom("parties", "dialog", "analysis", "attachments", "payload", "signatures", "recipients"),
    fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue())),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), oddVcon), (value) => {
      try {
        QUESTIONS[name]!(value as never);
      } catch (error) {
        expect(error).toBeInstanceOf(VconError);
      }
    }),
    { numRuns: 200 },
  );
});
