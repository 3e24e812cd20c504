/**
 * What reading a vCon costs. In time: reading and normalising vCons of 5 kB beside `JSON.parse` of the same bytes. In
 * memory: a vCon of 50 MB of audio read, validated and written, each time in a process of its own, as a multiple of its
 * size; beside that a bare parse and stringify.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addAnalysis, encodeBase64Url, readVcon, type Syntax, writeVcon } from "../core/index.ts";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { call, chat, conversation } from "./support/vcons.ts";

const RUNS = 15;
const WARM_UPS = 3;
const VCONS = 1000;
const LINES = 16;

const MEMORY_RUNS = 5;
const AUDIO_BYTES = 37.5e6;
/** The engine keeps a text with one character beyond Latin-1 in two bytes for every one of its characters. */
const SUMMARIES = { ASCII: "She wants to send it back.", Unicode: "She wants to send it back \u{1f4e6}." };

export const document: readonly Measurement[] = [
  { name: "document read 5 kB", measure: async () => [...reading("0.4.0"), ...reading("0.0.1")] },
  { name: "document memory 50 MB", measure: async () => memory() },
];

function reading(syntax: Syntax): Figure[] {
  const documents = Array.from({ length: VCONS }, () =>
    Buffer.from(writeVcon(conversation(LINES), { syntax })),
  );
  const parse = (bytes: Buffer): unknown => JSON.parse(bytes.toString());
  const parsed: number[] = [];
  const read: number[] = [];
  for (let run = -WARM_UPS; run < RUNS; run++) {
    const times = [
      microseconds(documents, parse),
      microseconds(documents, (bytes) => readVcon(bytes)),
    ] as const;
    if (run < 0) continue;
    parsed.push(times[0]);
    read.push(times[1]);
  }
  const name = `document read 5 kB of ${syntax}`;
  return [
    figure(`${name}: size`, "B", [documents[0]!.length]),
    figure(`${name}: JSON.parse`, "µs", parsed),
    figure(`${name}: readVcon`, "µs", read),
    ratio(`${name}: readVcon by JSON.parse`, read, parsed),
  ];
}

/** Of one document. */
function microseconds(documents: readonly Buffer[], way: (bytes: Buffer) => unknown): number {
  const began = performance.now();
  for (const bytes of documents) way(bytes);
  return ((performance.now() - began) * 1000) / documents.length;
}

function memory(): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), "vcon-bench-"));
  const file = join(folder, "call.vcon.json");
  try {
    return Object.entries(SUMMARIES).flatMap(([script, summary]) => {
      const size = writeCall(file, summary);
      const name = `document memory 50 MB ${script}`;
      return [
        figure(`${name}: parse and stringify`, "x size", peaks("bare", file, size)),
        figure(`${name}: read, validate, write`, "x size", peaks("vcon", file, size)),
      ];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns its size in bytes */
function writeCall(file: string, summary: string): number {
  const vcon = call(encodeBase64Url(Buffer.alloc(AUDIO_BYTES, "audio")));
  addAnalysis(vcon, { type: "summary", vendor: "example", encoding: "none", body: summary });
  vcon.dialog!.push(...chat().dialog!);
  const bytes = Buffer.from(writeVcon(vcon));
  writeFileSync(file, bytes);
  return bytes.length;
}

function peaks(way: string, file: string, size: number): number[] {
  const words = ["--expose-gc", join(import.meta.dirname, "support", "document-memory.ts"), way, file];
  return Array.from({ length: MEMORY_RUNS }, () => Number(execFileSync(process.execPath, words)) / size);
}
