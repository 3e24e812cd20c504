/** A flow that begins with jobs of a queue, and tells when each of them is acknowledged, and how it ended. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { DeadLetter, Queue, VconStore } from "../../../core/index.ts";
import { until } from "../../delivery/taker.ts";
import {
  type FlowNode,
  isConfig,
  type Message,
  root,
  startNodeRed,
  type TestNodeRed,
  testHost,
} from "../../support/node-red.ts";
import { chat, stored, storeNode, storeOf } from "../../support/vcons.ts";

interface Held {
  msg: Message;
  send(message: Message): void;
  done(error?: Error): void;
}

/** Long enough for what must not happen to happen. */
const MOMENT_MS = 40;

/** Nodes of ours, as small as can be. */
export const testNodes = join(root, "test/support/nodes");

const here = dirname(fileURLToPath(import.meta.url));

/** Where the messages of jobs end, for as long as the test holds them. */
export const last: FlowNode = { id: "last", type: "test-holder" };

export const catcher = (settings: object = {}): FlowNode => ({
  id: "catcher",
  type: "catch",
  scope: null,
  uncaught: false,
  wires: [["last"]],
  ...settings,
});

export class Jobs {
  readonly nodeRed: TestNodeRed;
  readonly store: VconStore;
  /** Another one for each deployment, so that no test leaves anything to the next. */
  queue!: Queue;
  #deployments = 0;

  /** @param packages of nodes, beside those for these tests */
  static async start(...packages: string[]): Promise<Jobs> {
    const nodeRed = await startNodeRed(join(here, "node-package"), ...packages);
    return new Jobs(nodeRed, await storeOf(nodeRed));
  }

  private constructor(nodeRed: TestNodeRed, store: VconStore) {
    this.nodeRed = nodeRed;
    this.store = store;
  }

  /** Deploys nodes, of which the one named "first" gets the jobs of an empty queue. */
  async deploy(nodes: FlowNode[], settings: object = {}): Promise<void> {
    this.queue = (await this.store.delivery()).queue(`work ${++this.#deployments}`);
    await this.nodeRed.deploy(this.#flowOf(nodes, settings));
  }

  /** Deploys others in the place of these, for the same queue. */
  async deployAs(kind: "full" | "nodes", nodes: FlowNode[], settings: object = {}): Promise<void> {
    const RED = nodeRedItself();
    const started = new Promise((resolve) => RED.events.once("flows:started", resolve));
    const flows = [{ id: "tab", type: "tab", label: "test" }, ...this.#flowOf(nodes, settings).map(placed)];
    await RED.runtime.flows.setFlows({ flows: { flows, credentials: {} }, deploymentType: kind });
    await started;
  }

  /** Adds one job for each of these vCons; of a new one if none is given. */
  async add(...uuids: string[]): Promise<void> {
    const all = uuids.length > 0 ? uuids : [await stored(this.store, chat("Good morning."))];
    for (const payload of all) this.nodeRed.send("add", { payload });
    await this.held(all.length, "added");
    this.release(all.length, "added");
  }

  /** As many jobs of one vCon. */
  async addMany(count: number): Promise<void> {
    const uuid = await stored(this.store, chat("Good morning."));
    await this.add(...Array.from({ length: count }, () => uuid));
  }

  /** Adds a job past Node-RED, as another process does. */
  async addFromElsewhere(): Promise<void> {
    await this.queue.add(await stored(this.store, chat("Good morning.")));
  }

  /** What waits at a holder, once it is so many. */
  async held(count: number, id = last.id): Promise<Held[]> {
    await until(() => holder(id).length >= count);
    return holder(id);
  }

  /** Lets messages of a holder end: all that are there, or so many. */
  release(count = Number.POSITIVE_INFINITY, id = last.id): Message[] {
    const released = holder(id).splice(0, count);
    for (const { done } of released) done();
    return released.map(({ msg }) => msg);
  }

  /** So many are worked on, and stay so. */
  async areRunning(count: number): Promise<void> {
    await until(async () => (await this.queue.counts()).active === count);
    for (let turns = 0; turns < 10; turns++) await turn();
    await pause(MOMENT_MS);
    expect(await this.queue.counts()).toMatchObject({ active: count });
  }

  /** Every job has ended, and was acknowledged. */
  async areDone(): Promise<void> {
    expect(await this.letters()).toEqual([]);
  }

  /** Every job has ended: the dead letters. */
  async letters(): Promise<DeadLetter[]> {
    await until(async () => {
      const { waiting, delayed, active } = await this.queue.counts();
      return waiting + delayed + active === 0;
    });
    return this.queue.deadLetters();
  }

  #flowOf(nodes: FlowNode[], settings: object): FlowNode[] {
    return [
      storeNode,
      {
        id: "add",
        type: "vcon-queue-out",
        store: "store",
        queue: this.queue.name,
        priority: "normal",
        delay: 0,
      },
      { id: "adding", type: "complete", scope: ["add"], uncaught: false, wires: [["added"]] },
      { id: "added", type: "test-holder" },
      {
        id: "in",
        type: "vcon-queue-in",
        store: "store",
        queue: this.queue.name,
        atOnce: 1000,
        until: "branches",
        timeLimit: 600,
        attempts: 1,
        pause: 0,
        wires: [["first"]],
        ...settings,
      },
      ...nodes,
    ];
  }

  async stop(): Promise<void> {
    await this.nodeRed.stop();
    await this.store.close();
  }
}

/** See the node "test-slow-to-close". */
export function letSlowNodesClose(): void {
  const closing = (globalThis as Record<symbol, unknown>)[Symbol.for("vcon-test.closing")] as (() => void)[];
  for (const close of closing.splice(0)) close();
}

/** The host that runs the tests of this file. */
export function nodeRedItself() {
  return createRequire(join(root, "hosts", testHost(), "package.json"))("node-red");
}

export function holder(id: string): Held[] {
  const holders = (globalThis as Record<symbol, unknown>)[Symbol.for("vcon-test.holders")];
  return (holders as Map<string, Held[]>).get(id) ?? [];
}

function placed(node: FlowNode): FlowNode {
  return isConfig(node) ? node : { z: "tab", x: 0, y: 0, wires: [], ...node };
}
