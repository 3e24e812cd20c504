/** BullMQ's worker on clients of ours, which tells how its calls went and does not rush when they fail. */
import { setTimeout as pause } from "node:timers/promises";
import {
  type Job,
  type Processor,
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  Worker,
  type WorkerOptions,
} from "bullmq";
import type { RedisClient } from "../../store/redis/connection.ts";
import { type JobData, KEY_PREFIX } from "./job.ts";

/** Between two tries to take a job from a Redis that refuses it. */
const REST_MS = 1000;

export interface Clients {
  /** For all calls but the one that waits for jobs. */
  calling: RedisClient;
  waiting: RedisClient;
}

export interface WorkerEvents {
  /** A call to take a job was answered, by a job or none. */
  answered(): void;
  failed(error: unknown): void;
  /** BullMQ is done with a job that it gave to the processor, whatever became of it. */
  over(job: Job<JobData, void>): void;
}

export class PatientWorker extends Worker<JobData, void> {
  readonly #events: WorkerEvents;
  readonly #closing: AbortSignal;

  /** @param closing ends the rest after a failure */
  constructor(
    name: string,
    processor: Processor<JobData, void>,
    { calling, waiting }: Clients,
    options: Omit<WorkerOptions, "connection" | "prefix" | "autorun">,
    events: WorkerEvents,
    closing: AbortSignal,
  ) {
    super(
      name,
      processor,
      { ...options, connection: calling, prefix: KEY_PREFIX, autorun: false },
      (_, backendOptions) => {
        const keys = new QueueKeys(KEY_PREFIX);
        const backend = new RedisQueueBackend(
          connect(calling, false),
          name,
          keys.getKeys(name),
          (type) => keys.toKey(name, type),
          backendOptions,
          connect(waiting, true),
        );
        const reconnect = backend.reconnectBlocking.bind(backend);
        // BullMQ would open again what it has just closed, where a cluster never answers a wait, and wait for that.
        backend.reconnectBlocking = async () => {
          if (!closing.aborted) await reconnect();
        };
        return backend;
      },
    );
    this.#events = events;
    this.#closing = closing;
    this.on("error", (error) => events.failed(error));
    this.run().catch((error: unknown) => events.failed(error));
  }

  protected override async moveToActive(token: string, name?: string): Promise<Job<JobData, void>> {
    if (this.#closing.aborted) return undefined as never;
    try {
      const job = await super.moveToActive(token, name);
      this.#events.answered();
      return job;
    } catch (error) {
      this.#events.failed(error);
      // BullMQ would try again at once.
      await pause(REST_MS, undefined, { signal: this.#closing }).catch(() => {});
      return undefined as never;
    }
  }

  override async processJob(
    ...args: Parameters<Worker<JobData, void>["processJob"]>
  ): Promise<void | Job<JobData, void>> {
    try {
      return await super.processJob(...args);
    } finally {
      this.#events.over(args[0]);
    }
  }
}

function connect(client: RedisClient, blocking: boolean): RedisConnection {
  // Where BullMQ asks the server what it can do, it writes to the console what it thinks of it.
  const connection = new RedisConnection(client, { shared: false, blocking, skipVersionCheck: true });
  connection.client.then(
    () => {
      // Known of all servers since Redis 6. Without it, waits would be whole seconds.
      connection.capabilities = { canDoubleTimeout: true, canBlockFor1Ms: false };
    },
    () => {},
  );
  return connection;
}
