/** A durable queue: what every home of it keeps. */
import type { JsonObject } from "../vcon/types.ts";

export const PRIORITIES = ["high", "normal", "low"] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface AddOptions {
  /**
   * Names the job, so that it is there once however often it is added; for as long as it waits, is worked on or is
   * among the dead letters. Any text. A new name where none is given.
   */
  key?: string | undefined;
  /** Milliseconds before it can be taken; 0 if not given. */
  delay?: number;
  /** "normal" if not given. */
  priority?: Priority;
}

export interface Queue {
  readonly name: string;

  /**
   * Resolves once the job is as safe as the store keeps anything. A vCon that would expire is kept until its last job
   * is done or dropped; then what was left of its time begins again.
   * @throws VconError `VCON_NOT_FOUND`, `STORE_UNAVAILABLE` (transient)
   */
  add(uuid: string, options?: AddOptions): Promise<void>;

  /**
   * Hands out jobs, oldest of the highest priority first, until it is stopped. Never throws.
   * @param take settles the job sooner or later; if it throws, the job has failed
   */
  consume(options: ConsumeOptions, take: (job: TakenJob) => void): Consumer;

  /**
   * Takes out the jobs that wait, oldest of the highest priority first, for one who will not say whether they were done:
   * with the answer they are.
   * @param limit at most so many
   * @returns their UUIDs
   */
  pull(limit: number): Promise<string[]>;

  counts(): Promise<QueueCounts>;

  /** Jobs that have failed for good, the one that has been there longest first. */
  deadLetters(options?: { limit?: number; offset?: number }): Promise<DeadLetter[]>;

  /**
   * Makes dead letters jobs again, with all their attempts before them.
   * @param which their ids, or all that are there now; what is not there is passed over
   * @param from "failed" begins at the node that failed, where the letter says how; others begin at the start
   * @returns how many
   */
  replay(which: readonly string[] | "all", from: ReplayFrom): Promise<number>;

  /** Removes dead letters; their vCons stay. @returns how many */
  drop(which: readonly string[] | "all"): Promise<number>;

  /**
   * Tells every dead letter that comes from the first call with this reader on, also what came while nobody listened:
   * once, whichever of the listeners of the same reader is told.
   * @param reader any text
   */
  watchDead(reader: string, options: WatchOptions): Consumer;
}

export type ReplayFrom = "start" | "failed";

export interface QueueCounts {
  /** Ready to be taken. */
  waiting: number;
  /** Ready later: after their delay, or the pause after a failure. */
  delayed: number;
  active: number;
  dead: number;
}

export interface ConsumeOptions {
  /** A taker is never handed more jobs than so many that are not settled. */
  atOnce: number;
  /** How often a job is begun before it is a dead letter; what was returned, or broke off with its process, is not counted. */
  attempts: number;
  /** Milliseconds before the second attempt; each further pause is twice as long, up to {@link LONGEST_PAUSE_MS}. */
  pause: number;
  /** Is told why nothing can be taken for the time being, and undefined once that is over. */
  fault(error: Error | undefined): void;
}

export const LONGEST_PAUSE_MS = 5 * 60_000;

export interface WatchOptions {
  tell(letter: DeadLetter): void;
  /** As in {@link ConsumeOptions}. */
  fault(error: Error | undefined): void;
}

export interface Consumer {
  /** Takes no more from now on; resolves once everything that was taken is settled. */
  stop(): Promise<void>;
}

/** A job that is in the taker's hands until it is settled; its claim is renewed meanwhile. */
export interface TakenJob {
  readonly id: string;
  readonly uuid: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** RFC 3339. */
  readonly addedAt: string;
  /** Where a replayed dead letter is to begin. */
  readonly resume?: ResumePoint;
  /**
   * To be called once; only the first call counts. Resolves when the home knows it, never rejects: what can't be
   * settled is handed out again once its claim has run out, and the consumer's `fault` is told.
   */
  settle(outcome: Outcome): Promise<void>;
}

export type Outcome =
  | { is: "done" }
  /** Goes back as it was, to be taken at once by anybody. */
  | { is: "returned" }
  | { is: "failed"; failure: Failure };

/** Why an attempt failed. Nothing in it quotes a conversation, but for the message. */
export interface Failure {
  reason: string;
  code?: string;
  node?: FailedNode;
  /** The message that the node failed on, where it is small, so that it can begin there again. */
  message?: JsonObject;
}

export interface FailedNode {
  id: string;
  type: string;
  name?: string;
  /** The id of the flow, or of the subflow's instance. */
  flow?: string;
}

export interface ResumePoint {
  /** Id of the node. */
  node: string;
  message: JsonObject;
}

export interface DeadLetter {
  id: string;
  uuid: string;
  queue: string;
  reason: string;
  code?: string;
  node?: FailedNode;
  /** Whether it can begin again at the node that failed. */
  resumable: boolean;
  /** How often it was begun. */
  attempts: number;
  /** RFC 3339. */
  addedAt: string;
  /** When it was begun the last time. RFC 3339. */
  begunAt: string;
  /** When it failed for good. RFC 3339. */
  failedAt: string;
}
