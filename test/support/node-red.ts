/** A real, embedded Node-RED with the built package in it; one per test file, since it starts once in a process. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export type Message = Record<string, unknown> & { payload?: unknown };
export type FlowNode = Record<string, unknown> & { id: string; type: string };

/** A folder that Node-RED takes as its user directory, with the package installed in it. */
export function makeUserFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "vcon-node-red-"));
  mkdirSync(join(folder, "node_modules", "@vcon"), { recursive: true });
  symlinkSync(root, join(folder, "node_modules", "@vcon", "node-red"), "junction");
  return folder;
}

export interface TestNodeRed {
  userFolder: string;
  /** Deploys these nodes in place of all others. Every one may leave out `z`, `x` and `y`. */
  deploy(nodes: FlowNode[], credentials?: Record<string, object>): Promise<void>;
  /** Hands a message to a node. */
  send(id: string, message: Message): void;
  /** The next message that a node gets; fails after some seconds. */
  next(id: string): Promise<Message>;
  /** The last status that a node showed. */
  status(id: string): { fill?: string; text?: string } | undefined;
  /** The log lines of nodes, warnings and errors. */
  log: { id: string; level: number; message: string }[];
  stop(): Promise<void>;
}

export async function startNodeRed(): Promise<TestNodeRed> {
  const require = createRequire(join(root, "hosts/node-red-5/package.json"));
  const RED = require("node-red");
  const userFolder = makeUserFolder();
  const server = createServer();
  const log: TestNodeRed["log"] = [];
  RED.init(server, {
    userDir: userFolder,
    flowFile: "flows.json",
    disableEditor: true,
    httpAdminRoot: false,
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
  const empty = new Promise((resolve) => RED.events.once("flows:started", resolve));
  await RED.start();
  await empty;

  const received = new Map<string, Message[]>();
  const waiting = new Map<string, (message: Message) => void>();
  RED.hooks.add("onReceive.test", (event: { msg: Message; destination: { id: string } }) => {
    const { id } = event.destination;
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter) waiter(event.msg);
    else received.set(id, [...(received.get(id) ?? []), event.msg]);
  });
  const statuses = new Map<string, object>();
  RED.runtime.events.on("node-status", ({ id, status }: { id: string; status: object }) =>
    statuses.set(id, status),
  );

  return {
    userFolder,
    log,
    async deploy(nodes, credentials = {}) {
      received.clear();
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
        const timer = setTimeout(() => reject(new Error(`no message came to "${id}"`)), 15_000);
        waiting.set(id, (message) => {
          clearTimeout(timer);
          resolve(message);
        });
      }),
    status: (id) => statuses.get(id),
    async stop() {
      await RED.stop();
      server.close();
      rmSync(userFolder, { recursive: true, force: true });
    },
  };
}

/** A config node has no wires and stands on no tab. */
function isConfig({ type }: FlowNode): boolean {
  return ["vcon-store", "vcon-deepgram", "vcon-openai", "vcon-postgresql-server"].includes(type);
}

/** A node to wire outputs to: what it gets, `next` shows. */
export function sink(id: string): FlowNode {
  return { id, type: "debug", active: false, tosidebar: false, console: false, complete: "false" };
}

/** Gets the errors of all nodes. */
export const catcher: FlowNode = {
  id: "caught",
  type: "catch",
  scope: null,
  uncaught: false,
  wires: [["failure"]],
};
