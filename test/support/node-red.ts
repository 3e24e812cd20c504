/** A real, embedded Node-RED with the built package in it; one per test file, since it starts once in a process. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Handle } from "../../core/index.ts";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Node-RED that the tests of this process run in. */
export const testHost = () => process.env["VCON_TEST_HOST"] ?? "node-red-5";

export type Message = Record<string, unknown> & { payload?: unknown };
export type FlowNode = Record<string, unknown> & { id: string; type: string };

/** A folder that Node-RED takes as its user directory, with the package installed in it. */
export function makeUserFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vcon-node-red-"));
  mkdirSync(join(folder, "node_modules", "@vcon"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "@vcon", "node-red"), "junction");
  return folder;
}

/** Where a message arrived, and as what. */
export interface Arrival {
  at: string;
  message: Message & { error?: { message: string; code?: string; source?: object } };
}
export interface NodeStatus {
  fill?: string;
  shape?: string;
  text?: string;
}

export interface TestNodeRed {
  /** Where its HTTP server answers, without a slash at the end. */
  url: string;
  userFolder: string;
  /** Deploys these nodes in place of all others. Every one may leave out `z`, `x` and `y`. */
  deploy(nodes: FlowNode[], credentials?: Record<string, object>): Promise<void>;
  /** Deploys the same nodes again, all of them anew. */
  redeploy(): Promise<void>;
  /** Hands a message to a node. */
  send(id: string, message: Message): void;
  /** The next message that a node gets; fails after some seconds. */
  next(id: string): Promise<Message>;
  /** Hands a message to a node and waits for the first sink that it, or the error it caused, arrives at. */
  through(id: string, message: Message): Promise<Arrival>;
  /** The messages that a node got since the deploy and that `next` has not taken. */
  received(id: string): Message[];
  /** The last status that a node showed. */
  status(id: string): NodeStatus | undefined;
  /** Every status that a node showed since the deploy, the first first. */
  statuses(id: string): { at: number; status: NodeStatus }[];
  /** Has a destination erase a copy that its trail names. */
  erase(id: string, uuid: string, handle: Handle): Promise<void>;
  /** The log lines of nodes, warnings and errors. */
  log: { id: string; level: number; message: string }[];
  stop(): Promise<void>;
}

/** @param packages folders of more nodes, installed beside the package */
export async function startNodeRed(...packages: string[]): Promise<TestNodeRed> {
  const require = createRequire(join(root, "hosts", testHost(), "package.json"));
  const RED = require("node-red");
  const userFolder = makeUserFolder();
  for (const folder of packages)
    symlinkSync(folder, join(userFolder, "node_modules", basename(folder)), "junction");
  // What the launcher of Node-RED does: the routes of nodes below their root, on one server.
  const app = createRequire(require.resolve("node-red"))("express")();
  const server = createServer(app);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const log: TestNodeRed["log"] = [];
  RED.init(server, {
    userDir: userFolder,
    flowFile: "flows.json",
    disableEditor: true,
    credentialSecret: "of a test",
    telemetry: { enabled: false },
    logging: {
      test: {
        level: "warn",
        handler: () => (line: { id?: string; level: number; msg: unknown }) =>
          log.push({
            id: line.id ?? "",
            level: line.level,
            message: String((line.msg as Error)?.message ?? line.msg),
          }),
      },
    },
  });
  app.use(RED.httpAdmin);
  app.use(RED.httpNode);
  const empty = new Promise((resolve) => RED.events.once("flows:started", resolve));
  await RED.start();
  await empty;

  const received = new Map<string, Message[]>();
  const waiting = new Map<string, (message: Message) => void>();
  const underWay = new Map<unknown, (arrival: Arrival) => void>();
  RED.hooks.add("onReceive.test", (event: { msg: Message; destination: { id: string; node: FlowNode } }) => {
    const { id, node } = event.destination;
    const arrive = node.type === SINK ? underWay.get(event.msg["_msgid"]) : undefined;
    if (arrive) {
      underWay.delete(event.msg["_msgid"]);
      return arrive({ at: id, message: event.msg as Arrival["message"] });
    }
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter) waiter(event.msg);
    else
      received
        .set(id, received.get(id) ?? [])
        .get(id)!
        .push(event.msg);
  });
  let statuses: { id: string; at: number; status: NodeStatus }[] = [];
  RED.runtime.events.on("node-status", ({ id, status }: { id: string; status: NodeStatus }) =>
    statuses.push({ id, at: performance.now(), status }),
  );

  let deployed: Parameters<TestNodeRed["deploy"]> = [[]];
  const nodeRed: TestNodeRed = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    userFolder,
    log,
    redeploy: () => nodeRed.deploy(...deployed),
    async deploy(nodes, credentials = {}) {
      deployed = [nodes, credentials];
      received.clear();
      statuses = [];
      const tab = { id: "tab", type: "tab", label: "test" };
      const placed = nodes.map((node) =>
        isConfig(node) ? node : { z: "tab", x: 0, y: 0, wires: [], ...node },
      );
      const started = new Promise((resolve) => RED.events.once("flows:started", resolve));
      await RED.runtime.flows.setFlows({
        flows: { flows: [tab, ...placed], credentials },
        deploymentType: "full",
      });
      await started;
    },
    send: (id, message) => RED.nodes.getNode(id).receive(message),
    next: (id) =>
      new Promise((resolve, reject) => {
        const first = received.get(id)?.shift();
        if (first) return resolve(first);
        const timer = setTimeout(() => reject(new Error(`no message came to "${id}"`)), PATIENCE_MS);
        waiting.set(id, (message) => {
          clearTimeout(timer);
          resolve(message);
        });
      }),
    through: (id, message) =>
      new Promise((resolve, reject) => {
        const _msgid = RED.util.generateId();
        const timer = setTimeout(() => {
          underWay.delete(_msgid);
          reject(new Error(`what was sent to "${id}" arrived nowhere`));
        }, PATIENCE_MS);
        underWay.set(_msgid, (arrival) => {
          clearTimeout(timer);
          resolve(arrival);
        });
        RED.nodes.getNode(id).receive({ ...message, _msgid });
      }),
    received: (id) => received.get(id) ?? [],
    status: (id) => statuses.findLast((shown) => shown.id === id)?.status,
    statuses: (id) => statuses.filter((shown) => shown.id === id),
    erase: (id, uuid, handle) => RED.nodes.getNode(id).erase(uuid, handle),
    async stop() {
      await RED.stop();
      server.closeAllConnections();
      server.close();
      rmSync(userFolder, { recursive: true, force: true });
    },
  };
  return nodeRed;
}

/** The types of our config nodes: their folders are named like them. */
const configTypes = new Set(readdirSync(join(root, "nodes/config")).map((name) => `vcon-${name}`));

/** A config node has no wires and stands on no tab. */
export function isConfig({ type }: FlowNode): boolean {
  return configTypes.has(type);
}

/** How long a test waits for a message: enough for a step that is tried five times. */
const PATIENCE_MS = 20_000;
const SINK = "debug";

/** A node to wire outputs to: what it gets, `next` shows. */
export function sink(id: string): FlowNode {
  return { id, type: SINK, active: false, tosidebar: false, console: false, complete: "false" };
}

/** Gets the errors of all nodes. */
export const catcher: FlowNode = {
  id: "caught",
  type: "catch",
  scope: null,
  uncaught: false,
  wires: [["failure"]],
};

/** What became of a message: wired to "out" it went through, at "failure" is what failed. */
export const ends: FlowNode[] = [sink("out"), catcher, sink("failure")];
