/** The work of a node on one message, by its family: load, run, append, write the trail. */
import {
  type Addition,
  type AnyVcon,
  newUuid,
  type Recipient,
  type TrailEvent,
  typeOf,
  VconError,
  type VconStore,
  VconView,
} from "../../core/index.ts";
import {
  type AdapterDefinition,
  type Call,
  type FilterDefinition,
  type FlowDefinition,
  isDestination,
  type StepDefinition,
  type StepResult,
} from "./definition.ts";
import { Destination } from "./destination.ts";
import { aboutVcon } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { setOnMessage } from "./message.ts";
import type { Message } from "./runner.ts";
import { append, callFor, eventBy, load, millisecondsSince, retry, type Workplace } from "./workplace.ts";

/** What a node does with a message; the answer names the output. */
export interface Work {
  /** Whether it waits for the store or a system outside. */
  waits: boolean;
  run(message: Message, uuid: string | undefined): string | Promise<string>;
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
      return isDestination(definition)
        ? new Destination(definition, place)
        : { waits: true, run: (message, uuid) => step(definition, place, message, uuid!) };
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
  const vcon = await load(place, store, uuid, definition, call);
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
  const recipients = new Set<Recipient>();
  const call = await callFor(place, message, recipients);
  const vcon = await load(place, store, uuid, definition, call);
  const keep = async (add?: Addition, failed?: true) => {
    const sent = [...recipients];
    recipients.clear();
    const events = eventsOf(place, add, sent, { duration: millisecondsSince(started), failed });
    if (events.length > 0) await append(place, store, uuid, add ?? {}, events);
  };
  try {
    for await (const { add, message: properties } of resultsOf(definition.run({ ...call, vcon }))) {
      await keep(add);
      if (properties) setOnMessage(place.RED, message, properties);
      started = performance.now();
    }
  } catch (error) {
    // Who may have seen data is kept even so; that this fails too must not hide why the step did.
    await keep(undefined, true).catch(() => {});
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

/** What a step has done: added something, and shown it to systems outside. */
function eventsOf(
  { node }: Workplace,
  add: Addition | undefined,
  recipients: readonly Recipient[],
  { duration, failed }: { duration: number; failed: true | undefined },
): TrailEvent[] {
  const sent = recipients.map((recipient) => ({
    ...eventBy(node, "vcon_sent"),
    recipient,
    duration,
    ...(failed && { failed }),
  }));
  return add ? [{ ...eventBy(node, "vcon_enhanced"), added: partsOf(add), duration }, ...sent] : sent;
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

/** What an addition adds, as parts: "analysis:transcript". */
function partsOf({ analysis = [], attachments = [], tags = [] }: Addition): string[] {
  const parts = [
    ...analysis.map((element) => `analysis:${typeOf("analysis", element)}`),
    ...attachments.map((element) => `attachments:${typeOf("attachments", element)}`),
    ...(tags.length > 0 ? ["attachments:tags"] : []),
  ];
  return [...new Set(parts)];
}
