/** What a load has left in its store, compared with what was answered. Indexes are read past the store, which hides gaps. */
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { Redis } from "ioredis";
import { openStore, type Queue, type Vcon, type VconStore } from "../../core/index.ts";
import { CREATION_INDEX, elsewhereKey, partyKey, vconKey } from "../../core/store/redis/keys.ts";

/** Every list is of UUIDs, and to be empty. */
export interface LoadFound {
  /** Answered, and not in the store or not on the list. */
  lost: string[];
  notOnList: string[];
  /** More than once on the list. */
  doubled: string[];
  /** On the list, and not in the store. */
  withoutBody: string[];
  /** Not in the store as they were posted, or nobody has posted them. */
  changed: string[];
  /** In one place of the store and not in another. */
  half: string[];
}

export interface Load {
  list: string;
  /** What was posted, but for the UUID. */
  vcon: Vcon;
  posted: ReadonlySet<string>;
  answered: ReadonlySet<string>;
}

/** The UUIDs that stand in each of the places in which a vCon has to stand. */
type Places = [bodies: Set<string>, ...others: Set<string>[]];

const AT_ONCE = 50;
const PULLED_AT_ONCE = 1000;

export async function inspectLoad(url: string, { list, vcon, posted, answered }: Load): Promise<LoadFound> {
  const [bodies, ...others] = url.startsWith("sqlite:") ? inSqlite(url) : await inRedis(url, vcon);
  const store = await openStore(url, { country: "US" });
  try {
    const onList = await takeAll((await store.delivery()).queue(list));
    const known = new Set(onList);
    const again = new Set(onList);
    return {
      lost: without(answered, bodies),
      notOnList: without(answered, known),
      doubled: onList.filter((uuid) => !again.delete(uuid)),
      withoutBody: without(known, bodies),
      changed: await changedOf(store, bodies, vcon, posted),
      half: others.flatMap((place) => [...without(place, bodies), ...without(bodies, place)]),
    };
  } finally {
    await store.close();
  }
}

function without(uuids: ReadonlySet<string>, others: ReadonlySet<string>): string[] {
  return [...uuids].filter((uuid) => !others.has(uuid));
}

async function inRedis(url: string, { parties = [] }: Vcon): Promise<Places> {
  const client = new Redis(url);
  const keysOf = async (keyOf: (uuid: string) => string): Promise<Set<string>> => {
    const [before = "", after = ""] = keyOf(" ").split(" ");
    const keys = await client.keys(keyOf("*"));
    return new Set(keys.map((key) => key.slice(before.length, key.length - after.length)));
  };
  const entered = await client.zrange(CREATION_INDEX, 0, "-1");
  const byParty = parties.flatMap(({ tel, mailto, name }) =>
    Object.entries({ tel, mailto, name }).flatMap(([kind, value]) => (value ? partyKey(kind, value) : [])),
  );
  const places: Places = [
    await keysOf(vconKey),
    await keysOf(elsewhereKey),
    new Set(entered.map((key) => key.slice(vconKey("").length))),
    ...(await Promise.all(byParty.map(async (key) => new Set(await client.smembers(key))))),
  ];
  client.disconnect();
  return places;
}

/** Where the creation time is in the row of the vCon itself. @throws for a file whose tables don't fit together */
function inSqlite(url: string): Places {
  const database = new DatabaseSync(url.slice("sqlite:".length));
  const uuids = (sql: string) =>
    new Set(
      database
        .prepare(sql)
        .all()
        .map(({ uuid }) => String(uuid)),
    );
  const broken = [
    ...database.prepare("PRAGMA foreign_key_check").all(),
    ...database.prepare("SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok'").all(),
  ];
  if (broken.length > 0) throw new Error(`The tables don't fit together: ${JSON.stringify(broken[0])}`);
  const places: Places = [
    uuids("SELECT uuid FROM vcon"),
    uuids("SELECT vcon.uuid FROM vcon JOIN party ON party.vcon = vcon.id"),
    uuids("SELECT vcon.uuid FROM vcon JOIN element ON element.vcon = vcon.id"),
    uuids("SELECT uuid FROM trail"),
  ];
  database.close();
  return places;
}

async function takeAll(queue: Queue): Promise<string[]> {
  const taken: string[] = [];
  for (let some = await queue.pull(PULLED_AT_ONCE); some.length > 0; some = await queue.pull(PULLED_AT_ONCE))
    taken.push(...some);
  return taken;
}

async function changedOf(
  store: VconStore,
  bodies: ReadonlySet<string>,
  vcon: Vcon,
  posted: ReadonlySet<string>,
): Promise<string[]> {
  const changed: string[] = [];
  const left = [...bodies];
  const look = async (): Promise<void> => {
    for (let uuid = left.pop(); uuid !== undefined; uuid = left.pop()) {
      const isAsPosted = posted.has(uuid) && isDeepStrictEqual(await store.get(uuid), { ...vcon, uuid });
      if (!isAsPosted) changed.push(uuid);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return changed;
}
