/** The dead letters in an SQLite store, and who has been told of them. */
import type { Database } from "../../store/sqlite/database.ts";
import type { DeadLetter, Failure, ReplayFrom, ResumePoint } from "../queue.ts";
import { Bell } from "./bell.ts";
import { idOf, rfc3339, rowOf } from "./job-id.ts";

/** So many are replayed or dropped in one transaction, or it would hold up the process. */
const AT_ONCE = 200;

interface LetterRow {
  id: number;
  job: number;
  queue: string;
  uuid: string;
  reason: string;
  code: string | null;
  node: string | null;
  message: string | null;
  begun: number;
  added_at: number;
  begun_at: number;
  failed_at: number;
}

const SELECT = `
  SELECT letter.id, job, letter.queue, uuid, reason, code, node, message, failures + breaks AS begun,
    added_at, begun_at, failed_at
  FROM letter JOIN job ON job.id = letter.job`;

export class Letters {
  /** Rings when there may be a new one. */
  readonly bell = new Bell();
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** In a transaction that makes the job a dead one. */
  add(job: number, { reason, code, node, message }: Failure, now: number): void {
    this.#database.run(
      `INSERT INTO letter (job, queue, reason, code, node, message, failed_at)
       SELECT id, queue, ?, ?, ?, ?, ? FROM job WHERE id = ?`,
      reason,
      code ?? null,
      asJson(node),
      asJson(message),
      now,
      job,
    );
  }

  list(queue: string, limit: number, offset: number): DeadLetter[] {
    return this.#database
      .all<LetterRow>(
        `${SELECT} WHERE letter.queue = ? ORDER BY letter.id LIMIT ? OFFSET ?`,
        queue,
        limit,
        offset,
      )
      .map(toLetter);
  }

  replay(queue: string, which: readonly string[] | "all", from: ReplayFrom): Promise<number> {
    return this.#each(queue, which, (letter) => {
      this.#database.run(
        "UPDATE job SET state = 'waiting', failures = 0, breaks = 0, resume = ? WHERE id = ?",
        from === "failed" ? asJson(resumePoint(letter)) : null,
        letter.job,
      );
      this.#database.run("DELETE FROM letter WHERE id = ?", letter.id);
    });
  }

  drop(queue: string, which: readonly string[] | "all"): Promise<number> {
    return this.#each(queue, which, ({ job }) => {
      this.#database.run("DELETE FROM job WHERE id = ?", job);
    });
  }

  /** From now on this reader is to be told; nothing happens if it is known. */
  enrol(queue: string, reader: string): Promise<void> {
    return this.#database.write(() => {
      this.#database.run(
        `INSERT INTO reader (queue, name, seen)
         SELECT ?, ?, coalesce(max(id), 0) FROM letter WHERE queue = ? ON CONFLICT DO NOTHING`,
        queue,
        reader,
        queue,
      );
    });
  }

  /** Those that the reader has not been told of; from now on it has. */
  async takeUnseen(queue: string, reader: string): Promise<DeadLetter[]> {
    if (this.#unseen(queue, reader).length === 0) return [];
    const letters = await this.#database.write(() => {
      const unseen = this.#unseen(queue, reader);
      const last = unseen.at(-1);
      if (last !== undefined) {
        this.#database.run("UPDATE reader SET seen = ? WHERE queue = ? AND name = ?", last.id, queue, reader);
      }
      return unseen;
    });
    return letters.map(toLetter);
  }

  #unseen(queue: string, reader: string): LetterRow[] {
    return this.#database.all<LetterRow>(
      `${SELECT} JOIN reader ON reader.queue = letter.queue
       WHERE reader.queue = ? AND reader.name = ? AND letter.id > seen ORDER BY letter.id LIMIT ?`,
      queue,
      reader,
      AT_ONCE,
    );
  }

  /** Does it to each of them, some in each transaction. @returns to how many */
  async #each(
    queue: string,
    which: readonly string[] | "all",
    work: (letter: LetterRow) => void,
  ): Promise<number> {
    const jobs = which === "all" ? this.#jobs(queue) : which.flatMap((id) => this.#jobOf(queue, id) ?? []);
    let count = 0;
    for (let start = 0; start < jobs.length; start += AT_ONCE) {
      const some = jobs.slice(start, start + AT_ONCE);
      count += await this.#database.write(() => some.filter((job) => this.#do(queue, job, work)).length);
    }
    return count;
  }

  /** @returns whether it is still there */
  #do(queue: string, job: number, work: (letter: LetterRow) => void): boolean {
    const letter = this.#get(queue, job);
    if (letter !== undefined) work(letter);
    return letter !== undefined;
  }

  #get(queue: string, job: number): LetterRow | undefined {
    return this.#database.get<LetterRow>(`${SELECT} WHERE job = ? AND letter.queue = ?`, job, queue);
  }

  #jobs(queue: string): number[] {
    return this.#database
      .all<{ job: number }>("SELECT job FROM letter WHERE queue = ? ORDER BY id", queue)
      .map(({ job }) => job);
  }

  #jobOf(queue: string, id: string): number | undefined {
    const job = rowOf(id);
    const letter = job === undefined ? undefined : this.#get(queue, job);
    return letter !== undefined && idOf(letter.job, letter.added_at) === id ? letter.job : undefined;
  }
}

function toLetter(row: LetterRow): DeadLetter {
  return {
    id: idOf(row.job, row.added_at),
    uuid: row.uuid,
    queue: row.queue,
    reason: row.reason,
    ...(row.code !== null && { code: row.code }),
    ...(row.node !== null && { node: JSON.parse(row.node) }),
    resumable: resumePoint(row) !== undefined,
    attempts: row.begun,
    addedAt: rfc3339(row.added_at),
    begunAt: rfc3339(row.begun_at),
    failedAt: rfc3339(row.failed_at),
  };
}

function resumePoint({ node, message }: LetterRow): ResumePoint | undefined {
  if (node === null || message === null) return;
  return { node: JSON.parse(node).id, message: JSON.parse(message) };
}

function asJson(value: object | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
