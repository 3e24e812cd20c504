/** Follows the messages of jobs through all nodes, core nodes included, by Node-RED's messaging hooks. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Node, NodeAPI } from "node-red";
import type { Message } from "../runner.ts";
import { failureAt, failureOf } from "./failure.ts";
import { nameOf, neverReports } from "./nodes.ts";
import { isPrompt, PromptNodes } from "./prompt-nodes.ts";
import { Run, type RunOptions } from "./run.ts";

/** Names the run on each of its messages: survives clones, JSON, and whatever keeps the other properties. */
export const RUN_PROPERTY = "_vconRun";

const LABEL = "vcon-following";

/** Node-RED's log level. */
const ERROR = 20;

/** As Node-RED's hooks hand them over, as far as they are used. */
interface SendEvent {
  msg: Message;
  source: { id: string; node: FlowNode };
  destination: { id: string; node?: FlowNode };
}
interface ReceiveEvent {
  msg: Message;
  destination: { id: string; node: FlowNode };
}
interface CompleteEvent {
  msg: Message;
  error?: unknown;
  node: { id: string; node: FlowNode };
}
interface LogEvent {
  level: number;
  id?: string;
  msg?: unknown;
}
type FlowNode = Node & { _flow: { getNode(id: string, isHereAlone?: boolean): unknown } };

/** What a node has sent since a node last got a message. */
interface Sent {
  source: string;
  last: Run;
  /** Those before the last one. */
  others: Set<Run> | undefined;
}

/** How often runs are looked through for those past their time limit: a timer for each would cost more than its flow. */
const LOOK_MS = 1000;

const followers = new WeakMap<NodeAPI["events"], Follower>();

/** The one follower of this Node-RED. */
export function followerOf(RED: NodeAPI): Follower {
  const follower = followers.get(RED.events) ?? new Follower(RED);
  followers.set(RED.events, follower);
  return follower;
}

/**
 * A message is known by its property, or by its id, or by the work that it is sent in: a Function node that returns a
 * fresh object loses the first, a split the second, and what a node does later the third.
 */
export class Follower {
  readonly #RED: NodeAPI;
  /** Makes the names of runs differ from those of other processes. */
  readonly #prefix: string;
  readonly #runs = new Map<string, Run>();
  readonly #byMessageId = new Map<string, Run>();
  /** The messages that nodes have, as the very objects that they got: it is by them that they say they are done. */
  readonly #received = new WeakMap<object, Run>();
  readonly #context = new AsyncLocalStorage<Run | undefined>();
  readonly #promptNodes = new PromptNodes();
  #listeners = 0;
  #isStopping = false;
  #sent: Sent | undefined;
  #begun = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(RED: NodeAPI) {
    this.#RED = RED;
    this.#prefix = `${RED.util.generateId()}.`;
    const { hooks } = RED;
    RED.events.on("flows:stopping", () => {
      if (this.#isStopping || this.#listeners === 0) return;
      this.#isStopping = true;
      hooks.add(`onSend.${LABEL}`, ((events: SendEvent[]) => this.#onSend(events)) as never);
    });
    RED.events.on("flows:started", () => {
      if (this.#isStopping) hooks.remove(`onSend.${LABEL}`);
      this.#isStopping = false;
    });
  }

  /** To be called before runs begin: hooks cost every message of every flow a little. @returns what ends it */
  listen(): () => void {
    if (this.#listeners++ === 0) this.#addHooks();
    return () => {
      if (--this.#listeners === 0) this.#removeHooks();
    };
  }

  /** A run that is to be started with a message that has {@link RUN_PROPERTY}. */
  begin(options: Omit<RunOptions, "describe">): Run {
    const run = new Run(`${this.#prefix}${++this.#begun}`, {
      ...options,
      settle: (outcome) => {
        this.#forget(run);
        options.settle(outcome);
      },
      describe: (nodes) => nodes.map((id) => nameOf(this.#RED, id)).join(", "),
    });
    this.#runs.set(run.id, run);
    return run;
  }

  /** The run that the message belongs to, if there is one that has not ended. */
  runOf(message: Message): Run | undefined {
    const byProperty = this.#runs.get(message[RUN_PROPERTY] as string);
    const byId = this.#byMessageId.get(message._msgid!);
    const context = this.#context.getStore();
    // A Function node that sends an object of its own again gives it the id of the message that it got.
    if (byProperty && byId && byProperty !== byId && byId === context) return byId;
    const known = byProperty ?? byId;
    if (known) return known;
    return context?.isSettled ? undefined : context;
  }

  #addHooks(): void {
    const { hooks, log } = this.#RED;
    // Each with exactly one parameter: another handler is taken for one that calls back, and all messages stop.
    hooks.add(`preDeliver.${LABEL}`, ((event: SendEvent) => this.#preDeliver(event)) as never);
    hooks.add(`onReceive.${LABEL}`, ((event: ReceiveEvent) => this.#onReceive(event)) as never);
    hooks.add(`onComplete.${LABEL}`, ((event: CompleteEvent) => this.#onComplete(event)) as never);
    log.addHandler(this.#logHandler as never);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  #forget(run: Run): void {
    this.#runs.delete(run.id);
    for (const id of run.messageIds()) this.#byMessageId.delete(id);
  }

  #removeHooks(): void {
    this.#RED.hooks.remove(`*.${LABEL}`);
    this.#RED.log.removeHandler(this.#logHandler as never);
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    for (const run of this.#runs.values()) if (run.deadline <= now) run.giveUp();
  }

  /** Where the flow is being stopped, a message may lead nowhere. */
  #onSend(events: SendEvent[]): void {
    if (!this.#isStopping) return;
    for (const { msg, source, destination } of events)
      if (!source.node._flow.getNode(destination.id)) this.runOf(msg)?.strand();
  }

  #preDeliver({ msg, source, destination }: SendEvent): void {
    const run = this.runOf(msg);
    if (run === undefined) return;
    this.#mark(run, msg);
    if (this.#received.get(msg) !== run) this.#received.set(msg, run);
    run.sentTo(destination.id);
    this.#noteSent(source.id, run);
    if (neverReports(source.node) && !isPrompt(source.node)) run.leftFrom(source.id);
  }

  #onReceive({ msg, destination: { id, node } }: ReceiveEvent): void {
    this.#sent = undefined;
    const known = this.#received.get(msg);
    const run = known && !known.isSettled ? known : this.runOf(msg);
    if (isPrompt(node)) this.#promptNodes.got(id, () => run?.leftFrom(id));
    const isStatus = node.type === "status" && !(RUN_PROPERTY in msg);
    this.#enter(isStatus ? undefined : run);
    if (run === undefined || isStatus) return;
    if (run !== known) this.#received.set(msg, run);
    if (node.type === "catch") this.#caught(run, msg);
    run.arrivedAt(id);
  }

  /** Mostly the node that sent the message was in the same run, and then so is what it began. */
  #enter(run: Run | undefined): void {
    if (this.#context.getStore() !== run) this.#context.enterWith(run);
  }

  #onComplete({ msg, error, node: { id, node } }: CompleteEvent): void {
    const run = this.#received.get(msg);
    if (run === undefined || run.isSettled) return;
    if (this.#isStopping && node._flow.getNode(id, true) !== node) run.strand();
    else if (error) this.#failed(run, node, error, msg);
    this.#joinSent(id, node, run);
    run.leftFrom(id);
  }

  #failed(run: Run, node: FlowNode, error: unknown, message: Message): void {
    if ((error as { code?: unknown }).code === "STOPPED") run.strand();
    else run.failedAt(node.id, failureOf(node, error, message));
  }

  /** The node may have handed its error over without saying that it is done, and then never will. */
  #caught(run: Run, message: Message): void {
    const { id, type } =
      (message as { error?: { source?: { id?: string; type?: string } } }).error?.source ?? {};
    if (id !== undefined && !run.caughtFrom(id) && type !== "function") run.leftFrom(id);
  }

  /** Node-RED logs an error that no Catch node has taken. */
  readonly #logHandler = {
    emit: (_: "log", { level, id, msg }: LogEvent) => {
      if (level !== ERROR || id === undefined) return;
      const run = this.#context.getStore();
      if (!run || run.isSettled || run.hasFailedAt(id)) return;
      const node = this.#RED.nodes.getNode(id);
      if (!node) return;
      run.failedAt(id, failureAt(node, msg));
      if (node.type !== "function") run.leftFrom(id);
    },
  };

  #mark(run: Run, message: Message): void {
    if (message[RUN_PROPERTY] !== run.id) message[RUN_PROPERTY] = run.id;
    if (run.takesId(message._msgid!)) this.#byMessageId.set(message._msgid!, run);
  }

  #noteSent(source: string, run: Run): void {
    const sent = this.#sent;
    if (sent?.source !== source) this.#sent = { source, last: run, others: undefined };
    else if (sent.last !== run) {
      sent.others = (sent.others ?? new Set()).add(sent.last);
      sent.last = run;
    }
  }

  /** A node that makes one message of many, such as join, sends it and is then done with all of them. */
  #joinSent(id: string, node: FlowNode, run: Run): void {
    const sent = this.#sent;
    if (sent?.source !== id || sent.last === run || sent.others?.has(run)) return;
    if (!node.type.startsWith("vcon-")) sent.last.join(run);
  }
}
