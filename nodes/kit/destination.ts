/** The work of a destination on one message: draw, send together with others, write the trail; and erasing. */
import { type Handle, type Recipient, VconError, type VconStore } from "../../core/index.ts";
import { Batches } from "./batches.ts";
import type { DestinationDefinition, Item, Outgoing } from "./definition.ts";
import type { Fields } from "./fields.ts";
import type { Message } from "./runner.ts";
import type { Settings } from "./settings.ts";
import type { Workplace } from "./workplace.ts";
import { callFor, eventBy, load, millisecondsSince, outside, outsideOnce, retry } from "./workplace.ts";

/** How many vCons go together at most, as the node is set. */
export function mostTogether({ batch }: DestinationDefinition, { fixed = {} }: Settings<Fields>): number {
  const { most = 1 } = batch ?? {};
  return typeof most === "function" ? most(fixed) : most;
}

export class Destination {
  readonly waits = true;
  readonly #definition: DestinationDefinition;
  readonly #place: Workplace;
  readonly #batches: Batches;
  /** What the other side has, or may have. */
  readonly #seen = new WeakSet<Item>();

  constructor(definition: DestinationDefinition, place: Workplace) {
    const { system, batch } = definition;
    this.#definition = definition;
    this.#place = place;
    this.#batches = new Batches({
      most: mostTogether(definition, place.settings),
      atOnce: batch?.atOnce ?? place.atOnce,
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
    const vcon = await load(place, store, uuid, definition, call);
    const before = () => this.#before(store, uuid);
    const outgoing = await definition.draw({ ...call, vcon, before });
    if (outgoing !== undefined) await this.#deliver(store, uuid, call.config, outgoing, started);
    return "done";
  }

  async erase(uuid: string, handle: Handle): Promise<void> {
    const { workingFolder, settings } = this.#place;
    const config = await settings.for({});
    await outside(this.#place, this.#definition.system, (signal) =>
      this.#definition.erase({ config, uuid, handle, workingFolder, signal }),
    );
    const store = await retry(this.#place, this.#place.store);
    const event = { ...eventBy(this.#place.node, "vcon_deleted"), handle };
    await retry(this.#place, () => store.append(uuid, {}, [event])).catch((error) => {
      // Whoever deletes the vCon itself writes that into its trail.
      if (!(error instanceof VconError && error.code === "VCON_NOT_FOUND")) throw error;
    });
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
    await enter(arrived);
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
    await retry(this.#place, () => store.append(uuid, {}, [{ ...event, ...(failed && { failed }) }]));
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
