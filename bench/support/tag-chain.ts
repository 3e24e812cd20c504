/** A line of tag nodes, and vCons with so much audio to send through it. */
import type { OpenHome } from "./homes.ts";
import { type BenchNodeRed, line, type Message } from "./node-red.ts";
import { storeCalls } from "./vcons.ts";

export interface Size {
  label: string;
  /** Of audio, in the vCon itself. */
  bytes: number;
  /** As many as fit into the memory of Redis, and at least 100. */
  vCons: number;
  /** How often each goes through, so that a run is long enough to be measured; it gets other tags each time. */
  visits: number;
}

export const sizes = [
  { label: "1 kB", bytes: 1000, vCons: 12_000, visits: 1 },
  { label: "65 kB", bytes: 65_000, vCons: 3000, visits: 2 },
  { label: "1 MB", bytes: 1_000_000, vCons: 500, visits: 10 },
  { label: "10 MB", bytes: 10_000_000, vCons: 100, visits: 10 },
] as const satisfies Size[];

/** Small vCons that go first, so that connections are open, statements prepared and scripts known. */
const AHEAD = 64;

export interface TagChain {
  /** Sends the vCons through. @returns how many a second */
  drive(): Promise<number>;
  /** Closes the nodes' store and empties the home. */
  close(): Promise<void>;
}

/**
 * Stores vCons and deploys a line of `length` tag nodes. The nodes reach the home at `url`, which may lead there by
 * way of a proxy.
 */
export async function deployTags(
  nodeRed: BenchNodeRed,
  home: OpenHome,
  { bytes, vCons, visits }: Size,
  { length, url = home.url }: { length: number; url?: string },
): Promise<TagChain> {
  const ahead = await storeCalls(home.url, AHEAD, 1000);
  const uuids = await storeCalls(home.url, vCons, bytes);
  await nodeRed.deploy([
    { id: "store", type: "vcon-store", url },
    ...line(
      "tag",
      Array.from({ length }, (_, index) => tag(`step${index}`)),
    ),
  ]);
  const send = (those: string[], times: number) =>
    nodeRed.drive({ from: "tag source", to: "tag sink", next: repeated(those, times) });
  await send(ahead, 1);
  return {
    drive: () => send(uuids, visits),
    async close() {
      await nodeRed.deploy([]);
      await home.remove([...ahead, ...uuids]);
    },
  };
}

function tag(name: string) {
  return {
    type: "vcon-tag",
    store: "store",
    tags: [{ name, nameType: "str", value: "visit", valueType: "msg" }],
  };
}

/** A message for each of these vCons, and all over again. */
function repeated(uuids: readonly string[], times: number): () => Message | undefined {
  let sent = 0;
  return () => {
    const visit = Math.floor(sent / uuids.length);
    return visit < times ? { payload: uuids[sent++ % uuids.length], visit } : undefined;
  };
}
