/** The document as a stream: the same as the document in one piece, whatever it holds and wherever it is cut. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addAnalysis,
  addAttachment,
  addDialog,
  addParty,
  buildNew,
  LargeBody,
  openStore,
  SECTIONS,
  type Syntax,
  streamVcon,
  type Vcon,
  type VconStore,
  VconView,
  WHOLE_PARTS,
  writeVcon,
} from "../../../core/index.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";

const KIB = 1024;
const SYNTAXES: Syntax[] = ["0.4.0", "0.3.0", "0.0.1"];

async function written(vcon: VconView, syntax?: Syntax): Promise<unknown> {
  const pieces: Uint8Array[] = [];
  for await (const piece of streamVcon(vcon, { syntax })) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  // A cut character would become another one.
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

/** A handle on the body that gives so many bytes at a time. */
function held(body: string | object, step: number): LargeBody {
  const kind = typeof body === "string" && body.isWellFormed() ? "text" : "json";
  const bytes = Buffer.from(kind === "text" ? (body as string) : JSON.stringify(body));
  return new LargeBody(bytes.length, kind, async function* () {
    for (let start = 0; start < bytes.length; start += step) yield bytes.subarray(start, start + step);
  });
}

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("\ud800", "\udc00", "é", '"', "\\", "\n", "\0", "\u2028", "😀") }),
);
const elements = fc.array(
  fc.record(
    {
      body: fc.oneof(anyText, fc.object()),
      type: anyText,
      large: fc.option(fc.integer({ min: 1, max: 7 })),
      odd: fc.jsonValue(),
      encoding: fc.constantFrom("json", "none"),
      purpose: fc.constantFrom("tags", "slides"),
      mediatype: anyText,
      content_hash: fc.constant(`sha512-${"a".repeat(86)}`),
    },
    { requiredKeys: ["body", "large"] },
  ),
  { maxLength: 4 },
);

describe("the streamed document", () => {
  it("is the document in every syntax, whatever stands in it and wherever its pieces end", async () => {
    const sections = fc.record({ dialog: elements, attachments: elements, analysis: elements });
    const members = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(
        members,
        fc.array(fc.object(), { maxLength: 2 }),
        sections,
        fc.constantFrom(...SYNTAXES),
        async (more, parties, parts, syntax) => {
          const head = JSON.parse(JSON.stringify({ ...more, ...buildNew() }));
          for (const name of ["parties", ...SECTIONS]) delete head[name];
          const view = new VconView(head.uuid, {
            revision: "1",
            head,
            parties: parties as never,
            ...Object.fromEntries(
              SECTIONS.map((name) => [
                name,
                new Map(
                  parts[name].map(({ large, body, ...rest }, index) => [
                    index,
                    { ...rest, body: large === null ? body : held(body, large) },
                  ]),
                ),
              ]),
            ),
          });
          const whole = {
            ...head,
            ...(parties.length > 0 && { parties }),
            ...Object.fromEntries(
              SECTIONS.filter((name) => parts[name].length > 0).map((name) => [
                name,
                parts[name].map(({ large: _, ...element }) => element),
              ]),
            ),
          };
          expect(await written(view, syntax)).toEqual(JSON.parse(writeVcon(whole, { syntax })));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("keeps elements that are no objects, and says nothing of arrays without elements", async () => {
    const head = buildNew();
    const dialog = new Map([[0, null as never]]);
    const view = new VconView(head.uuid, {
      revision: "1",
      head,
      parties: [],
      dialog,
      attachments: new Map(),
      analysis: new Map(),
    });
    expect(await written(view)).toEqual({ ...head, dialog: [null] });
  });

  it("reads a large body no faster than it is taken", async () => {
    const pieces = 50;
    let read = 0;
    const body = new LargeBody(pieces * KIB, "text", async function* () {
      for (; read < pieces; read++) yield Buffer.alloc(KIB, "a");
    });
    const head = buildNew();
    const dialog = new Map([[0, { type: "recording", body }]]);
    const view = new VconView(head.uuid, {
      revision: "1",
      head,
      parties: [],
      dialog,
      attachments: new Map(),
      analysis: new Map(),
    });
    let taken = 0;
    for await (const piece of streamVcon(view)) {
      taken += piece.length;
      expect(piece.length).toBeLessThanOrEqual(64 * KIB);
      expect(read * KIB).toBeLessThanOrEqual(taken + KIB);
    }
    expect(read).toBe(pieces);
  });
});

describe("the streamed document out of", () => {
  let folder: string;
  let redis: TestRedis;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vcon-stream-"));
    redis = await startRedis();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await redis.stop();
  });

  const homes: [string, () => Promise<VconStore>][] = [
    ["SQLite", () => openStore("sqlite:stream.sqlite", { folder })],
    ["Redis", () => openStore(redis.url)],
  ];
  it.each(homes)(
    "%s fails where the vCon is deleted meanwhile: half of it is never its end",
    async (_, open) => {
      const store = await open();
      const vcon = largeCall();
      await store.create(vcon);
      const pieces = streamVcon(await store.read(vcon.uuid, WHOLE_PARTS));
      await pieces.next();
      await store.delete(vcon.uuid);
      const left = async () => {
        for await (const _ of pieces);
      };
      await expect(left()).rejects.toMatchObject({ code: "VCON_NOT_FOUND" });
      await store.close();
    },
  );

  it.each(homes)("%s is what the store gives in one piece", async (_, open) => {
    const store = await open();
    const vcon = largeCall();
    await store.create(vcon);
    await store.append(vcon.uuid, {
      tags: [{ name: "mood", value: "good" }],
      analysis: [
        { type: "report", vendor: "example", encoding: "json", body: { words: Array(50_000).fill("é") } },
      ],
      extensions: ["example"],
    });
    const view = await store.read(vcon.uuid, WHOLE_PARTS);
    for (const syntax of SYNTAXES) {
      const whole = writeVcon(await store.get(vcon.uuid), { syntax });
      expect(await written(view, syntax)).toEqual(JSON.parse(whole));
    }
    expect(await written(view)).toMatchObject({
      vcon: "0.4.0",
      extensions: ["example"],
      odd: { kept: true },
    });
    await store.close();
  });
});

/** With bodies of every kind above 256 kB, in whose pieces characters are cut. */
function largeCall(): Vcon {
  const vcon = buildNew({ created_at: "2026-11-02T10:00:00Z", odd: { kept: true } });
  addParty(vcon, { name: "Carol Carter" });
  const start = vcon.created_at;
  addDialog(vcon, { type: "recording", start, encoding: "base64url", body: "Zm9v".repeat(200_000) });
  addDialog(vcon, { type: "text", start, encoding: "none", body: `a${'"\\\n😀é'.repeat(100_000)}` });
  addDialog(vcon, { type: "text", start, encoding: "none", body: `\ud800${"x".repeat(300_000)}` });
  addDialog(vcon, { type: "text", start, encoding: "none", body: "small" });
  addAttachment(vcon, { purpose: "notes", encoding: "json", body: Array(30_000).fill({ é: '"' }) });
  addAnalysis(vcon, { type: "summary", vendor: "example", encoding: "none", body: "" });
  return vcon;
}
