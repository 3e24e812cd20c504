/** Requests to a server, sent by a process of its own so that it is the server that is measured. */
import { fork } from "node:child_process";
import { join } from "node:path";

/** In the path and the body of a load, what stands for the value. */
export const EACH = "{each}";
/** In the body, what stands for audio in base64url, which is made where it is sent: here it would take memory. */
export const AUDIO = "{audio}";

/** One request for each value. */
export interface Load {
  /** Of the server, without a slash at the end. */
  url: string;
  method: string;
  path: string;
  body?: string;
  /** How long the audio is. */
  audioBytes?: number;
  headers?: Record<string, string>;
  /** ASCII that needs no encoding; all of the same length where the body has them. */
  values: readonly string[];
  /** How many requests are under way at once, each on a connection of its own that is kept. */
  connections: number;
  /** That every answer has to have. */
  status: number;
}

export interface LoadResult {
  perSecond: number;
  /** Milliseconds from each request until its answer had come as a whole. */
  latencies: number[];
  /** The share of one core that sending took. */
  cpu: number;
}

/** @throws where an answer is not as it has to be */
export async function send(load: Load): Promise<LoadResult> {
  const child = fork(join(import.meta.dirname, "load-process.ts"));
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.once("message", resolve as (message: unknown) => void);
    child.once("disconnect", () => reject(new Error("The requests were broken off.")));
  });
  child.send(load);
  return result;
}
