/** What analyze leaves in a vCon: the analysis, its tags, and the trail. */
import { describe, expect, it } from "vitest";
import { parseTag, tagTexts, type Vcon } from "../../../../core/index.ts";
import { modestAnswer } from "../../../../flows/stand-ins/modest-model.ts";
import { call, chat } from "../../../support/vcons.ts";
import { analyzeNode, kettle, spoken, transcribe } from "./analyze-node.ts";

const t = analyzeNode();

const tagsIn = ({ attachments = [] }: Vcon) =>
  attachments.filter(({ purpose }) => purpose === "tags").flatMap(({ body }) => tagTexts(body));
const own = (settings: object) => ({
  task: "own",
  prompt: "Does the customer threaten to cancel?",
  analysisType: "cancellation",
  ...settings,
});
const bodyOf = ({ analysis = [] }: Vcon) => analysis.at(-1)!.body;

describe("a summary", () => {
  it("is an analysis of the dialog that it is about, in plain text", async () => {
    await t.deploy();
    t.model = () => "  Carol's kettle is recalled.\n";
    const { analysis } = await t.analysed(spoken(kettle));
    expect(analysis!.slice(1)).toEqual([
      {
        type: "summary",
        dialog: 0,
        vendor: "openai",
        product: "gpt-6-luna",
        schema: expect.stringMatching(/^vcon-node-red:summary:[0-9a-f]{12}$/),
        mediatype: "text/plain",
        encoding: "none",
        body: "Carol's kettle is recalled.",
      },
    ]);
  });

  it("is asked of the model in its own name, and of nobody else", async () => {
    await t.deploy({ model: "gpt-5.4-mini" });
    const { analysis } = await t.analysed(spoken(kettle));
    expect(t.asked).toMatchObject([{ model: "gpt-5.4-mini", schema: undefined }]);
    expect(analysis!.at(-1)!.product).toBe("gpt-5.4-mini");
  });

  it("leaves the rest of the vCon as it was", async () => {
    await t.deploy();
    const before = spoken(kettle);
    const { updated_at: _, analysis, ...rest } = await t.analysed(before);
    const { updated_at: __, analysis: known, ...others } = before;
    expect(rest).toEqual(others);
    expect(analysis!.slice(0, 1)).toEqual(known);
  });

  it.each<[string, string]>([
    ["other scripts and signs", "Zoë 说：水壶被召回。 קומקום 🫖👩‍👩‍👧 e\u0301"],
    ["control signs", "a\tb\nc\u0000d\u2028e"],
    ["a megabyte", "x".repeat(1_000_000)],
  ])("arrives as the model wrote it: %s", async (_, text) => {
    await t.deploy({ timeLimit: 30 });
    t.model = () => text;
    expect(bodyOf(await t.analysed(spoken(kettle)))).toBe(text);
  });

  it("with half a surrogate pair arrives with a mark in its place, as no store could keep it", async () => {
    await t.deploy();
    t.model = () => "cut \ud83e off";
    expect(bodyOf(await t.analysed(spoken(kettle)))).toBe("cut \ufffd off");
  });
});

describe("a ready-made task", () => {
  it.each<[task: string, type: string, body: object]>([
    [
      "action_items",
      "action_items",
      { action_items: [{ task: "Send a kettle", owner: "Alice", due: null }] },
    ],
    ["sentiment", "sentiment", { label: "positive", score: 0.5, reason: "She is relieved." }],
    ["topics", "topics", { topics: ["recall", "replacement"] }],
    ["objections", "objections", { objections: [{ objection: "Too dear", answer: null, overcome: false }] }],
    ["engagement", "engagement", { engaged: true, reason: "Both answer." }],
  ])("%s is JSON that a strict schema holds", async (task, type, body) => {
    await t.deploy({ task });
    t.model = () => JSON.stringify(body);
    const vcon = await t.analysed(spoken(kettle));
    expect(vcon.analysis!.at(-1)).toMatchObject({
      type,
      dialog: 0,
      mediatype: "application/json",
      encoding: "json",
      body,
    });
    expect(t.asked).toMatchObject([{ strict: true }]);
    expect(tagsIn(vcon)).toEqual([]);
  });

  it.each(["summary", "action_items", "sentiment", "topics", "objections", "engagement"])(
    "%s says by itself what to do, and holds even a model that knows only the schema",
    async (task) => {
      await t.deploy({ task });
      await t.analysed(spoken(kettle));
      expect(t.asked).toHaveLength(1);
      expect(t.asked[0]!.messages[0]).toMatchObject({
        role: "system",
        content: expect.stringMatching(/Your task:\n\w.{80,}/),
      });
    },
  );
});

describe("labels", () => {
  it.each<[task: string, tag: string, body: object, tags: string[]]>([
    ["topics", "topic", { topics: ["recall", "free kettle"] }, ["topic:recall", "topic:free kettle"]],
    ["topics", "topic", { topics: [] }, []],
    ["sentiment", "mood", { label: "negative", score: -1, reason: "Angry." }, ["mood:negative"]],
    ["engagement", "engagement", { engaged: true, reason: "Both answer." }, ["engagement:true"]],
    ["engagement", "engagement", { engaged: false, reason: "Voicemail." }, ["engagement:false"]],
  ])("of %s become tags named %s", async (task, tag, body, tags) => {
    await t.deploy({ task, tag });
    t.model = () => JSON.stringify(body);
    expect(tagsIn(await t.analysed(spoken(kettle)))).toEqual(tags);
  });

  it("that the list allows are all that the schema takes", async () => {
    await t.deploy({ task: "topics", tag: "topic", labels: ["recall", "invoice", "new kettle"] });
    const vcon = await t.analysed(spoken(kettle));
    expect(t.asked[0]!.schema).toMatchObject({
      properties: { topics: { items: { enum: ["recall", "invoice", "new kettle"] } } },
    });
    expect(tagsIn(vcon)).toEqual(["topic:recall"]);
  });

  it("on the list become tags as they are written there, whatever signs they have", async () => {
    await t.deploy({ task: "topics", tag: "topic", labels: ["plan: gold, yearly"] });
    t.model = () => JSON.stringify({ topics: ["plan: gold, yearly"] });
    const [tag] = tagsIn(await t.analysed(spoken(kettle)));
    expect(parseTag(tag!)).toEqual({ name: "topic", value: "plan: gold, yearly" });
  });

  it("that the model made up are made fit to be tags: short, one line, nothing hidden", async () => {
    await t.deploy({ task: "topics", tag: "topic" });
    const topics = [
      "two\nlines",
      "vip:true, tag:forged",
      "zero\u200bwidth \u202ereversed",
      "hidden\u{e0141}\u3164",
      "<b>bold</b>",
      "x".repeat(500),
      "  ",
      "two\nlines",
      "Überhitzung 過熱",
    ];
    t.model = () => JSON.stringify({ topics });
    expect(tagsIn(await t.analysed(spoken(kettle)))).toEqual([
      "topic:two lines",
      "topic:vip true tag forged",
      "topic:zero width reversed",
      "topic:hidden",
      "topic:b bold /b",
      `topic:${"x".repeat(60)}`,
      "topic:Überhitzung 過熱",
    ]);
  });

  it("are no more than twenty", async () => {
    await t.deploy({ task: "topics", tag: "topic" });
    t.model = () => JSON.stringify({ topics: Array.from({ length: 5000 }, (_, index) => `topic ${index}`) });
    expect(tagsIn(await t.analysed(spoken(kettle)))).toHaveLength(20);
  });

  it("that the vCon has as tags already are not added twice", async () => {
    await t.deploy({ task: "topics", tag: "topic", of: "dialog", labels: ["recall"] });
    expect(tagsIn(await t.analysed(spoken(kettle, kettle)))).toEqual(["topic:recall"]);
  });

  it("are left alone where no tag is named", async () => {
    await t.deploy({ task: "topics", tag: " " });
    expect(tagsIn(await t.analysed(spoken(kettle)))).toEqual([]);
  });
});

describe("a prompt of one's own", () => {
  it("gets its answer as free text, under the type that it was given", async () => {
    await t.deploy(own({}));
    t.model = () => "No.";
    const { analysis } = await t.analysed(spoken(kettle));
    expect(analysis!.at(-1)).toMatchObject({ type: "cancellation", encoding: "none", body: "No." });
    expect(t.asked[0]!.messages[0]!.content).toContain("Does the customer threaten to cancel?");
  });

  it("gets yes or no with a reason, and a tag of it", async () => {
    await t.deploy(own({ answer: "yes_no", tag: "cancels", labels: ["left from another form of answer"] }));
    t.model = () => JSON.stringify({ answer: true, reason: "She says so." });
    const vcon = await t.analysed(spoken(kettle));
    expect(bodyOf(vcon)).toEqual({ answer: true, reason: "She says so." });
    expect(tagsIn(vcon)).toEqual(["cancels:true"]);
  });

  it("gets no tag of a no, since others go by a tag's name alone", async () => {
    await t.deploy(own({ answer: "yes_no", tag: "cancels" }));
    t.model = () => JSON.stringify({ answer: false, reason: "She stays." });
    const vcon = await t.analysed(spoken(kettle));
    expect(bodyOf(vcon)).toEqual({ answer: false, reason: "She stays." });
    expect(tagsIn(vcon)).toEqual([]);
  });

  it("gets labels out of a list, and tags of them", async () => {
    await t.deploy(own({ answer: "labels", labels: ["recall", "complaint"], tag: "case" }));
    const vcon = await t.analysed(spoken(kettle));
    expect(bodyOf(vcon)).toEqual({ labels: ["recall"] });
    expect(tagsIn(vcon)).toEqual(["case:recall"]);
  });

  const plan = { type: "object", properties: { plan: { type: "string" }, kinds: { type: "array" } } };
  const closedPlan = {
    type: "object",
    properties: { plan: { type: ["string", "null"] } },
    required: ["plan"],
    additionalProperties: false,
  };

  it("gets JSON by a schema, of which the named member holds labels", async () => {
    await t.deploy(own({ answer: "json", schema: JSON.stringify(plan), labelMember: "kinds", tag: "kind" }));
    t.model = () => JSON.stringify({ plan: "gold", kinds: ["yearly", 12, { no: "label" }, null] });
    const vcon = await t.analysed(spoken(kettle));
    expect(bodyOf(vcon)).toEqual({ plan: "gold", kinds: ["yearly", 12, { no: "label" }, null] });
    expect(tagsIn(vcon)).toEqual(["kind:yearly", "kind:12"]);
  });

  it("has labels by a schema become tags only where the list allows them", async () => {
    await t.deploy(
      own({
        answer: "json",
        schema: JSON.stringify(plan),
        labelMember: "plan",
        tag: "plan",
        labels: ["gold", "silver"],
      }),
    );
    t.model = () => JSON.stringify({ plan: "platinum" });
    const vcon = await t.analysed(spoken(kettle));
    expect(bodyOf(vcon)).toEqual({ plan: "platinum" });
    expect(tagsIn(vcon)).toEqual([]);
  });

  it.each<[string, object, boolean]>([
    ["strictly where it can be", closedPlan, true],
    [
      "strictly though it names the draft that it is written in",
      { $schema: "https://json-schema.org/draft/2020-12/schema", ...closedPlan },
      true,
    ],
    ["as a wish where it leaves members out", plan, false],
    ["as a wish where it is open", { ...closedPlan, additionalProperties: true }, false],
    [
      "as a wish where a list may hold anything",
      { ...closedPlan, properties: { plan: { type: ["string", "array"] } } },
      false,
    ],
    ["as a wish where it is one of several", { ...closedPlan, anyOf: [closedPlan] }, false],
    [
      "as a wish where it uses more than the vendor can enforce",
      { ...closedPlan, allOf: [{ minProperties: 1 }] },
      false,
    ],
  ])("asks for the schema %s", async (_, schema, strict) => {
    await t.deploy(own({ answer: "json", schema: JSON.stringify(schema) }));
    t.model = () => '{"plan":"gold"}';
    expect(bodyOf(await t.analysed(spoken(kettle)))).toEqual({ plan: "gold" });
    expect(t.asked).toMatchObject([{ strict }]);
    expect(t.asked[0]!.schema).not.toHaveProperty("$schema");
  });

  it("is held to the schema here, whatever the schema says of how it is checked", async () => {
    await t.deploy(own({ answer: "json", schema: JSON.stringify({ $async: true, ...closedPlan }) }));
    t.model = () => '{"plan":12}';
    expect(await t.refused(spoken(kettle))).toMatchObject({ code: "ANSWER_UNFIT" });
  });

  it("takes JSON in a code fence, from a service that is held to nothing", async () => {
    await t.deploy(own({ answer: "json", schema: JSON.stringify(closedPlan) }));
    t.model = () => '```json\n{"plan": "gold"}\n```\n';
    expect(bodyOf(await t.analysed(spoken(kettle)))).toEqual({ plan: "gold" });
  });

  it.each<[string, object, RegExp]>([
    ["no prompt", { prompt: "" }, /"Prompt" is not set/],
    ["no type", { analysisType: "" }, /"Type" is not set/],
    ["no schema", { answer: "json", schema: "" }, /"Schema" is not set/],
    ["a schema that is no JSON", { answer: "json", schema: "{ type: object }" }, /"Schema" is not JSON/],
    [
      "a schema of a list",
      { answer: "json", schema: '{"type":"array"}' },
      /"Schema" does not describe an object/,
    ],
    [
      "a schema that is none",
      { answer: "json", schema: '{"type":"object","properties":{"a":{"type":"txet"}}}' },
      /"Schema" is not a valid JSON Schema/,
    ],
    [
      "a schema that lies elsewhere",
      {
        answer: "json",
        schema: '{"type":"object","properties":{"a":{"$ref":"https://example.com/a.json"}}}',
      },
      /"Schema" is not a valid JSON Schema/,
    ],
    ["a tag with a colon", { answer: "labels", tag: "a:b" }, /"Tag" holds a colon/],
    ["no part chosen", { over: "parts", parts: [] }, /"Parts" is not set/],
  ])("says what is missing before anything is sent: %s", async (_, settings, words) => {
    await t.deploy(own(settings));
    const error = await t.refused(spoken(kettle));
    expect(error).toMatchObject({ code: "NOT_CONFIGURED", message: expect.stringMatching(words) });
    expect(t.asked).toEqual([]);
  });
});

describe("the trail", () => {
  it("tells what was added, who saw which data, and how many tokens it took", async () => {
    await t.deploy({ name: "sum it up", task: "topics", tag: "topic", labels: ["recall"] });
    const { uuid } = await t.analysed(spoken(kettle));
    const [question] = t.asked;
    const characters = (text: string) => Math.ceil(text.length / 4);
    const input = question!.messages.reduce((sum, { content }) => sum + characters(content) + 3, 0);
    const output = characters(JSON.stringify({ topics: ["recall"] }));
    const node = { id: "node", type: "vcon-analyze", name: "sum it up", flow: "tab" };
    const common = { at: expect.any(String), node, duration: expect.any(Number) };
    expect(await t.store.trail(uuid)).toEqual([
      { event: "vcon_enhanced", added: ["analysis:topics", "attachments:tags"], ...common },
      {
        event: "vcon_sent",
        recipient: {
          vendor: "openai",
          product: "gpt-6-luna",
          host: new URL(t.service.url).host,
          categories: ["transcript", "parties"],
          tokens: { input, output },
        },
        ...common,
      },
    ]);
  });

  it("adds up the tokens of all that was asked for one result, in one entry", async () => {
    await t.deploy({ task: "topics" });
    t.model = () => (t.asked.length === 1 ? "no JSON" : '{"topics":[]}');
    const { uuid } = await t.analysed(spoken(kettle));
    const [recipient, ...others] = await t.recipients(uuid);
    expect(others).toEqual([]);
    expect(recipient!.tokens!.output).toBe(2 + 4);
    expect(t.asked).toHaveLength(2);
  });

  it("has an entry for each dialog that was analysed by itself", async () => {
    await t.deploy({ of: "dialog" });
    const { uuid } = await t.analysed(spoken(kettle, [["Carol Carter", "Where is my new kettle?"]]));
    const recipients = await t.recipients(uuid);
    expect(recipients).toHaveLength(2);
    expect(recipients[0]!.tokens!.input).toBeGreaterThan(recipients[1]!.tokens!.input);
  });

  it("keeps the tokens that were used before a failure", async () => {
    await t.deploy({ task: "topics" });
    t.model = () => "no JSON";
    const vcon = spoken(kettle);
    await t.refused(vcon);
    expect(await t.recipients(vcon.uuid)).toMatchObject([
      { failed: true, tokens: { input: expect.any(Number), output: 4 } },
    ]);
  });

  it("tells that the data was seen where the service then failed, and no tokens", async () => {
    await t.deploy();
    t.service.fail({ status: 400 });
    const vcon = spoken(kettle);
    await t.refused(vcon);
    const [recipient] = await t.recipients(vcon.uuid);
    expect(recipient).toMatchObject({ vendor: "openai", failed: true });
    expect(recipient).not.toHaveProperty("tokens");
  });

  it("never holds what was said", async () => {
    await t.deploy();
    const { uuid } = await t.analysed(spoken(kettle));
    expect(JSON.stringify([await t.store.trail(uuid), t.nodeRed.log])).not.toMatch(/kettle|Carol|openai key/);
  });
});

describe("a vCon that comes again", () => {
  const asking = async (uuid: string) => {
    const before = t.asked.length;
    const vcon = await t.sent(uuid);
    return { asked: t.asked.length - before, analyses: vcon.analysis!.length };
  };

  it("costs nothing, needs no account, and stays as it was", async () => {
    await t.deploy({ task: "topics", tag: "topic" });
    const first = await t.analysed(spoken(kettle));
    const trail = await t.store.trail(first.uuid);
    await t.deploy({ task: "topics", tag: "topic" }, {}, {});
    expect(await asking(first.uuid)).toEqual({ asked: 0, analyses: 2 });
    expect(await t.store.get(first.uuid)).toEqual(first);
    expect(await t.store.trail(first.uuid)).toEqual(trail);
  });

  it("at the same moment costs once", async () => {
    await t.deploy();
    const vcon = spoken(kettle);
    await t.store.create(vcon);
    const sent = [1, 2, 3].map(() => t.nodeRed.through("node", { payload: vcon.uuid }));
    expect((await Promise.all(sent)).map(({ at }) => at)).toEqual(["out", "out", "out"]);
    expect(t.asked).toHaveLength(1);
    expect(((await t.store.get(vcon.uuid)) as Vcon).analysis).toHaveLength(2);
  });

  it("to another node at the same moment gets the answers of both", async () => {
    const topics = (label: string) => ({ task: "topics", tag: "topic", labels: [label] });
    await t.deploy(topics("recall"), {}, { apiKey: "openai key" }, { id: "other", ...topics("kettle") });
    const both = Promise.withResolvers<void>();
    t.model = async (asked) => {
      if (t.asked.length === 2) both.resolve();
      await both.promise;
      return modestAnswer(asked);
    };
    const vcon = spoken(kettle);
    await t.store.create(vcon);
    const sent = ["node", "other"].map((id) => t.nodeRed.through(id, { payload: vcon.uuid }));
    expect((await Promise.all(sent)).map(({ at }) => at)).toEqual(["out", "out"]);
    const { analysis } = (await t.store.get(vcon.uuid)) as Vcon;
    const answers = analysis!.slice(1).map(({ body }) => (body as { topics: string[] }).topics[0]);
    expect(answers.sort()).toEqual(["kettle", "recall"]);
  });

  it.each<[string, object]>([
    ["another model", { model: "gpt-6-sol" }],
    ["another task", { task: "engagement" }],
    ["another prompt of the same type", { prompt: "Is the customer angry?" }],
    ["another form of answer", { answer: "yes_no" }],
    ["another list of labels", { labels: ["two"] }],
    ["another choice of parts", { over: "parts", parts: ["transcript"] }],
  ])("is analysed again by %s, beside what there was, and then no more", async (_, settings) => {
    const before = own({ answer: "labels", labels: ["one"] });
    await t.deploy(before);
    const { uuid } = await t.analysed(spoken(kettle));
    await t.deploy({ ...before, ...settings });
    expect(await asking(uuid)).toEqual({ asked: 1, analyses: 3 });
    expect(await asking(uuid)).toEqual({ asked: 0, analyses: 3 });
    await t.deploy(before);
    expect(await asking(uuid)).toEqual({ asked: 0, analyses: 3 });
  });

  it("with another transcribed dialog since is analysed as a whole again", async () => {
    await t.deploy();
    const vcon = call({}, {});
    transcribe(vcon, 0, kettle);
    await t.analysed(vcon);
    await t.store.append(vcon.uuid, {
      analysis: [
        { type: "transcript", dialog: 1, vendor: "example", encoding: "none", body: "One more call." },
      ],
    });
    expect(await asking(vcon.uuid)).toEqual({ asked: 1, analyses: 4 });
  });

  it("keeps the analyses of its dialogs that were done before a failure", async () => {
    await t.deploy({ of: "dialog" });
    t.model = () => (t.asked.length === 2 ? { refusal: "No." } : "Done.");
    const vcon = spoken(kettle, kettle, kettle);
    await t.store.create(vcon);
    const failed = await t.nodeRed.through("node", { payload: vcon.uuid });
    expect(failed).toMatchObject({ at: "failure", message: { error: { code: "REFUSED" } } });
    expect(await asking(vcon.uuid)).toEqual({ asked: 2, analyses: 6 });
    expect(((await t.store.get(vcon.uuid)) as Vcon).analysis!.slice(3).map(({ dialog }) => dialog)).toEqual([
      0, 1, 2,
    ]);
  });

  it("keeps the analyses of its dialogs that were done before a restart", async () => {
    await t.deploy({ of: "dialog", timeLimit: 60 });
    const vcon = spoken(kettle, kettle);
    await t.store.create(vcon);
    const second = Promise.withResolvers<void>();
    const silence = new Promise<never>(() => {});
    t.model = () => {
      if (t.asked.length === 1) return "Done.";
      second.resolve();
      return silence;
    };
    t.nodeRed.send("node", { payload: vcon.uuid });
    await second.promise;
    await t.nodeRed.redeploy();
    t.model = () => "Done.";
    expect(await asking(vcon.uuid)).toEqual({ asked: 1, analyses: 4 });
    expect((await t.recipients(vcon.uuid)).map(({ failed }) => failed)).toEqual([undefined, true, undefined]);
  });
});

describe("chat", () => {
  it("is analysed as a whole, or message by message", async () => {
    await t.deploy();
    const whole = await t.analysed(chat("Is my kettle recalled?", "Yes, it is."));
    expect(whole.analysis).toMatchObject([{ dialog: [0, 1] }]);
    await t.deploy({ of: "dialog" });
    const each = await t.analysed(chat("Is my kettle recalled?", "Yes, it is."));
    expect(each.analysis).toMatchObject([{ dialog: 0 }, { dialog: 1 }]);
  });
});
