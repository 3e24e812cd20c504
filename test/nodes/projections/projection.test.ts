import { describe, expect, it } from "vitest";
import { type Analysis, addAnalysis, addAttachment, buildNew, type Vcon } from "../../../core/index.ts";
import { ends } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

const READY_MADE = "transcript agent customer created_at duration subject tags summary uuid".split(" ");
const ready = (valueType: string) => ({ column: valueType, value: "", valueType });
const readyMade = READY_MADE.map(ready);
const column = (name: string, expression: string) => ({
  column: name,
  value: expression,
  valueType: "jsonata",
});

const deploy = (columns: object[], projection = "calls") =>
  nodeRed.deploy([
    storeNode,
    { id: "node", type: "vcon-projection", store: "store", projection, columns, wires: [["out"]] },
    ...ends,
  ]);

/** The projections of the vCon after it went through. */
async function projections(payload: string): Promise<Analysis[]> {
  const { at, message } = await nodeRed.through("node", { payload });
  expect(at, message.error?.message ?? "").toBe("out");
  expect(message.payload).toBe(payload);
  const { analysis = [] } = (await store.get(payload)) as Vcon;
  return analysis.filter(({ type }) => type === "projection");
}

/** The row of a new vCon with these columns. */
async function rowOf(vcon: Vcon, columns: object[]): Promise<unknown> {
  await deploy(columns);
  return (await projections(await stored(store, vcon))).at(-1)!.body;
}

function fullCall(): Vcon {
  const vcon = call({ duration: 26 }, { duration: 4.5 });
  vcon.subject = "Kettle";
  for (const [dialog, text] of [
    [0, "Is my kettle affected?"],
    [1, "It is."],
  ] as const) {
    addAnalysis(vcon, { type: "transcript", vendor: "example", dialog, encoding: "json", body: { text } });
  }
  addAnalysis(vcon, {
    type: "summary",
    vendor: "example",
    dialog: [0, 1],
    encoding: "none",
    body: "A kettle.",
  });
  addAttachment(vcon, { purpose: "tags", encoding: "json", body: ["topic:recall", "queue:support"] });
  return vcon;
}

describe("a row of ready-made columns", () => {
  it("has them all", async () => {
    const vcon = fullCall();
    expect(await rowOf(vcon, readyMade)).toEqual({
      transcript: "Is my kettle affected?\nIt is.",
      agent: "Alice Archer",
      customer: "Carol Carter",
      created_at: "2026-11-02T10:00:00Z",
      duration: 30.5,
      subject: "Kettle",
      tags: "topic:recall, queue:support",
      summary: "A kettle.",
      uuid: vcon.uuid,
    });
  });

  it("has null where the vCon says nothing", async () => {
    const vcon = buildNew({ created_at: "2026-11-02T10:00:00Z" });
    const { uuid, created_at, ...rest } = (await rowOf(vcon, readyMade)) as Record<string, unknown>;
    expect({ uuid, created_at }).toEqual({ uuid: vcon.uuid, created_at: vcon.created_at });
    expect(Object.values(rest)).toEqual(Array(7).fill(null));
  });

  it("has what was written where nothing was said", async () => {
    expect(await rowOf(chat("Good morning.", "Hello."), readyMade)).toMatchObject({
      transcript: "Good morning.\nHello.",
    });
  });

  it("has the newest transcript of each recording, however its dialog is written", async () => {
    const vcon = fullCall();
    addAnalysis(vcon, {
      type: "transcript",
      vendor: "other",
      dialog: [0],
      encoding: "none",
      body: "A better one.",
    });
    expect(await rowOf(vcon, readyMade)).toMatchObject({ transcript: "A better one.\nIt is." });
  });

  it("has the default columns where the node has none of its own", async () => {
    await nodeRed.deploy([
      storeNode,
      { id: "node", type: "vcon-projection", store: "store", wires: [["out"]] },
      ...ends,
    ]);
    const [found] = await projections(await stored(store, fullCall()));
    expect(found).toMatchObject({ product: "conversation" });
    expect(Object.keys(found!.body as object)).toEqual(["transcription", "agent", "customer", "created_at"]);
  });

  it("is whole where the transcript is larger than 64 kB", async () => {
    const text = "Good morning. ".repeat(10_000).trim();
    const vcon = call({});
    addAnalysis(vcon, { type: "transcript", vendor: "example", dialog: 0, encoding: "json", body: { text } });
    expect(await rowOf(vcon, readyMade)).toMatchObject({ transcript: text });
  });
});

describe("a row of expressions", () => {
  it.each<[string, unknown]>([
    ['parties[role="customer"].tel', "+12025550101"],
    ["$count(dialog)", 2],
    ["dialog[0].duration > 10", true],
    ["$exists(nothing)", false],
    ["nothing", null],
    ["null", null],
    ["''", ""],
    ["parties.name", '["Carol Carter","Alice Archer"]'],
    ["parties[0].{'name': name}", '{"name":"Carol Carter"}'],
    ["[]", "[]"],
    ["analysis[type='summary'].body", "A kettle."],
    ["attachments[purpose='tags'].body[0]", "topic:recall"],
    ["subject & ' of ' & $substringBefore(created_at, 'T')", "Kettle of 2026-11-02"],
    ["dialog[0].body", null],
  ])("has the value of %s", async (expression, expected) => {
    expect(await rowOf(fullCall(), [column("value", expression)])).toEqual({ value: expected });
  });

  it.each([
    ["that can't be read", "parties[", "S0203"],
    ["of an unknown function", "$nothing()", "T1006"],
    ["that fails", "$number('Carol')", "D3030"],
    ["that divides by what is no number", "1 / parties[0].name", "T2002"],
    ["that raises its own error", "$error('Carol')", "D3137"],
  ])(
    "is refused for one %s, naming the column and the code and quoting nothing",
    async (_, expression, code) => {
      await deploy([column("fine", "1"), column("wrong", expression)]);
      const vcon = fullCall();
      const payload = await stored(store, vcon);
      const { at, message } = await nodeRed.through("node", { payload });
      expect(at).toBe("failure");
      expect(message.error).toMatchObject({
        code: "EXPRESSION",
        message: expect.stringContaining('column "wrong"'),
      });
      expect(message.error!.message).toContain(code);
      expect(JSON.stringify(message.error)).not.toContain("Carol");
      expect(await store.get(payload)).toEqual(vcon);
    },
  );
});

describe("a projection", () => {
  it("is an analysis of that name, derived from the dialogs", async () => {
    await deploy(readyMade);
    const payload = await stored(store, fullCall());
    expect(await projections(payload)).toEqual([
      {
        type: "projection",
        vendor: "vcon-node-red",
        product: "calls",
        dialog: [0, 1],
        mediatype: "application/json",
        encoding: "json",
        body: expect.any(Object),
      },
    ]);
    expect(await store.trail(payload)).toMatchObject([
      { event: "vcon_enhanced", added: ["analysis:projection"], node: { id: "node" } },
    ]);
  });

  it.each<[string, object[], number[] | undefined]>([
    ["nothing of a dialog", [ready("agent")], undefined],
    ["the transcripts", [ready("transcript")], [0, 1]],
    ["the summary", [ready("summary")], [1]],
    ["what dialogs last", [ready("duration")], [0, 1, 2]],
    ["an expression", [column("value", "subject")], [0, 1, 2]],
  ])("names the dialogs that it was drawn from: %s", async (_, columns, dialogs) => {
    const vcon = call({ duration: 26 }, { duration: 4 }, { duration: 1 });
    for (const dialog of [1, [0]]) {
      addAnalysis(vcon, { type: "transcript", vendor: "example", dialog, encoding: "none", body: "Hello." });
    }
    addAnalysis(vcon, { type: "summary", vendor: "example", dialog: 1, encoding: "none", body: "A call." });
    await deploy([ready("uuid")]);
    const payload = await stored(store, vcon);
    await projections(payload);
    await deploy(columns);
    await Promise.all([1, 2, 3].map(() => projections(payload)));
    const [first, second, ...more] = await projections(payload);
    expect(first).not.toHaveProperty("dialog");
    expect(second!.dialog).toEqual(dialogs);
    expect(more).toEqual([]);
  });

  it("is added once for each change of its dialogs, also where the vCon comes several times", async () => {
    const payload = await stored(store, fullCall());
    for (const columns of [[ready("agent")], [ready("duration")], [ready("customer")]]) {
      await deploy(columns);
      await Promise.all([1, 2, 3, 4].map(() => projections(payload)));
    }
    expect((await projections(payload)).map(({ dialog }) => dialog)).toEqual([undefined, [0, 1], undefined]);
  });

  it("that has not changed is not added again", async () => {
    await deploy(readyMade);
    const payload = await stored(store, fullCall());
    await projections(payload);
    const before = await store.get(payload);
    await projections(payload);
    expect(await store.get(payload)).toEqual(before);
    expect(await store.trail(payload)).toHaveLength(1);
  });

  it("that has not changed is not added again, also where the row is larger than 64 kB", async () => {
    await deploy(readyMade);
    const payload = await stored(store, chat("Good morning. ".repeat(10_000)));
    await projections(payload);
    expect(await projections(payload)).toHaveLength(1);
    expect(await store.trail(payload)).toHaveLength(1);
  });

  it("is added once where the vCon comes several times at the same moment", async () => {
    await deploy(readyMade);
    const payload = await stored(store, fullCall());
    await Promise.all([1, 2, 3, 4].map(() => projections(payload)));
    expect(await projections(payload)).toHaveLength(1);
  });

  it("is added anew when the vCon has changed, and once for every change", async () => {
    await deploy(readyMade);
    const payload = await stored(store, fullCall());
    await projections(payload);
    for (const name of ["late", "later"]) {
      await store.append(payload, { tags: [{ name, value: "" }] });
      await projections(payload);
      await projections(payload);
    }
    const rows = (await projections(payload)).map(({ body }) => (body as { tags: string }).tags);
    expect(rows).toEqual([
      "topic:recall, queue:support",
      "topic:recall, queue:support, late:",
      "topic:recall, queue:support, late:, later:",
    ]);
  });

  it("is added anew when the row changes back", async () => {
    const payload = await stored(store, fullCall());
    for (const value of ["1", "2", "1"]) {
      await deploy([column("value", value)]);
      await projections(payload);
    }
    expect((await projections(payload)).map(({ body }) => body)).toEqual([
      { value: 1 },
      { value: 2 },
      { value: 1 },
    ]);
  });

  it("of another name stands beside it", async () => {
    const payload = await stored(store, fullCall());
    await deploy(readyMade, "calls");
    await projections(payload);
    await deploy(readyMade, "billing");
    expect((await projections(payload)).map(({ product }) => product)).toEqual(["calls", "billing"]);
  });

  it("leaves the rest of the vCon as it was", async () => {
    await deploy(readyMade);
    const vcon = fullCall();
    await projections(await stored(store, vcon));
    const { updated_at: _, analysis, ...rest } = (await store.get(vcon.uuid)) as Vcon;
    const { analysis: before, ...same } = vcon;
    expect(rest).toEqual(same);
    expect(analysis!.slice(0, -1)).toEqual(before);
  });
});
