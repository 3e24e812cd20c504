/**
 * The promise of queues, with real Node-REDs that share one flow: nothing is lost, nothing is doubled, nothing is stuck,
 * whoever is killed. `npm run test:soak` does the same with larger numbers and prints what it saw.
 */
import { expect, test } from "vitest";
import { POISON_REASON } from "../soak/flow.ts";
import { type Plan, type Report, soak } from "../soak/soak.ts";
import { summaryOf } from "../soak/summary.ts";

const isFull = process.env["SOAK"] === "full";
const seed = Number(process.env["SOAK_SEED"] || Date.now() % 1_000_000);
const limit = isFull ? 3_600_000 : 120_000;

/** With the same seed, the same is disturbed after as many vCons. */
async function soaked(plan: Omit<Plan, "seed">): Promise<Report> {
  const report = await soak({ ...plan, seed });
  if (isFull) console.log(summaryOf({ ...plan, seed }, report));
  return report;
}

function expectNothingLost(
  { found, poisoned }: Report,
  { conversations, attempts }: Omit<Plan, "seed">,
): void {
  const { deadLetters, ...rest } = found;
  const good = conversations - poisoned.size;
  expect(rest, `with SOAK_SEED=${seed}`).toEqual({
    rows: good,
    vCons: conversations,
    withoutRow: [],
    strangeRows: [],
    wrongVcons: [],
    wrongTrails: [],
    wrongKeys: [],
    left: { waiting: 0, delayed: 0, active: 0, dead: poisoned.size },
  });
  expect(new Set(deadLetters.map(({ uuid }) => uuid))).toEqual(poisoned);
  for (const letter of deadLetters) {
    expect(letter).toMatchObject({ reason: expect.stringContaining(POISON_REASON), node: { id: "fail" } });
    // What broke off with its process was begun too, and is no attempt.
    expect(letter.attempts).toBeGreaterThanOrEqual(attempts);
  }
}

test(
  "every vCon ends as one row while Node-REDs and their Redis are killed, and poisoned ones are parked",
  async () => {
    const plan = isFull
      ? {
          conversations: 10_000,
          poisoned: 10,
          instances: 3,
          attempts: 5,
          kills: 20,
          serverKills: 3,
          linger: 100,
        }
      : { conversations: 300, poisoned: 2, instances: 3, attempts: 3, kills: 3, serverKills: 1, linger: 100 };
    const report = await soaked({ home: "redis", ...plan });
    expectNothingLost(report, { home: "redis", ...plan });
  },
  limit,
);

test(
  "every vCon ends as one row while the one Node-RED with the embedded store is killed",
  async () => {
    const plan = isFull
      ? { conversations: 10_000, poisoned: 10, instances: 1, attempts: 5, kills: 20, linger: 100 }
      : { conversations: 300, poisoned: 2, instances: 1, attempts: 3, kills: 2, linger: 100 };
    const report = await soaked({ home: "sqlite", ...plan });
    expectNothingLost(report, { home: "sqlite", ...plan });
  },
  limit,
);

test(
  "a rolling restart under load loses nothing and counts no attempt, also of jobs that have no time to end",
  async () => {
    const plan = {
      ...(isFull ? { conversations: 3000, rollingRestarts: 3 } : { conversations: 200, rollingRestarts: 1 }),
      poisoned: 0,
      instances: 3,
      // An attempt that were counted would leave a dead letter.
      attempts: 1,
      linger: 4000,
      shutdownSeconds: 1,
    };
    const report = await soaked({ home: "redis", ...plan });
    expectNothingLost(report, { home: "redis", ...plan });
    expect(new Set(report.exits)).toEqual(new Set([0]));
    expect(report.redeliveries).toBeGreaterThan(0);
  },
  limit,
);
