/** What a soak has left behind, compared with what had to be. */
import {
  type DeadLetter,
  openStore,
  PROJECTION_TYPE,
  type QueueCounts,
  type TrailEvent,
  tagsIn,
  type Vcon,
} from "../../core/index.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { QUEUE, TABLE, TAG } from "./flow.ts";
import type { WebhookListener } from "./listener.ts";

/** Every list is of UUIDs, and to be empty. */
export interface Found {
  rows: number;
  /** In the store, poisoned ones too. */
  vCons: number;
  withoutRow: string[];
  /** Rows that are no fed vCon's. */
  strangeRows: string[];
  /** A step's result stands in it not once. */
  wrongVcons: string[];
  wrongTrails: string[];
  /** The webhook was not told of them, or under other keys than one. */
  wrongKeys: string[];
  left: QueueCounts;
  deadLetters: DeadLetter[];
}

interface Left {
  storeUrl: string;
  postgres: TestPostgres;
  listener: WebhookListener;
  /** Those that had to get through. */
  good: ReadonlySet<string>;
  poisoned: ReadonlySet<string>;
}

/** How many vCons are read at once. */
const AT_ONCE = 50;

export async function inspect({ storeUrl, postgres, listener, good, poisoned }: Left): Promise<Found> {
  const store = await openStore(storeUrl);
  const queue = (await store.delivery()).queue(QUEUE);
  const rows = (await postgres.query(`SELECT uuid FROM ${TABLE}`)).map(({ uuid }) => String(uuid));
  const withRow = new Set(rows);
  const found: Found = {
    rows: rows.length,
    vCons: (await store.list({ limit: 2 * (good.size + poisoned.size) })).length,
    withoutRow: [...good].filter((uuid) => !withRow.has(uuid)),
    strangeRows: rows.filter((uuid) => !good.has(uuid)),
    wrongVcons: await wrongOf(good, async (uuid) => isWorkedOnOnce((await store.get(uuid)) as Vcon)),
    wrongTrails: await wrongOf(good, async (uuid) => isSane(await store.trail(uuid))),
    wrongKeys: [...good].filter((uuid) => new Set(listener.keys.get(uuid)).size !== 1),
    left: await queue.counts(),
    deadLetters: await queue.deadLetters({ limit: 1000 }),
  };
  await store.close();
  return found;
}

async function wrongOf(
  uuids: ReadonlySet<string>,
  isRight: (uuid: string) => Promise<boolean>,
): Promise<string[]> {
  const wrong: string[] = [];
  const left = [...uuids];
  const look = async () => {
    for (let uuid = left.pop(); uuid !== undefined; uuid = left.pop())
      if (!(await isRight(uuid))) wrong.push(uuid);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return wrong;
}

function isWorkedOnOnce(vcon: Vcon): boolean {
  const tags = tagsIn(vcon).filter(({ name, value }) => name === TAG.name && value === TAG.value);
  const projections = (vcon.analysis ?? []).filter(({ type }) => type === PROJECTION_TYPE);
  return tags.length === 1 && projections.length === 1 && vcon.dialog?.length === 1;
}

/** Made once and enhanced once by each step; sent to each system at least once, and nowhere else. */
function isSane(trail: TrailEvent[]): boolean {
  const count = (event: TrailEvent["event"], node: string) =>
    trail.filter((one) => one.event === event && one.node?.id === node && !one.failed).length;
  const once = count("vcon_created", "create") === 1 && count("vcon_enhanced", "first") === 1;
  const drawn = count("vcon_enhanced", "draw") === 1;
  const sent = count("vcon_sent", "last") + count("vcon_sent", "tell");
  const all = 3 + sent + trail.filter(({ failed }) => failed).length;
  return (
    once && drawn && count("vcon_sent", "last") > 0 && count("vcon_sent", "tell") > 0 && all === trail.length
  );
}
