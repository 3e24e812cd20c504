/** A process's claim on the jobs that it has taken: one row, renewed for all of them together. */
import { randomInt } from "node:crypto";
import type { Database } from "../../store/sqlite/database.ts";
import { ROUND_MS } from "./rounds.ts";

/** So long after its last renewal, others take a process for gone. */
const LEASE_MS = 5000;

export class Lease {
  readonly #database: Database;
  #worker = newWorker();
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The worker to take a job for; in a transaction. */
  hold(now: number): number {
    if (!this.#renew(now)) {
      // Under its old name it could settle what others have taken over.
      this.#worker = newWorker();
      this.#database.run("INSERT INTO worker (id, until) VALUES (?, ?)", this.#worker, now + LEASE_MS);
    }
    this.#timer ??= setTimeout(this.#keep, LEASE_MS / 2);
    return this.#worker;
  }

  /** Whether other processes have left jobs behind. */
  othersAreGone(now: number): boolean {
    return this.#database.get(GONE, now, this.#worker) !== undefined;
  }

  /** The workers of processes that are gone, no more known after this; in a transaction. */
  bury(now: number): number[] {
    const gone = this.#database.all<{ id: number }>(GONE, now, this.#worker).map(({ id }) => id);
    for (const id of gone) this.#database.run("DELETE FROM worker WHERE id = ?", id);
    return gone;
  }

  /** What is still in this process's hands goes back as it was. */
  async end(): Promise<void> {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    await this.#database
      .write(() => {
        this.#database.run(
          "UPDATE job SET state = 'waiting' WHERE state = 'active' AND worker = ?",
          this.#worker,
        );
        this.#letGo();
      })
      // The lease runs out by itself.
      .catch(() => {});
    this.#timer = undefined;
  }

  readonly #keep = (): void => {
    void this.#database
      .write(() => {
        if (this.#hasJobs()) this.#renew(Date.now());
        else this.#letGo();
      })
      .then(
        () => LEASE_MS / 2,
        () => ROUND_MS,
      )
      .then((wait) => {
        if (this.#timer === undefined) return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(this.#keep, wait);
      });
  };

  #hasJobs(): boolean {
    return (
      this.#database.get("SELECT 1 FROM job WHERE state = 'active' AND worker = ? LIMIT 1", this.#worker) !==
      undefined
    );
  }

  /** Nothing is written for a process that has nothing in its hands. */
  #letGo(): void {
    this.#database.run("DELETE FROM worker WHERE id = ?", this.#worker);
    this.#timer = undefined;
  }

  #renew(now: number): boolean {
    return (
      this.#database.get(
        "UPDATE worker SET until = ? WHERE id = ? RETURNING id",
        now + LEASE_MS,
        this.#worker,
      ) !== undefined
    );
  }
}

const GONE = "SELECT id FROM worker WHERE until < ? AND id <> ?";

/** Not counted, since a number could be given twice where a transaction fails. */
function newWorker(): number {
  return randomInt(2 ** 47);
}
