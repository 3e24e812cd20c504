/**
 * How long the API takes, for 95 of 100 requests one after the other, with a million small vCons in the store: for the
 * newest page, for all 100 conversations with a number, for a page of an agent's 10,000, and to delete one. And how much
 * memory they take in Redis.
 */
import { addParty, buildNew, openStore, type Vcon } from "../core/index.ts";
import { type Figure, figure, type Measurement, percentile95 } from "./measurement.ts";
import { deleteOne, deployApi, type Requests, toApi } from "./support/api.ts";
import { type Home, ownHomes, redisHomes } from "./support/homes.ts";
import { EACH, send } from "./support/load.ts";
import { type BenchNodeRed, withNodeRed } from "./support/node-red.ts";
import { memoryOf } from "./support/redis-memory.ts";

const VCONS = 1_000_000;
const CREATED_AT_ONCE = 256;
const REQUESTS = 1000;
/** All have as many conversations. */
const NUMBERS = 10_000;
const AGENTS = 100;
const FIRST = Date.parse("2025-01-01T00:00:00Z");
const BETWEEN_MS = 10_000;

export const apiMillion: readonly Measurement[] = ownHomes.slice(0, 2).map((home) => ({
  name: `api million ${home.name}`,
  isLong: true,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const place = await home.open();
  const before = redisHomes.includes(home) ? await memoryOf(place.url) : undefined;
  const { perSecond, some } = await fill(place.url);
  const name = `api million ${home.name}`;
  const figures = [figure(`${name} created`, "vCons/s", [perSecond])];
  if (before !== undefined)
    figures.push(figure(`${name} memory of a vCon`, "B", [((await memoryOf(place.url)) - before) / VCONS]));

  await deployApi(nodeRed, place);
  const numbers = Array.from({ length: REQUESTS }, (_, index) => encodeURIComponent(numberOf(index * 7)));
  const agents = Array.from({ length: REQUESTS }, (_, index) => encodeURIComponent(agentOf(index)));
  const asked: [string, Requests, string[]][] = [
    [
      "newest page",
      { method: "GET", path: `/vcon?size=50&page=${EACH}`, status: 200 },
      numbers.map(() => "1"),
    ],
    ["by number", { method: "GET", path: `/vcons/search?tel=${EACH}`, status: 200 }, numbers],
    ["by agent, a page", { method: "GET", path: `/v1/vcons?mailto=${EACH}`, status: 200 }, agents],
    ["delete", deleteOne, some],
  ];
  for (const [what, requests, values] of asked) {
    const load = { ...toApi(nodeRed, requests), connections: 1 };
    await send({ ...load, values: values.slice(0, REQUESTS / 10) });
    const { latencies } = await send({ ...load, values: values.slice(REQUESTS / 10) });
    figures.push(percentile95(`${name} ${what}`, "ms", latencies));
  }
  await nodeRed.deploy([]);
  await place.remove([]);
  return figures;
}

/** @returns how many a second, and the UUIDs of as many as there are requests, of all times */
async function fill(url: string): Promise<{ perSecond: number; some: string[] }> {
  const store = await openStore(url, { country: "US" });
  const some: string[] = [];
  let next = 0;
  const createOn = async (): Promise<void> => {
    while (next < VCONS) {
      const index = next++;
      const vcon = small(index);
      if (index % (VCONS / REQUESTS) === 0) some.push(vcon.uuid);
      await store.create(vcon);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, createOn));
  const perSecond = (VCONS * 1000) / (performance.now() - began);
  await store.close();
  return { perSecond, some };
}

function small(index: number): Vcon {
  const vcon = buildNew({ created_at: new Date(FIRST + index * BETWEEN_MS).toISOString() });
  addParty(vcon, { role: "customer", tel: numberOf(index) });
  addParty(vcon, { role: "agent", mailto: agentOf(index) });
  return vcon;
}

function numberOf(index: number): string {
  return `+1202555${String(index % NUMBERS).padStart(4, "0")}`;
}

function agentOf(index: number): string {
  return `agent.${index % AGENTS}@example.com`;
}
