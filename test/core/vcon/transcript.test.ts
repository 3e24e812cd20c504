import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Content,
  transcriptText,
  transcriptTurns,
  type WtfBody,
  wtfAnalysis,
} from "../../../core/vcon/index.ts";

const wtf: WtfBody = {
  transcript: { text: "Good morning. Hello.", language: "en-GB", duration: 4, confidence: 0.9 },
  segments: [
    { id: 0, start: 0.5, end: 2, text: "Good morning.", confidence: 0.9, speaker: 0 },
    { id: 1, start: 2.5, end: 4, text: "Hello.", confidence: 0.9, speaker: "B" },
  ],
  metadata: {
    created_at: "2026-01-02T03:04:05Z",
    processed_at: "2026-01-02T03:04:05Z",
    provider: "deepgram",
    model: "nova-3",
  },
  speakers: { 0: { id: 0, label: "Alice", segments: [0], total_time: 1.5, confidence: 0.9 } },
};
const wtfTurns = [
  { speaker: "Alice", text: "Good morning.", start: 0.5, end: 2 },
  { speaker: "B", text: "Hello.", start: 2.5, end: 4 },
];

const deepgram = {
  transcript: "Good morning. How are you? Fine.",
  confidence: 0.9,
  words: [
    { word: "good", punctuated_word: "Good", start: 0, end: 0.2, speaker: 0 },
    { word: "morning", punctuated_word: "morning.", start: 0.3, end: 0.6, speaker: 0 },
    { word: "fine", punctuated_word: "Fine.", start: 3, end: 3.4, speaker: 1 },
  ],
};
const paragraphs = {
  transcript: "\nSpeaker 0: Good morning. How are you?\n\nSpeaker 1: Fine.\n",
  paragraphs: [
    { speaker: 0, start: 0, end: 2, sentences: [{ text: "Good morning." }, { text: "How are you?" }] },
    { speaker: 1, start: 3, end: 3.4, sentences: [{ text: "Fine." }] },
  ],
};
const paragraphTurns = [
  { speaker: "Speaker 0", text: "Good morning. How are you?", start: 0, end: 2 },
  { speaker: "Speaker 1", text: "Fine.", start: 3, end: 3.4 },
];

describe("a transcript", () => {
  it.each<[string, unknown, string, unknown]>([
    ["WTF", wtf, wtf.transcript.text, wtfTurns],
    ["WTF as text", JSON.stringify(wtf), wtf.transcript.text, wtfTurns],
    ["Deepgram's paragraphs", { ...deepgram, paragraphs }, deepgram.transcript, paragraphTurns],
    [
      "Deepgram's words",
      deepgram,
      deepgram.transcript,
      [
        { speaker: "Speaker 0", text: "Good morning.", start: 0, end: 0.6 },
        { speaker: "Speaker 1", text: "Fine.", start: 3, end: 3.4 },
      ],
    ],
    [
      "Deepgram's whole response of two channels",
      {
        results: {
          channels: [
            {
              alternatives: [
                {
                  transcript: "Hi. Bye.",
                  paragraphs: {
                    paragraphs: [
                      { start: 1, end: 2, sentences: [{ text: "Hi." }] },
                      { start: 5, end: 6, sentences: [{ text: "Bye." }] },
                    ],
                  },
                },
                { transcript: "High." },
              ],
            },
            {
              alternatives: [
                {
                  transcript: "Yes?",
                  paragraphs: { paragraphs: [{ start: 3, end: 4, sentences: [{ text: "Yes?" }] }] },
                },
              ],
            },
          ],
        },
      },
      "Hi. Bye.\nYes?",
      [
        { speaker: "Channel 0", text: "Hi.", start: 1, end: 2 },
        { speaker: "Channel 1", text: "Yes?", start: 3, end: 4 },
        { speaker: "Channel 0", text: "Bye.", start: 5, end: 6 },
      ],
    ],
    ["{ text }", { text: "Hello." }, "Hello.", [{ text: "Hello." }]],
    ["{ transcript }", { transcript: "Hello.", detected_language: "en" }, "Hello.", [{ text: "Hello." }]],
    [
      "plain text",
      "Hello.\n\nGood morning.",
      "Hello.\n\nGood morning.",
      [{ text: "Hello.\n\nGood morning." }],
    ],
    [
      "plain text with names",
      "Alice: Hello: it's me.\n\nBob: Hi.",
      "Alice: Hello: it's me.\n\nBob: Hi.",
      [
        { speaker: "Alice", text: "Hello: it's me." },
        { speaker: "Bob", text: "Hi." },
      ],
    ],
    [
      "text with a colon in some line",
      "See:\nAlice: Hello.",
      "See:\nAlice: Hello.",
      [{ text: "See:\nAlice: Hello." }],
    ],
    ["text in braces", "{laughs} Hello.", "{laughs} Hello.", [{ text: "{laughs} Hello." }]],
    [
      "utterances of the conserver's generator",
      [
        { speaker: "Agent", message: "Hello." },
        { speaker: "Customer", message: "Hi." },
      ],
      "Hello.\nHi.",
      [
        { speaker: "Agent", text: "Hello." },
        { speaker: "Customer", text: "Hi." },
      ],
    ],
    [
      "utterances of the IETF example",
      [{ parties: 1, start: "2022-06-21T17:53:27.200000+00:00", duration: 0.5, text: "Hello." }],
      "Hello.",
      [{ party: 1, text: "Hello." }],
    ],
    [
      "utterances with durations",
      { utterances: [{ speaker: 0, start: 1, duration: 0.5, text: "Hello." }] },
      "Hello.",
      [{ speaker: "Speaker 0", text: "Hello.", start: 1, end: 1.5 }],
    ],
    ["a list of texts", ["Hello.", "", "Hi."], "Hello.\nHi.", [{ text: "Hello." }, { text: "Hi." }]],
  ])("reads %s", (_, body, text, turns) => {
    const analysis = { body } as Content;
    expect(transcriptText(analysis)).toBe(text);
    expect(transcriptTurns(analysis)).toEqual(turns);
  });

  it.each([
    [undefined],
    [""],
    ["  "],
    [{}],
    [[]],
    [5],
    [{ transcript: "" }],
    [{ text: 5 }],
    [{ segments: [null, 1, {}] }],
  ])("finds nothing in %j", (body) => {
    expect(transcriptText({ body } as Content)).toBeUndefined();
    expect(transcriptTurns({ body } as Content)).toEqual([]);
  });

  it("takes any JSON", () => {
    const parts = [
      "transcript",
      "text",
      "segments",
      "utterances",
      "words",
      "paragraphs",
      "results",
      "channels",
    ];
    const { any } = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: "medium" },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom(...parts, "speakers", "speaker", "alternatives", "__proto__"),
          tie("any"),
          { maxKeys: 4 },
        ),
      ),
    }));
    fc.assert(
      fc.property(any, (body) => {
        const text = transcriptText({ body } as Content);
        const turns = transcriptTurns({ body } as Content);
        expect(text === undefined).toBe(turns.length === 0);
        for (const turn of turns) expect(turn.text.trim()).not.toBe("");
      }),
      { numRuns: 400 },
    );
  });
});

describe("wtfAnalysis", () => {
  it("makes the analysis that the draft asks for", () => {
    expect(wtfAnalysis({ body: wtf, vendor: "deepgram", product: "nova-3", dialog: 0 })).toEqual({
      type: "wtf_transcription",
      start: wtf.metadata.created_at,
      dialog: 0,
      vendor: "deepgram",
      product: "nova-3",
      schema: "https://datatracker.ietf.org/doc/draft-howe-vcon-wtf-extension/",
      mediatype: "application/json",
      encoding: "json",
      body: wtf,
    });
    expect(wtfAnalysis({ body: wtf, vendor: "deepgram", dialog: [0, 1] })).not.toHaveProperty("product");
  });
});
