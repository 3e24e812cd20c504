/** The node analyze in a real Node-RED, before a language service whose model the test plays. */
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import {
  addAnalysis,
  type Recipient,
  type TrailEvent,
  type Vcon,
  type VconStore,
} from "../../../../core/index.ts";
import { modestAnswer } from "../../../../flows/stand-ins/modest-model.ts";
import { type Said, startOpenAiChatStandIn } from "../../../../flows/stand-ins/openai-chat.ts";
import type { Asked } from "../../../../flows/stand-ins/openai-chat-question.ts";
import type { StandIn } from "../../../../flows/stand-ins/stand-in.ts";
import { ends, type FlowNode, startNodeRed, type TestNodeRed } from "../../../support/node-red.ts";
import { call, stored, storeNode, storeOf } from "../../../support/vcons.ts";

export type Model = (asked: Asked) => Said | Promise<Said>;

export class AnalyzeNode {
  nodeRed!: TestNodeRed;
  store!: VconStore;
  service!: StandIn;
  /** What the model was asked since the test began. */
  asked: Asked[] = [];
  /** Plays the model; a modest one unless the test sets another. */
  model: Model = modestAnswer;

  async start(models?: Record<string, number>): Promise<void> {
    this.nodeRed = await startNodeRed();
    this.store = await storeOf(this.nodeRed);
    this.service = await startOpenAiChatStandIn({
      key: "openai key",
      ...(models && { models }),
      answer: (question) => {
        this.asked.push(question);
        return this.model(question);
      },
    });
  }

  async stop(): Promise<void> {
    await this.store.close();
    await this.nodeRed.stop();
    await this.service.close();
  }

  begin(): void {
    this.asked = [];
    this.model = modestAnswer;
    this.service.requests.length = 0;
  }

  /** Puts the node with these settings into a flow, with an account at this service. */
  async deploy(
    settings: object = {},
    account: object = {},
    credentials: object = { apiKey: "openai key" },
    /** More nodes of the kind, with these settings. */
    ...others: { id: string }[]
  ): Promise<void> {
    await this.nodeRed.deploy(
      [
        storeNode,
        { id: "account", type: "vcon-openai", url: `${this.service.url}/v1`, ...account },
        { ...inFlow, ...settings },
        ...others.map((other) => ({ ...inFlow, ...other })),
        ...ends,
      ],
      { account: credentials },
    );
  }

  /** Sends the vCon through and gives it as it then is. */
  async analysed(vcon: Vcon): Promise<Vcon> {
    return this.sent(await stored(this.store, vcon));
  }

  /** The same of one that is in the store already. */
  async sent(payload: string): Promise<Vcon> {
    const { at, message } = await this.nodeRed.through("node", { payload });
    expect(at, message.error?.message ?? "").toBe("out");
    expect(message.payload).toBe(payload);
    return (await this.store.get(payload)) as Vcon;
  }

  /** The error that comes of it, and the vCon untouched. */
  async refused(vcon: Vcon): Promise<{ message: string; code?: string }> {
    const payload = await stored(this.store, vcon);
    const { at, message } = await this.nodeRed.through("node", { payload });
    expect(at).toBe("failure");
    expect(await this.store.get(payload)).toEqual(vcon);
    return message.error!;
  }

  async recipients(uuid: string): Promise<(Recipient & Pick<TrailEvent, "failed">)[]> {
    const events = (await this.store.trail(uuid)).filter(({ event }) => event === "vcon_sent");
    return events.map(({ recipient, failed }) => ({ ...recipient!, ...(failed && { failed }) }));
  }

  /** The document that the model got with a question. */
  // biome-ignore lint/suspicious/noExplicitAny: its members are the tests' subject
  given(question = this.asked.at(-1)!): any {
    return JSON.parse(question.messages.at(-1)!.content);
  }
}

const inFlow: FlowNode = {
  id: "node",
  type: "vcon-analyze",
  name: "",
  store: "store",
  account: "account",
  model: "gpt-6-luna",
  task: "summary",
  timeLimit: 5,
  wires: [["out"]],
};

/** The node for the tests of a file. */
export function analyzeNode(models?: Record<string, number>): AnalyzeNode {
  const node = new AnalyzeNode();
  beforeAll(() => node.start(models));
  afterAll(() => node.stop());
  beforeEach(() => node.begin());
  return node;
}

export type Line = [speaker: string, text: string];

export const kettle: Line[] = [
  ["Alice Archer", "Northwind Appliances, this is Alice. How can I help?"],
  ["Carol Carter", "I read that there is a recall of your glass kettle."],
  ["Alice Archer", "Please stop using it. I will send you a free replacement today."],
];

/** A call of Carol Carter, the customer, and Alice Archer, for each of these conversations a recording with its transcript. */
export function spoken(...conversations: Line[][]): Vcon {
  const vcon = call(...conversations.map(() => ({})));
  for (const [dialog, lines] of conversations.entries()) transcribe(vcon, dialog, lines);
  return vcon;
}

export function transcribe(vcon: Vcon, dialog: number, lines: readonly Line[]): void {
  const body = lines.map(([speaker, text], index) => ({ speaker, text, start: index * 5 }));
  addAnalysis(vcon, {
    type: "transcript",
    dialog,
    vendor: "example",
    product: `hearing ${vcon.analysis?.length ?? 0}`,
    mediatype: "application/json",
    encoding: "json",
    body,
  });
}
