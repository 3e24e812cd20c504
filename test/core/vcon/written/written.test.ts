/** vCons written by hand for what no public file has: they keep every rule, and reading leaves them as they are. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodePassport, readVcon, type Vcon, validateVcon, writeVcon } from "../../../../core/vcon/index.ts";
import { noSchema, schemaErrors } from "../validate/schema.ts";

/** What is worth knowing of each, beside that `vcon` is deprecated. */
const INFOS: Record<string, string[]> = {
  "agent-session": [],
  amended: [],
  "civic-address": [],
  "contact-center": [],
  critical: ["criticalUnknown /critical/0"],
  incomplete: ["placeholder /dialog/2"],
  "lawful-basis": [],
  "party-history": [],
  "recording-set": [],
  redacted: ["placeholder /dialog/1", "placeholder /analysis/0", "placeholder /attachments/0"],
  "sip-signaling": [],
  "sms-thread": [],
  stir: [],
  tags: [],
  transfer: ["placeholder /dialog/2"],
  wtf: [],
};

/** The schema wants members even of the empty placeholder that section 4.1.8 asks for. */
const AGAINST_SCHEMA: Record<string, string[]> = {
  redacted: [
    "/analysis/0/type",
    "/analysis/0/vendor",
    "/attachments/0/dialog",
    "/attachments/0/party",
    "/attachments/0/start",
  ],
};

function textOf(name: string): string {
  return readFileSync(join(import.meta.dirname, `${name}.json`), "utf8");
}

describe("a vCon written by hand", () => {
  it("is told of in the table", () => {
    const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".json"));
    expect(files.map((file) => file.replace(/\.json$/, "")).sort()).toEqual(Object.keys(INFOS).sort());
  });

  it.each(Object.entries(INFOS))("%s validates without an error or a warning", (name, infos) => {
    const findings = validateVcon(JSON.parse(textOf(name)));
    expect(findings.filter(({ level }) => level !== "info")).toEqual([]);
    expect(findings.map(({ rule, pointer }) => `${rule} ${pointer}`).sort()).toEqual(
      ["deprecated /vcon", ...infos].sort(),
    );
  });

  it.skipIf(noSchema).each(Object.keys(INFOS))("%s passes the draft's schema", (name) => {
    const errors = schemaErrors(JSON.parse(textOf(name)));
    expect(errors.map(({ pointer }) => pointer).sort()).toEqual(AGAINST_SCHEMA[name] ?? []);
  });

  it.each(Object.keys(INFOS))("%s is the same after reading, writing and reading again", (name) => {
    const first = readVcon(textOf(name));
    expect(first.changes).toEqual([]);
    const written = writeVcon(first.vcon as Vcon);
    expect(JSON.parse(written)).toEqual(JSON.parse(textOf(name)));
    expect(readVcon(written)).toEqual(first);
  });

  it("holds a PASSporT that can be decoded", () => {
    const { parties } = readVcon(textOf("stir")).vcon as Vcon;
    expect(decodePassport(parties![0]!.stir!).claims).toMatchObject({ orig: { tn: "12025550123" } });
  });
});
