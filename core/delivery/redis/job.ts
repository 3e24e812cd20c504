/** What a job is to BullMQ: its keys, its options, its data, and how a failure stands in it. */
import { createHash } from "node:crypto";
import type { Job, JobsOptions } from "bullmq";
import { newUuid } from "../../vcon/uuid.ts";
import { BROKEN_OFF, MOST_BREAKS } from "../broken-off.ts";
import type { AddOptions, DeadLetter, Failure, Priority, ResumePoint } from "../queue.ts";

export interface JobData {
  uuid: string;
  /** By this name its vCon is held, if it would have expired. */
  holder?: string;
  /** How often its claim had broken off when it rested last. */
  restedAfter?: number;
  resume?: ResumePoint;
}

export type QueuedJob = Job<JobData, void>;

/** What the names of all keys begin with. */
export const KEY_PREFIX = "vcon-queue";

/** What is taken from a queue and never settled is handed out again. BullMQ's words for how. */
export const CLAIMS = {
  /** Milliseconds after which a claim is void that was not renewed; it is renewed at half time. */
  lockDuration: 5000,
  /** So often somebody looks for claims that are void, in milliseconds. */
  stalledInterval: 2000,
  /** So often it is handed out again; the next time is the last. */
  maxStalledCount: MOST_BREAKS - 1,
};

/** One without a priority would come before all that have one. */
const PRIORITIES: Record<Priority, number> = { high: 1, normal: 2, low: 3 };

/** The queue's name for BullMQ; in braces, all its keys share a slot of a cluster. */
export function nameForBull(queue: string): string {
  return `{${queue}}`;
}

export function jobOptions({
  key,
  delay = 0,
  priority = "normal",
}: AddOptions): JobsOptions & { jobId: string } {
  return {
    // One that is newer sorts later: BullMQ orders by it those that die in the same millisecond.
    jobId: key === undefined ? newUuid() : idOf(key),
    delay,
    priority: PRIORITIES[priority],
    // How often it is tried, and after which pauses, is the affair of those who take it.
    attempts: 1_000_000_000,
    backoff: { type: "of the consumer" },
    removeOnComplete: true,
  };
}

/** BullMQ takes no colon and no number. */
function idOf(key: string): string {
  return `key-${createHash("sha256").update(key).digest("base64url")}`;
}

/** Whether it can be the id of a job, and is no other name that BullMQ uses. */
export function isJobId(text: string): boolean {
  return /^key-[\w-]{43}$|^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}

/** What BullMQ keeps of an attempt that has failed. */
export class AttemptFailed extends Error {
  /** Milliseconds before the next attempt, or -1, which BullMQ takes for "no other". */
  readonly pause: number;

  private constructor(message: string, pause: number) {
    super(message);
    this.pause = pause;
    // BullMQ would keep it.
    this.stack = "";
  }

  static toBeRepeated(pause: number): AttemptFailed {
    return new AttemptFailed("", pause);
  }

  /** The failure is kept in the same call that makes the job a dead letter. */
  static forGood(failure: Failure): AttemptFailed {
    return new AttemptFailed(JSON.stringify(failure), -1);
  }
}

/** Only BullMQ itself ends a job without a failure of ours. */
function failureOf({ failedReason }: QueuedJob): Failure {
  try {
    return JSON.parse(failedReason);
  } catch {
    return BROKEN_OFF;
  }
}

export function letterOf(queue: string, job: QueuedJob): DeadLetter {
  const { message: _, ...told } = failureOf(job);
  return {
    id: job.id!,
    uuid: job.data.uuid,
    queue,
    ...told,
    resumable: resumePointOf(job) !== undefined,
    attempts: job.attemptsMade + job.stalledCounter,
    addedAt: timeOf(job.timestamp),
    begunAt: timeOf(job.processedOn!),
    failedAt: timeOf(job.finishedOn!),
  };
}

/** Where the dead letter can begin again. */
export function resumePointOf(job: QueuedJob): ResumePoint | undefined {
  const { node, message } = failureOf(job);
  return node && message && { node: node.id, message };
}

/** RFC 3339. */
export function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
