/**
 * Posts vCons to the API of a Node-RED over several connections for a while, in the middle of which the server of the
 * store is killed and started again, or the Node-RED where it has none; and tells what is there of them in the end.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { newUuid, type Vcon } from "../../core/index.ts";
import type { FlowNode } from "../support/node-red.ts";
import { chat } from "../support/vcons.ts";
import { inspectLoad, type LoadFound } from "./api-inspection.ts";
import { HOMES, type SoakHome } from "./home.ts";
import { type Instance, makeInstance } from "./instance.ts";

export interface LoadPlan {
  home: keyof typeof HOMES;
  seconds: number;
}

export interface LoadReport extends LoadFound {
  /** How many posts were answered with 201 before the kill, and how many of those that were sent after it. */
  answeredBefore: number;
  answeredAfter: number;
  /** How many had another answer, or none. */
  others: number;
}

const CONNECTIONS = 16;
const AWAY_MS = 300;
const PAUSE_MS = 50;
const PATIENCE_MS = 20_000;
const KEY = "load-key";
const LIST = "load";

/** Every vCon but for its UUID. */
const VCON: Vcon = chat("My kettle gets hot.", "Since when?");

/** By UUID what a post has come to, and whether it was sent before the kill. */
type Posts = Map<string, { isAnswered: boolean; isEarly: boolean }>;

export async function apiLoad({ home: kind, seconds }: LoadPlan): Promise<LoadReport> {
  const home = await HOMES[kind]();
  const flow: FlowNode[] = [
    { id: "store", type: "vcon-store", url: home.url, country: "US" },
    { id: "api", type: "vcon-api", store: "store" },
  ];
  const nobody = () => {};
  const instance = await makeInstance(
    flow,
    { VCON_API_KEY: KEY },
    { begun: nobody, finished: nobody, failed: nobody },
  );
  try {
    await instance.start();
    const posts = await postMeanwhile(instance, seconds * 1000, () => disturb(home, instance, kind));
    await instance.end();
    const all = [...posts.values()];
    const answered = new Set([...posts].filter(([, { isAnswered }]) => isAnswered).map(([uuid]) => uuid));
    return {
      ...(await inspectLoad(home.url, { list: LIST, vcon: VCON, posted: new Set(posts.keys()), answered })),
      answeredBefore: all.filter(({ isAnswered, isEarly }) => isAnswered && isEarly).length,
      answeredAfter: all.filter(({ isAnswered, isEarly }) => isAnswered && !isEarly).length,
      others: all.length - answered.size,
    };
  } finally {
    await instance.remove();
    await home.remove();
  }
}

async function postMeanwhile(
  instance: Instance,
  milliseconds: number,
  disturbance: () => Promise<void>,
): Promise<Posts> {
  const posts: Posts = new Map();
  let isEarly = true;
  let isOver = false;
  const sendOn = async (): Promise<void> => {
    while (!isOver) {
      const uuid = newUuid();
      const post = { isAnswered: false, isEarly };
      posts.set(uuid, post);
      post.isAnswered = await isStored(instance.url, uuid);
      if (!post.isAnswered) await sleep(PAUSE_MS);
    }
  };
  const senders = Promise.all(Array.from({ length: CONNECTIONS }, sendOn));
  await sleep(milliseconds / 2);
  await disturbance();
  isEarly = false;
  await sleep(milliseconds / 2);
  isOver = true;
  await senders;
  return posts;
}

async function disturb(home: SoakHome, instance: Instance, kind: LoadPlan["home"]): Promise<void> {
  if (kind === "redis") return home.restart(AWAY_MS);
  await instance.kill();
  await instance.start();
}

async function isStored(url: string, uuid: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/vcon?ingress_lists=${LIST}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-conserver-api-token": KEY },
      body: JSON.stringify({ ...VCON, uuid }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.text();
    return response.status === 201;
  } catch {
    return false;
  }
}
