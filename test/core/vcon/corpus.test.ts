/** Every public vCon file reads as it should; they are third-party data beside the repository, so they may be absent. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  contentHash,
  contentHashOfStream,
  findUuid,
  readVcon,
  TRANSCRIPT_TYPES,
  transcriptText,
  transcriptTurns,
  type Vcon,
  writeVcon,
} from "../../../core/vcon/index.ts";

const corpus = process.env.VCON_CORPUS ?? join(import.meta.dirname, "../../../../shared/corpus");
const absent = !existsSync(corpus);
const title = absent ? `corpus (skipped: no ${corpus}; VCON_CORPUS may name another place)` : "corpus";

/** Where a file does not read as an unsigned vCon. */
const OUTCOMES: Record<string, string> = {
  "malformed/cont04_simple-vcon.vcon": "not JSON at position 16",
  "malformed/core03_simple-vcon.vcon": "none of a vCon's members",
  "malformed/empty-file.vcon": "It is empty",
  "malformed/mimi_attachment.json": "not JSON at position 118",
  "malformed/null_dialog_string_analysis.json": "/analysis is a string where an array belongs",
  "signed-encrypted/cont04_ab_call_ext_rec_encrypted.vcon": "encrypted",
  "signed-encrypted/container-00_ab_call_ext_rec_signed.vcon": "signed",
  "signed-encrypted/container-01_ab_call_ext_rec_signed.vcon": "signed",
  "signed-encrypted/core03_ab_call_ext_rec_signed.vcon": "signed",
};

const NO_VCONS = /^(?:certs|interop-inputs)\/|^index\.md$/;
const SECTIONS = ["parties", "dialog", "analysis", "attachments"] as const;
const DIALOG_TYPES = new Map<unknown, string>([
  ["audio", "recording"],
  ["video", "recording"],
]);
const OLD_NAMES = /^(?:mimetype|appended|must_support|vendor_schema|vendor_product|transcript)$/;

function bytesOf(file: string): Buffer {
  return readFileSync(join(corpus, file));
}

function vconOf(file: string): Vcon {
  return readVcon(bytesOf(file)).vcon as Vcon;
}

describe.skipIf(absent)(title, () => {
  const files = absent
    ? []
    : readdirSync(corpus, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(corpus.length + 1))
        .filter((file) => !NO_VCONS.test(file));
  const unsigned = files.filter((file) => !(file in OUTCOMES));

  it("holds what this table speaks of", () => {
    expect(files).toEqual(expect.arrayContaining(Object.keys(OUTCOMES)));
    expect(unsigned.length).toBeGreaterThan(40);
  });

  it.each(unsigned)("%s reads and is brought into core-04", (file) => {
    const { form, vcon, changes } = readVcon(bytesOf(file));
    expect(form).toBe("unsigned");
    expect(vcon.vcon).toBe("0.4.0");
    expect(findUuid(vcon.uuid)).toBe(vcon.uuid);
    expect(vcon.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    const objects = [vcon, ...SECTIONS.flatMap((section): object[] => (vcon as Vcon)[section] ?? [])];
    expect(objects.flatMap((object) => Object.keys(object)).filter((name) => OLD_NAMES.test(name))).toEqual(
      [],
    );
    expect(changes.length).toBeGreaterThan(0);

    const again = readVcon(writeVcon(vcon as Vcon));
    expect(again.changes).toEqual([]);
    expect(again.vcon).toEqual(vcon);
  });

  it.each(unsigned)("%s is the same after a way through each older syntax", (file) => {
    const vcon = vconOf(file);
    for (const syntax of ["0.3.0", "0.0.1"] as const) {
      const written = writeVcon(vcon, { syntax });
      expect(JSON.parse(written).vcon).toBe(syntax);
      expect(readVcon(written).vcon).toEqual(vcon);
    }
  });

  it.each(unsigned.filter((file) => !file.startsWith("gzip/")))("%s keeps its elements in place", (file) => {
    const before = JSON.parse(bytesOf(file).toString());
    const after = vconOf(file);
    for (const section of SECTIONS) {
      const kinds = (elements: Record<string, unknown>[] | null | undefined) =>
        elements?.map(({ purpose, type, name }) => purpose ?? DIALOG_TYPES.get(type) ?? type ?? name) ?? [];
      expect(kinds(after[section] as Record<string, unknown>[] | undefined)).toEqual(kinds(before[section]));
    }
  });

  it.each(files.filter((file) => file in OUTCOMES))("%s is sealed or refused", (file) => {
    const outcome = OUTCOMES[file]!;
    if (outcome.endsWith("ed")) {
      const { form, vcon, changes } = readVcon(bytesOf(file));
      expect(form).toBe(outcome);
      expect(vcon).toEqual(JSON.parse(bytesOf(file).toString()));
      expect(changes).toEqual([]);
    } else {
      expect(() => readVcon(bytesOf(file))).toThrow(
        expect.objectContaining({ code: "VCON_MALFORMED", message: expect.stringContaining(outcome) }),
      );
    }
  });

  it("hashes the call of the IETF example as the draft does", async () => {
    const hash =
      "sha512-GLy6IPaIUM1GqzZqfIPZlWjaDsNgNvZM0iCONNThnH0a75fhUM6cYzLZ5GynSURREvZwmOh54-2lRRieyj82UQ";
    const call = bytesOf("interop-inputs/ab_call.mp3");
    expect(contentHash(call)).toBe(hash);
    async function* pieces() {
      yield call.subarray(0, 1000);
      yield call.subarray(1000);
    }
    expect(await contentHashOfStream(pieces())).toBe(hash);
  });

  it("converts alg and signature into the hash of the file they were made of", () => {
    const [dialog] = vconOf("ietf-old/container-00_ab_call_ext_rec.vcon").dialog!;
    expect(dialog!.content_hash).toBe(contentHash(bytesOf("interop-inputs/ab_call.wav")));
    expect(dialog).not.toHaveProperty("alg");
    expect(dialog).not.toHaveProperty("signature");
  });

  it("reads a gzipped file as the plain one", () => {
    const plain = vconOf("ietf-core/core03_ab_call_int_rec.vcon");
    expect(vconOf("gzip/core03_ab_call_int_rec.vcon.gz")).toEqual(plain);
  });

  it("keeps a hash that it can't convert, and tells of it", () => {
    const { vcon, left } = readVcon(bytesOf("py-vcon-legacy/unpacked.vcon"));
    const [dialog] = (vcon as Vcon).dialog!;
    expect(dialog).toMatchObject({ alg: "LMOTS_SHA256_N32_W8" });
    expect(dialog).not.toHaveProperty("content_hash");
    expect(left).toContainEqual(expect.objectContaining({ pointer: "/dialog/0/alg", rule: "contentHash" }));
  });

  it("finds text and turns in every transcript", () => {
    const transcripts = unsigned.flatMap((file) =>
      (vconOf(file).analysis ?? [])
        .filter(({ type, body }) => TRANSCRIPT_TYPES.some((name) => name === type) && body !== undefined)
        .map((analysis) => ({ file, analysis })),
    );
    const silent = transcripts.filter(
      ({ analysis }) => !transcriptText(analysis) || transcriptTurns(analysis).length === 0,
    );
    // These hold {} and {"a":"b"}.
    expect(new Set(silent.map(({ file }) => file))).toEqual(
      new Set(["py-vcon-legacy/ab_call_ext_rec_0.0.1.vcon", "py-vcon-legacy/pre_0.0.1_vcon_trans.vcon"]),
    );
    expect(transcripts.length - silent.length).toBeGreaterThan(20);
  });

  it("reads Deepgram's whole response as the IETF example holds it", () => {
    const [analysis] = vconOf("ietf-old/cont04_ab_call_ext_rec_analysis.vcon").analysis!;
    expect(transcriptText(analysis!)).toMatch(/^Hello\. This is example\.com\./);
    expect(transcriptTurns(analysis!)[0]).toEqual({
      speaker: "Speaker 0",
      text: "Hello. This is example.com. My name is Bob. How can I help you? Hi.",
      start: 1.1999999,
      end: 6.18,
    });
  });
});
