/** A store that tells whoever listens of every call: which it was, how long it took, what came of it. */
import { VconError } from "../errors.ts";
import { storeCalled } from "../observed.ts";
import type { TrailEvent } from "../trail/event.ts";
import type { VconStore } from "./store.ts";

type Operation = Exclude<keyof VconStore, "notes" | "delivery" | "close">;
type Method = (...given: never[]) => Promise<unknown>;

/** The events that a call has written, by what it was given and what it answered. */
type Written<Call extends Method = Method> = (
  given: Parameters<Call>,
  answer: Awaited<ReturnType<Call>>,
) => readonly TrailEvent[];

const none = () => [];

const OPERATIONS: { [Name in Operation]: Written<VconStore[Name]> } = {
  create: ([, event], isNew) => (event && isNew ? [event] : []),
  read: none,
  get: none,
  append: ([, , events = []], hasAdded) =>
    events.filter(({ event }) => hasAdded || event !== "vcon_enhanced"),
  replace: ([, , , events = []], isReplaced) => (isReplaced ? events : []),
  setMedia: ([, , , { events = [] } = {}]) => events,
  delete: ([, event], wasThere) => (event && wasThere ? [event] : []),
  uuidFor: none,
  list: none,
  page: none,
  find: none,
  reindex: none,
  record: ([, events]) => events,
  trail: none,
  hold: none,
  release: none,
  ping: none,
};

/** The same store: a call costs it nothing more while nobody listens. */
export function observedStore(store: VconStore): VconStore {
  const methods = Object.entries(OPERATIONS).map(([operation, written]) => {
    const method = store[operation as Operation].bind(store) as Method;
    return [operation, observed(operation, method, written as Written)];
  });
  return {
    ...(Object.fromEntries(methods) as Pick<VconStore, Operation>),
    notes: store.notes,
    delivery: () => store.delivery(),
    close: () => store.close(),
  };
}

function observed(operation: string, method: Method, written: Written): Method {
  return (...given) => {
    const begun = storeCalled.begin();
    return begun === undefined ? method(...given) : tell(begun, operation, method, written, given);
  };
}

async function tell(
  begun: number,
  operation: string,
  method: Method,
  written: Written,
  given: never[],
): Promise<unknown> {
  try {
    const answer = await method(...given);
    storeCalled.end(begun, { operation, events: written(given, answer).map(({ event }) => event) });
    return answer;
  } catch (error) {
    const code = error instanceof VconError ? error.code : "UNEXPECTED";
    storeCalled.end(begun, { operation, code, events: [] });
    throw error;
  }
}
