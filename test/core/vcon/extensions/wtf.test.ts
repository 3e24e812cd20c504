import { describe, expect, it } from "vitest";
import {
  addAttachment,
  addWtfTranscription,
  buildNew,
  type Content,
  findWtf,
  type JsonObject,
  readWtf,
  type WtfBody,
} from "../../../../core/vcon/index.ts";

const body: WtfBody = {
  transcript: { text: "Good morning.", language: "en-GB", duration: 2, confidence: 0.9 },
  segments: [{ id: 0, start: 0.5, end: 2, text: "Good morning.", confidence: 0.9, speaker: 0 }],
  metadata: {
    created_at: "2026-01-02T03:04:05Z",
    processed_at: "2026-01-02T03:04:05Z",
    provider: "deepgram",
    model: "nova-3",
  },
  speakers: { 0: { id: 0, label: "Alice", segments: [0], total_time: 1.5, confidence: 0.9 } },
};
const asText = JSON.stringify(body);

describe("readWtf", () => {
  it.each<[string, Content & JsonObject]>([
    ["as the value", { type: "wtf_transcription", encoding: "json", body }],
    ["as JSON in a text", { type: "wtf_transcription", encoding: "json", body: asText }],
    ["without an encoding", { type: "transcript", body: asText }],
    [
      "as base64url",
      { type: "transcription", encoding: "base64url", body: Buffer.from(asText).toString("base64url") },
    ],
    ["in an attachment", { purpose: "wtf_transcription", encoding: "json", body }],
  ])("reads a body %s", (_, content) => {
    expect(readWtf(content)).toEqual(body);
  });

  it("leaves out what is not of WTF and what is no part of it as it should be", () => {
    const odd = { ...body, words: "none", quality: [], speakers: [], streaming: {}, own: 1 } as JsonObject;
    const { speakers: _, ...rest } = body;
    expect(readWtf({ body: odd })).toEqual({ ...rest, streaming: {} });
  });

  it.each<[string, unknown]>([
    ["a text", "Good morning."],
    ["another transcript", { transcript: "Good morning.", confidence: 1 }],
    ["no segments", { ...body, segments: undefined }],
    ["a segment without text", { ...body, segments: [{ id: 0, start: 0, end: 1 }] }],
    ["a segment without times", { ...body, segments: [{ id: 0, text: "Good morning." }] }],
    ["no metadata", { ...body, metadata: null }],
    ["nothing", undefined],
    ["damaged base64url", "?"],
  ])("finds nothing in %s", (_, odd) => {
    expect(readWtf({ body: odd } as Content)).toBeUndefined();
    expect(readWtf({ body: odd, encoding: "base64url" } as Content)?.segments).toEqual(undefined);
  });
});

it("transcripts are added with their extension and found wherever they stand", () => {
  const vcon = buildNew();
  expect(findWtf(vcon)).toEqual([]);
  expect(addWtfTranscription(vcon, { body, vendor: "deepgram", dialog: 0 })).toBe(0);
  expect(addWtfTranscription(vcon, { body, vendor: "deepgram", dialog: 1 })).toBe(1);
  addAttachment(vcon, { purpose: "wtf_transcription", encoding: "json", body });
  expect(vcon.extensions).toEqual(["wtf_transcription"]);
  expect(vcon.analysis![1]).toMatchObject({
    type: "wtf_transcription",
    vendor: "deepgram",
    dialog: 1,
    encoding: "json",
  });
  expect(findWtf(vcon)).toEqual([
    { section: "analysis", index: 0, body },
    { section: "analysis", index: 1, body },
    { section: "attachments", index: 0, body },
  ]);
});
