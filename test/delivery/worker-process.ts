/** Starts a process of its own that takes jobs, to be killed. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { OpenOptions, TakenJob } from "../../core/index.ts";

export interface WorkerOrder {
  url: string;
  options?: OpenOptions | undefined;
  queue: string;
  /** Whether that is the name of a conserver list. */
  isList?: boolean;
  atOnce: number;
  /** Whether it settles each job as done; otherwise never. */
  settles: boolean;
  /** Milliseconds that it works on a job before that; 0 if not given. */
  after?: number;
  /** The vCon that ends it. */
  diesOf?: string;
  /** Whether it fails each job once. */
  fails?: boolean;
}

export interface Worker {
  process: ChildProcess;
  /** What it was handed so far. */
  taken: Pick<TakenJob, "id" | "uuid" | "attempt">[];
  /** The ids of what the home has told it is settled. */
  settled: string[];
  /** The messages of its consumer's faults; "over" for their ends. */
  faults: string[];
  /** Ends it at once, with SIGKILL. */
  kill(): Promise<void>;
}

type Message = "ready" | { settled: string } | { fault: string } | Worker["taken"][number];

/**
 * Answers once it consumes.
 * @param blocks the largest file that it may write, in blocks of 512 bytes: to it, the disk is full then
 */
export async function startWorker(order: WorkerOrder, blocks?: number): Promise<Worker> {
  const program = fileURLToPath(new URL("worker.ts", import.meta.url));
  const limited = ["-c", `ulimit -f ${blocks}; exec "$0" "$@"`, process.execPath];
  const child = fork(program, [JSON.stringify(order)], {
    // Node 22.13 does not do so by itself.
    execArgv: [...(blocks === undefined ? [] : limited), "--experimental-strip-types", "--no-warnings"],
    execPath: blocks === undefined ? process.execPath : "/bin/sh",
  });
  const worker: Worker = {
    process: child,
    taken: [],
    settled: [],
    faults: [],
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`The worker ended with ${code}.`)));
    child.on("message", (message: Message) => {
      if (message === "ready") resolve();
      else if ("settled" in message) worker.settled.push(message.settled);
      else if ("fault" in message) worker.faults.push(message.fault);
      else worker.taken.push(message);
    });
  });
  return worker;
}
