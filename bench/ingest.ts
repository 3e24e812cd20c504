/**
 * How many vCons a second the create vCon node makes and stores, for each home of the store: chats of 1 kB, each with
 * the name that it has in the system it comes from.
 */
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { type Home, homes } from "./support/homes.ts";
import { type BenchNodeRed, line, payloads, withNodeRed } from "./support/node-red.ts";
import { type Chat, chatEvent } from "./support/vcons.ts";

const RUNS = 5;
const CHATS = 6000;
const AHEAD = 64;

const create = {
  type: "vcon-create",
  store: "store",
  conversation: "payload.id",
  conversationType: "msg",
  content: "messages",
  parties: [
    { role: "customer", name: "payload.customer", nameType: "msg" },
    { role: "agent", name: "Alice Archer", nameType: "str" },
  ],
};

export const ingest: readonly Measurement[] = homes.map((home) => ({
  name: `ingest ${home.name}`,
  measure: () => withNodeRed((nodeRed) => measure(nodeRed, home)),
}));

async function measure(nodeRed: BenchNodeRed, home: Home): Promise<Figure[]> {
  const runs: number[] = [];
  await runOnce(nodeRed, home);
  for (let run = 0; run < RUNS; run++) runs.push(await runOnce(nodeRed, home));
  return [figure(`ingest ${home.name}`, "vCons/s", runs)];
}

async function runOnce(nodeRed: BenchNodeRed, home: Home): Promise<number> {
  const place = await home.open();
  await nodeRed.deploy([{ id: "store", type: "vcon-store", url: place.url }, ...line("create", [create])]);
  const made: string[] = [];
  const send = (chats: Chat[]) =>
    nodeRed.drive({
      from: "create source",
      to: "create sink",
      next: payloads(chats),
      arrived: (message) => {
        made.push(String(message.payload));
      },
    });
  await send(chats("ahead", AHEAD));
  const perSecond = await send(chats("chat", CHATS));
  await nodeRed.deploy([]);
  await place.remove(made);
  return perSecond;
}

function chats(prefix: string, count: number): Chat[] {
  return Array.from({ length: count }, (_, index) => chatEvent(`${prefix} ${index}`));
}
