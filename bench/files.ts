/**
 * What it takes Node-RED to write vCons of 10 MB of audio into files, for each home of the store: how fast, and how much
 * memory its process has at most until the tenth is written, and until the hundredth.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { type Home, homes } from "./support/homes.ts";
import { type BenchNodeRed, line, payloads, withNodeRed } from "./support/node-red.ts";

const RUNS = 3;
const VCONS = 100;
const FIRST = 10;
const AUDIO_BYTES = 10_000_000;
const AHEAD = 8;
const EVERY_MS = 10;

const formats = ["json", "gzip"] as const;
type Format = (typeof formats)[number];

export const files: readonly Measurement[] = homes
  .filter(({ name }) => !name.endsWith("on disk"))
  .flatMap((home) =>
    formats.map((format) => ({
      name: `files ${format} ${home.name}`,
      measure: () => withNodeRed((nodeRed) => measure(nodeRed, home, format)),
    })),
  );

async function measure(nodeRed: BenchNodeRed, home: Home, format: Format): Promise<Figure[]> {
  const place = await home.open();
  const uuids = await stored(place.url, AHEAD + VCONS);
  const [ahead, measured] = [uuids.slice(0, AHEAD), uuids.slice(AHEAD)];
  const folder = mkdtempSync(join(tmpdir(), "vcon-bench-files-"));
  const write = { type: "vcon-file", store: "store", folder, format, daily: true, timeLimit: 600 };
  const [speeds, tops, firstTops]: number[][] = [[], [], []];
  for (let run = 0; run < RUNS; run++) {
    await nodeRed.deploy([{ id: "store", type: "vcon-store", url: place.url }, ...line("write", [write])]);
    await written(nodeRed, ahead);
    rmSync(folder, { recursive: true });
    const { perSecond, top, firstTop } = await written(nodeRed, measured);
    rmSync(folder, { recursive: true });
    speeds!.push((perSecond * AUDIO_BYTES) / 1e6);
    tops!.push(top);
    firstTops!.push(firstTop);
  }
  await nodeRed.deploy([]);
  await place.remove(uuids);
  const name = `files ${format} ${home.name}`;
  return [
    figure(`${name} speed`, "MB/s", speeds!),
    figure(`${name} memory, ${FIRST} vCons`, "MB", firstTops!),
    figure(`${name} memory, ${VCONS} vCons`, "MB", tops!),
    ratio(`${name} memory, ${VCONS} / ${FIRST}`, tops!, firstTops!),
  ];
}

/** Writes these; memory in MB of 10^6 bytes. */
async function written(nodeRed: BenchNodeRed, uuids: readonly string[]) {
  let arrived = 0;
  let [top, firstTop] = [0, 0];
  const look = () => {
    top = Math.max(top, process.memoryUsage.rss() / 1e6);
    if (arrived <= FIRST) firstTop = top;
  };
  const looking = setInterval(look, EVERY_MS);
  const perSecond = await nodeRed.drive({
    from: "write source",
    to: "write sink",
    next: payloads(uuids),
    arrived: () => {
      arrived++;
    },
  });
  clearInterval(looking);
  look();
  return { perSecond, top, firstTop };
}

async function stored(url: string, count: number): Promise<string[]> {
  const child = fork(join(import.meta.dirname, "support/store-calls.ts"), [
    url,
    String(count),
    String(AUDIO_BYTES),
  ]);
  const [uuids] = (await once(child, "message")) as [string[]];
  return uuids;
}
