/** What analyze does about each thing that can go wrong at the language service. */
import { describe, expect, it } from "vitest";
import { modestAnswer } from "../../../../flows/stand-ins/modest-model.ts";
import { azureRefusal, Refusal, refusal } from "../../../../flows/stand-ins/openai.ts";
import type { Said } from "../../../../flows/stand-ins/openai-chat.ts";
import type { Answer, Fault } from "../../../../flows/stand-ins/stand-in.ts";
import { freePort } from "../../../support/free-port.ts";
import { analyzeNode, kettle, type Model, spoken } from "./analyze-node.ts";

const t = analyzeNode();

const vendorSays = (answer: Answer): Model => {
  return () => {
    throw new Refusal(answer);
  };
};
/** The vendors' own words, which no error, log or status may show. */
const words = "The vendor quotes kettle and Carol Carter";
const coded = (status: number, code: string, type = "invalid_request_error") =>
  vendorSays(refusal(status, words, { code, type }));

describe("an error that stays", () => {
  it.each<[string, Model, code: string, told: RegExp]>([
    [
      "a key that is wrong",
      coded(401, "invalid_api_key"),
      "401",
      /answered 401\. The key is missing or wrong/,
    ],
    [
      "a region that is not served",
      coded(403, "unsupported_country_region_territory"),
      "403",
      /answered 403/,
    ],
    ["no credit", coded(429, "insufficient_quota", "insufficient_quota"), "NO_CREDIT", /Check its billing/],
    [
      "no credit, told by the type alone",
      vendorSays(refusal(429, words, { type: "insufficient_quota" })),
      "NO_CREDIT",
      /Check its billing/,
    ],
    ["an account that does not pay", coded(429, "billing_not_active"), "NO_CREDIT", /Check its billing/],
    ["a limit of spending", coded(400, "billing_hard_limit_reached"), "NO_CREDIT", /Check its billing/],
    ["a model that there is not", coded(404, "model_not_found"), "NO_MODEL", /Check "Model"/],
    [
      "a deployment that there is not",
      () => {
        throw azureRefusal(404, "DeploymentNotFound", words);
      },
      "NO_MODEL",
      /Check "Model"/,
    ],
    ["a service that is elsewhere", vendorSays(refusal(404, words)), "404", /answered 404/],
    ["a request that it does not take", coded(400, "unsupported_value"), "400", /answered 400/],
    [
      "a schema that it does not take, or none from this model",
      vendorSays(refusal(400, words, { param: "response_format" })),
      "NO_SCHEMA",
      /Choose another model, or a simpler schema/,
    ],
    ["a filter before the model", coded(400, "content_filter"), "CONTENT_FILTERED", /content filter/],
    ["a prompt that was flagged", coded(400, "invalid_prompt"), "CONTENT_FILTERED", /against its rules/],
    [
      "a filter behind the model",
      () => ({ finish_reason: "content_filter" }),
      "CONTENT_FILTERED",
      /against its rules/,
    ],
    ["a model that refuses", () => ({ refusal: words }), "REFUSED", /The model refused the task/],
    ["an answer cut off", () => ({ content: words, finish_reason: "length" }), "ANSWER_CUT_OFF", /cut off/],
    ["an unknown status", vendorSays(refusal(418, words)), "418", /answered 418/],
  ])("is not tried again: %s", async (_, model, code, told) => {
    await t.deploy({ task: "topics" });
    t.model = model;
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({ code, message: expect.stringMatching(told) });
    expect(t.asked).toHaveLength(1);
    const shown = JSON.stringify([error, t.nodeRed.log, t.nodeRed.statuses("node")]);
    expect(shown).not.toMatch(/vendor quotes|kettle|Carol|openai key/);
  });
});

describe("an answer that is not of the form", () => {
  const fit = '{"topics":["recall"]}';
  const unfit: [string, Said][] = [
    ["no JSON", "Here are the topics: recall"],
    ["JSON cut off", '{"topics":["rec'],
    ["another type", '{"topics":"recall"}'],
    ["a member too many", '{"topics":["recall"],"vip":true}'],
    ["a member too few", "{}"],
    ["a list", '["recall"]'],
    ["nothing", ""],
    ["no content", { content: null }],
  ];
  it.each(unfit)("is asked for once more, and taken if it then fits: %s", async (_, said) => {
    await t.deploy({ task: "topics" });
    t.model = () => (t.asked.length === 1 ? said : fit);
    const { analysis } = await t.analysed(spoken(kettle));
    expect(analysis!.at(-1)!.body).toEqual({ topics: ["recall"] });
    expect(t.asked).toHaveLength(2);
  });

  it.each(unfit)("is an error if it does not fit again: %s", async (_, said) => {
    await t.deploy({ task: "topics", tag: "topic" });
    t.model = () => said;
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({
      code: "ANSWER_UNFIT",
      message: expect.stringMatching(/did not fit the schema, twice/),
    });
    expect(t.asked).toHaveLength(2);
  });

  it("is an error where a text is wanted and there is none, twice", async () => {
    await t.deploy();
    t.model = () => " \n";
    expect(await t.refused(spoken(kettle))).toMatchObject({
      code: "ANSWER_UNFIT",
      message: expect.stringMatching(/empty/),
    });
    expect(t.asked).toHaveLength(2);
  });
});

describe("a failure that may pass", () => {
  const passing: [string, Fault][] = [
    ["too many requests", { status: 429, retryAfter: 0 }],
    ["a fault of the server's", { status: 500, retryAfter: 0 }],
    ["a service that is down", { status: 503, retryAfter: 0 }],
    ["a connection reset", "reset"],
    ["an answer cut off on the way", "truncated"],
    ["an answer that is no JSON", "malformed"],
  ];
  it.each(passing)("is tried again: %s", async (_, fault) => {
    await t.deploy();
    t.service.fail(fault);
    const { analysis } = await t.analysed(spoken(kettle));
    expect(analysis).toHaveLength(2);
    expect(t.service.requests).toHaveLength(2);
  });

  const answers: [string, Answer][] = [
    ["too many tokens a minute", refusal(429, words, { code: "rate_limit_exceeded", type: "tokens" })],
    ["an answer without a choice", { status: 200, body: { choices: [] } }],
    ["an answer without anything", { status: 200, body: {} }],
    ["an answer of null", { status: 200, body: null }],
    ["a page of something in between", { status: 200, body: "<html>Please wait.</html>" }],
  ];
  it.each(answers)("is tried again: %s", async (_, answer) => {
    await t.deploy();
    t.model = (asked) => {
      if (t.asked.length === 1) throw new Refusal(answer);
      return modestAnswer(asked);
    };
    const { analysis } = await t.analysed(spoken(kettle));
    expect(analysis).toHaveLength(2);
    expect(t.asked).toHaveLength(2);
  });
});

describe("a service that can't be had", () => {
  it("is named with what to do, where no key is set", async () => {
    await t.deploy({}, {}, {});
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({
      code: "NOT_CONFIGURED",
      message: expect.stringContaining("OPENAI_API_KEY"),
    });
    expect(t.asked).toEqual([]);
  });

  it("is given up after the time limit where it is silent", async () => {
    await t.deploy({ timeLimit: 1 });
    t.service.fail("silence");
    expect(await t.refused(spoken(kettle))).toMatchObject({ code: "TIME_LIMIT" });
    expect(t.service.requests).toHaveLength(1);
  });

  it("is named by its host where it is nobody's that is known", async () => {
    const port = await freePort();
    await t.deploy({}, { url: `http://127.0.0.1:${port}/v1` });
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({
      code: "ECONNREFUSED",
      message: expect.stringContaining(`The service at 127.0.0.1:${port} can't be reached (ECONNREFUSED)`),
    });
  });

  it.each([
    ["OpenAI", "https://api.openai.com"],
    ["OpenAI", "https://eu.api.openai.com"],
    ["Azure OpenAI", "https://ours.openai.azure.com"],
    ["Azure OpenAI", "https://ours.services.ai.azure.com"],
    ["The service at openai.com.example.com:9", "https://openai.com.example.com"],
  ])("is named as what it is: %s at %s", async (name, url) => {
    // No client asks at port 9, so nothing leaves this machine.
    await t.deploy({}, { url: `${url}:9/v1` });
    const error = await t.refused(spoken(kettle));
    expect(error.message).toContain(`: ${name} failed`);
  });

  it("is named with what to do, where its address is none", async () => {
    await t.deploy({}, { url: "openai" });
    const error = await t.refused(spoken(kettle));
    expect(error.message).toContain("OpenAI has no address that can be used. Check the URL");
  });
});
