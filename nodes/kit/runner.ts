/** Takes a node's messages: so many at once, status, outputs, and the one `done` that each message gets. */
import type { Node, NodeAPI, NodeMessage } from "node-red";
import pLimit, { type LimitFunction } from "p-limit";
import { stepEnded } from "../../core/index.ts";
import { Collecting, type Each } from "./collecting.ts";
import { type FlowDefinition, goesOutside, outputsOf } from "./definition.ts";
import { aboutVcon, StepError, stopped } from "./errors.ts";
import { followerOf } from "./following/follower.ts";
import { isEnding } from "./following/shutdown.ts";
import { propertyOf, uuidIn } from "./message.ts";
import { type Arrivals, Receiving } from "./receiving.ts";
import { StatusCounter } from "./status.ts";
import { inTurnOn } from "./turns.ts";
import type { Work } from "./work.ts";

export type Message = NodeMessage & Record<string, unknown>;
type Send = (message: unknown) => void;
type Done = (error?: Error) => void;
/** When a step began, for those who are told of its end; undefined where nobody is. */
export type Begun = number | undefined;

/** How long a node that closes waits for its steps; with the time below, less than the 15 s that Node-RED gives it. */
const CLOSE_PATIENCE_MS = 10_000;
/** Where the process ends, and jobs have had their time. */
const END_PATIENCE_MS = 500;
/** How long it then waits for those that it stopped: who may have seen data is still to be entered. */
const STOP_PATIENCE_MS = 3000;

/** In a line of the log. */
const MOST_NAMED = 100;

/** In the log for the same reason as vCons that are stranded; what the message holds may be personal. */
const NOT_ALL_GATHERED =
  "The flow was stopped before all vCons of a message were gathered. Send the message again.";

export interface RunnerOptions {
  RED: NodeAPI;
  node: Node;
  definition: FlowDefinition;
  work: Work | Collecting;
  /** See {@link Workplace.uuidProperty}. */
  uuidProperty: string | undefined;
  atOnce: number;
  closing: AbortController;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #outputs: readonly string[];
  readonly #limit: LimitFunction;
  readonly #status: StatusCounter;
  #closed: Promise<void> | undefined;
  #isFaulty = false;
  readonly #running = new Set<Promise<void>>();
  /** The vCons that were here when the flow was stopped, and whose messages went no further. */
  readonly #stranded: string[] = [];

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#outputs = outputsOf(options.definition);
    this.#limit = pLimit(options.atOnce);
    this.#status = new StatusCounter(options.node, this.#outputs.length > 1 ? this.#outputs : ["done"]);
  }

  /** Never throws and leaves no rejected promise: that would end the whole Node-RED process. */
  take(message: Message, send: Send, done: Done): void {
    const { work } = this.#options;
    if (work instanceof Collecting) this.#collect(work, message, send, done);
    else this.#step(work, message, send, done);
  }

  #step(work: Work, message: Message, send: Send, done: Done): void {
    let begun = this.#started();
    let uuid: string | undefined;
    // Asked now: when the flow is stopped, a job may go back before the step has ended.
    const mayStrand = this.#mayStrand(work, message);
    const finish = (outcome: string) => {
      this.#finish(outcome, begun, message, send, done);
      if (this.#closed && mayStrand && !this.#leadsOn()) this.#stranded.push(uuid ?? String(message.payload));
    };
    const fail = (error: unknown) => {
      if (this.#closed && mayStrand) this.#stranded.push(uuid ?? "one without a UUID yet");
      this.#failed(begun);
      this.#end(done, aboutVcon(uuid, error));
    };
    const run = () => {
      if (this.#closed) throw stopped();
      begun = stepEnded.begin();
      return work.run(message, uuid);
    };
    try {
      uuid = this.#uuid(message);
      if (this.#closed) throw stopped();
      // A step that waits for nothing is done in the same turn of the event loop.
      const outcome = work.waits ? this.#inTurn(uuid, run) : work.run(message, uuid);
      if (typeof outcome === "string") finish(outcome);
      else this.#follow(outcome.then(finish).catch(fail));
    } catch (error) {
      fail(error);
    }
  }

  /** For a node to which vCons come by themselves: begins with it. */
  watch(): void {
    const { work, node } = this.#options;
    const send = (message: unknown) => node.send(message as NodeMessage);
    if (work instanceof Collecting) this.#follow(work.watch(this.#each(send), (error) => this.#fault(error)));
    if (work instanceof Receiving) this.#follow(work.open(this.#arrivals(send)));
  }

  #fault(error: Error | undefined): void {
    const { node } = this.#options;
    this.#status.faulty(error !== undefined);
    if (error) node.error(error.message);
    else if (this.#isFaulty) node.log("It works again.");
    this.#isFaulty = error !== undefined;
  }

  #arrivals(send: Send): Arrivals {
    const { node } = this.#options;
    return {
      started: () => this.#started(),
      send: (output, message) => this.#send(output, message, send),
      finished: (output, begun) => this.#finished(this.#outputs.length > 1 ? output : "done", begun),
      failed: (begun) => this.#failed(begun),
      left: () => this.#status.left(),
      fault: (error) => this.#fault(error),
      warn: (text) => node.warn(text),
      neverFinishes: (where) => this.#status.warn(`never finishes at ${where}`),
      error: (text) => node.error(text),
      notWired: () => node.status({ fill: "yellow", shape: "ring", text: "not wired" }),
      notConfigured: (error) => {
        node.status({ fill: "red", shape: "ring", text: "not configured" });
        node.error(error.message);
      },
    };
  }

  /** Lets the steps that run end, and begins no other; those that take too long are stopped. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { work } = this.#options;
    if (work instanceof Collecting) work.stop();
    if (work instanceof Receiving) this.#follow(work.stop());
    await this.#ended(isEnding() ? END_PATIENCE_MS : CLOSE_PATIENCE_MS);
    this.#options.closing.abort();
    await this.#ended(STOP_PATIENCE_MS);
    this.#status.close();
    this.#logStranded();
  }

  /** Waits until every step has ended, but no longer than so many milliseconds. */
  #ended(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patience);
      void Promise.allSettled(this.#running).then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Whether the nodes that it is wired to are still there: in a deploy Node-RED takes all out first. */
  #leadsOn(): boolean {
    const { RED, node } = this.#options;
    const { wires } = node as Node & { wires: string[][] };
    return wires.flat().every((id) => RED.nodes.getNode(id));
  }

  /** A vCon of a job is no worry, since it goes back to where it came from; and what a receiver gets is none. */
  #mayStrand(work: Work, message: Message): boolean {
    return !(work instanceof Receiving) && followerOf(this.#options.RED).runOf(message) === undefined;
  }

  /** The log is the only place that outlives the flow; a Catch node is stopped too. */
  #logStranded(): void {
    const { length } = this.#stranded;
    if (length === 0) return;
    const named = this.#stranded.slice(0, MOST_NAMED).join(", ");
    const more = length > MOST_NAMED ? `, and ${length - MOST_NAMED} more` : "";
    this.#options.node.warn(
      `The flow was stopped while ${length} ${length === 1 ? "vCon was" : "vCons were"} here. Send again what did not go on: ${named}${more}.`,
    );
  }

  #uuid(message: Message): string | undefined {
    const { RED, uuidProperty } = this.#options;
    if (uuidProperty === undefined) return undefined;
    return uuidIn(propertyOf(RED, message, uuidProperty), uuidProperty);
  }

  /**
   * So many at once; and one vCon once at a time at a system outside, so that the second of two equal messages finds
   * the work of the first done instead of paying for it again.
   */
  #inTurn(uuid: string | undefined, run: () => string | Promise<string>): Promise<string> {
    const { node, definition } = this.#options;
    const runLimited = () => this.#limit(run);
    const isFree = uuid === undefined || !goesOutside(definition);
    return isFree ? runLimited() : inTurnOn(node, uuid, runLimited);
  }

  #collect(work: Collecting, message: Message, send: Send, done: Done): void {
    const end = (error?: Error) => {
      if (error) this.#status.broke();
      if (error && this.#closed) this.#options.node.warn(NOT_ALL_GATHERED);
      this.#end(done, error);
    };
    const collecting = this.#closed ? Promise.reject(stopped()) : work.collect(message, this.#each(send));
    this.#follow(collecting.then(() => end()).catch((error) => end(aboutVcon(undefined, error))));
  }

  #each(send: Send): Each {
    const tell = (error: Error, message: Message) =>
      this.#guard(() => this.#options.node.error(error, message), error);
    return {
      started: () => this.#started(),
      sent: (message, begun) => {
        const leadsOn = !this.#closed || this.#leadsOn();
        if (leadsOn) send(message);
        else this.#stranded.push(String(message.payload));
        this.#finished("done", begun);
        return leadsOn;
      },
      left: () => this.#status.left(),
      failed: (error, message, begun) => {
        this.#failed(begun);
        tell(error, message);
      },
      unsettled: tell,
    };
  }

  #follow(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  #finish(outcome: string, begun: Begun, message: Message, send: Send, done: Done): void {
    if (this.#outputs.length > 0) this.#send(outcome, message, send);
    this.#finished(outcome, begun);
    this.#end(done);
  }

  #started(): Begun {
    this.#status.started();
    return stepEnded.begin();
  }

  #finished(outcome: string, begun: Begun): void {
    this.#status.finished(outcome);
    if (begun !== undefined) this.#tell(outcome, begun);
  }

  #failed(begun: Begun): void {
    this.#status.failed();
    if (begun !== undefined) this.#tell("failed", begun);
  }

  #tell(outcome: string, begun: number): void {
    stepEnded.end(begun, { type: this.#options.definition.type, outcome });
  }

  #send(output: string, message: Message, send: Send): void {
    if (!this.#outputs.includes(output))
      throw new StepError(`This node has no output "${output}".`, { code: "NO_OUTPUT" });
    send(
      this.#outputs.length === 1 ? message : this.#outputs.map((name) => (name === output ? message : null)),
    );
  }

  #end(done: Done, error?: Error): void {
    this.#guard(() => done(error), error);
  }

  /** Node-RED copies the message for Catch and Complete nodes, and throws for one that nests too deep to copy. */
  #guard(tell: () => void, error: Error | undefined): void {
    try {
      tell();
    } catch {
      this.#options.node.error(error?.message ?? "The message can't be copied for a Complete node.");
    }
  }
}
