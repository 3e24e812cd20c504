/** Conversations longer than the model takes: divided, analysed in parts, and merged. */
import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../../core/index.ts";
import { modestAnswer } from "../../../../flows/stand-ins/modest-model.ts";
import { badRequest, Refusal, refusal } from "../../../../flows/stand-ins/openai.ts";
import type { Asked } from "../../../../flows/stand-ins/openai-chat-question.ts";
import type { Answer } from "../../../../flows/stand-ins/stand-in.ts";
import { call } from "../../../support/vcons.ts";
import { analyzeNode, type Line, type Model, spoken, transcribe } from "./analyze-node.ts";

const t = analyzeNode({ "gpt-6-luna": 1_050_000, "takes 4000": 4000, "takes 300": 300 });

const lines = (count: number): Line[] =>
  Array.from({ length: count }, (_, index) => [
    index % 2 ? "Alice Archer" : "Carol Carter",
    `Sentence ${index} is about the kettle and its recall, and about nothing else at all.`,
  ]);
const texts = (asked: Asked): string[] =>
  (t.given(asked).conversation ?? []).map(({ text }: Line & JsonObject) => text);
const isMerging = (asked: Asked) => "answers" in t.given(asked);
const characters = (asked: Asked) => asked.messages.reduce((sum, { content }) => sum + content.length, 0);

/** The texts of all parts, one after the other, without what a part repeats of the one before. */
function joined(parts: string[][]): string[] {
  const all: string[] = [];
  for (const part of parts) {
    const before = all.slice(-20);
    const isNew = part.findIndex((text) => !before.includes(text));
    all.push(...part.slice(isNew));
  }
  return all;
}

describe("a conversation that is too long", () => {
  it("is divided between turns, analysed part by part, and merged", async () => {
    await t.deploy({ longest: 3 });
    t.model = (asked) => (isMerging(asked) ? "The whole." : `Part with ${texts(asked).length} turns.`);
    const said = lines(300);
    const { analysis } = await t.analysed(spoken(said));
    expect(analysis).toHaveLength(2);
    expect(analysis!.at(-1)!.body).toBe("The whole.");

    const parts = t.asked.slice(0, -1);
    expect(parts.length).toBeGreaterThan(2);
    for (const asked of t.asked) expect(characters(asked) / 3).toBeLessThan(3000 * 1.1);
    expect(joined(parts.map(texts))).toEqual(said.map(([, text]) => text));
    expect(t.given()).toEqual({ answers: parts.map((asked) => `Part with ${texts(asked).length} turns.`) });
  });

  it("has each part begin with the end of the one before, so that what belongs together is seen together", async () => {
    await t.deploy({ longest: 3 });
    await t.analysed(spoken(lines(300)));
    const [first, second] = t.asked.map(texts) as [string[], string[]];
    const repeated = first.indexOf(second[0]!);
    expect(repeated).toBeGreaterThan(first.length / 2);
    expect(second.slice(0, first.length - repeated)).toEqual(first.slice(repeated));
  });

  it("tells the model which part it sees, and that it merges, where instructions stand", async () => {
    await t.deploy({ longest: 3 });
    await t.analysed(spoken(lines(300)));
    const told = t.asked.map(({ messages }) => messages[0]!.content);
    const parts = told.length - 1;
    told.slice(0, -1).forEach((words, index) => {
      expect(words).toContain(`part ${index + 1} of ${parts}`);
    });
    expect(told.at(-1)).toContain("the answers to the task for its parts");
    await t.analysed(spoken(lines(3)));
    expect(t.asked.at(-1)!.messages[0]!.content).not.toMatch(/part \d/);
  });

  it("gives each part what goes with the whole", async () => {
    await t.deploy({ longest: 3, over: "parts", parts: ["transcript", "head"] });
    const vcon = spoken(lines(200));
    vcon.subject = "A kettle. ".repeat(300);
    await t.analysed(vcon);
    const parts = t.asked.slice(0, -1);
    expect(parts.length).toBeGreaterThan(1);
    for (const asked of parts) {
      expect(t.given(asked).subject).toBe(vcon.subject);
      expect(characters(asked) / 3).toBeLessThan(3000 * 1.1);
    }
  });

  it("is held to the same schema in its parts and as a whole", async () => {
    await t.deploy({ longest: 3, task: "topics", tag: "topic", labels: ["recall", "invoice"] });
    const { analysis, attachments } = await t.analysed(spoken(lines(300)));
    expect(new Set(t.asked.map(({ schema, strict }) => JSON.stringify([schema, strict]))).size).toBe(1);
    expect(t.given().answers[0]).toEqual({ topics: ["recall"] });
    expect(analysis!.at(-1)!.body).toEqual({ topics: ["recall"] });
    expect(attachments).toMatchObject([{ body: ["topic:recall"] }]);
  });

  it("has the tokens of all its parts in one entry of the trail", async () => {
    await t.deploy({ longest: 3 });
    const { uuid } = await t.analysed(spoken(lines(300)));
    const recipients = await t.recipients(uuid);
    const counted = t.asked.flatMap(({ messages }) =>
      messages.map(({ content }) => Math.ceil(content.length / 4) + 3),
    );
    expect(recipients).toHaveLength(1);
    expect(recipients[0]!.tokens!.input).toBe(counted.reduce((sum, count) => sum + count, 0));
  });

  it("leaves nothing in the vCon where one of its parts fails, and tells who saw it", async () => {
    await t.deploy({ longest: 3 });
    t.model = () => (t.asked.length === 3 ? { refusal: "No." } : "Done.");
    const vcon = spoken(lines(300));
    expect(await t.refused(vcon)).toMatchObject({ code: "REFUSED" });
    expect(await t.recipients(vcon.uuid)).toMatchObject([
      { failed: true, tokens: { input: expect.any(Number) } },
    ]);
  });

  it.each([
    ["are too long again", 150],
    ["are too long even in pairs", 400],
  ])("is merged in rounds where the answers together %s", async (_, times) => {
    await t.deploy({ longest: 3 });
    const long = "Nothing but the kettle. ".repeat(times);
    t.model = () => long;
    const { analysis } = await t.analysed(spoken(lines(500)));
    const merges = t.asked.filter(isMerging).map((asked) => t.given(asked).answers.length);
    expect(merges.length).toBeGreaterThan(1);
    expect(Math.min(...merges)).toBeGreaterThan(1);
    expect(analysis!.at(-1)!.body).toBe(long.trim());
  });

  it("may hold a single turn of a megabyte, which is divided too", async () => {
    await t.deploy({ timeLimit: 60 });
    const text = "The kettle 🫖 is recalled. Das ist für Zoë. 水壶被召回。".repeat(20_000);
    t.model = () => "Done.";
    await t.analysed(spoken([["Carol Carter", text]]));
    const parts = t.asked.filter((asked) => !isMerging(asked));
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.flatMap(texts).join("")).toBe(text);
    expect(JSON.stringify(t.asked)).not.toMatch(/\\ud[89a-f]/i);
    expect(t.given(parts[0]!).conversation[0].speaker).toBe("Carol Carter (customer)");
  });

  it("may be a transcript of a megabyte", async () => {
    await t.deploy({ timeLimit: 60 });
    const said = lines(13_000);
    const { analysis } = await t.analysed(spoken(said));
    expect(JSON.stringify(said).length).toBeGreaterThan(1_000_000);
    const parts = t.asked.filter((asked) => !isMerging(asked));
    expect(parts.length).toBeLessThan(10);
    expect(new Set(parts.flatMap(texts)).size).toBe(13_000);
    expect(analysis).toHaveLength(2);
  });
});

describe("a model that takes less than the node thinks", () => {
  it("gets smaller parts until it takes them", async () => {
    await t.deploy({ model: "takes 4000" });
    const said = lines(600);
    const { uuid, analysis } = await t.analysed(spoken(said));
    const parts = t.asked.filter((asked) => !isMerging(asked));
    expect(joined(parts.map(texts))).toEqual(said.map(([, text]) => text));
    expect(t.service.requests.length).toBeGreaterThan(t.asked.length);
    expect(t.service.requests.length).toBeLessThan(2 * t.asked.length);
    expect(analysis!.at(-1)!.type).toBe("summary");
    expect(await t.recipients(uuid)).toHaveLength(1);
  });

  const coded = (code: string) => badRequest("too long", { code, param: "messages" }).answer;
  it.each<[string, Answer]>([
    ["as OpenAI does", coded("context_length_exceeded")],
    ["as OpenAI does for one text", coded("string_above_max_length")],
    [
      "as OpenAI does for more than the account has in a minute",
      refusal(429, "Request too large for gpt-6-luna on tokens per min (TPM): Limit 3000, Requested 9000.", {
        type: "tokens",
        code: "rate_limit_exceeded",
      }),
    ],
    [
      "as llama.cpp does",
      { status: 400, body: { error: { code: 400, message: "x", type: "exceed_context_size_error" } } },
    ],
    [
      "as vLLM does",
      {
        status: 400,
        body: { error: { code: 400, message: "x", type: "BadRequestError", param: "input_tokens" } },
      },
    ],
    ["as proxies do", refusal(413, "too large")],
  ])("can say so %s", async (_, answer) => {
    await t.deploy();
    const limited: Model = (asked) => {
      if (texts(asked).length > 20) throw new Refusal(answer);
      return modestAnswer(asked);
    };
    t.model = limited;
    const said = lines(60);
    const { analysis } = await t.analysed(spoken(said));
    expect(analysis).toHaveLength(2);
    const parts = t.asked.map(texts).filter(({ length }) => length > 0 && length <= 20);
    expect(joined(parts)).toEqual(said.map(([, text]) => text));
  });

  it("is named with what to do where it takes not even a small part, after few attempts", async () => {
    await t.deploy({ model: "takes 300" });
    const error = await t.refused(spoken(lines(600)));
    expect(error).toMatchObject({
      code: "TOO_LONG",
      message: expect.stringContaining('Lower "Longest text"'),
    });
    expect(t.service.requests.length).toBeLessThan(12);
  });

  it("is not asked about ever so many parts, where what goes with each is long by itself", async () => {
    await t.deploy({ longest: 3, over: "parts", parts: ["transcript", "head"] });
    const vcon = spoken(lines(300));
    vcon.subject = "kettle ".repeat(10_000);
    await t.analysed(vcon);
    const all = t.asked.reduce((sum, asked) => sum + characters(asked), 0);
    expect(all).toBeLessThan(5 * (vcon.subject.length + JSON.stringify(vcon.analysis).length));
  });

  it("is not asked about ever so many parts, where a speaker has a long name", async () => {
    await t.deploy({ longest: 3 });
    const vcon = spoken([["Carol Carter", "Hello. ".repeat(1000)]]);
    vcon.parties![0] = { name: "Carol ".repeat(10_000), role: "customer" };
    await t.analysed(vcon);
    expect(t.asked.length).toBeLessThan(5);
    vcon.uuid = call().uuid;
    transcribe(vcon, 0, [["Carol ".repeat(10_000), "Hello. ".repeat(1000)]]);
    await t.analysed(vcon);
    expect(t.asked.length).toBeLessThan(10);
    for (const asked of t.asked) expect(characters(asked) / 3).toBeLessThan(3000 * 1.1);
    expect(t.given(t.asked[0]!).conversation[0].speaker).toMatch(/^Carol /);
  });

  it("is named too where what goes with every part is too long by itself", async () => {
    await t.deploy({ model: "takes 4000", over: "parts", parts: ["transcript", "head"] });
    const vcon = spoken(lines(100));
    vcon.subject = "kettle ".repeat(10_000);
    expect(await t.refused(vcon)).toMatchObject({ code: "TOO_LONG" });
    expect(t.service.requests.length).toBeLessThan(12);
  });
});
