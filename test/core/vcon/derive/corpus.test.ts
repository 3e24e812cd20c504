/** A party can be taken out of every public vCon file; they are third-party data, so they may be absent. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { VconError } from "../../../../core/errors.ts";
import { type ReadVcon, readVcon, redactVcon, type Vcon, validateVcon } from "../../../../core/vcon/index.ts";

const corpus = process.env.VCON_CORPUS ?? join(import.meta.dirname, "../../../../../shared/corpus");
const absent = !existsSync(corpus);
const title = absent ? `corpus (skipped: no ${corpus}; VCON_CORPUS may name another place)` : "corpus";

const files = absent
  ? []
  : (readdirSync(corpus, { recursive: true }) as string[]).filter((file) =>
      statSync(join(corpus, file)).isFile(),
    );

function unsigned(file: string): Vcon | undefined {
  let read: ReadVcon;
  try {
    read = readVcon(readFileSync(join(corpus, file)));
  } catch (error) {
    if (error instanceof VconError) return;
    throw error;
  }
  return read.form === "unsigned" ? read.vcon : undefined;
}

describe.skipIf(absent)(title, () => {
  it("holds no full name and no address of a party that was taken out, and has no new fault", () => {
    let taken = 0;
    for (const file of files) {
      const vcon = unsigned(file);
      for (const [index, party] of (vcon?.parties ?? []).entries()) {
        const redacted = redactVcon(vcon!, { parties: [index] }, { type: "a party" });
        const text = JSON.stringify({ ...redacted, uuid: "", redacted: undefined }).toLowerCase();
        for (const name of [
          party.name,
          party.mailto?.replace(/^mailto:/, ""),
          party.tel?.replace(/^tel:/, ""),
        ]) {
          const names = typeof name === "string" && /[@\d ]/.test(name.trim()) && name.length > 6;
          if (names) expect(text, file).not.toContain(name.trim().toLowerCase());
        }
        const faults = faultsOf(vcon!);
        expect(
          [...faultsOf(redacted)].filter((fault) => !faults.has(fault)),
          file,
        ).toEqual([]);
        taken += 1;
      }
    }
    expect(taken).toBeGreaterThan(50);
  });
});

function faultsOf(vcon: Vcon): Set<string> {
  return new Set(validateVcon(vcon).flatMap(({ level, rule }) => (level === "error" ? [rule] : [])));
}
