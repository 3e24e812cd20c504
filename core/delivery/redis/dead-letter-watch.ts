/** Tells a reader of the dead letters that come, each once, by looking for them every second. */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, script } from "../../store/redis/connection.ts";
import { changesOnly, undisturbed } from "../changes-only.ts";
import type { Consumer, WatchOptions } from "../queue.ts";
import { jobsOf } from "./dead-letters.ts";
import { letterOf } from "./job.ts";
import type { RedisQueue } from "./redis-queue.ts";

const LOOK_EVERY_MS = 1000;
/** So many dead letters are looked at in one call. */
const PAGE = 500;

/**
 * What is there at the first call of a reader is known to it. An entry without a name says that it was called.
 *
 * KEYS: the dead letters, those that the reader knows; both with the time of death.
 */
const BEGIN = script(`
local dead, known = KEYS[1], KEYS[2]
if redis.call('EXISTS', known) == 1 then return 0 end
redis.call('COPY', dead, known)
redis.call('ZADD', known, 0, '')
return 1
`);

/**
 * Claims the dead letters of a page that the reader does not know, or knows from an earlier death.
 *
 * KEYS: as of {@link BEGIN}. ARGV: how many to pass over, the latest first; how many to look at.
 * Answers how many there were on the page and the ids of the claimed ones, the earliest first.
 */
const CLAIM = script(`
local dead, known = KEYS[1], KEYS[2]
local first, size = tonumber(ARGV[1]), tonumber(ARGV[2])

local page = redis.call('ZREVRANGE', dead, first, first + size - 1, 'WITHSCORES')
local claimed = {}
for i = #page - 1, 1, -2 do
  local id, died = page[i], page[i + 1]
  if redis.call('ZSCORE', known, id) ~= died then
    redis.call('ZADD', known, died, id)
    table.insert(claimed, id)
  end
end
-- What is no longer dead need not be known.
if redis.call('ZCARD', known) > 2 * redis.call('ZCARD', dead) + size then
  redis.call('ZINTERSTORE', known, 2, known, dead, 'WEIGHTS', 1, 0)
  redis.call('ZADD', known, 0, '')
end
return { #page / 2, claimed }
`);

export class DeadLetterWatch implements Consumer {
  readonly #queue: RedisQueue;
  readonly #connection: Connection;
  readonly #reader: string;
  readonly #options: WatchOptions;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  /** Claimed for this listener. */
  readonly #untold: string[] = [];
  #hasBegun = false;
  /** How many of the latest were passed over when earlier ones were last looked at. */
  #place = 0;

  constructor(queue: RedisQueue, connection: Connection, reader: string, options: WatchOptions) {
    this.#queue = queue;
    this.#connection = connection;
    this.#reader = createHash("sha256").update(reader).digest("base64url");
    this.#options = options;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const fault = changesOnly(this.#options.fault);
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#look();
        fault(undefined);
      } catch (error) {
        fault(error as Error);
      }
      await pause(LOOK_EVERY_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    if (!this.#hasBegun) await this.#connection.run(BEGIN, await this.#keys(), []);
    this.#hasBegun = true;
    await this.#claimLatest();
    await this.#claimEarlier();
    await this.#tell();
  }

  async #claimLatest(): Promise<void> {
    for (let first = 0, claimed = 1; claimed > 0; first += PAGE) ({ claimed } = await this.#claim(first));
  }

  /** One page each time: times of death come from many clocks, so a new letter may stand among old ones. */
  async #claimEarlier(): Promise<void> {
    const { size } = await this.#claim(this.#place);
    this.#place = size < PAGE ? 0 : this.#place + PAGE;
  }

  async #claim(first: number): Promise<{ size: number; claimed: number }> {
    const [size, ids] = await this.#connection.run<[number, string[]]>(CLAIM, await this.#keys(), [
      first,
      PAGE,
    ]);
    this.#untold.push(...ids);
    return { size, claimed: ids.length };
  }

  /** What could not be read is told the next time. */
  async #tell(): Promise<void> {
    while (this.#untold.length > 0) {
      const ids = this.#untold.slice(0, PAGE);
      const jobs = await jobsOf(this.#queue, ids);
      this.#untold.splice(0, ids.length);
      for (const job of jobs) undisturbed(() => this.#options.tell(letterOf(this.#queue.name, job)));
    }
  }

  #keys(): Promise<string[]> {
    return this.#queue.call(async (bull) => [bull.toKey("failed"), bull.toKey(`known:${this.#reader}`)]);
  }
}
