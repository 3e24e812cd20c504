/** The work of a node on one message, by its family: load, run, append, write the trail. */
import type { Node, NodeAPI } from "node-red";
import {
  type Addition,
  type AnyVcon,
  newUuid,
  type Part,
  type Recipient,
  type TrailEvent,
  typeOf,
  VconError,
  type VconStore,
  VconView,
} from "../../core/index.ts";
import type {
  AdapterDefinition,
  Call,
  FilterDefinition,
  FlowDefinition,
  StepDefinition,
  StepResult,
} from "./definition.ts";
import { aboutVcon, outsideError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { setOnMessage } from "./message.ts";
import { withRetries, withTimeLimit } from "./retry.ts";
import type { Message } from "./runner.ts";
import type { Settings } from "./settings.ts";

/** What a node does with a message; the answer names the output. */
export interface Work {
  /** Whether it waits for the store or a system outside. */
  waits: boolean;
  run(message: Message, uuid: string | undefined): string | Promise<string>;
}

export interface Workplace {
  RED: NodeAPI;
  node: Node;
  settings: Settings<Fields>;
  store(): Promise<VconStore>;
  /** Seconds that one attempt at a system outside may take. */
  timeLimit: number;
  /** Aborts when the node closes. */
  closing: AbortSignal;
}

export function workOf(definition: FlowDefinition, place: Workplace): Work {
  switch (definition.family) {
    case "adapters":
      return { waits: true, run: (message) => adapt(definition, place, message) };
    case "filters":
      return definition.reads.length === 0
        ? {
            waits: false,
            run: (message, uuid) => decide(definition, place, message, new VconView(uuid!, {})),
          }
        : { waits: true, run: (message, uuid) => readAndDecide(definition, place, message, uuid!) };
    default:
      return { waits: true, run: (message, uuid) => step(definition, place, message, uuid!) };
  }
}

async function adapt(definition: AdapterDefinition, place: Workplace, message: Message): Promise<string> {
  const started = performance.now();
  const store = await retry(place, place.store);
  const call = await callFor(place, message);
  const source = definition.source?.(call);
  const uuid =
    source === undefined
      ? newUuid()
      : await retry(place, () => store.uuidFor(`${definition.type}:${source}`));
  if (source === undefined || !(await isStored(place, store, uuid))) {
    const vcon = await make(definition, call, uuid);
    const event = { ...eventBy(place.node, "vcon_created"), duration: millisecondsSince(started) };
    await retry(place, () => store.create(vcon, event));
  }
  message.payload = uuid;
  return "done";
}

/** A failure names the UUID that the conversation keeps: it will have it when the same message comes again. */
async function make(definition: AdapterDefinition, call: Call<Fields>, uuid: string): Promise<AnyVcon> {
  try {
    return await definition.run({ ...call, uuid });
  } catch (error) {
    throw aboutVcon(uuid, error);
  }
}

async function readAndDecide(
  definition: FilterDefinition,
  place: Workplace,
  message: Message,
  uuid: string,
): Promise<string> {
  const store = await retry(place, place.store);
  const call = await callFor(place, message);
  const vcon = await load(place, store, uuid, partsFor(definition, call));
  return definition.run({ ...call, vcon });
}

/** A filter that reads nothing answers in the same turn of the event loop, if its settings can. */
function decide(
  definition: FilterDefinition,
  place: Workplace,
  message: Message,
  vcon: VconView,
): string | Promise<string> {
  const call = callFor(place, message);
  if (call instanceof Promise) return call.then((ready) => definition.run({ ...ready, vcon }));
  return definition.run({ ...call, vcon });
}

async function step(
  definition: StepDefinition,
  place: Workplace,
  message: Message,
  uuid: string,
): Promise<string> {
  let started = performance.now();
  const store = await retry(place, place.store);
  const recipients: Recipient[] = [];
  const call = await callFor(place, message, recipients);
  const vcon = await load(place, store, uuid, partsFor(definition, call));
  const keep = (add?: Addition) =>
    append(place, store, uuid, add, recipients.splice(0), millisecondsSince(started));
  try {
    for await (const { add, message: properties } of resultsOf(definition.run({ ...call, vcon }))) {
      await keep(add);
      if (properties) setOnMessage(place.RED, message, properties);
      started = performance.now();
    }
  } catch (error) {
    // Who may have seen data is kept even so; that this fails too must not hide why the step did.
    await keep().catch(() => {});
    throw error;
  }
  await keep();
  return "done";
}

async function* resultsOf(running: ReturnType<StepDefinition["run"]>): AsyncGenerator<StepResult> {
  if (running !== undefined && Symbol.asyncIterator in running) return yield* running;
  const result = await running;
  if (result !== undefined) yield result;
}

/** Adds what a step adds, with its events in the same write. */
async function append(
  place: Workplace,
  store: VconStore,
  uuid: string,
  add: Addition | undefined,
  recipients: readonly Recipient[],
  duration: number,
): Promise<void> {
  const events: TrailEvent[] = recipients.map((recipient) => ({
    ...eventBy(place.node, "vcon_sent"),
    recipient,
    duration,
  }));
  if (add) events.unshift({ ...eventBy(place.node, "vcon_enhanced"), added: partsOf(add), duration });
  if (events.length > 0) await retry(place, () => store.append(uuid, add ?? {}, events));
}

function partsFor({ reads }: StepDefinition | FilterDefinition, { config }: Call<Fields>): readonly Part[] {
  return typeof reads === "function" ? reads(config) : reads;
}

function load(
  place: Workplace,
  store: VconStore,
  uuid: string,
  reads: readonly Part[],
): VconView | Promise<VconView> {
  return reads.length === 0 ? new VconView(uuid, {}) : retry(place, () => store.read(uuid, reads));
}

async function isStored(place: Workplace, store: VconStore, uuid: string): Promise<boolean> {
  try {
    await retry(place, () => store.read(uuid, []));
    return true;
  } catch (error) {
    if (error instanceof VconError && error.code === "VCON_SEALED") return true;
    if (error instanceof VconError && error.code === "VCON_NOT_FOUND") return false;
    throw error;
  }
}

/** @param recipients gets each system outside that the call gives data to */
function callFor(
  place: Workplace,
  message: Message,
  recipients: Recipient[] = [],
): Call<Fields> | Promise<Call<Fields>> {
  const { RED, node, settings } = place;
  const config = settings.for(message);
  const toCall = (ready: Awaited<typeof config>): Call<Fields> => ({
    config: ready,
    message,
    outside: (system, work, recipient) => {
      if (recipient) recipients.push(recipient);
      return outside(place, system, work);
    },
    jsonata: (expression, data) => evaluate(RED, node, expression, data),
  });
  return config instanceof Promise ? config.then(toCall) : toCall(config);
}

async function evaluate(RED: NodeAPI, node: Node, expression: string, data: unknown): Promise<unknown> {
  const prepared = RED.util.prepareJSONataExpression(expression, node);
  return new Promise((resolve, reject) => {
    RED.util.evaluateJSONataExpression(prepared, data as never, (error, value) =>
      error ? reject(error) : resolve(value),
    );
  });
}

/** See {@link Call.outside}. */
function outside<Result>(
  { timeLimit, closing }: Workplace,
  system: string,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const attempt = () =>
    withTimeLimit(system, work, timeLimit, closing).catch((error) => {
      throw outsideError(system, error);
    });
  return withRetries(attempt, closing);
}

function retry<Result>({ closing }: Workplace, work: () => Result | Promise<Result>): Promise<Result> {
  return withRetries(work, closing);
}

function millisecondsSince(started: number): number {
  return Math.round(performance.now() - started);
}

function eventBy(node: Node, event: TrailEvent["event"]): TrailEvent {
  const { id, type, name, z } = node as Node & { z?: string };
  return {
    event,
    at: new Date().toISOString(),
    node: { id, type, ...(name ? { name } : {}), ...(z ? { flow: z } : {}) },
  };
}

/** What an addition adds, as parts: "analysis:transcript". */
function partsOf({ analysis = [], attachments = [], tags = [] }: Addition): string[] {
  const parts = [
    ...analysis.map((element) => `analysis:${typeOf("analysis", element)}`),
    ...attachments.map((element) => `attachments:${typeOf("attachments", element)}`),
    ...(tags.length > 0 ? ["attachments:tags"] : []),
  ];
  return [...new Set(parts)];
}
