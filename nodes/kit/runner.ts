/** Takes a node's messages: so many at once, status, outputs, and the one `done` that each message gets. */
import type { Node, NodeAPI, NodeMessage } from "node-red";
import pLimit, { type LimitFunction } from "p-limit";
import { type FlowDefinition, goesOutside } from "./definition.ts";
import { aboutVcon, StepError, stopped } from "./errors.ts";
import { propertyOf, uuidIn } from "./message.ts";
import { StatusCounter } from "./status.ts";
import { inTurn } from "./turns.ts";
import type { Work } from "./work.ts";

export type Message = NodeMessage & Record<string, unknown>;
type Send = (message: unknown) => void;
type Done = (error?: Error) => void;

/** Below the 15 s after which Node-RED gives up on a node that closes. */
const CLOSE_PATIENCE_MS = 10_000;

export interface RunnerOptions {
  RED: NodeAPI;
  node: Node;
  definition: FlowDefinition;
  work: Work;
  /** The message property that holds the UUID; undefined for a node that makes vCons. */
  uuidProperty: string | undefined;
  atOnce: number;
  closing: AbortController;
}

export class Runner {
  readonly #options: RunnerOptions;
  readonly #outputs: readonly string[];
  readonly #limit: LimitFunction;
  readonly #status: StatusCounter;
  #isClosing = false;
  readonly #running = new Set<Promise<void>>();

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#outputs = options.definition.family === "filters" ? options.definition.outputs : ["done"];
    this.#limit = pLimit(options.atOnce);
    this.#status = new StatusCounter(options.node, this.#outputs);
  }

  /** Never throws and leaves no rejected promise: that would end the whole Node-RED process. */
  take(message: Message, send: Send, done: Done): void {
    this.#status.started();
    let uuid: string | undefined;
    const finish = (outcome: string) => this.#finish(outcome, message, send, done);
    const fail = (error: unknown) => this.#fail(error, uuid, done);
    try {
      uuid = this.#uuid(message);
      if (this.#isClosing) throw stopped();
      const { work } = this.#options;
      // A step that waits for nothing is done in the same turn of the event loop.
      const outcome = work.waits ? this.#inTurn(message, uuid) : work.run(message, uuid);
      if (typeof outcome === "string") finish(outcome);
      else this.#follow(outcome.then(finish).catch(fail));
    } catch (error) {
      fail(error);
    }
  }

  /** Lets the steps that were taken end; those that take too long are aborted. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, CLOSE_PATIENCE_MS);
      void Promise.allSettled(this.#running).then(() => {
        clearTimeout(patience);
        resolve();
      });
    });
    this.#options.closing.abort();
    this.#status.close();
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
  #inTurn(message: Message, uuid: string | undefined): Promise<string> {
    const { work, node, definition, closing } = this.#options;
    const run = () =>
      this.#limit(() => {
        if (closing.signal.aborted) throw stopped();
        return work.run(message, uuid);
      });
    const isFree = uuid === undefined || !goesOutside(definition);
    return isFree ? run() : inTurn(`${node.id} ${uuid}`, run);
  }

  #follow(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  #finish(outcome: string, message: Message, send: Send, done: Done): void {
    if (!this.#outputs.includes(outcome)) {
      throw new StepError(`This node has no output "${outcome}".`, { code: "NO_OUTPUT" });
    }
    send(
      this.#outputs.length === 1
        ? message
        : this.#outputs.map((output) => (output === outcome ? message : null)),
    );
    this.#status.finished(outcome);
    this.#end(done);
  }

  #fail(error: unknown, uuid: string | undefined, done: Done): void {
    this.#status.failed();
    this.#end(done, aboutVcon(uuid, error));
  }

  /** Node-RED copies the message for Catch and Complete nodes, and throws for one that nests too deep to copy. */
  #end(done: Done, error?: Error): void {
    try {
      done(error);
    } catch {
      this.#options.node.error(error?.message ?? "The message can't be copied for a Complete node.");
    }
  }
}
