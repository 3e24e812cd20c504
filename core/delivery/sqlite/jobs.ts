/** The jobs in an SQLite store, up to their end. */
import { createHash } from "node:crypto";
import { notFound } from "../../errors.ts";
import type { Database } from "../../store/sqlite/database.ts";
import { BROKEN_OFF, MOST_BREAKS, restAfter } from "../broken-off.ts";
import { pauseAfter } from "../pause-after.ts";
import { type AddOptions, type Failure, type Outcome, PRIORITIES, type QueueCounts } from "../queue.ts";
import { Bell } from "./bell.ts";
import type { Lease } from "./lease.ts";
import type { Letters } from "./letters.ts";
import { ROUND_MS } from "./rounds.ts";

/** So many of which the delay is over are made ready in one transaction, or it would hold up the process. */
const READY_AT_ONCE = 1000;

/** The jobs that are next, by queue and number. */
const NEXT = "SELECT id FROM job WHERE queue = ? AND state = 'waiting' ORDER BY priority, id LIMIT ?";

/** A job that was next. */
interface Next {
  id: number;
  uuid: string;
  priority: number;
}

/** A job that a process has taken. */
export interface Claim extends Next {
  queue: string;
  added_at: number;
  worker: number;
  failures: number;
  resume: string | null;
}

/** How often and with what pauses a job is tried. */
export interface Patience {
  attempts: number;
  pause: number;
}

export class Jobs {
  /** Rings when there may be something to take. */
  readonly bell = new Bell();
  readonly #database: Database;
  readonly #letters: Letters;
  readonly #lease: Lease;

  constructor(database: Database, letters: Letters, lease: Lease) {
    this.#database = database;
    this.#letters = letters;
    this.#lease = lease;
  }

  async add(queue: string, uuid: string, { key, delay = 0, priority = "normal" }: AddOptions): Promise<void> {
    await this.#database.write(() => {
      if (this.#database.get("SELECT 1 FROM vcon WHERE uuid = ?", uuid) === undefined) throw notFound(uuid);
      const now = Date.now();
      this.#database.run(
        `INSERT INTO job (queue, key, uuid, state, priority, due, added_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        queue,
        key === undefined ? null : digest(key),
        uuid,
        delay > 0 ? "delayed" : "waiting",
        PRIORITIES.indexOf(priority),
        delay > 0 ? now + delay : null,
        now,
      );
    });
    this.bell.ring(queue);
  }

  counts(queue: string): QueueCounts {
    const counts = this.#database.get<QueueCounts>(
      `SELECT
         (SELECT count(*) FROM job WHERE queue = asked.queue AND state = 'waiting')
         + (SELECT count(*) FROM job WHERE queue = asked.queue AND state = 'delayed' AND due <= now) AS waiting,
         (SELECT count(*) FROM job WHERE queue = asked.queue AND state = 'delayed' AND due > now) AS delayed,
         (SELECT count(*) FROM job WHERE queue = asked.queue AND state = 'active') AS active,
         (SELECT count(*) FROM letter WHERE queue = asked.queue) AS dead
       FROM (SELECT ? AS queue, ? AS now) AS asked`,
      queue,
      Date.now(),
    )!;
    return { ...counts };
  }

  /** Milliseconds until something can be taken; 0 if there is something. Only reads. */
  nextIn(queue: string): number {
    const now = Date.now();
    if (this.#lease.othersAreGone(now)) return 0;
    const waits = this.#database.get(
      "SELECT 1 FROM job WHERE queue = ? AND state = 'waiting' LIMIT 1",
      queue,
    );
    if (waits !== undefined) return 0;
    const { due } = this.#database.get<{ due: number | null }>(
      "SELECT min(due) AS due FROM job WHERE queue = ? AND state = 'delayed'",
      queue,
    )!;
    return due === null ? ROUND_MS : Math.min(Math.max(due - now, 0), ROUND_MS);
  }

  /**
   * Takes the next jobs.
   * @param free how many, asked for when the transaction has begun
   */
  claim(queue: string, free: () => number): Promise<Claim[]> {
    return this.#database.write(() => {
      const limit = free();
      if (limit <= 0) return [];
      const now = Date.now();
      this.#prepare(queue, now);
      const claims = this.#database.all<Claim>(
        `UPDATE job SET state = 'active', worker = ?, begun_at = ? WHERE id IN (${NEXT})
         RETURNING id, queue, uuid, priority, added_at, worker, failures, resume`,
        this.#lease.hold(now),
        now,
        queue,
        limit,
      );
      return claims.sort(byTurn);
    });
  }

  /** Takes the next jobs out for good. @returns their UUIDs */
  async pull(queue: string, limit: number): Promise<string[]> {
    if (limit <= 0 || this.nextIn(queue) > 0) return [];
    return this.#database.write(() => {
      this.#prepare(queue, Date.now());
      const pulled = this.#database.all<Next>(
        `DELETE FROM job WHERE id IN (${NEXT}) RETURNING id, uuid, priority`,
        queue,
        limit,
      );
      return pulled.sort(byTurn).map(({ uuid }) => uuid);
    });
  }

  /** Nothing happens where another has taken the job since, because this process was thought to be gone. */
  async settle(claim: Claim, outcome: Outcome, patience: Patience): Promise<void> {
    await this.#database.write(() => {
      if (outcome.is === "done") this.#end(claim);
      else if (outcome.is === "returned") this.#giveBack(claim);
      else this.#fail(claim, outcome.failure, patience);
    });
    if (outcome.is === "done") return;
    this.bell.ring(claim.queue);
    this.#letters.bell.ring(claim.queue);
  }

  #end({ id, worker }: Claim): void {
    this.#database.run("DELETE FROM job WHERE id = ? AND worker = ?", id, worker);
  }

  #giveBack({ id, worker }: Claim): void {
    this.#database.run(
      "UPDATE job SET state = 'waiting', worker = NULL WHERE id = ? AND worker = ?",
      id,
      worker,
    );
  }

  #fail({ id, worker, failures }: Claim, failure: Failure, { attempts, pause }: Patience): void {
    const now = Date.now();
    const isLast = failures + 1 >= attempts;
    const isOurs = this.#database.get(
      `UPDATE job SET state = ?, due = ?, failures = failures + 1, worker = NULL WHERE id = ? AND worker = ?
       RETURNING id`,
      isLast ? "dead" : "delayed",
      now + pauseAfter(failures + 1, pause),
      id,
      worker,
    );
    if (isLast && isOurs !== undefined) this.#letters.add(id, failure, now);
  }

  /** Whatever can be taken now waits after this. */
  #prepare(queue: string, now: number): void {
    this.#takeOver(now);
    this.#makeReady(queue, now);
  }

  /** Jobs of processes that are gone wait again, unless that has happened to them too often. */
  #takeOver(now: number): void {
    for (const worker of this.#lease.bury(now)) {
      const jobs = this.#database.all<{ id: number; breaks: number }>(
        `UPDATE job SET state = 'waiting', breaks = breaks + 1 WHERE state = 'active' AND worker = ?
         RETURNING id, breaks`,
        worker,
      );
      for (const { id, breaks } of jobs) {
        if (breaks < MOST_BREAKS) this.#rest(id, now, restAfter(breaks));
        else {
          this.#database.run("UPDATE job SET state = 'dead', worker = NULL WHERE id = ?", id);
          this.#letters.add(id, BROKEN_OFF, now);
        }
      }
    }
  }

  #rest(id: number, now: number, rest: number): void {
    if (rest > 0)
      this.#database.run(
        "UPDATE job SET state = 'delayed', due = ? WHERE id = ?",
        Math.round(now + rest),
        id,
      );
  }

  #makeReady(queue: string, now: number): void {
    this.#database.run(
      `UPDATE job SET state = 'waiting' WHERE id IN (
         SELECT id FROM job WHERE queue = ? AND state = 'delayed' AND due <= ? ORDER BY due LIMIT ?
       )`,
      queue,
      now,
      READY_AT_ONCE,
    );
  }
}

/** SQLite returns what it has changed in an order of its own. */
function byTurn(a: Next, b: Next): number {
  return a.priority - b.priority || a.id - b.id;
}

/** A key can be of any length, and may name a person. */
function digest(key: string): Buffer {
  return createHash("sha256").update(key, "utf16le").digest();
}
