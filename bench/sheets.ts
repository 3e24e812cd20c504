/**
 * How many requests the Google Sheets node makes for 1,000 rows that come at once, and how fast they are written, at
 * a stand-in on the same machine. The pauses that spare Google's quota count too.
 */
import { openStore } from "../core/index.ts";
import { type GoogleStandIn, makeServiceAccount, startGoogleStandIn } from "../test/stand-ins/google.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";
import { homes } from "./support/homes.ts";
import { type BenchNodeRed, line, payloads, withNodeRed } from "./support/node-red.ts";
import { withRow } from "./support/vcons.ts";

const RUNS = 5;
const ROWS = 1000;

const account = makeServiceAccount();
const write = {
  type: "vcon-google-sheets",
  store: "store",
  account: "account",
  tab: "Conversations",
  projection: "conversation",
  rows: "newest",
  key: "uuid",
  timeLimit: 60,
};

export const sheets: Measurement = {
  name: "rows to google sheets",
  measure: async () => {
    const google = await startGoogleStandIn({ accounts: [account] });
    try {
      return await withNodeRed((nodeRed) => measure(nodeRed, google));
    } finally {
      await google.close();
    }
  },
};

async function measure(nodeRed: BenchNodeRed, google: GoogleStandIn): Promise<Figure[]> {
  const place = await homes[0]!.open();
  const store = await openStore(place.url);
  const uuids: string[] = [];
  for (let index = 0; index < ROWS; index++) {
    const vcon = withRow();
    await store.create(vcon);
    uuids.push(vcon.uuid);
  }
  const requests: number[] = [];
  const perSecond: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    await deploy(nodeRed, place.url, google);
    google.requests.length = 0;
    const next = payloads(uuids);
    const speed = await nodeRed.drive({ from: "sheets source", to: "sheets sink", next, inFlight: ROWS });
    // The first run warms up.
    if (run === 0) continue;
    requests.push(google.requests.length);
    perSecond.push(speed);
  }
  await store.close();
  await nodeRed.deploy([]);
  await place.remove(uuids);
  return [
    figure("rows to google sheets, 1,000 at once", "requests", requests),
    figure("rows to google sheets, 1,000 at once", "rows/s", perSecond),
  ];
}

/** Into a spreadsheet of its own, which has no tab for the rows yet. */
async function deploy(nodeRed: BenchNodeRed, url: string, google: GoogleStandIn): Promise<void> {
  const { id } = google.makeWorkbook();
  const nodes = [
    { id: "store", type: "vcon-store", url },
    { id: "account", type: "vcon-google-account", url: google.url },
    ...line("sheets", [{ ...write, spreadsheet: id }]),
  ];
  await nodeRed.deploy(nodes, { account: { key: account.keyFile } });
}
