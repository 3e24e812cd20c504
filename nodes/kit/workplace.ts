/** What the work of every family of nodes needs: the node's settings, its store, systems outside, and events. */
import type { Node, NodeAPI } from "node-red";
import {
  type Addition,
  type Part,
  type Recipient,
  type TrailEvent,
  type VconStore,
  VconView,
} from "../../core/index.ts";
import type { Call, DestinationDefinition, FilterDefinition, StepDefinition } from "./definition.ts";
import { mayHaveLeft, outsideError } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { PATIENT_ATTEMPTS, withRetries, withTimeLimit } from "./retry.ts";
import type { Message } from "./runner.ts";
import type { Settings } from "./settings.ts";

export interface Workplace {
  RED: NodeAPI;
  node: Node;
  settings: Settings<Fields>;
  /** The message property that holds the UUID; undefined for a node that takes none. */
  uuidProperty: string | undefined;
  store(): Promise<VconStore>;
  /** Where relative paths begin. */
  workingFolder: string;
  /** How many vCons, or batches of them, go to the system outside at the same time. */
  atOnce: number;
  /** Seconds that one attempt at a system outside may take. */
  timeLimit: number;
  /** Aborts when the node closes. */
  closing: AbortSignal;
}

/** The parts of the vCon that the node reads. */
export function load(
  place: Workplace,
  store: VconStore,
  uuid: string,
  { reads }: StepDefinition | DestinationDefinition | FilterDefinition,
  { config }: Call<Fields>,
): VconView | Promise<VconView> {
  const parts: readonly Part[] = typeof reads === "function" ? reads(config) : reads;
  return parts.length === 0 ? new VconView(uuid, {}) : retry(place, () => store.read(uuid, parts));
}

/** @param recipients gets each system outside that the call gives data to */
export function callFor(
  place: Workplace,
  message: Message,
  recipients = new Set<Recipient>(),
): Call<Fields> | Promise<Call<Fields>> {
  const { RED, node, settings } = place;
  const config = settings.for(message);
  const toCall = (ready: Awaited<typeof config>): Call<Fields> => ({
    config: ready,
    message,
    outside: (system, work, recipient) =>
      outside(place, system, work, () => recipient && recipients.add(recipient)),
    jsonata: (expression, data) => evaluate(RED, node, expression, data),
    workingFolder: place.workingFolder,
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
export function outside<Result>(
  place: Workplace,
  system: string,
  work: (signal: AbortSignal) => Promise<Result>,
  seen?: () => void,
): Promise<Result> {
  return withRetries(() => outsideOnce(place, system, work, seen), place.closing);
}

/**
 * One attempt, without another after it.
 * @param seen is called where the other side has seen what was sent, or may have
 */
export async function outsideOnce<Result>(
  { timeLimit, closing }: Workplace,
  system: string,
  work: (signal: AbortSignal) => Promise<Result>,
  seen = () => {},
): Promise<Result> {
  let hasBegun = false;
  const begin = (signal: AbortSignal) => {
    hasBegun = true;
    return work(signal);
  };
  try {
    const result = await withTimeLimit(system, begin, timeLimit, closing);
    seen();
    return result;
  } catch (thrown) {
    const error = outsideError(system, thrown);
    if (hasBegun && mayHaveLeft(error)) seen();
    throw error;
  }
}

export function retry<Result>({ closing }: Workplace, work: () => Result | Promise<Result>): Promise<Result> {
  return withRetries(work, closing);
}

/**
 * Adds to the vCon, with the events in the same write. Who has data of it is told to a store that is away for some
 * minutes, too: nobody else would know.
 */
export function append(
  { closing }: Workplace,
  store: VconStore,
  uuid: string,
  addition: Addition,
  events: readonly TrailEvent[],
): Promise<boolean> {
  const attempts = events.some(({ recipient }) => recipient) ? PATIENT_ATTEMPTS : undefined;
  return withRetries(() => store.append(uuid, addition, events), closing, attempts);
}

export function millisecondsSince(started: number): number {
  return Math.round(performance.now() - started);
}

export function eventBy(node: Node, event: TrailEvent["event"]): TrailEvent {
  const { id, type, name, z } = node as Node & { z?: string };
  return {
    event,
    at: new Date().toISOString(),
    node: { id, type, ...(name ? { name } : {}), ...(z ? { flow: z } : {}) },
  };
}
