/** Analyze at OpenAI, at Azure OpenAI, and at services of one's own that speak the interface more or less. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Refusal } from "../../../../flows/stand-ins/openai.ts";
import { startOpenAiChatStandIn } from "../../../../flows/stand-ins/openai-chat.ts";
import { type StandIn, startStandIn } from "../../../../flows/stand-ins/stand-in.ts";
import { analyzeNode, kettle, spoken } from "./analyze-node.ts";

const t = analyzeNode({ "gpt-6-luna": 100_000, "our luna": 100_000 });

describe("OpenAI", () => {
  /** Has what is meant for OpenAI come to the stand-in instead, and gives what was asked. */
  async function askedAtOpenai(url: string): Promise<Record<string, unknown>> {
    const send = globalThis.fetch;
    let asked: string | undefined;
    const sending = vi.spyOn(globalThis, "fetch").mockImplementation((to, init) => {
      asked = String(init?.body);
      return send(String(to).replace(url, `${t.service.url}/v1`), init);
    });
    try {
      await t.deploy({}, { url });
      await t.analysed(spoken(kettle));
      return JSON.parse(asked!);
    } finally {
      sending.mockRestore();
    }
  }

  it("is told not to keep the conversation, which it would for new accounts", async () => {
    expect(await askedAtOpenai("https://api.openai.com/v1")).toHaveProperty("store", false);
    expect(await askedAtOpenai("https://eu.api.openai.com/v1")).toHaveProperty("store", false);
  });

  it("alone is told so, as others may not know the word", async () => {
    expect(await askedAtOpenai("https://api.example.com/v1")).not.toHaveProperty("store");
    expect(await askedAtOpenai("https://ours.openai.azure.com/openai/v1")).not.toHaveProperty("store");
  });
});

describe("Azure OpenAI", () => {
  it.each<[string, string, string, string]>([
    ["its newer interface", "/openai/v1", "", "/openai/v1/chat/completions"],
    [
      "its dated one, by the resource alone",
      "",
      "2024-10-21",
      "/openai/deployments/our%20luna/chat/completions",
    ],
    [
      "its dated one, by the resource and a slash",
      "/",
      "2024-10-21",
      "/openai/deployments/our%20luna/chat/completions",
    ],
    [
      "its dated one, by where its paths begin",
      "/openai",
      "2024-10-21",
      "/openai/deployments/our%20luna/chat/completions",
    ],
    [
      "its dated one, by a deployment's own address",
      "/openai/deployments/our%20luna",
      "2024-12-01-preview",
      "/openai/deployments/our%20luna/chat/completions",
    ],
  ])("answers by %s", async (_, path, apiVersion, asked) => {
    await t.deploy({ model: "our luna" }, { url: t.service.url + path, apiVersion });
    const { uuid, analysis } = await t.analysed(spoken(kettle));
    expect(t.service.requests.map((request) => request.path)).toEqual([asked]);
    const [{ headers, query }] = t.service.requests as [StandIn["requests"][number]];
    expect(query.get("api-version")).toBe(apiVersion || null);
    expect(headers[apiVersion ? "api-key" : "authorization"]).toContain("openai key");
    // Here, a host of its own tells Azure by the version alone.
    const vendor = apiVersion ? "azure" : "openai";
    expect(analysis!.at(-1)).toMatchObject({ vendor, product: "our luna" });
    expect(await t.recipients(uuid)).toMatchObject([{ vendor, host: new URL(t.service.url).host }]);
  });

  it("is named in errors", async () => {
    await t.deploy({ model: "no deployment" }, { url: t.service.url, apiVersion: "2024-10-21" });
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({
      code: "NO_MODEL",
      message: expect.stringContaining("Azure OpenAI has no model"),
    });
  });

  it("and OpenAI do not both analyse the same with the same model", async () => {
    await t.deploy();
    const { uuid } = await t.analysed(spoken(kettle));
    await t.deploy({}, { url: t.service.url, apiVersion: "2024-10-21" });
    expect((await t.sent(uuid)).analysis).toHaveLength(2);
    expect(t.asked).toHaveLength(1);
  });
});

describe("a service of one's own", () => {
  /** Answers as small servers do: the message and nothing else. */
  let small: StandIn;
  let body: object;
  beforeAll(async () => {
    const failure = (status: number) => ({ status, body: { error: { message: "failed" } } });
    small = await startStandIn({ largestBody: 1e6, answer: () => ({ status: 200, body }), failure }, {});
  });
  afterAll(() => small.close());

  it("may count no tokens", async () => {
    body = { choices: [{ message: { content: "A recalled kettle." }, finish_reason: "stop" }] };
    await t.deploy({}, { url: `${small.url}/v1` });
    const { uuid, analysis } = await t.analysed(spoken(kettle));
    expect(analysis!.at(-1)!.body).toBe("A recalled kettle.");
    const [recipient] = await t.recipients(uuid);
    expect(recipient).not.toHaveProperty("tokens");
  });

  it("may count them wrongly", async () => {
    body = { choices: [{ message: { content: "A kettle." } }], usage: { prompt_tokens: "many" } };
    await t.deploy({}, { url: `${small.url}/v1` });
    const { uuid } = await t.analysed(spoken(kettle));
    expect((await t.recipients(uuid))[0]).not.toHaveProperty("tokens");
  });

  it("gets its schema in words too, and is held to it when it answers", async () => {
    body = { choices: [{ message: { content: '{"engaged":"maybe"}' }, finish_reason: "stop" }] };
    await t.deploy({ task: "engagement" }, { url: `${small.url}/v1` });
    expect(await t.refused(spoken(kettle))).toMatchObject({ code: "ANSWER_UNFIT" });
    await t.deploy({ task: "engagement" });
    await t.analysed(spoken(kettle));
    const [{ schema, messages }] = t.asked as [(typeof t.asked)[number]];
    expect(messages[0]!.content).toContain(JSON.stringify(schema));
  });

  it("takes any key, where it wants none", async () => {
    const open = await startOpenAiChatStandIn();
    await t.deploy({}, { url: `${open.url}/v1` }, { apiKey: "none" });
    await t.analysed(spoken(kettle));
    await open.close();
  });
});

it("the client's own log, which the environment can switch on, shows nothing", async () => {
  const shown: unknown[] = [];
  const listeners = (["debug", "info", "log", "warn", "error"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation((...words) => void shown.push(...words)),
  );
  process.env["OPENAI_LOG"] = "debug";
  try {
    await t.deploy();
    t.model = () => {
      throw new Refusal({ status: 400, body: "You wrote: kettle" });
    };
    await t.refused(spoken(kettle));
    expect(JSON.stringify(shown)).not.toContain("kettle");
  } finally {
    delete process.env["OPENAI_LOG"];
    for (const listener of listeners) listener.mockRestore();
  }
});

it("the environment can hold the key", async () => {
  process.env["OPENAI_API_KEY"] = "openai key";
  try {
    await t.deploy({}, {}, {});
    await t.analysed(spoken(kettle));
    expect(t.asked).toHaveLength(1);
  } finally {
    delete process.env["OPENAI_API_KEY"];
  }
});
