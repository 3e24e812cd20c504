/**
 * The promise of queues, with real Node-REDs that share one flow: nothing is lost, nothing is doubled, nothing is stuck,
 * whoever is killed. `npm run test:soak` does the same with larger numbers and prints what it saw.
 */
import { expect, test } from "vitest";
import { POISON_REASON } from "../soak/flow.ts";
import { type Plan, type Report, soak } from "../soak/soak.ts";
import { summaryOf } from "../soak/summary.ts";

const isFull = process.env["SOAK"] === "full";
const limit = isFull ? 3_600_000 : 120_000;

/** Of small numbers, most of the time goes by in waiting for claims to run out: together they wait no longer than one. */
const trial = isFull ? test : test.concurrent;

/** With the same seed, the same is disturbed after as many vCons. */
const seed = Number(process.env["SOAK_SEED"] || Date.now() % 1_000_000);

const numbers = isFull
  ? { conversations: 10_000, poisoned: 10, attempts: 5, kills: 20 }
  : { conversations: 300, poisoned: 2, attempts: 3, kills: 3 };

const onRedis: Plan = {
  ...numbers,
  seed,
  home: "redis",
  instances: 3,
  serverKills: isFull ? 3 : 1,
  linger: 100,
};

const embedded: Plan = { ...numbers, seed, home: "sqlite", instances: 1, linger: 100 };

const rolling: Plan = {
  seed,
  home: "redis",
  instances: 3,
  conversations: isFull ? 3000 : 200,
  poisoned: 0,
  rollingRestarts: isFull ? 3 : 1,
  // An attempt that were counted would leave a dead letter.
  attempts: 1,
  // Many are still on their way when the time is over that a process has to end.
  linger: 4000,
  shutdownSeconds: 1,
};

async function soaked(plan: Plan): Promise<Report> {
  const report = await soak(plan);
  if (isFull) console.log(summaryOf(plan, report));
  return report;
}

function expectNothingLost(report: Report, plan: Plan): void {
  const { deadLetters, ...rest } = report.found;
  const { poisoned } = report;
  const { conversations, attempts } = plan;
  expect(rest, summaryOf(plan, report)).toEqual({
    rows: conversations - poisoned.size,
    vCons: conversations,
    withoutRow: [],
    strangeRows: [],
    wrongVcons: [],
    wrongTrails: [],
    wrongKeys: [],
    left: { waiting: 0, delayed: 0, active: 0, dead: deadLetters.length },
  });
  // One that was posted again, because nobody had confirmed the first post, may have been two jobs.
  expect(new Set(deadLetters.map(({ uuid }) => uuid))).toEqual(poisoned);
  for (const letter of deadLetters) {
    expect(letter).toMatchObject({ reason: expect.stringContaining(POISON_REASON), node: { id: "fail" } });
    // What broke off with its process was begun too, and is no attempt.
    expect(letter.attempts).toBeGreaterThanOrEqual(attempts);
  }
}

trial(
  "every vCon ends as one row while Node-REDs and their Redis are killed; poisoned ones are parked",
  {
    timeout: limit,
  },
  async () => {
    const report = await soaked(onRedis);
    expectNothingLost(report, onRedis);
    expect(report.redeliveries, "nothing was under way in any that was killed").toBeGreaterThan(0);
  },
);

trial(
  "every vCon ends as one row while the only Node-RED of an embedded store is killed",
  {
    timeout: limit,
  },
  async () => {
    const report = await soaked(embedded);
    expectNothingLost(report, embedded);
    expect(report.redeliveries, "nothing was under way in any that was killed").toBeGreaterThan(0);
  },
);

trial(
  "a rolling restart under load loses nothing and counts no attempt, also of jobs that get no time to end",
  {
    timeout: limit,
  },
  async () => {
    const report = await soaked(rolling);
    expectNothingLost(report, rolling);
    expect(new Set(report.exits)).toEqual(new Set([0]));
    expect(report.redeliveries, "every job had time to end").toBeGreaterThan(0);
  },
);
