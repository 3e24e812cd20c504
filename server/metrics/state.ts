/** Whether the store and the ways of the running flows answer, and how much is in these. */
import type { QueueCounts } from "../../core/index.ts";
import type { ApiContext } from "../call.ts";
import { waysInUse } from "../work/ways-in-use.ts";

/** Less than the second that a Kubernetes probe waits by default. */
const LIMIT_MS = 900;

export interface State {
  /** Whether the store answers in time. */
  isUp: boolean;
  /** Undefined where these do not answer in time. */
  depths: Depths | undefined;
}

/** By name. */
export interface Depths {
  queues: [name: string, counts: QueueCounts][];
  /** How many wait in a conserver list. */
  lists: [name: string, waiting: number][];
}

/** Answers within a second, and never rejects. */
export async function stateOf(api: ApiContext): Promise<State> {
  const ping = async () => {
    await (await api.store()).ping();
    return true;
  };
  const [isUp = false, depths] = await Promise.all([inTime(ping()), inTime(depthsIn(api))]);
  return { isUp, depths };
}

async function depthsIn(api: ApiContext): Promise<Depths> {
  const delivery = await (await api.store()).delivery();
  const { queues, lists } = waysInUse(api);
  const [counts, lengths] = await Promise.all([
    ask(queues, (name) => {
      const queue = delivery.queue(name);
      return () => queue.counts();
    }),
    ask(lists, (name) => {
      const list = delivery.conserverList(name);
      return () => list.length();
    }),
  ]);
  return { queues: counts, lists: lengths };
}

/** Leaves out what can't be opened: then the node that names it is badly set and says so, and no server is away. */
function ask<Depth>(
  names: readonly string[],
  open: (name: string) => () => Promise<Depth>,
): Promise<[name: string, depth: Depth][]> {
  const opened = names.flatMap((name) => {
    try {
      return [{ name, depth: open(name) }];
    } catch {
      return [];
    }
  });
  return Promise.all(opened.map(async ({ name, depth }): Promise<[string, Depth]> => [name, await depth()]));
}

/** Undefined where it fails, or takes too long. */
function inTime<Result>(work: Promise<Result>): Promise<Result | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LIMIT_MS, undefined);
    const end = (result?: Result) => {
      clearTimeout(timer);
      resolve(result);
    };
    work.then(end, () => end());
  });
}
