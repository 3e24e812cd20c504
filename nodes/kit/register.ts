/** Turns a definition into the Node-RED node that does it. */
import { resolve } from "node:path";
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { Handle, VconStore } from "../../core/index.ts";
import { loadClient, mayInstall } from "./client.ts";
import { Collecting } from "./collecting.ts";
import {
  type ConfigDefinition,
  type ConfigHost,
  type FlowDefinition,
  isCollector,
  isDestination,
  isReceiver,
  type NodeDefinition,
} from "./definition.ts";
import { Destination } from "./destination.ts";
import { aboutVcon, StepError, stopped } from "./errors.ts";
import type { Fields } from "./fields.ts";
import { onceFlowsStarted } from "./flows-started.ts";
import { mountOffers, offer } from "./http.ts";
import { kitFields } from "./kit-fields.ts";
import { type JobLimits, Receiving } from "./receiving.ts";
import { type Message, Runner } from "./runner.ts";
import { RunningFlows } from "./running-flows.ts";
import { readSettings, type ServiceNode, serviceNode } from "./settings.ts";
import { workOf } from "./work.ts";
import type { Workplace } from "./workplace.ts";

/** Steps that ask nothing but the store: enough to keep it busy, few enough to keep memory flat. */
const STORE_STEPS_AT_ONCE = 256;

/** Steps that hold a whole vCon, recordings and all, some times over while they work on it. */
const WHOLE_STEPS_AT_ONCE = 4;

/** For a node without a time limit in its form. */
const TIME_LIMIT_SECONDS = 60;

/** A node that takes messages; a destination's can erase what it has sent. */
interface FlowNode extends Node {
  isDestination?: boolean;
  erase?(uuid: string, handle: Handle): Promise<void>;
}

/** What the node's file exports for Node-RED to call. */
export function register(definition: NodeDefinition): (RED: NodeAPI) => void {
  return (RED) => {
    function VconNode(this: Node, raw: NodeDef) {
      RED.nodes.createNode(this, raw);
      if (definition.family === "config") makeServiceNode(RED, this as ServiceNode, definition, raw);
      else makeFlowNode(RED, this as FlowNode, definition, raw);
    }
    if ("byItself" in definition) mountOffers(RED);
    const client = "client" in definition ? definition.client : undefined;
    RED.nodes.registerType(
      definition.type,
      VconNode as never,
      {
        credentials: credentialsOf(definition.fields),
        ...(client && mayInstall(RED.settings, client.module) && { dynamicModuleList: "modules" }),
      } as never,
    );
  };
}

function makeFlowNode(RED: NodeAPI, node: FlowNode, definition: FlowDefinition, raw: NodeDef): void {
  let runner: Runner;
  let services: ServiceNode[];
  node.isDestination = isDestination(definition);
  try {
    ({ runner, services } = makeRunner(RED, node, definition, raw));
  } catch (error) {
    refuseMessages(node, error);
    return;
  }
  for (const service of services) service.users.add(runner);
  node.on("input", (message, send, done) => runner.take(message as Message, send as never, done));
  const forget = onceFlowsStarted(RED, () => runner.watch());
  onClose(node, async () => {
    forget();
    await runner.close();
    for (const service of services) service.users.delete(runner);
  });
}

function makeRunner(RED: NodeAPI, node: FlowNode, definition: FlowDefinition, raw: NodeDef) {
  const { store, uuid, ...limitFields } = kitFields(definition);
  const settings = readSettings(RED, node, definition.fields, raw);
  const limits = readSettings(RED, node, limitFields, raw).fixed as Partial<JobLimits>;
  const atOnce = limits.atOnce ?? (readsWhole(definition) ? WHOLE_STEPS_AT_ONCE : STORE_STEPS_AT_ONCE);
  const { store: storeId, uuid: uuidProperty } = raw as NodeDef & { store?: string; uuid?: string };
  const storeNode = store && serviceNode(RED, store, storeId);
  const closing = new AbortController();
  const uuidIn = uuid && (uuidProperty ?? "payload");
  const place: Workplace = {
    RED,
    node,
    settings,
    uuidProperty: uuidIn,
    store: () => storeNode!.service() as Promise<VconStore>,
    workingFolder: (RED.settings as { fileWorkingDirectory?: string }).fileWorkingDirectory || process.cwd(),
    atOnce,
    timeLimit: limits.timeLimit ?? TIME_LIMIT_SECONDS,
    closing: closing.signal,
  };
  const work = toWork(definition, place, limits as JobLimits);
  const runner = new Runner({
    RED,
    node,
    definition,
    work,
    uuidProperty: uuidIn,
    atOnce: work instanceof Destination ? work.atOnce : atOnce,
    closing,
  });
  if (work instanceof Destination) node.erase = (uuid, handle) => work.erase(uuid, handle);
  return { runner, services: [...(storeNode ? [storeNode] : []), ...settings.services] };
}

function toWork(definition: FlowDefinition, place: Workplace, limits: JobLimits) {
  if (isCollector(definition)) return new Collecting(definition, place);
  if (isReceiver(definition)) return new Receiving(definition, place, limits);
  return workOf(definition, place);
}

function readsWhole(definition: FlowDefinition): boolean {
  const reads = "reads" in definition ? definition.reads : [];
  return Array.isArray(reads) && reads.includes("sealed");
}

/** A node that is not configured says so at once, and to every message. */
function refuseMessages(node: Node, error: unknown): void {
  const { message: reason } = aboutVcon(undefined, error);
  node.status({ fill: "red", shape: "ring", text: "not configured" });
  node.error(reason);
  node.on("input", (_message, _send, done) => done(new StepError(reason, { code: "NOT_CONFIGURED" })));
}

function makeServiceNode(RED: NodeAPI, node: ServiceNode, definition: ConfigDefinition, raw: NodeDef): void {
  let opened: Promise<unknown> | undefined;
  let closing: Promise<void> | undefined;
  let services: readonly ServiceNode[] = [];
  let isClosed = false;
  node.users = new Set();
  node.service = () => {
    // Whoever comes as late as that would open what nobody closes any more.
    if (isClosed) return Promise.reject(stopped());
    opened ??= open().catch((error) => {
      opened = undefined;
      throw error instanceof StepError ? inConfigNode(definition, error) : error;
    });
    return opened;
  };
  const forget = definition.byItself
    ? onceFlowsStarted(RED, () =>
        node.service().catch((error) => node.error(aboutVcon(undefined, error).message)),
      )
    : () => {};

  async function open(): Promise<unknown> {
    const settings = readSettings(RED, node, definition.fields, raw);
    services = settings.services;
    for (const service of services) service.users.add(user);
    return definition.open(await settings.for({}), hostOf(RED, node, definition));
  }

  /** Node-RED closes it, and so does the service that it uses: whoever comes second waits for the first. */
  function close(): Promise<void> {
    closing ??= closeOnce();
    return closing;
  }

  async function closeOnce(): Promise<void> {
    forget();
    await Promise.allSettled([...node.users].map((user) => user.close()));
    isClosed = true;
    const service = await opened?.catch(() => undefined);
    if (service !== undefined) await definition.close?.(service);
    for (const used of services) used.users.delete(user);
  }

  const user = { close };
  onClose(node, close);
}

function hostOf(RED: NodeAPI, node: Node, definition: ConfigDefinition): ConfigHost {
  const userFolder = resolve(RED.settings.userDir ?? "");
  const { id, type, name } = node;
  return {
    userFolder,
    load: (path) => loadClient(definition.client!, path, userFolder),
    node: { id, type, ...(name && { name }) },
    flows: new RunningFlows(RED),
    offer: (offered) => offer(RED, offered),
    log: (text) => node.log(text),
    warn: (text) => node.warn(text),
  };
}

/** The error comes up in another node, which does not have the field. */
function inConfigNode({ label }: ConfigDefinition, { message, code, transient }: StepError): StepError {
  return new StepError(`Config node ${label}: ${message}`, { code, transient });
}

/** Node-RED waits for the close to be done, and ends as a whole for a rejection that nobody takes. */
function onClose(node: Node, close: () => Promise<void>): void {
  node.on("close", (done: () => void) => {
    close()
      .catch((error) => node.error(aboutVcon(undefined, error).message))
      .finally(done);
  });
}

function credentialsOf(fields: Fields): Record<string, { type: "password" }> {
  const secrets = Object.entries(fields).filter(([, field]) => field.kind === "secret");
  return Object.fromEntries(secrets.map(([name]) => [name, { type: "password" }]));
}
