/** What the kit does for every destination: gathers, sends again what may pass, and enters what became of each vCon. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ends, root } from "../../support/node-red.ts";
import { nodeRedForFile } from "../../support/node-red-for-file.ts";
import { chat, stored, storeNode } from "../../support/vcons.ts";

const { nodeRed, store } = await nodeRedForFile(join(root, "test/support/nodes"));
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    batches.push(JSON.parse(body || "[]"));
    requests.push(`${request.method} ${request.url}`);
    answer(batches.at(-1)!, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
});

/** The UUIDs of each batch that came, and what was asked for. */
let batches: string[][];
let requests: string[];
let answer: (uuids: string[], response: ServerResponse) => void;
beforeEach(async () => {
  batches = [];
  requests = [];
  answer = takeAll;
  await nodeRed.deploy([
    storeNode,
    { id: "node", type: "vcon-letter-box", store: "store", url, timeLimit: 2, wires: [["out"]] },
    ...ends,
  ]);
});

function say(response: ServerResponse, status: number, body: unknown = []): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function takeAll(uuids: string[], response: ServerResponse): void {
  const outcomes = uuids.map(() => "ok");
  say(response, 200, outcomes);
}

/** Batches wait for the test to take them, in their order. */
function holdAnswers(): (() => void)[] {
  const waiting: (() => void)[] = [];
  answer = (uuids, response) => waiting.push(() => takeAll(uuids, response));
  return waiting;
}

const some = (count: number) =>
  Promise.all(Array.from({ length: count }, () => stored(store, chat("Good morning."))));
const through = (payload: string) => nodeRed.through("node", { payload });

describe("messages that come fast", () => {
  it("go together, as many as may, and wait while a batch is on its way", async () => {
    const waiting = holdAnswers();
    const [first, ...others] = await some(24);
    const arrivals = [through(first!)];
    await expect.poll(() => batches.length).toBe(1);
    arrivals.push(...others.map(through));
    for (let batch = 0; batch < 4; batch++) {
      await expect.poll(() => waiting.length).toBe(batch + 1);
      expect(batches).toHaveLength(batch + 1);
      waiting[batch]!();
    }
    expect((await Promise.all(arrivals)).map(({ at }) => at)).toEqual(Array(24).fill("out"));
    expect(batches.map(({ length }) => length)).toEqual([1, 10, 10, 3]);
    expect(batches.flat().sort()).toEqual([first, ...others].sort());
  });
});

describe("a batch", () => {
  it("of which some did not arrive is sent again for those alone, and each fares by itself", async () => {
    const uuids = (await some(4)).sort();
    const [fine, full, nobody, moved] = uuids as [string, string, string, string];
    const said: Record<string, string[]> = {
      [fine]: ["ok"],
      [full]: ["later", "ok"],
      [nobody]: ["never"],
      [moved]: ["moved"],
    };
    answer = (batch, response) =>
      say(
        response,
        200,
        batch.map((uuid) => said[uuid]!.shift()),
      );
    const arrivals = await Promise.all(uuids.map(through));
    expect(arrivals.map(({ at }) => at)).toEqual(["out", "out", "failure", "out"]);
    expect(arrivals[2]!.message.error).toMatchObject({
      code: "UNKNOWN",
      message: expect.stringContaining(nobody),
    });
    expect(batches.at(-1)).toEqual([full]);
    for (const leftover of Object.values(said)) expect(leftover).toEqual([]);
    const [event] = await store.trail(moved);
    expect(event).toMatchObject({ handle: { box: 2 } });
  });

  it("is halved where one in it is at fault, until that one is alone", async () => {
    const uuids = await some(10);
    const bad = uuids[6]!;
    answer = (batch, response) => (batch.includes(bad) ? say(response, 422) : takeAll(batch, response));
    const arrivals = await Promise.all(uuids.map(through));
    expect(arrivals.flatMap(({ at }, index) => (at === "failure" ? [index] : []))).toEqual([6]);
    expect(batches.filter((batch) => batch.includes(bad)).at(-1)).toEqual([bad]);
  });

  it("has not arrived where less is said of it than of each", async () => {
    answer = (_, response) => say(response, 200, ["ok"]);
    const uuids = await some(3);
    const arrivals = await Promise.all(uuids.map(through));
    expect(arrivals.map(({ at }) => at)).toEqual(["failure", "failure", "failure"]);
    for (const uuid of uuids) expect(await store.trail(uuid)).toMatchObject([{ failed: true }]);
  });

  it("that fails as a whole fails each of its messages, each with its vCon's name", async () => {
    answer = (_, response) => say(response, 403);
    const uuids = await some(3);
    const arrivals = await Promise.all(uuids.map(through));
    for (const [index, { at, message }] of arrivals.entries()) {
      expect(at).toBe("failure");
      expect(message.error).toMatchObject({ code: "403", message: expect.stringContaining(uuids[index]!) });
    }
    expect(batches.flat()).toHaveLength(3);
  });
});

describe("the trail", () => {
  it("says of what was not confirmed that it failed, and where the copy would be", async () => {
    answer = () => {};
    const [uuid] = await some(1);
    expect(await through(uuid!)).toMatchObject({
      at: "failure",
      message: { error: { code: "TIME_LIMIT", message: expect.stringContaining("The letter box") } },
    });
    expect(await store.trail(uuid!)).toMatchObject([
      { event: "vcon_sent", failed: true, handle: { box: 1 }, recipient: { vendor: "letter box" } },
    ]);
  });

  it("does not name who was never reached", async () => {
    server.close();
    server.closeAllConnections();
    const [uuid] = await some(1);
    expect(await through(uuid!)).toMatchObject({
      at: "failure",
      message: { error: { code: "ECONNREFUSED" } },
    });
    expect(await store.trail(uuid!)).toEqual([]);
    const { port } = new URL(url);
    await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
  });

  it("leads to the copy that is to be erased", async () => {
    const [uuid] = await some(1);
    await through(uuid!);
    const [event] = await store.trail(uuid!);
    await nodeRed.erase("node", uuid!, event!.handle!);
    expect(requests.at(-1)).toBe(`DELETE /1/${uuid}`);
  });
});

describe("an erasure", () => {
  it("waits for the copy that is on its way, so that none is left behind", async () => {
    const waiting = holdAnswers();
    const [uuid] = await some(1);
    const arrival = through(uuid!);
    await expect.poll(() => waiting.length).toBe(1);
    answer = takeAll;
    const erasing = nodeRed.erase("node", uuid!, { box: 1 });
    // As long as it would take if it did not wait.
    await Promise.race([erasing, pause(300)]);
    waiting[0]!();
    await Promise.all([arrival, erasing]);
    expect(requests.map((request) => request.split(" ")[0])).toEqual(["POST", "DELETE"]);
    const trail = await store.trail(uuid!);
    expect(trail.map(({ event }) => event)).toEqual(["vcon_sent", "vcon_deleted"]);
  });
});

describe("a redeploy", () => {
  it("begins nothing new, and logs which vCons went no further", async () => {
    // What is on its way gets no answer, and ends with the time limit.
    answer = () => {};
    const uuids = await some(30);
    for (const payload of uuids) nodeRed.send("node", { payload });
    await expect.poll(() => batches.length).toBe(1);
    await nodeRed.redeploy();
    expect(batches.flat().length).toBeLessThan(uuids.length);
    const lines = nodeRed.log.filter(({ message }) =>
      message.startsWith("The flow was stopped while 30 vCons"),
    );
    expect(lines).toHaveLength(1);
    for (const uuid of uuids) expect(lines[0]!.message).toContain(uuid);
  });

  it("lets a batch that is on its way arrive", async () => {
    const waiting = holdAnswers();
    const [uuid] = await some(1);
    nodeRed.send("node", { payload: uuid });
    await expect.poll(() => waiting.length).toBe(1);
    const redeployed = nodeRed.redeploy();
    waiting[0]!();
    await redeployed;
    expect(await store.trail(uuid!)).toMatchObject([{ event: "vcon_sent", handle: { box: 1 } }]);
  });
});
