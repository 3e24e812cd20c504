/** An embedded Node-RED without hooks or editor, and traffic through its flows. */
import { once } from "node:events";
import { rmSync, symlinkSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type FlowNode, isConfig, type Message, makeUserFolder, root } from "../../test/support/node-red.ts";

export type { FlowNode, Message };

/** So many messages are under way at once, if a benchmark does not say how many. */
const IN_FLIGHT = 64;

export interface Traffic {
  /** Nodes of the types "bench-source" and "bench-sink". */
  from: string;
  to: string;
  /** The next message to send; undefined ends the traffic. */
  next(): Message | undefined;
  /** Gets each message that has arrived. */
  arrived?(message: Message): void;
  /** How many messages are under way at once. */
  inFlight?: number;
}

/** A node of the benchmarks' own. */
export interface BenchNode {
  send(message: Message): void;
  /** To be set: is called with each message that a "bench-sink" or a "bench-tap" gets. */
  arrived?(message: Message): void;
}

export interface BenchNodeRed {
  userFolder: string;
  /** Where its HTTP server answers, without a slash at the end. */
  url: string;
  /** Answers requests at this path beside the nodes. */
  serve(path: string, listener: RequestListener): void;
  /** Deploys these nodes in place of all others; resolves once those are closed and these are started. */
  deploy(nodes: FlowNode[], credentials?: Record<string, object>): Promise<void>;
  node(id: string): BenchNode;
  /** Sends messages until there are no more and the last has arrived. @returns how many a second */
  drive(traffic: Traffic): Promise<number>;
  stop(): Promise<void>;
}

/** Runs `work` with a Node-RED that is stopped after it, also where it fails. */
export async function withNodeRed<Result>(work: (nodeRed: BenchNodeRed) => Promise<Result>): Promise<Result> {
  const nodeRed = await startNodeRed();
  try {
    return await work(nodeRed);
  } finally {
    await nodeRed.stop();
  }
}

async function startNodeRed(): Promise<BenchNodeRed> {
  const require = createRequire(join(root, "hosts/node-red-5/package.json"));
  const RED = require("node-red");
  const userFolder = makeUserFolder();
  symlinkSync(
    join(import.meta.dirname, "../nodes"),
    join(userFolder, "node_modules", "vcon-bench-nodes"),
    "junction",
  );
  const app = createRequire(require.resolve("node-red"))("express")();
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  RED.init(server, {
    userDir: userFolder,
    flowFile: "flows.json",
    disableEditor: true,
    httpAdminRoot: false,
    credentialSecret: "of a benchmark",
    telemetry: { enabled: false },
    logging: { errors: { level: "error", handler: () => giveUp } },
  });
  app.use(RED.httpNode);
  const empty = new Promise((resolve) => RED.events.once("flows:started", resolve));
  await RED.start();
  await empty;

  return {
    userFolder,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (path, listener) => RED.httpNode.use(path, listener),
    async deploy(nodes, credentials = {}) {
      const tab = { id: "tab", type: "tab", label: "benchmark" };
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
    node: (id) => RED.nodes.getNode(id),
    drive({ from, to, next, arrived: see, inFlight = IN_FLIGHT }) {
      const source = RED.nodes.getNode(from);
      const sink = RED.nodes.getNode(to);
      return new Promise((resolve) => {
        const began = performance.now();
        let sent = 0;
        let arrived = 0;
        const send = (): boolean => {
          const message = next();
          if (message === undefined) return false;
          sent++;
          source.send(message);
          return true;
        };
        sink.arrived = (message: Message) => {
          arrived++;
          see?.(message);
          if (!send() && arrived === sent) resolve((arrived * 1000) / (performance.now() - began));
        };
        while (sent < inFlight && send());
      });
    },
    async stop() {
      await RED.stop();
      server.closeAllConnections();
      server.close();
      rmSync(userFolder, { recursive: true, force: true });
    },
  };
}

/** A message that fails never arrives, so what was measured until then means nothing. */
function giveUp({ msg }: { msg: unknown }): void {
  console.error(`A node failed: ${(msg as Error)?.message ?? msg}`);
  process.exit(1);
}

/** These nodes wired one after the other, from a source to a sink; every output of a node leads on. */
export function line(name: string, nodes: readonly Omit<FlowNode, "id">[], outputs = 1): FlowNode[] {
  const id = (index: number): string => (index === nodes.length ? `${name} sink` : `${name} ${index}`);
  const placed = nodes.map((node, index) => ({
    ...(node as FlowNode),
    id: id(index),
    wires: Array.from({ length: outputs }, () => [id(index + 1)]),
  }));
  return [
    { id: `${name} source`, type: "bench-source", wires: [[id(0)]] },
    ...placed,
    { id: `${name} sink`, type: "bench-sink" },
  ];
}

/** Messages for so many seconds. */
export function forSeconds(seconds: number, message: () => Message): () => Message | undefined {
  const end = performance.now() + seconds * 1000;
  return () => (performance.now() < end ? message() : undefined);
}

/** One message with each of these payloads. */
export function payloads(values: readonly unknown[]): () => Message | undefined {
  let index = 0;
  return () => (index < values.length ? { payload: values[index++] } : undefined);
}
