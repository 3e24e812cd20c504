/** What one consumer of a conserver list has taken, as Redis keeps it: each item under an id of its own until it is settled. */
import { randomUUID } from "node:crypto";
import { VconError } from "../../errors.ts";
import type { Connection } from "../../store/redis/connection.ts";
import { elsewhereKey, replacementKey, vconKey } from "../../store/redis/keys.ts";
import type { VconStore } from "../../store/store.ts";
import { findUuid } from "../../vcon/uuid.ts";
import { deadListKey } from "./dead-list.ts";
import { BEAT, BURY, END, FAILED, KEEP, RETURN, TAKE } from "./list-scripts.ts";

/** The conserver keeps the body of what has failed for so long (its `VCON_DLQ_EXPIRY`). */
const DEAD_SECONDS = 7 * 24 * 60 * 60;

export type Holder = Pick<VconStore, "hold" | "release">;

export interface Claim {
  id: string;
  /** What stood on the list. */
  text: string;
  /** How often it has failed. */
  failures: number;
  /** How often a process ended that had taken it. */
  endings: number;
  /** When it was taken; a list does not tell when it was added. RFC 3339. */
  takenAt: string;
  /** Whether the body is kept for it, where that is known. */
  held?: boolean;
  /** Whether it has rested because processes have ended while they had it. */
  rested?: boolean;
}

/** How often each consumer of the list has said that it is alive, and what this one has. */
export interface Pulse {
  beats: Map<string, string>;
  taken: Set<string>;
}

export class ListClaims {
  readonly consumer = randomUUID();
  readonly #connection: Connection;
  readonly #holder: Holder;
  readonly #list: string;
  readonly #keys: { taken: string; consumers: string; past: string; dead: string };
  #nextId = 1;

  constructor(connection: Connection, holder: Holder, list: string) {
    this.#connection = connection;
    this.#holder = holder;
    this.#list = list;
    this.#keys = {
      taken: this.#takenBy(this.consumer),
      consumers: beside(list, "consumers"),
      past: beside(list, "past"),
      dead: deadListKey(list),
    };
  }

  /** Takes from the head of the list. */
  async take(atMost: number): Promise<Claim[]> {
    const { taken, consumers, past } = this.#keys;
    const first = this.#nextId;
    // No id is used twice, since nobody knows what a call without an answer has done.
    this.#nextId += atMost;
    const claims = await this.#connection.run<string[]>(
      TAKE,
      [this.#list, taken, consumers, past],
      [this.consumer, first, atMost],
    );
    return claims.map((claim, i) => readClaim(String(first + i), claim));
  }

  /** Of these claims those that are there. */
  async look(ids: string[]): Promise<Claim[]> {
    const claims = await this.#connection.call((client) => client.hmget(this.#keys.taken, ...ids));
    return ids.flatMap((id, i) => (claims[i] == null ? [] : [readClaim(id, claims[i])]));
  }

  /** Keeps the body for as long as the claim is there. A vCon that is not known is no reason not to begin. */
  async hold(claim: Claim): Promise<void> {
    const uuid = findUuid(claim.text);
    if (uuid === undefined || claim.held) return;
    try {
      claim.held = await this.#holder.hold(uuid, this.#holderName(this.consumer, claim.id));
    } catch (error) {
      if (!(error instanceof VconError) || error.transient) throw error;
      claim.held = false;
    }
  }

  async done(claim: Claim): Promise<void> {
    await this.#release(this.consumer, claim);
    await this.#connection.call((client) => client.hdel(this.#keys.taken, claim.id));
  }

  /** Back to the head of the list. */
  async giveBack(claim: Claim): Promise<void> {
    await this.#release(this.consumer, claim);
    const { taken, past } = this.#keys;
    await this.#connection.run(RETURN, [this.#list, taken, past], [claim.id]);
  }

  /** @returns whether the claim is still there, to be tried again */
  async failed({ id, failures }: Claim): Promise<boolean> {
    return (await this.#connection.run(FAILED, [this.#keys.taken], [id, failures])) === 1;
  }

  /** To the list of what has failed. */
  async bury(claim: Claim): Promise<void> {
    await this.#release(this.consumer, claim);
    await this.#keepDead(claim);
    const { taken, dead } = this.#keys;
    if (!this.#connection.isCluster) return this.#connection.run(BURY, [taken, dead], [claim.id]);
    // The two lie in different slots: a crash in between leaves the item in both.
    const bytes = await this.#connection.call((client) => client.hgetBuffer(taken, claim.id));
    if (bytes === null) return;
    await this.#connection.call((client) => client.rpush(dead, itemOf(bytes)));
    await this.#connection.call((client) => client.hdel(taken, claim.id));
  }

  async beat(): Promise<Pulse> {
    const { consumers, taken } = this.#keys;
    const [beats, ids] = await this.#connection.run<[string[], string[]]>(
      BEAT,
      [consumers, taken],
      [this.consumer],
    );
    return { beats: new Map(pairs(beats)), taken: new Set(ids) };
  }

  /** Gives back what another consumer had, unless it has said that it is alive since it had said so `beats` times. */
  endOf(consumer: string, beats: string): Promise<void> {
    return this.#end(consumer, "ended", beats);
  }

  /** Gives back what is left. */
  leave(): Promise<void> {
    return this.#end(this.consumer, "left", "");
  }

  async #end(consumer: string, how: "ended" | "left", beats: string): Promise<void> {
    const taken = this.#takenBy(consumer);
    const claims = await this.#connection.call((client) => client.hgetall(taken));
    await Promise.all(
      Object.entries(claims).map(([id, claim]) => this.#release(consumer, readClaim(id, claim))),
    );
    const { past, consumers } = this.#keys;
    await this.#connection.run(END, [this.#list, taken, past, consumers], [consumer, how, beats]);
  }

  /** Before the claim goes: a crash in between leaves no body that is kept for ever. */
  async #release(consumer: string, { id, text, held }: Claim): Promise<void> {
    const uuid = findUuid(text);
    if (uuid !== undefined && held !== false)
      await this.#holder.release(uuid, this.#holderName(consumer, id));
  }

  async #keepDead({ text }: Claim): Promise<void> {
    const uuid = findUuid(text);
    if (uuid === undefined) return;
    const keys = [vconKey(uuid), elsewhereKey(uuid), replacementKey(uuid)];
    await this.#connection.run(KEEP, keys, [DEAD_SECONDS]);
  }

  #takenBy(consumer: string): string {
    return beside(this.#list, `taken:${consumer}`);
  }

  #holderName(consumer: string, id: string): string {
    return `list:${this.#list}:${consumer}:${id}`;
  }
}

/** Shares the slot of the list, whose name has no braces. */
function beside(list: string, what: string): string {
  return `vcon-list:{${list}}:${what}`;
}

function readClaim(id: string, claim: string): Claim {
  const [, failures, endings, text] = /^(\d+) (\d+) (.*)$/s.exec(claim)!;
  return {
    id,
    text: text!,
    failures: Number(failures),
    endings: Number(endings),
    takenAt: new Date().toISOString(),
  };
}

function itemOf(claim: Buffer): Buffer {
  const space = 0x20;
  return claim.subarray(claim.indexOf(space, claim.indexOf(space) + 1) + 1);
}

function* pairs(flat: string[]): Generator<[string, string]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!];
}
