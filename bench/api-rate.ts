/**
 * How many requests a second the API answers, for each home: vCons of 0.7 kB that are posted for a queue, each fetched
 * for the first time, which the trail tells, and once more. By the same connections a bare function on Node-RED's own
 * HTTP server takes and gives the same bytes.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { newUuid } from "../core/index.ts";
import { type Figure, figure, type Measurement, ratio } from "./measurement.ts";
import { deployApi, getOne, post, toApi } from "./support/api.ts";
import { type Home, homes } from "./support/homes.ts";
import { EACH, type Load, send } from "./support/load.ts";
import { type BenchNodeRed, withNodeRed } from "./support/node-red.ts";
import { QUEUE } from "./support/queue.ts";
import { enquiry } from "./support/vcons.ts";

const RUNS = 5;
const REQUESTS = 6000;
const CONNECTIONS = 16;

const VCON = JSON.stringify({ ...enquiry(), uuid: newUuid() });
const BARE = "/bare";

export const apiRate: readonly Measurement[] = homes.map((home) => ({
  name: `api ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

/** What a run gave for one kind of requests. */
interface Rate {
  perSecond: number;
  /** Of the process that answers, in microseconds a request. */
  cpu: number;
  /** Of the process that asks, as a share of one core. */
  loadCpu: number;
}

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const place = await home.open();
  // Before the nodes mount anything: nothing of theirs is in its way.
  nodeRed.serve(BARE, bare);
  await deployApi(nodeRed, place);
  const posts = post({ ...enquiry(), uuid: EACH }, QUEUE);
  const kinds = {
    post: toApi(nodeRed, posts),
    "bare post": { ...posts, url: nodeRed.url, path: BARE },
    get: toApi(nodeRed, getOne),
    "get again": toApi(nodeRed, getOne),
    "bare get": { ...getOne, url: nodeRed.url, path: BARE },
  };
  const runs = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, [] as Rate[]]));
  const stored: string[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const uuids = Array.from({ length: REQUESTS }, newUuid);
    stored.push(...uuids);
    for (const [kind, load] of Object.entries(kinds)) {
      const rate = await rateOf({ ...load, values: uuids, connections: CONNECTIONS });
      // The first run warms up.
      if (run > 0) runs[kind]!.push(rate);
    }
  }
  await nodeRed.deploy([]);
  await place.remove(stored);

  const rates = (kind: keyof typeof kinds) => runs[kind]!.map(({ perSecond }) => perSecond);
  const name = `api ${home.name}`;
  return [
    ...(["post", "get", "get again"] as const).flatMap((kind) => [
      figure(`${name} ${kind}`, "1/s", rates(kind)),
      ratio(`${name} ${kind} / bare`, rates(kind), rates(kind === "post" ? "bare post" : "bare get")),
      figure(
        `${name} ${kind} CPU`,
        "µs",
        runs[kind]!.map(({ cpu }) => cpu),
      ),
    ]),
    figure(
      `${name} share of a core for asking`,
      "",
      runs["get again"]!.map(({ loadCpu }) => loadCpu),
    ),
  ];
}

async function rateOf(load: Load): Promise<Rate> {
  const before = process.cpuUsage();
  const { perSecond, cpu: loadCpu } = await send(load);
  const { user, system } = process.cpuUsage(before);
  return { perSecond, cpu: (user + system) / load.values.length, loadCpu };
}

async function bare(request: IncomingMessage, response: ServerResponse): Promise<void> {
  for await (const _piece of request);
  response.writeHead(request.method === "POST" ? 201 : 200, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(VCON),
  });
  response.end(VCON);
}
