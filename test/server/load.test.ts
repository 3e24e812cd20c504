/**
 * What the API has answered stays: while vCons are posted over 16 connections, the Redis of its store is killed, or the
 * Node-RED of an embedded one. `npm run test:soak` does the same for a minute and prints what it saw.
 */
import { expect, test } from "vitest";
import { apiLoad, type LoadPlan } from "../soak/api-load.ts";

const isFull = process.env["SOAK"] === "full";
const seconds = isFull ? 60 : 3;
const timeout = isFull ? 900_000 : 60_000;
/** Of a minute, each has the machine to itself. */
const trial = isFull ? test : test.concurrent;

async function expectAllOrNothing(plan: LoadPlan): Promise<void> {
  const { answeredBefore, answeredAfter, others, ...found } = await apiLoad(plan);
  const summary = `${plan.home}: ${answeredBefore} answered before the kill, ${answeredAfter} after it, ${others} not`;
  if (isFull) console.log(summary);
  expect(found, summary).toEqual({
    lost: [],
    notOnList: [],
    doubled: [],
    withoutBody: [],
    changed: [],
    half: [],
  });
  expect(answeredBefore, summary).toBeGreaterThan(0);
  expect(answeredAfter, summary).toBeGreaterThan(0);
}

trial(
  "every vCon that was answered is stored and on its list, no other is half, after Redis was killed",
  {
    timeout,
  },
  () => expectAllOrNothing({ home: "redis", seconds }),
);

trial("likewise in SQLite, after the Node-RED that writes it was killed", { timeout }, () =>
  expectAllOrNothing({ home: "sqlite", seconds }),
);
