import { spawn } from "node:child_process";
import { once } from "node:events";
import OpenAI, { AzureOpenAI } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { badRequest, Refusal, refusal } from "../../flows/stand-ins/openai.ts";
import { type Said, startOpenAiChatStandIn } from "../../flows/stand-ins/openai-chat.ts";
import type { Asked } from "../../flows/stand-ins/openai-chat-question.ts";
import type { StandIn } from "../../flows/stand-ins/stand-in.ts";

const key = "the-right-key";
const model = "gpt-6-luna";

let standIn: StandIn;
let says: ((asked: Asked) => Said) | undefined;
let modest: StandIn;
beforeAll(async () => {
  standIn = await startOpenAiChatStandIn({ key, models: { [model]: 1000 }, answer: (asked) => says!(asked) });
  modest = await startOpenAiChatStandIn({ key });
});
afterAll(() => Promise.all([standIn.close(), modest.close()]));
beforeEach(() => {
  says = () => "Good morning.";
});

const openai = (baseURL = `${standIn.url}/v1`, apiKey = key) =>
  new OpenAI({ apiKey, baseURL, maxRetries: 0 });
const azure = (endpoint = standIn.url, apiKey = key) =>
  new AzureOpenAI({ apiKey, endpoint, apiVersion: "2024-10-21", maxRetries: 0 });

/** Asks with what a test says of the request, in place of what is right. */
function ask(wishes: object = {}, client: OpenAI = openai()) {
  const messages = [{ role: "user", content: "How are you?" }];
  return client.chat.completions.create({
    model,
    messages,
    ...wishes,
  } as never) as Promise<OpenAI.ChatCompletion>;
}
const inForm = (schema: object, strict = true, name = "answer") => ({
  response_format: { type: "json_schema", json_schema: { name, strict, schema } },
});
const closed = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

test("an answer has the form and the count of tokens that the reference tells", async () => {
  const answer = await ask();
  expect(answer).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    object: "chat.completion",
    created: expect.any(Number),
    model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Good morning.", refusal: null },
        finish_reason: "stop",
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 6, completion_tokens: 4, total_tokens: 10 },
  });
});

test("what was asked reaches the model", async () => {
  let asked: Asked | undefined;
  says = (question) => {
    asked = question;
    return "{}";
  };
  const messages = [
    { role: "system", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "How are " },
        { type: "text", text: "you?" },
      ],
    },
  ];
  await ask({ messages, ...inForm(closed({ mood: { type: "string" } })) });
  expect(asked).toMatchObject({
    model,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "How are you?" },
    ],
    schema: closed({ mood: { type: "string" } }),
    strict: true,
  });
});

test("a refusal, an answer cut off and one filtered come as the vendor sends them", async () => {
  for (const said of [
    { refusal: "I can't help with that." },
    { content: "It beg", finish_reason: "length" },
    { content: null, finish_reason: "content_filter" },
  ] as const) {
    says = () => said;
    const [choice] = (await ask()).choices;
    expect(choice).toMatchObject({
      finish_reason: "finish_reason" in said ? said.finish_reason : "stop",
      message: {
        content: "content" in said ? said.content : null,
        refusal: "refusal" in said ? said.refusal : null,
      },
    });
  }
});

describe("a request is refused", () => {
  test.each<[string, object, object]>([
    ["with a misspelt field", { modle: "x" }, { status: 400, type: "invalid_request_error" }],
    ["without a model", { model: undefined }, { status: 400 }],
    ["for a model that there is not", { model: "gpt-99" }, { status: 404, code: "model_not_found" }],
    ["without messages", { messages: undefined }, { status: 400, code: "missing_required_parameter" }],
    ["with no messages", { messages: [] }, { status: 400, code: "empty_array" }],
    [
      "with a role that there is not",
      { messages: [{ role: "boss", content: "Obey." }] },
      { status: 400, code: "invalid_value", param: "messages[0].role" },
    ],
    [
      "with a message of nothing",
      { messages: [{ role: "user", content: null }] },
      { status: 400, code: "invalid_type" },
    ],
    [
      "with a message that has another member",
      { messages: [{ role: "user", content: "Hello.", at: 1 }] },
      { status: 400, code: "unknown_parameter", param: "messages[0].at" },
    ],
    [
      "with a temperature that the model has not",
      { temperature: 0 },
      { status: 400, code: "unsupported_value", param: "temperature" },
    ],
    ["with the old limit of tokens", { max_tokens: 5 }, { status: 400, code: "unsupported_parameter" }],
    ["with tools", { tools: [] }, { status: 400, code: "unsupported_parameter" }],
    [
      "that is longer than the model takes",
      { messages: [{ role: "user", content: "x".repeat(4001) }] },
      { status: 400, code: "context_length_exceeded", param: "messages" },
    ],
    [
      "for JSON of which no message speaks",
      { response_format: { type: "json_object" } },
      { status: 400, param: "messages" },
    ],
    [
      "for an unknown form",
      { response_format: { type: "xml" } },
      { status: 400, code: "invalid_value", param: "response_format.type" },
    ],
    [
      "with a schema in the wrong place",
      { response_format: { type: "json_schema", schema: {} } },
      { status: 400, code: "unknown_parameter", param: "response_format.schema" },
    ],
    [
      "with a schema without a name",
      { response_format: { type: "json_schema", json_schema: { schema: closed({}) } } },
      { status: 400, code: "missing_required_parameter" },
    ],
    [
      "with a name that has a blank",
      inForm(closed({}), true, "my answer"),
      { status: 400, code: "invalid_value" },
    ],
    [
      "with a schema of a list",
      inForm({ type: "array", items: {} }, false),
      { status: 400, param: "response_format" },
    ],
  ])("%s", async (_, wishes, error) => {
    await expect(ask(wishes)).rejects.toMatchObject(error);
  });

  test("with a wrong key", async () => {
    const call = ask({}, openai(undefined, "another-key"));
    await expect(call).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(call).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
  });

  test("that is no JSON, or goes elsewhere", async () => {
    const post = (path: string, body: string) =>
      fetch(standIn.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body,
      });
    expect((await post("/v1/chat/completions", "{ model")).status).toBe(400);
    expect((await post("/v1/completions", "{}")).status).toBe(404);
  });
});

describe("a strict schema", () => {
  const leaf = { type: "string" };
  test.each<[string, object]>([
    [
      "with every kind of member",
      closed({
        one: { type: ["string", "null"] },
        many: { type: "array", items: closed({ is: { type: "boolean" } }) },
        either: { anyOf: [leaf, { type: "number" }] },
        some: { type: "string", enum: ["a", "b"] },
      }),
    ],
  ])("%s is taken", async (_, schema) => {
    says = () => "{}";
    await expect(ask(inForm(schema))).resolves.toBeDefined();
  });

  test.each<[string, object, string]>([
    ["that is open", { ...closed({ a: leaf }), additionalProperties: true }, "additionalProperties"],
    [
      "that does not say whether it is open",
      { type: "object", properties: {}, required: [] },
      "additionalProperties",
    ],
    [
      "with a member that may be missing",
      { ...closed({ a: leaf, b: leaf }), required: ["a"] },
      "Missing 'b'",
    ],
    [
      "with an open object inside",
      closed({ a: { type: "array", items: { type: "object" } } }),
      "'properties', 'a', 'items'",
    ],
    ["with allOf", closed({ a: { allOf: [leaf] } }), "'allOf' is not permitted"],
    ["that is one of several", { ...closed({}), anyOf: [closed({})] }, "anyOf"],
    ["with a list of anything", closed({ a: { type: "array" } }), "missing items"],
    [
      "with too many values",
      closed({ a: { enum: Array.from({ length: 1001 }, (_, index) => `${index}`) } }),
      "enum",
    ],
  ])("%s is refused, and taken where it is no more than a wish", async (_, schema, words) => {
    says = () => "{}";
    const call = ask(inForm(schema));
    await expect(call).rejects.toMatchObject({ status: 400, param: "response_format" });
    await expect(call).rejects.toThrow(words);
    await expect(ask(inForm(schema, false))).resolves.toBeDefined();
  });

  test("that nests eleven objects is refused, ten are not", async () => {
    const nested = (levels: number): object =>
      levels === 1 ? closed({}) : closed({ a: nested(levels - 1) });
    await expect(ask(inForm(nested(10)))).resolves.toBeDefined();
    await expect(ask(inForm(nested(11)))).rejects.toMatchObject({ status: 400 });
  });
});

describe("limits and faults", () => {
  test("too many requests: when to come again is in the header", async () => {
    standIn.fail({ status: 429, retryAfter: 7 });
    const error = await ask().catch((reason) => reason);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ code: "rate_limit_exceeded" });
    expect(error.headers.get("retry-after")).toBe("7");
  });

  test("the model can refuse as the vendor does: no credit left", async () => {
    says = () => {
      throw new Refusal(
        refusal(429, "You exceeded your current quota.", {
          type: "insufficient_quota",
          code: "insufficient_quota",
        }),
      );
    };
    await expect(ask()).rejects.toMatchObject({ status: 429, code: "insufficient_quota" });
    says = () => {
      throw badRequest("Flagged.", { code: "invalid_prompt" });
    };
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });

  test("a server's error and a broken connection can be told apart", async () => {
    standIn.fail({ status: 503 }, "reset");
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });
});

describe("Azure's", () => {
  test("dated interface is asked with the deployment in the address and the key in a header of its own", async () => {
    standIn.requests.length = 0;
    const answer = await ask({}, azure());
    expect(answer.choices[0]!.message.content).toBe("Good morning.");
    expect(answer).toHaveProperty("prompt_filter_results");
    const [{ path, query, headers }] = standIn.requests as [StandIn["requests"][number]];
    expect(path).toBe(`/openai/deployments/${model}/chat/completions`);
    expect(query.get("api-version")).toBe("2024-10-21");
    expect(headers).toMatchObject({ "api-key": key });
    expect(headers).not.toHaveProperty("authorization");
  });

  test("newer interface is asked as OpenAI's, with the key as a bearer token", async () => {
    expect((await ask({}, openai(`${standIn.url}/openai/v1`))).choices).toHaveLength(1);
  });

  test("errors have their own codes", async () => {
    await expect(ask({ model: "another" }, azure())).rejects.toMatchObject({
      status: 404,
      code: "DeploymentNotFound",
    });
    await expect(ask({}, azure(standIn.url, "another-key"))).rejects.toMatchObject({
      status: 401,
      code: "401",
    });
    const undated = `${standIn.url}/openai/deployments/${model}`;
    await expect(ask({}, openai(undated))).rejects.toMatchObject({ status: 404, code: "404" });
  });
});

describe("the modest model", () => {
  const conversation = [
    { speaker: "Alice", text: "Northwind Appliances, this is Alice. How can I help?" },
    { speaker: "Carol", text: "Is there a recall of the glass kettle? I use my kettle every morning." },
    { speaker: "Alice", text: "Yes, the kettle is part of the recall. I will send a new kettle today." },
  ];
  const about = (data: object, more: object = {}) =>
    ask({ messages: [{ role: "user", content: JSON.stringify(data) }], ...more }, openai(`${modest.url}/v1`));

  test("repeats the sentences that say most, with who said them", async () => {
    const { choices } = await about({ subject: "Call", conversation });
    expect(choices[0]!.message.content).toBe(
      "Carol: I use my kettle every morning. Alice: Yes, the kettle is part of the recall. I will send a new kettle today.",
    );
  });

  test("fills any schema by its types, with what was said", async () => {
    const schema = closed({
      told: { type: "string" },
      list: { type: "array", items: { type: "string" } },
      topics: { type: "array", items: { enum: ["recall", "invoice", "kettle"] } },
      mood: { enum: ["good", "so so", "bad"] },
      done: { type: "boolean" },
      count: { type: "integer", minimum: 2 },
      owner: { type: ["string", "null"] },
      rows: { type: "array", items: { $ref: "#/$defs/row" } },
    });
    const { choices } = await about(
      { conversation },
      inForm(
        { ...schema, $defs: { row: closed({ either: { anyOf: [{ const: 7 }, { type: "null" }] } }) } },
        false,
      ),
    );
    expect(JSON.parse(choices[0]!.message.content!)).toEqual({
      told: "I use my kettle every morning.",
      list: [expect.any(String), expect.any(String), expect.any(String)],
      topics: ["recall", "kettle"],
      mood: "so so",
      done: true,
      count: 2,
      owner: null,
      rows: [{ either: 7 }],
    });
  });

  test("says so where nothing was said", async () => {
    const { choices } = await about({ conversation: [] });
    expect(choices[0]!.message.content).toBe("Nothing was said.");
  });
});

test("the demo's language service tells its base URL and ends with the process that started it", async () => {
  const program = new URL("../../flows/stand-ins/language.ts", import.meta.url).pathname;
  const service = spawn(process.execPath, [program], { env: { ...process.env, PORT_LANGUAGE: "0" } });
  const ended = once(service, "exit");
  let complaints = "";
  service.stderr.on("data", (text) => {
    complaints += text;
  });
  try {
    const [line] = await once(service.stdout, "data");
    expect(String(line)).toMatch(/^Language service at http:\S+\/v1\n$/);
    const answer = await ask({}, openai(String(line).trim().split(" ").at(-1), "any key"));
    expect(answer.choices[0]!.message.content).toBe("Nothing was said.");
  } finally {
    service.stdin.end();
  }
  expect(await ended).toEqual([0, null]);
  expect(complaints).toBe("");
});
