/**
 * How many jobs a second come out of a queue, go through an empty flow of five nodes and are acknowledged, for each home:
 * by our queue in, which follows their messages; by a consumer that follows nothing and settles at the flow's end; and
 * by BullMQ alone, without any flow. All of them empty queues of as many jobs, one after the other on the same server.
 */
import { Queue as BullQueue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Queue } from "../core/index.ts";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type Home, ownHomes, redisHomes } from "./support/homes.ts";
import { type BenchNodeRed, line, withNodeRed } from "./support/node-red.ts";
import { addJobs, QUEUE, untilEmpty, withQueue } from "./support/queue.ts";
import { memoryOf } from "./support/redis-memory.ts";
import { storeCalls } from "./support/vcons.ts";

const RUNS = 9;
const JOBS = 20_000;
const NODES = 5;
const AT_ONCE = 100;

const pass = { type: "vcon-bench-pass", store: "store" };
const limits = { atOnce: AT_ONCE, attempts: 1, pause: 1 };

export const queue: readonly Measurement[] = ownHomes.map((home) => ({
  name: `queue ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const isRedis = redisHomes.includes(home);
  const place = await home.open();
  const uuids = await storeCalls(place.url, 1, 1000);
  const runs = { added: [], followed: [], unfollowed: [], bull: [], memory: [] } as Record<string, number[]>;
  await withQueue(place.url, async (jobs) => {
    const fill = () => addJobs(jobs, Array(JOBS).fill(uuids[0]));
    for (let run = 0; run <= RUNS; run++) {
      const empty = isRedis ? await memoryOf(place.url) : 0;
      const found = { added: await fill() } as Record<string, number>;
      if (isRedis) found["memory"] = ((await memoryOf(place.url)) - empty) / JOBS;
      found["followed"] = await followed(nodeRed, place.url, jobs);
      await fill();
      found["unfollowed"] = await unfollowed(nodeRed, place.url, jobs);
      if (isRedis) found["bull"] = await bareBull(place.url);
      // The first run warms up.
      if (run > 0) for (const [name, value] of Object.entries(found)) runs[name]!.push(value);
    }
  });
  await nodeRed.deploy([]);
  await place.remove(uuids);
  const name = `queue ${home.name}`;
  const { added, followed: ours, unfollowed: plain, bull, memory } = runs as Record<string, number[]>;
  return [
    figure(`${name} added`, "jobs/s", added!),
    figure(`${name} followed`, "jobs/s", ours!),
    figure(`${name} not followed`, "jobs/s", plain!),
    ratio(`${name} followed / not followed`, ours!, plain!),
    ...(isRedis
      ? [
          figure(`${name} BullMQ alone`, "jobs/s", bull!),
          ratio(`${name} followed / BullMQ alone`, ours!, bull!),
          figure(`${name} memory of a waiting job`, "B", memory!),
        ]
      : []),
  ];
}

async function followed(nodeRed: BenchNodeRed, url: string, jobs: Queue): Promise<number> {
  const flow = line("empty", Array(NODES).fill(pass)).slice(1);
  const take = { ...limits, id: "take", type: "vcon-queue-in", store: "store", queue: QUEUE, timeLimit: 600 };
  await nodeRed.deploy([storeAt(url), { ...take, wires: [[flow[0]!.id]] }, ...flow]);
  const perSecond = await perSecondOf(jobs, (arrived) => {
    nodeRed.node("empty sink").arrived = arrived;
  });
  await nodeRed.deploy([]);
  return perSecond;
}

async function unfollowed(nodeRed: BenchNodeRed, url: string, jobs: Queue): Promise<number> {
  await nodeRed.deploy([storeAt(url), ...line("empty", Array(NODES).fill(pass))]);
  const source = nodeRed.node("empty source");
  const underWay = new Map<unknown, () => void>();
  let see = () => {};
  nodeRed.node("empty sink").arrived = ({ job }) => {
    see();
    underWay.get(job)!();
    underWay.delete(job);
  };
  const consumer = jobs.consume({ ...limits, fault: () => {} }, (job) => {
    underWay.set(job.id, () => void job.settle({ is: "done" }));
    source.send({ payload: job.uuid, job: job.id });
  });
  const perSecond = await perSecondOf(jobs, (arrived) => {
    see = arrived;
  });
  await consumer.stop();
  return perSecond;
}

/** From the first job that is seen until nothing is left. */
async function perSecondOf(jobs: Queue, watch: (arrived: () => void) => void): Promise<number> {
  let began = 0;
  let seen = 0;
  await new Promise<void>((resolve) => {
    watch(() => {
      if (seen++ === 0) began = performance.now();
      if (seen === JOBS) resolve();
    });
  });
  await untilEmpty(jobs);
  return (JOBS * 1000) / (performance.now() - began);
}

async function bareBull(url: string): Promise<number> {
  const connection = () => new Redis(url, { maxRetriesPerRequest: null });
  const clients = [connection(), connection()] as const;
  const jobs = new BullQueue("bare", { connection: clients[0] });
  await jobs.addBulk(
    Array.from({ length: JOBS }, () => ({ name: "vcon", data: {}, opts: { removeOnComplete: true } })),
  );
  let began = 0;
  let completed = 0;
  const worker = new Worker(
    "bare",
    async () => {
      began ||= performance.now();
    },
    { connection: clients[1], concurrency: AT_ONCE },
  );
  await new Promise<void>((resolve) => {
    worker.on("completed", () => {
      if (++completed === JOBS) resolve();
    });
  });
  const perSecond = (JOBS * 1000) / (performance.now() - began);
  await worker.close();
  await jobs.obliterate({ force: true });
  await jobs.close();
  for (const client of clients) client.disconnect();
  return perSecond;
}

const storeAt = (url: string) => ({ id: "store", type: "vcon-store", url });
