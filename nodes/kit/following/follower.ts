/** Follows the messages of jobs through all nodes, core nodes included, by Node-RED's messaging hooks. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { NodeAPI } from "node-red";
import type { Outcome } from "../../../core/index.ts";
import type { Message } from "../runner.ts";
import { Afterwards } from "./afterwards.ts";
import { failureAt, failureOf } from "./failure.ts";
import type { FollowedMessage } from "./followed-message.ts";
import {
  endsAtOnce,
  type FlowNode,
  hasLost,
  isGone,
  isNode,
  isOurs,
  isSwitch,
  neverReports,
} from "./nodes.ts";
import { hearErrors } from "./reported-errors.ts";
import { type Home, Run, type RunOptions } from "./run.ts";
import { type Sending, Sendings } from "./sendings.ts";
import { Switches } from "./switches.ts";

/** Names the run on each of its messages: survives clones, JSON, and whatever keeps the other properties. */
export const RUN_PROPERTY = "_vconRun";

const LABEL = "vcon-following";

/** As Node-RED's hooks hand them over, as far as they are used. */
interface SendEvent extends Sending {
  destination: { id: string; node: FlowNode };
  /** False for the first message of a call of `send` and true for all others. */
  cloneMessage?: boolean;
}
interface ReceiveEvent {
  msg: Message;
  destination: { node: FlowNode };
}
interface CompleteEvent {
  msg: Message;
  node: { node: FlowNode };
}

/** How often runs are looked through for those past their time limit: a timer for each would cost more than its flow. */
const LOOK_MS = 1000;
/** How often they are while flows are stopped: some are then waited for. */
const STOPPING_LOOK_MS = 20;

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
  /** By their own names, and by the ids of their messages. */
  readonly #runs = new Map<string | undefined, Run>();
  readonly #context = new AsyncLocalStorage<Run | undefined>();
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #sendings = new Sendings();
  readonly #switches = new Switches();
  readonly #afterwards: Afterwards;
  readonly #home: Home;
  /** Function nodes that were told to say when they are done. */
  readonly #warned = new WeakSet<FlowNode>();
  #begun = 0;
  #listeners = 0;
  #stopListening: (() => void) | undefined;
  #stopping: NodeJS.Timeout | undefined;
  #postponed: (() => void)[] = [];
  /** The error that a node is just reporting. */
  #reported: { isCaught: boolean } | undefined;
  /** What a Status node was called in. */
  #beforeStatus: Run | undefined;

  constructor(RED: NodeAPI) {
    this.#RED = RED;
    this.#prefix = `${RED.util.generateId()}.`;
    this.#afterwards = new Afterwards(RED);
    this.#home = {
      within: (run, work) => this.#within(run, work),
      settled: (run, options, outcome) => this.#settled(run, options, outcome),
    };
    RED.events.on("flows:stopping", () => this.#beginStopping());
    RED.events.on("flows:started", () => this.#endStopping());
  }

  /**
   * To be called before runs begin: hooks cost every message of every flow a little.
   * @param node any node. @returns what ends it
   */
  listen(node: unknown): () => void {
    if (this.#listeners++ === 0) this.#stopListening = this.#listen(node as FlowNode);
    return () => {
      if (--this.#listeners === 0) this.#stopListening!();
    };
  }

  /** A run that is to be started with a message that has {@link RUN_PROPERTY}. */
  begin(options: RunOptions): Run {
    const run = new Run(`${this.#prefix}${++this.#begun}`, options, this.#home);
    this.#runs.set(run.id, run);
    return run;
  }

  /** The run that the message belongs to, if there is one that has not ended. */
  runOf(message: Message): Run | undefined {
    const context = this.#context.getStore();
    const property = message[RUN_PROPERTY] as string | undefined;
    if (context !== undefined && context.id === property && !context.isSettled) return context;
    const byProperty = this.#runs.get(property);
    const byId = this.#runs.get(message._msgid);
    // A Function node that sends an object of its own again gives it the id of the message that it got.
    if (byProperty && byId && byId === context) return byId;
    return byProperty ?? byId ?? (context?.isSettled ? undefined : context);
  }

  #listen(node: FlowNode): () => void {
    const { hooks } = this.#RED;
    // Each with exactly one parameter: another handler is taken for one that calls back, and all messages stop.
    hooks.add(`preDeliver.${LABEL}`, ((event: SendEvent) => this.#preDeliver(event)) as never);
    hooks.add(`onReceive.${LABEL}`, ((event: ReceiveEvent) => this.#onReceive(event)) as never);
    hooks.add(`onComplete.${LABEL}`, ((event: CompleteEvent) => this.#onComplete(event)) as never);
    const stopHearing = hearErrors(node, (...heard) => this.#onError(...heard));
    const timer = setInterval(() => this.#look(), LOOK_MS);
    return () => {
      this.#endStopping();
      hooks.remove(`*.${LABEL}`);
      stopHearing();
      clearInterval(timer);
      this.#afterwards.stop();
    };
  }

  /** While flows are stopped, whoever takes jobs goes on; their messages would lead nowhere. */
  #within(run: Run, work: () => void): void {
    if (this.#stopping) this.#postponed.push(() => run.isSettled || this.#within(run, work));
    else this.#context.run(run, work);
  }

  #settled(run: Run, { settle }: RunOptions, outcome: Outcome): void {
    this.#runs.delete(run.id);
    for (const id of run.ids) if (this.#runs.get(id) === run) this.#runs.delete(id);
    this.#outside(settle, outcome);
  }

  #look(): void {
    const now = performance.now();
    for (const run of this.#runs.values()) {
      if (run.deadline <= now) run.giveUp();
      else if (run.isStranded) run.returnIfStranded(hasLost);
    }
  }

  #beginStopping(): void {
    if (this.#listeners === 0 || this.#stopping) return;
    this.#RED.hooks.add(`onSend.${LABEL}`, ((events: SendEvent[]) => this.#onSend(events)) as never);
    this.#stopping = setInterval(() => this.#returnStranded(), STOPPING_LOOK_MS);
  }

  #endStopping(): void {
    if (!this.#stopping) return;
    this.#returnStranded();
    this.#RED.hooks.remove(`onSend.${LABEL}`);
    clearInterval(this.#stopping);
    this.#stopping = undefined;
    for (const begin of this.#postponed.splice(0)) begin();
  }

  #returnStranded(): void {
    for (const run of this.#runs.values()) run.returnIfStranded(hasLost);
  }

  /** Where the flow is being stopped, a message may lead nowhere. */
  #onSend(events: SendEvent[]): void {
    for (const { msg, source, destination } of events)
      if (!source.node._flow.getNode(destination.id)) this.runOf(msg)?.strand();
  }

  #preDeliver(event: SendEvent): void {
    const { msg, source, destination, cloneMessage } = event;
    const run = this.runOf(msg);
    if (run === undefined) {
      this.#sentUnfollowed(event);
      return;
    }
    if (msg[RUN_PROPERTY] !== run.id && this.#isOfEndedRun(msg)) this.#warnOfLateness(source.node);
    const message = this.#known(run, msg);
    // Where a subflow is just starting, this is none.
    if (isNode(destination.node)) message.sentTo(destination.node);
    else run.strand();
    this.#sendings.note(source.node, run);
    if (neverReports(source.node) && !cloneMessage) this.#sentBySilent(source.node, message);
  }

  #onReceive({ msg, destination: { node } }: ReceiveEvent): void {
    this.#sendings.clear();
    const context = this.#context.getStore();
    const message = this.#comingTo(node, msg, context) ?? this.#handedOver(node, msg);
    message?.cameTo(node);
    const run = message?.run.isSettled ? undefined : message?.run;
    // Mostly the node that sent the message was in the same run, and then so is what it began.
    if (context !== run) this.#context.enterWith(run);
    if (neverReports(node)) this.#gotBySilent(node, msg, message);
    else if (run !== undefined && node.type === "function") this.#afterwards.got(node, msg);
  }

  /** A message that was not sent by a wire: by Catch, Complete, Status and Link Call nodes, and whoever else does so. */
  #handedOver(node: FlowNode, msg: Message): FollowedMessage | undefined {
    if (node.type === "catch" && this.#reported) this.#reported.isCaught = true;
    if (node.type === "status") {
      this.#beforeStatus = this.#context.getStore();
      return undefined;
    }
    const run = this.runOf(msg);
    if (run === undefined) return undefined;
    const message = this.#known(run, msg);
    message.sentTo(node);
    return message;
  }

  #onComplete({ msg, node: { node } }: CompleteEvent): void {
    // Whoever showed the status goes on with what it was doing.
    if (node.type === "status") this.#context.enterWith(this.#beforeStatus);
    const message = this.#at(node, msg);
    if (message === undefined) return;
    const { run } = message;
    if (!isOurs(node)) this.#joinSent(node, run);
    if (this.#stopping && isGone(node) && !this.#sendings.hasSent(node, run)) run.strand();
    if (!this.#afterwards.isToCome(node, msg, () => this.#leave(message, node))) message.leftFrom(node);
  }

  #leave(message: FollowedMessage, node: FlowNode): void {
    if (isGone(node)) message.run.strand();
    message.leftFrom(node);
  }

  #onError(node: FlowNode, error: unknown, msg: Message | undefined, report: () => void): void {
    const run = msg ? this.runOf(msg) : this.#runAt(node);
    const outer = this.#reported;
    const reported = { isCaught: false };
    this.#reported = reported;
    try {
      report();
    } finally {
      this.#reported = outer;
    }
    if (isSwitch(node)) this.#switches.reportedError(node);
    if (run === undefined) return;
    if ((error as { code?: unknown } | undefined)?.code === "STOPPED") run.strand();
    else if (!reported.isCaught) run.failed(msg ? failureOf(node, error, msg) : failureAt(node, error));
    if (node.type !== "function") this.#leaveAfterError(node, run, msg);
  }

  /** An error without a message may be anybody's, such as that of a connection that a node has opened in a run. */
  #runAt(node: FlowNode): Run | undefined {
    const run = this.#context.getStore();
    return run?.messageAt(node) && run;
  }

  /** A node that has reported an error may not say that it is done: not even a Link Call does. */
  #leaveAfterError(node: FlowNode, run: Run, msg: Message | undefined): void {
    const message = (msg && this.#at(node, msg)) ?? run.messageAt(node, msg?._msgid);
    if (message) setImmediate(() => message.leftFrom(node));
  }

  /**
   * The object as a message of the run that it is one of in this place: sent again, it may be one of another's, too.
   * Mostly it is one of the run that it is in.
   */
  #comingTo(node: FlowNode, msg: Message, context: Run | undefined): FollowedMessage | undefined {
    const message = context?.get(msg);
    if (message?.isComingTo(node)) return message;
    return this.#allOf(msg).findLast((known) => known.isComingTo(node));
  }

  /** As {@link #comingTo}. */
  #at(node: FlowNode, msg: Message): FollowedMessage | undefined {
    const message = this.#context.getStore()?.get(msg);
    if (message?.isAt(node)) return message;
    return this.#allOf(msg).findLast((known) => known.isAt(node));
  }

  #allOf(msg: Message): FollowedMessage[] {
    const all: FollowedMessage[] = [];
    for (let message = this.#labelled(msg); message; message = message.earlier) all.push(message);
    return all;
  }

  /** The object as a message of the run that its property names, or else its id. */
  #labelled(msg: Message): FollowedMessage | undefined {
    return this.#runs.get(msg[RUN_PROPERTY] as string)?.get(msg) ?? this.#runs.get(msg._msgid)?.get(msg);
  }

  #known(run: Run, msg: Message): FollowedMessage {
    const message = run.get(msg) ?? run.follow(msg, this.#labelled(msg));
    if (msg[RUN_PROPERTY] !== run.id) Reflect.set(msg, RUN_PROPERTY, run.id);
    const { _msgid: id } = msg;
    if (id !== message.id) {
      message.id = id;
      this.#knowById(run, id!);
    }
    return message;
  }

  #knowById(run: Run, id: string): void {
    if (this.#runs.get(id) === run) return;
    this.#runs.set(id, run);
    run.known(id);
  }

  #gotBySilent(node: FlowNode, msg: Message, message: FollowedMessage | undefined): void {
    const left = () => message?.leftFrom(node);
    if (isSwitch(node)) this.#switches.got(node, msg, left);
    else if (message && endsAtOnce(node)) queueMicrotask(left);
  }

  /** It has sent something, and that is as much as it ever says. */
  #sentBySilent(node: FlowNode, message: FollowedMessage): void {
    if (isSwitch(node) || endsAtOnce(node)) return;
    (message.isAt(node) ? message : message.run.messageAt(node))?.leftFrom(node);
  }

  #sentUnfollowed(event: SendEvent): void {
    this.#sendings.noteUnfollowed(event);
    if (this.#context.getStore()?.hasRunOut || this.#isOfEndedRun(event.msg))
      this.#warnOfLateness(event.source.node);
  }

  #isOfEndedRun({ [RUN_PROPERTY]: name }: Message): boolean {
    return typeof name === "string" && name.startsWith(this.#prefix) && !this.#runs.has(name);
  }

  #warnOfLateness(node: FlowNode): void {
    if (node.type !== "function" || this.#warned.has(node)) return;
    this.#warned.add(node);
    node.warn(
      "This function has sent a message after it counted as done with it, and so the job of the vCon had been acknowledged before. Call node.done() where the function has finished, and use a join or batch node instead of putting messages aside.",
    );
  }

  /** A node that makes one message of many, such as join, sends it and is then done with all of them. */
  #joinSent(node: FlowNode, run: Run): void {
    if (this.#sendings.hasSent(node, run)) return;
    for (const { msg, destination } of this.#sendings.takeUnfollowed(node)) {
      this.#known(run, msg).sentTo(destination.node);
      this.#sendings.note(node, run);
    }
    const last = this.#sendings.lastOf(node);
    if (last !== undefined && last !== run) run.waitFor(last);
  }
}
