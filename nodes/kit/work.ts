/** The work of a node on one message, by its family: load, run, append, write the trail. */
import {
  type Addition,
  type AnyVcon,
  formOf,
  isInStore,
  newUuid,
  notFound,
  type Recipient,
  readAgain,
  type TrailEvent,
  typeOf,
  VconError,
  type VconStore,
  VconView,
} from "../../core/index.ts";
import {
  type AdapterDefinition,
  type Call,
  type CollectorDefinition,
  type Decision,
  type FilterDefinition,
  type FlowDefinition,
  isDestination,
  type ReceiverDefinition,
  type StepDefinition,
  type StepResult,
} from "./definition.ts";
import { Destination } from "./destination.ts";
import { aboutVcon, StepError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { followerOf } from "./following/follower.ts";
import { setOnMessage } from "./message.ts";
import type { Message } from "./runner.ts";
import { append, callFor, eventBy, load, millisecondsSince, retry, type Workplace } from "./workplace.ts";

/** How often a step begins anew because the vCon was changed meanwhile. */
const MOST_REPLACEMENTS = 10;

/** What a node does with a message; the answer names the output. */
export interface Work {
  /** Whether it waits for the store or a system outside. */
  waits: boolean;
  run(message: Message, uuid: string | undefined): string | Promise<string>;
}

export function workOf(
  definition: Exclude<FlowDefinition, CollectorDefinition | ReceiverDefinition>,
  place: Workplace,
): Work {
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
  const decision = await readAgain(async () => {
    const vcon = await load(place, store, uuid, definition, call);
    return definition.run({ ...call, vcon });
  });
  return outputOf(decision, place, message);
}

/** A filter that reads nothing answers in the same turn of the event loop, if its settings can. */
function decide(
  definition: FilterDefinition,
  place: Workplace,
  message: Message,
  vcon: VconView,
): string | Promise<string> {
  const run = (call: Call<Fields>) => {
    const decision = definition.run({ ...call, vcon });
    const output = (ready: Decision) => outputOf(ready, place, message);
    return decision instanceof Promise ? decision.then(output) : output(decision);
  };
  const call = callFor(place, message);
  return call instanceof Promise ? call.then(run) : run(call);
}

function outputOf(decision: Decision, { RED }: Workplace, message: Message): string {
  if (typeof decision === "string") return decision;
  setOnMessage(RED, message, decision.message);
  return decision.output;
}

async function step(
  definition: StepDefinition,
  place: Workplace,
  message: Message,
  uuid: string,
): Promise<string> {
  for (let attempt = 0; attempt < MOST_REPLACEMENTS; attempt++) {
    if (await isStepDone(definition, place, message, uuid)) return "done";
  }
  throw new StepError(
    "It was changed by others each time that this node was about to put its result in its place. Send it again.",
    { code: "CHANGED_MEANWHILE", transient: true },
  );
}

/** Answers false where the vCon was changed before it could be replaced, so that the step has to begin anew. */
async function isStepDone(
  definition: StepDefinition,
  place: Workplace,
  message: Message,
  uuid: string,
): Promise<boolean> {
  let started = performance.now();
  const store = await retry(place, place.store);
  const recipients = new Set<Recipient>();
  const call = await callFor(place, message, recipients);
  const vcon = await load(place, store, uuid, definition, call);
  const copyUuid = (kind?: string) => uuidOfCopy(place, store, vcon, kind);
  const present = async () => {
    if (!(await isInStore(store, uuid))) throw notFound(uuid);
  };
  const delivery = () => store.delivery();
  const key = keyOf(place, message, uuid);
  const keep = async (result: StepResult, failed?: true) => {
    const sent = [...recipients, ...(result.sentTo ? [result.sentTo] : [])];
    recipients.clear();
    const events = eventsOf(place, result, sent, { duration: millisecondsSince(started), failed });
    return keepResult(place, store, vcon, result, events);
  };
  try {
    for await (const result of resultsOf(
      definition.run({ ...call, vcon, copyUuid, present, delivery, key }),
    )) {
      if (!(await keep(result))) return false;
      if (result.copy) setOnMessage(place.RED, message, { [place.uuidProperty!]: result.copy.uuid });
      if (result.message) setOnMessage(place.RED, message, result.message);
      started = performance.now();
    }
  } catch (error) {
    // Who may have seen data is kept even so; that this fails too must not hide why the step did.
    await keep({}, true).catch(() => {});
    if (error instanceof VconError && error.code === "VCON_CHANGED") return false;
    throw error;
  }
  return keep({});
}

/** Answers false where the vCon was changed before it could be replaced. */
async function keepResult(
  place: Workplace,
  store: VconStore,
  vcon: VconView,
  { add, replace, copy }: StepResult,
  events: readonly TrailEvent[],
): Promise<boolean> {
  const { uuid } = vcon;
  if (replace) {
    if (await retry(place, () => store.replace(uuid, vcon.revision, replace, events))) return true;
    // Who has seen data of it is kept even so.
    const sent = events.filter(({ recipient }) => recipient);
    if (sent.length > 0) await append(place, store, uuid, {}, sent);
    return false;
  }
  if (copy && !(await isStored(place, store, copy.uuid))) {
    // First, so that whoever erases this one finds all that was made from it.
    await append(place, store, uuid, {}, [{ ...eventBy(place.node, "vcon_created"), copy: copy.uuid }]);
    const event = { ...eventBy(place.node, "vcon_created"), source: uuid };
    await retry(place, () => store.create(copy, event));
  }
  if (events.length > 0) await append(place, store, uuid, add ?? {}, events);
  return true;
}

/** By the state that is copied, so that a message that comes twice makes one copy. */
function uuidOfCopy(
  place: Workplace,
  store: VconStore,
  { uuid, revision }: VconView,
  kind = "",
): Promise<string> {
  return retry(place, () => store.uuidFor(`${place.node.id}:${uuid}:${revision}:${kind}`));
}

/** See {@link StepCall.key}. */
function keyOf({ RED, node }: Workplace, message: Message, uuid: string): string | undefined {
  const run = followerOf(RED).runOf(message);
  return run && `${run.job} ${node.id} ${uuid}`;
}

async function* resultsOf(running: ReturnType<StepDefinition["run"]>): AsyncGenerator<StepResult> {
  if (running !== undefined && Symbol.asyncIterator in running) return yield* running;
  const result = await running;
  if (result !== undefined) yield result;
}

/** What a step has done: added something or given it another form, and shown it to systems outside. */
function eventsOf(
  { node }: Workplace,
  { add, replace }: StepResult,
  recipients: readonly Recipient[],
  { duration, failed }: { duration: number; failed: true | undefined },
): TrailEvent[] {
  const sent = recipients.map((recipient) => ({
    ...eventBy(node, "vcon_sent"),
    recipient,
    duration,
    ...(failed && { failed }),
  }));
  const done = { ...(add && { added: partsOf(add) }), ...(replace && { form: formOf(replace) }) };
  return add || replace ? [{ ...eventBy(node, "vcon_enhanced"), ...done, duration }, ...sent] : sent;
}

function isStored(place: Workplace, store: VconStore, uuid: string): Promise<boolean> {
  return retry(place, () => isInStore(store, uuid));
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
