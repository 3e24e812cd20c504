/** The nodes that the tests of delivery deploy, and the stores that they deploy them with. */
import { afterAll, afterEach, beforeAll } from "vitest";
import { openStore, type Queue, type VconStore } from "../../../core/index.ts";
import { catcher, type FlowNode, type TestNodeRed } from "../../support/node-red.ts";
import { startRedis, type TestRedis } from "../../support/redis.ts";
import { chat } from "../../support/vcons.ts";
import { work } from "./work.ts";

/** The homes of a store, as `describe.each` takes them. */
export const HOMES = [{ home: "SQLite" }, { home: "Redis" }] as const;
export type Home = (typeof HOMES)[number]["home"];

export interface TestStore {
  node: FlowNode;
  redis: TestRedis | undefined;
  store: VconStore;
  /** The queue of this test, which no other test has. */
  queue: string;
  /** That queue, as another process sees it. */
  open(): Promise<Queue>;
  /** Stores a chat and gives its UUID. */
  vcon(): Promise<string>;
}

/** The store of the tests of a `describe`, in this home. */
export function storeFor(home: Home, nodeRed: TestNodeRed): TestStore {
  let tests = 0;
  const here = { queue: `calls ${tests}`, redis: undefined } as TestStore;
  here.open = async () => (await here.store.delivery()).queue(here.queue);
  here.vcon = async () => {
    const vcon = chat("Good morning.");
    await here.store.create(vcon);
    return vcon.uuid;
  };
  beforeAll(async () => {
    if (home === "Redis") here.redis = await startRedis();
    const url = here.redis?.url ?? "sqlite:test.sqlite";
    here.node = { id: "store", type: "vcon-store", url };
    here.store = await openStore(url, { folder: nodeRed.userFolder });
  });
  afterEach(() => {
    here.queue = `calls ${++tests}`;
    work.reset();
  });
  afterAll(async () => {
    await nodeRed.deploy([]);
    await here.store.close();
    await here.redis?.stop();
  });
  return here;
}

export const queueOut = (queue: string, more: object = {}): FlowNode => ({
  id: "add",
  type: "vcon-queue-out",
  store: "store",
  queue,
  queueType: "str",
  wires: [["added"]],
  ...more,
});

export const queueIn = (queue: string, more: object = {}): FlowNode => ({
  id: "take",
  type: "vcon-queue-in",
  store: "store",
  queue,
  attempts: 3,
  pause: 0,
  wires: [["work"]],
  ...more,
});

export const deadLetters = (queue: string, more: object = {}): FlowNode => ({
  id: "dead",
  type: "vcon-dead-letters",
  store: "store",
  queue,
  wires: [["new"], ["answer"]],
  ...more,
});

/** Only what fails here is caught: an error that somebody takes is no failure of a job. */
export const caughtFrom = (...scope: string[]): FlowNode => ({ ...catcher, scope });

/** Who speaks in the vCons of these tests. */
export const PERSONAL = /Carol|Carter|Alice|Archer|\+?12025550101|example\.com|Good morning/;
