/** Our own nodes within the flow of a job: what waits for a system outside, and what gathers vCons of several jobs. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../../delivery/taker.ts";
import type { FlowNode } from "../../support/node-red.ts";
import { chat, stored } from "../../support/vcons.ts";
import { Jobs, last, testNodes } from "./jobs.ts";

let jobs: Jobs;
let server: Server;
let url: string;
let bodies: string[] = [];
/** What has been asked and not been answered. */
let waiting: ((answer: string) => void)[] = [];
beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    bodies.push(body);
    waiting.push((answer) => response.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  jobs = await Jobs.start(testNodes);
});
afterAll(async () => {
  await jobs.stop();
  server.close();
  server.closeAllConnections();
});

const first = (type: string, settings: object = {}): FlowNode => ({
  id: "first",
  type,
  store: "store",
  wires: [["last"]],
  ...settings,
});
const chats = (...texts: string[]) => Promise.all(texts.map((text) => stored(jobs.store, chat(text))));

describe("A job", () => {
  it("is followed through a filter, by the output that fits", async () => {
    const find = { words: ["recall"], where: "anything", wires: [["last"], []] };
    await jobs.deploy([first("vcon-find-text", find), last]);
    await jobs.add(...(await chats("A recall.", "Good morning.", "Good evening.")));
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("is followed through a filter that reads nothing and answers in the same turn", async () => {
    await jobs.deploy([
      {
        id: "first",
        type: "function",
        func: "msg.topic = 'x'; return msg;",
        outputs: 1,
        wires: [["scales"]],
      },
      first("vcon-scales", { id: "scales", property: "weight", wires: [["last"], []] }),
      last,
    ]);
    await jobs.addMany(3);
    await jobs.held(3);
    await jobs.areRunning(3);
    jobs.release();
    await jobs.areDone();
  });

  it("is followed through a transform that waits for a system outside, and goes on with the copy", async () => {
    waiting = [];
    await jobs.deploy([first("vcon-headline", { url, as: "copy" }), last]);
    await jobs.add();
    await until(() => waiting.length === 1);
    await jobs.areRunning(1);
    waiting.pop()!("A headline");
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("fails with the code of the node's error, and begins again at that node when it is replayed from there", async () => {
    await jobs.deploy([
      { id: "first", type: "junction", wires: [["count", "read"]] },
      { id: "count", type: "test-holder" },
      first("vcon-read", { id: "read", parts: ["head"], uuid: "other" }),
      last,
    ]);
    const [uuid] = await chats("Good morning.");
    await jobs.add(uuid!);
    await jobs.held(1, "count");
    jobs.release(1, "count");
    const [letter] = await jobs.letters();
    expect(letter).toMatchObject({
      uuid,
      code: "NO_UUID",
      node: { id: "read", flow: "tab" },
      resumable: true,
    });
    await jobs.deployAs("full", [
      { id: "first", type: "junction", wires: [["count"]] },
      { id: "count", type: "test-holder" },
      first("vcon-read", { id: "read", parts: ["head"] }),
      last,
    ]);
    await jobs.queue.replay("all", "failed");
    const [{ msg } = { msg: {} }] = await jobs.held(1);
    expect(msg).toMatchObject({ payload: uuid, vcon: { uuid } });
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
    expect(await jobs.held(0, "count")).toEqual([]);
  });

  it("of several that a destination gathers ends when its own vCon has arrived", async () => {
    bodies = [];
    waiting = [];
    await jobs.deploy([first("vcon-letter-box", { url })]);
    const uuids = await chats("1", "2", "3", "4", "5", "6", "7", "8");
    await jobs.add(...uuids);
    await until(() => waiting.length === 1);
    await jobs.areRunning(8);
    // As many outcomes as there are letters: one of them is refused.
    const answer = () => {
      const letters: string[] = JSON.parse(bodies.at(-1)!);
      waiting.pop()!(JSON.stringify(letters.map((uuid) => (uuid === uuids[3] ? "never" : "here"))));
      return letters.length;
    };
    let left = 8 - answer();
    while (left > 0) {
      await until(() => waiting.length === 1);
      await jobs.areRunning(left);
      left -= answer();
    }
    expect(bodies.length).toBeLessThan(8);
    expect(await jobs.letters()).toMatchObject([{ uuid: uuids[3], code: "UNKNOWN", node: { id: "first" } }]);
  });

  it("that is handed on to another queue is added there once, however often the attempt is repeated", async () => {
    await jobs.deploy(
      [
        first("vcon-queue-out", { queue: "further", priority: "normal", delay: 0, wires: [["bad"]] }),
        { id: "bad", type: "function", func: "throw new Error('no luck');", outputs: 1, wires: [[]] },
      ],
      { attempts: 3 },
    );
    await jobs.add();
    expect(await jobs.letters()).toMatchObject([{ attempts: 3 }]);
    const further = (await jobs.store.delivery()).queue("further");
    expect(await further.counts()).toMatchObject({ waiting: 1 });
  });
});
