/**
 * How many bytes one tag step moves between Node-RED and Redis, each way, for each size of audio in the vCon: counted
 * by a proxy between the two.
 */
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { startCountingProxy } from "./support/counting-proxy.ts";
import { type Home, redisHomes } from "./support/homes.ts";
import { type BenchNodeRed, withNodeRed } from "./support/node-red.ts";
import { deployTags, type Size, sizes } from "./support/tag-chain.ts";

const RUNS = 3;
const VCONS = 50;

interface PerStep {
  toServer: number;
  fromServer: number;
}

export const bytes: readonly Measurement[] = redisHomes
  .filter(({ name }) => !name.endsWith("on disk"))
  .map((home) => ({
    name: `bytes ${home.name}`,
    measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
  }));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { label, bytes } of sizes) {
    const runs: PerStep[] = [];
    for (let run = 0; run < RUNS; run++) {
      runs.push(await count(nodeRed, home, { label, bytes, vCons: VCONS, visits: 1 }));
    }
    const name = `bytes ${home.name} ${label}`;
    figures.push(
      figure(
        `${name} to Redis`,
        "B/step",
        runs.map(({ toServer }) => toServer),
      ),
      figure(
        `${name} from Redis`,
        "B/step",
        runs.map(({ fromServer }) => fromServer),
      ),
    );
  }
  return figures;
}

async function count(nodeRed: BenchNodeRed, home: Home, size: Size): Promise<PerStep> {
  const place = await home.open();
  const proxy = await startCountingProxy(place.url);
  const tags = await deployTags(nodeRed, place, size, { length: 1, url: proxy.url });
  const before = { ...proxy };
  await tags.drive();
  const after = { ...proxy };
  await tags.close();
  await proxy.close();
  return {
    toServer: (after.toServer - before.toServer) / size.vCons,
    fromServer: (after.fromServer - before.fromServer) / size.vCons,
  };
}
