/**
 * Sends conversations through a flow that several Node-REDs share, while these and their Redis are killed and started
 * again, and tells what is left of them in the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { openStore, type QueueCounts } from "../../core/index.ts";
import { makePostgres, password, type TestPostgres } from "../support/postgres.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { type Conversation, type Fed, feed } from "./feeder.ts";
import { POISON, QUEUE, soakFlow } from "./flow.ts";
import { HOMES, type SoakHome } from "./home.ts";
import { type Found, inspect } from "./inspection.ts";
import { type Instance, makeInstance } from "./instance.ts";
import { startListener, type WebhookListener } from "./listener.ts";
import { Watch } from "./watch.ts";

export interface Plan {
  home: keyof typeof HOMES;
  /** The same makes the same plan: what is disturbed, after how many finished vCons. */
  seed: number;
  conversations: number;
  /** Of these, so many fail at every attempt. */
  poisoned: number;
  instances: number;
  attempts: number;
  /** How often a Node-RED is killed, and started again. */
  kills?: number;
  /** How often the server of the store is killed, and started again. */
  serverKills?: number;
  /** How often every Node-RED in turn is ended with SIGTERM and started again. */
  rollingRestarts?: number;
  /** Milliseconds, at most, that each vCon waits in the flow; 0 if not given. */
  linger?: number;
  /** How long a Node-RED that is to end may let its jobs finish; its own default if not given. */
  shutdownSeconds?: number;
}

export interface Report {
  found: Found;
  /** Of the poisoned conversations. */
  poisoned: ReadonlySet<string>;
  /** Exit codes of those that were ended with SIGTERM, or ended by themselves. */
  exits: (number | null)[];
  seconds: number;
  /** How often a vCon was begun again, the poisoned ones left out. */
  redeliveries: number;
  repeatedPosts: number;
  repeatedCalls: number;
  /** See {@link Watch}. */
  takeovers: readonly number[];
  /** The warnings and errors in the logs, and how often each came. */
  logged: ReadonlyMap<string, number>;
}

interface World {
  plan: Plan;
  chance: Chance;
  home: SoakHome;
  postgres: TestPostgres;
  listener: WebhookListener;
  instances: Instance[];
  watch: Watch;
  exits: (number | null)[];
  logged: Map<string, number>;
  /** What takes down all at once, or one after the other, does so alone. */
  oneByOne: LimitFunction;
}

/** So long nothing may happen before the soak is given up; less than the test of small numbers may take. */
const PATIENCE_MS = 90_000;
const LOOK_MS = 100;

export async function soak(plan: Plan): Promise<Report> {
  const world = await makeWorld(plan);
  try {
    await Promise.all(world.instances.map((instance) => instance.start()));
    const began = performance.now();
    const [fed] = await Promise.all([feedAll(world), disturb(world)]);
    await untilEmpty(world);
    const seconds = (performance.now() - began) / 1000;
    world.exits.push(...(await Promise.all(world.instances.map((instance) => instance.end()))));
    return await reportOf(world, fed, seconds);
  } finally {
    await removeWorld(world);
  }
}

async function makeWorld(plan: Plan): Promise<World> {
  const postgres = await makePostgres();
  await postgres.start();
  const home = await HOMES[plan.home]();
  const listener = await startListener();
  const chance = chanceOf(plan.seed);
  const world: World = {
    plan,
    chance,
    home,
    postgres,
    listener,
    instances: [],
    watch: new Watch(),
    exits: [],
    logged: new Map(),
    oneByOne: pLimit(1),
  };
  for (let index = 0; index < plan.instances; index++) world.instances.push(await instanceOf(world, index));
  return world;
}

function instanceOf({ plan, home, postgres, listener, watch, exits, logged }: World, index: number) {
  const databaseUrl = postgres.url.replace("owner@", `owner:${encodeURIComponent(password)}@`);
  const flow = soakFlow({
    storeUrl: home.url,
    databaseUrl,
    webhookUrl: listener.url,
    attempts: plan.attempts,
    linger: plan.linger ?? 0,
  });
  const { shutdownSeconds } = plan;
  const env: Record<string, string> =
    shutdownSeconds === undefined ? {} : { VCON_SHUTDOWN_SECONDS: String(shutdownSeconds) };
  return makeInstance(flow, env, {
    begun: (uuid) => watch.hasBegun(uuid, index),
    finished: (uuid) => watch.hasFinished(uuid),
    failed: (uuid) => watch.hasFailed(uuid),
    died: (code) => exits.push(code),
    logged: (text) => {
      const alike = text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "…");
      logged.set(alike, (logged.get(alike) ?? 0) + 1);
    },
  });
}

async function removeWorld({ instances, home, postgres, listener }: World): Promise<void> {
  await Promise.all(instances.map((instance) => instance.remove()));
  await Promise.all([home.remove(), postgres.remove(), listener.close()]);
}

function feedAll({ plan, instances }: World): Promise<Fed> {
  let turn = 0;
  const next = () => {
    const up = instances.filter(({ isUp }) => isUp);
    return up[turn++ % up.length]?.url;
  };
  return feed(conversationsOf(plan), next);
}

/** The poisoned ones spread evenly among the others. */
function conversationsOf({ conversations, poisoned }: Plan): Conversation[] {
  return Array.from({ length: conversations }, (_, index) => ({
    name: nameOf(index),
    text: isPoisoned(index, conversations, poisoned) ? `Some ${POISON}.` : "My kettle gets hot.",
  }));
}

const nameOf = (index: number): string => `conversation ${index}`;

function isPoisoned(index: number, all: number, poisoned: number): boolean {
  return Math.floor(((index + 1) * poisoned) / all) > Math.floor((index * poisoned) / all);
}

/** What is done to the world, and when. All chance is in it, so that a seed makes the same. */
interface Disturbance {
  /** After so many finished vCons. */
  after: number;
  /** From 0 to 1: which Node-RED, and how long it stays away. */
  which: number;
  away: number;
  strike(world: World, disturbance: Disturbance): Promise<void>;
}

const LONGEST_AWAY_MS = 1500;

function disturbancesOf({ plan, chance }: World): Disturbance[] {
  const { kills = 0, serverKills = 0, rollingRestarts = 0, conversations, poisoned } = plan;
  const strikes = [
    ...Array<Disturbance["strike"]>(kills).fill(killOne),
    ...Array<Disturbance["strike"]>(serverKills).fill(restartServer),
    ...Array<Disturbance["strike"]>(rollingRestarts).fill(restartAll),
  ];
  return strikes.map((strike) => ({
    after: (0.02 + 0.75 * chance.next()) * (conversations - poisoned),
    which: chance.next(),
    away: chance.next() * LONGEST_AWAY_MS,
    strike,
  }));
}

async function disturb(world: World): Promise<void> {
  const { watch } = world;
  const strike = async (disturbance: Disturbance): Promise<void> => {
    await until(world, () => watch.finished.size >= disturbance.after);
    await disturbance.strike(world, disturbance);
  };
  await Promise.all(disturbancesOf(world).map(strike));
}

async function killOne(world: World, { which, away }: Disturbance): Promise<void> {
  const { instances, watch } = world;
  const areUp = () => instances.filter(({ isUp }) => isUp);
  await until(world, () => areUp().length > 0);
  const victim = areUp()[Math.floor(which * areUp().length)]!;
  const gone = victim.kill();
  watch.wasKilled(instances.indexOf(victim));
  await gone;
  await sleep(away);
  await victim.start();
}

async function restartServer({ home, oneByOne }: World, { away }: Disturbance): Promise<void> {
  await oneByOne(() => home.restart(away));
}

async function restartAll(world: World): Promise<void> {
  const { instances, watch, exits, oneByOne } = world;
  await oneByOne(async () => {
    for (const [index, instance] of instances.entries()) {
      await until(world, () => instance.isUp);
      exits.push(await instance.end());
      watch.hasEnded(index);
      await instance.start();
    }
  });
}

async function untilEmpty(world: World): Promise<void> {
  const store = await openStore(world.home.url);
  const queue = (await store.delivery()).queue(QUEUE);
  try {
    await until(world, async () => isEmpty(await queue.counts()));
  } finally {
    await store.close();
  }
}

const isEmpty = ({ waiting, delayed, active }: QueueCounts): boolean => waiting + delayed + active === 0;

/** @throws where nothing happens for a long time */
async function until({ watch, logged }: World, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let [seen, at] = [watch.count, performance.now()]; !(await isSo()); await sleep(LOOK_MS)) {
    if (watch.count !== seen) [seen, at] = [watch.count, performance.now()];
    if (performance.now() - at < PATIENCE_MS) continue;
    const said = [...logged].map(([text, count]) => `  ${count} × ${text}`).join("\n");
    throw new Error(
      `Nothing has happened for a long time, after ${watch.finished.size} vCons. Logged:\n${said}`,
    );
  }
}

async function reportOf(world: World, fed: Fed, seconds: number): Promise<Report> {
  const { plan, home, postgres, listener, watch, exits, logged } = world;
  const { conversations, poisoned: count } = plan;
  const poisoned = new Set<string>();
  const good = new Set<string>();
  for (let index = 0; index < conversations; index++) {
    const uuid = fed.uuids.get(nameOf(index))!;
    (isPoisoned(index, conversations, count) ? poisoned : good).add(uuid);
  }
  const found = await inspect({ storeUrl: home.url, postgres, listener, good, poisoned });
  const again = (times: number) => Math.max(times - 1, 0);
  const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
  return {
    found,
    poisoned,
    exits,
    seconds,
    redeliveries: sum([...good].map((uuid) => again(watch.begun.get(uuid) ?? 0))),
    repeatedPosts: fed.repeated,
    repeatedCalls: sum([...listener.keys.values()].map((keys) => again(keys.length))),
    takeovers: watch.takeovers,
    logged,
  };
}
