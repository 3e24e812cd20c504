/** The work of a destination on one message: draw, send together with others, write the trail; and erasing. */
import { type Handle, type Recipient, readAgain, type VconStore } from "../../core/index.ts";
import { Batches } from "./batches.ts";
import type { DestinationDefinition, Item, Outgoing } from "./definition.ts";
import { aboutVcon, StepError } from "./errors.ts";
import type { Message } from "./runner.ts";
import { inTurnOn } from "./turns.ts";
import type { Workplace } from "./workplace.ts";
import {
  append,
  callFor,
  eventBy,
  load,
  millisecondsSince,
  outside,
  outsideOnce,
  retry,
} from "./workplace.ts";

/** Rows and the like that may wait for the next batch: enough to fill it, few enough to keep memory flat. */
const MOST_GATHERED = 5000;

export class Destination {
  readonly waits = true;
  /** How many messages are worked on at once: those on their way, and a batch that fills up meanwhile. */
  readonly atOnce: number;
  readonly #definition: DestinationDefinition;
  readonly #place: Workplace;
  readonly #batches: Batches;
  /** What the other side has, or may have. */
  readonly #seen = new WeakSet<Item>();

  constructor(definition: DestinationDefinition, place: Workplace) {
    const { system, batch } = definition;
    const most = mostTogether(definition, place);
    const batchesAtOnce = batch?.atOnce ?? place.atOnce;
    this.atOnce = Math.min(most * (batchesAtOnce + 1), MOST_GATHERED);
    this.#definition = definition;
    this.#place = place;
    this.#batches = new Batches({
      most,
      atOnce: batchesAtOnce,
      closing: place.closing,
      send: (config, items) =>
        outsideOnce(
          place,
          system,
          (signal) => definition.send({ config, items, signal }),
          () => {
            for (const item of items) this.#seen.add(item);
          },
        ),
    });
  }

  async run(message: Message, uuid: string): Promise<string> {
    const place = this.#place;
    const definition = this.#definition;
    const started = performance.now();
    const store = await retry(place, place.store);
    const call = await callFor(place, message);
    const before = () => this.#before(store, uuid);
    const outgoing = await readAgain(async () => {
      const vcon = await load(place, store, uuid, definition, call);
      return definition.draw({ ...call, vcon, before });
    });
    if (outgoing !== undefined) await this.#deliver(store, uuid, call.config, outgoing, started);
    return "done";
  }

  /** Waits for what this node is sending of the vCon, so that nothing arrives after it was erased. */
  erase(uuid: string, handle: Handle): Promise<void> {
    return inTurnOn(this.#place.node, uuid, () => this.#erase(uuid, handle));
  }

  async #erase(uuid: string, handle: Handle): Promise<void> {
    const place = this.#place;
    const { workingFolder, settings } = place;
    const config = await settings.for({});
    await outside(place, this.#definition.system, (signal) =>
      this.#definition.erase({ config, uuid, handle, workingFolder, signal }),
    );
    const store = await retry(place, place.store);
    // Also where the vCon itself is gone: its trail says where there are copies still.
    await retry(place, () => store.record(uuid, [{ ...eventBy(place.node, "vcon_deleted"), handle }]));
  }

  async #deliver(
    store: VconStore,
    uuid: string,
    config: object,
    { content, recipient, handle }: Outgoing,
    started: number,
  ): Promise<void> {
    const enter = (at: Handle, failed?: true) =>
      this.#enter(store, uuid, recipient, at, millisecondsSince(started), failed);
    const item = { uuid, content, handle };
    let arrived: Handle;
    try {
      arrived = await this.#batches.send(config, item);
    } catch (error) {
      // Who may have seen data is kept even so; that this fails too must not hide why the step did.
      if (this.#seen.has(item)) await enter(handle, true).catch(() => {});
      throw error;
    }
    await enter(arrived).catch((error) => {
      throw notInTrail(this.#definition.system, arrived, error);
    });
  }

  async #enter(
    store: VconStore,
    uuid: string,
    recipient: Recipient,
    handle: Handle,
    duration: number,
    failed?: true,
  ): Promise<void> {
    const event = { ...eventBy(this.#place.node, "vcon_sent"), recipient, handle, duration };
    await append(this.#place, store, uuid, {}, [{ ...event, ...(failed && { failed }) }]);
  }

  async #before(store: VconStore, uuid: string): Promise<Handle | undefined> {
    const events = await retry(this.#place, () => store.trail(uuid));
    const last = events.findLast(
      ({ node, handle, failed }) => node?.id === this.#place.node.id && handle !== undefined && !failed,
    );
    // A copy that was erased is made again when the vCon comes again.
    return last?.event === "vcon_sent" ? last.handle : undefined;
  }
}

/** How many vCons go together at most, as the node is set. */
function mostTogether({ batch }: DestinationDefinition, { settings }: Workplace): number {
  const { most = 1 } = batch ?? {};
  if (typeof most === "number") return most;
  return settings.fixed ? most(settings.fixed) : 1;
}

/** The last word of a copy that its trail does not name, so that it can be erased all the same. */
function notInTrail(system: string, handle: Handle, error: unknown): StepError {
  const { message } = aboutVcon(undefined, error);
  return new StepError(
    `It arrived at ${system}, but could not be entered in its trail. ${message} To erase the copy, keep its handle: ${JSON.stringify(handle)}`,
    { code: "NOT_IN_TRAIL" },
  );
}
