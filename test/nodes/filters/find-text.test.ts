import { describe, expect, it } from "vitest";
import { addAnalysis, addDialog, type Vcon } from "../../../core/index.ts";
import { catcher, sink } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { analysed, call, chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** The output that the vCon leaves by, as it came. */
async function way(vcon: Vcon, words: string[], where = "anything"): Promise<string> {
  await nodeRed.deploy([
    storeNode,
    { id: "find", type: "vcon-find-text", store: "store", words, where, wires: [["found"], ["not found"]] },
    sink("found"),
    sink("not found"),
    catcher,
    sink("failure"),
  ]);
  const payload = await stored(store, vcon);
  const { at, message } = await nodeRed.through("find", { payload, topic: "kept" });
  expect(message).toMatchObject({ payload, topic: "kept" });
  expect(await store.get(payload)).toEqual(vcon);
  expect(await store.trail(payload)).toEqual([]);
  return at;
}

describe("a word", () => {
  it.each<[string, string, string, boolean]>([
    ["alone", "recall", "recall", true],
    ["in a sentence", "recall", "Is there a recall of kettles?", true],
    ["in capitals", "recall", "RECALL!", true],
    ["written in capitals in the node", "RECALL", "a Recall.", true],
    ["between signs", "recall", "(recall)/“recall”", true],
    ["with an apostrophe after it", "recall", "the recall's date", true],
    ["that only begins with it", "recall", "recalled", false],
    ["that only ends with it", "recall", "I prerecall", false],
    ["with a digit at its end", "recall", "recall2", false],
    ["another one", "recall", "I don't recollect", false],
    ["with a star, alone", "recall*", "A recall.", true],
    ["with a star, longer", "recall*", "It was recalled.", true],
    ["with a star, only ending with it", "recall*", "prerecalled", false],
    ["a phrase", "safety notice", "The safety notice came.", true],
    ["a phrase over lines", "safety notice", "the safety\n\t notice", true],
    ["a phrase with a no-break space", "safety notice", "the safety\u00a0notice", true],
    ["a phrase written with more spaces", "safety   notice", "the safety notice", true],
    ["a phrase in the wrong order", "safety notice", "notice the safety", false],
    ["a phrase with a star", "safety notice*", "safety notices", true],
    ["blanks around it in the node", "  recall ", "recall", true],
    ["umlauts", "Rückruf", "RÜCKRUF!", true],
    ["umlauts as letters of a word", "ruf", "Rückrüfung, Aufrüf", false],
    ["an accent that the text writes apart", "café", "le cafe\u0301 du coin", true],
    ["an accent that the node writes apart", "cafe\u0301", "le café du coin", true],
    ["without the accent that the text has", "cafe", "le cafe\u0301 du coin", false],
    ["Greek", "ανάκληση", "ΑΝΆΚΛΗΣΗ", true],
    ["Chinese, which has no spaces", "召回*", "召回产品", true],
    ["an emoji", "👍", "ok 👍!", true],
    ["signs of regular expressions", "C++", "I learn c++ now", true],
    ["signs that would match anything", ".*", "a recall", false],
    ["a bracket that is not closed", "(recall", "a (recall)", true],
    ["a backslash", "\\d", "7", false],
    ["a dollar", "$5", "for $5 only", true],
    ["a slash", "and/or", "and/or", true],
    ["a star in the middle, as it is", "re*ll", "recall", false],
    ["a question mark", "recall?", "recal", false],
    ["a hyphen", "e-mail", "an E-Mail came", true],
    ["a number", "202", "on 202-555", true],
  ])("is found or not: %s", async (_, word, text, found) => {
    expect(await way(chat(text), [word])).toBe(found ? "found" : "not found");
  });

  it("is one of several", async () => {
    expect(await way(chat("A refund, please."), ["recall", "refund"])).toBe("found");
    expect(await way(chat("Good morning."), ["recall", "refund"])).toBe("not found");
  });

  it("left empty among others finds nothing by itself", async () => {
    expect(await way(chat("Good morning."), ["", "recall", " "])).toBe("not found");
    expect(await way(chat("A recall."), ["", "recall", " "])).toBe("found");
  });

  it("is found in the second of two messages, and at the end of 1 MB", async () => {
    expect(await way(chat("Good morning.", "A recall."), ["recall"])).toBe("found");
    expect(await way(chat(`${"Good morning. ".repeat(75_000)}A recall.`), ["recall"])).toBe("found");
  });
});

describe("a transcript", () => {
  const said = "Is my kettle part of the recall?";
  const shapes: [string, string, unknown][] = [
    [
      "WTF",
      "wtf_transcription",
      {
        transcript: { text: said, language: "en", duration: 2, confidence: 1 },
        segments: [{ id: 0, start: 0, end: 2, text: said, confidence: 1 }],
        metadata: {},
      },
    ],
    ["plain text", "transcript", said],
    ["JSON in a text", "transcript", JSON.stringify({ text: said })],
    ["Whisper's", "transcript", { text: said, segments: [] }],
    ["Deepgram's", "transcript", { results: { channels: [{ alternatives: [{ transcript: said }] }] } }],
    ["one alternative of Deepgram's", "transcript", { transcript: said, words: [] }],
    ["a list of utterances", "transcript", [{ speaker: "Carol", message: said }]],
    ["by the conserver", "transcription", { transcript: said }],
    ["redacted", "transcript-redacted", { text: said }],
    ["told apart by speaker", "diarized", { segments: [{ speaker: 0, text: said }] }],
  ];

  it.each(shapes)("is searched in the shape %s", async (_, type, body) => {
    expect(await way(analysed(type, body), ["recall"])).toBe("found");
    expect(await way(analysed(type, body), ["refund"])).toBe("not found");
  });

  it("is searched whole where it is larger than 64 kB", async () => {
    const text = `${"Good morning. ".repeat(10_000)}A recall.`;
    expect(await way(analysed("transcript", { text }), ["recall"])).toBe("found");
  });

  it.each<[string, unknown]>([
    ["empty", ""],
    ["a number", 7],
    ["an empty object", {}],
    ["of a shape that nobody knows", { a: { b: "recall" } }],
  ])("that can't be read counts as not found: %s", async (_, body) => {
    expect(await way(analysed("transcript", body), ["recall"])).toBe("not found");
  });

  it("that was redacted away counts as not found", async () => {
    const vcon = chat("Good morning.");
    addAnalysis(vcon, { type: "transcript", vendor: "example", dialog: 0 });
    expect(await way(vcon, ["recall"])).toBe("not found");
  });

  it("is not another analysis that mentions the word", async () => {
    expect(await way(analysed("summary", "They spoke of a recall."), ["recall"])).toBe("not found");
  });
});

describe("the place", () => {
  const written = () => chat("A recall.");
  const spoken = () => analysed("transcript", "A recall.");

  it.each<[string, () => Vcon, string]>([
    ["anything", written, "found"],
    ["anything", spoken, "found"],
    ["messages", written, "found"],
    ["messages", spoken, "not found"],
    ["transcript", written, "not found"],
    ["transcript", spoken, "found"],
  ])("counts: %s", async (where, make, expected) => {
    expect(await way(make(), ["recall"], where)).toBe(expected);
  });

  it.each(["anything", "messages", "transcript"])("that is empty counts as not found: %s", async (where) => {
    expect(await way(chat(), ["recall"], where)).toBe("not found");
    expect(await way(call({ mediatype: "audio/x-mp3" }), ["recall"], where)).toBe("not found");
  });

  it("is not the base64url of a recording, nor a name or a subject", async () => {
    const vcon = chat();
    vcon.subject = "recall";
    vcon.parties![0]!.name = "recall";
    addDialog(vcon, { type: "recording", mediatype: "audio/x-mp3", encoding: "none", body: "recall" });
    expect(await way(vcon, ["recall"])).toBe("not found");
  });

  it("is not a message without a text", async () => {
    const vcon = chat();
    addDialog(vcon, { type: "text", url: "https://example.com/recall" });
    addDialog(vcon, { type: "text", encoding: "json", body: { text: "recall" } });
    expect(await way(vcon, ["recall"], "messages")).toBe("not found");
  });
});
