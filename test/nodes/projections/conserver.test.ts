/** The conserver node, which sends to the vCon API of the same Node-RED over another store, and its client. */
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  addAnalysis,
  encodeBase64Url,
  newUuid,
  openStore,
  VconApiClient,
  type VconStore,
} from "../../../core/index.ts";
import { freePort } from "../../support/free-port.ts";
import { ends } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { call, chat, encrypted, inline, signed, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile();

/** What the other side keeps. */
let other: VconStore;
beforeAll(async () => {
  other = await openStore("sqlite:other.sqlite", { folder: nodeRed.userFolder });
});
afterAll(() => other.close());

const KEY = "key-of-the-api";

async function deploy(settings: object = {}, key = KEY): Promise<void> {
  await nodeRed.deploy(
    [
      storeNode,
      { id: "other", type: "vcon-store", url: "sqlite:other.sqlite" },
      { id: "api", type: "vcon-api", store: "other" },
      {
        id: "node",
        type: "vcon-conserver",
        store: "store",
        url: `${nodeRed.url}/api`,
        timeLimit: 30,
        wires: [["out"]],
        ...settings,
      },
      ...ends,
    ],
    { api: { adminKeys: `tester:${KEY}` }, node: { key } },
  );
}

async function sent(uuid: string): Promise<void> {
  const { at, message } = await nodeRed.through("node", { payload: uuid });
  expect(at, message.error?.message ?? "").toBe("out");
}

async function refused(uuid: string): Promise<string> {
  const { at, message } = await nodeRed.through("node", { payload: uuid });
  expect(at).toBe("failure");
  return message.error!.message;
}

it("sends the whole vCon, its recording with it, and names the other side in the trail", async () => {
  await deploy();
  const vcon = call(inline(new Uint8Array(300_000).fill(7)));
  await stored(store, vcon);
  await sent(vcon.uuid);
  expect(await other.get(vcon.uuid)).toEqual(await store.get(vcon.uuid));
  const [, event] = [undefined, ...(await store.trail(vcon.uuid))];
  const host = new URL(nodeRed.url).host;
  expect(event).toMatchObject({ event: "vcon_sent", recipient: { vendor: "Conserver", host } });
  expect(event!.recipient!.categories).toEqual(["parties", "recording"]);
});

it("puts it into the lists that are set", async () => {
  await deploy({ lists: ["incoming", "second"] });
  const uuid = await stored(store, chat("Hello"));
  await sent(uuid);
  const client = new VconApiClient({ url: `${nodeRed.url}/api`, key: KEY });
  expect(await client.take("incoming", 10)).toEqual([uuid]);
  expect(await client.depth("second")).toBe(1);
});

it.each([
  ["signed", signed],
  ["encrypted", encrypted],
])("sends a %s one as it is", async (_form, make) => {
  await deploy();
  const uuid = newUuid();
  await stored(store, make(uuid));
  await sent(uuid);
  expect(await other.get(uuid)).toEqual(await store.get(uuid));
});

it("sends one that has not changed only once, and what was added when it has", async () => {
  await deploy();
  const uuid = await stored(store, chat("Hello"));
  await sent(uuid);
  await sent(uuid);
  expect((await other.trail(uuid)).map(({ event }) => event)).toEqual(["vcon_received"]);
  const withAnalysis = chat();
  addAnalysis(withAnalysis, { type: "summary", vendor: "example", body: "A greeting.", encoding: "none" });
  await store.append(uuid, { analysis: withAnalysis.analysis! });
  await sent(uuid);
  expect((await other.read(uuid, ["analysis:summary"])).analysis.size).toBe(1);
});

it("has the other side delete its copy, and refuses to where the address is another one", async () => {
  await deploy();
  const uuid = await stored(store, chat("Hello"));
  await sent(uuid);
  const handle = (await store.trail(uuid)).at(-1)!.handle!;
  await expect(nodeRed.erase("node", uuid, { ...handle, receiver: "another" })).rejects.toThrow(
    /another address/,
  );
  expect(await other.list({ limit: 1000 })).toContain(uuid);
  await nodeRed.erase("node", uuid, handle);
  await nodeRed.erase("node", uuid, handle);
  expect(await other.list({ limit: 1000 })).not.toContain(uuid);
});

it("says what is wrong with a key, an address, and another side that is away", async () => {
  const uuid = await stored(store, chat("Hello"));
  await deploy({}, "a wrong key");
  expect(await refused(uuid)).toMatch(/The conserver answered 403\. The key may not do this/);
  await deploy({ url: "conserver.example.com" });
  expect(await refused(uuid)).toMatch(/"URL" is no address/);
  await deploy({ url: `http://127.0.0.1:${await freePort()}/api` });
  const unseen = await stored(store, chat("Hello"));
  expect(await refused(unseen)).toMatch(/can't be reached \(ECONNREFUSED\)/);
  expect(await store.trail(unseen)).toEqual([]);
});

it("writes an older syntax for a side that knows no newer", async () => {
  await deploy({ syntax: "container00" });
  const vcon = call({ ...inline(Buffer.from("audio")), body: encodeBase64Url(Buffer.from("audio")) });
  await stored(store, vcon);
  await sent(vcon.uuid);
  expect(await other.get(vcon.uuid)).toMatchObject({ vcon: "0.4.0", uuid: vcon.uuid });
});
