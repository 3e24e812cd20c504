/** Jobs whose messages meet: each waits for what became of its own, and for nothing else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../delivery/taker.ts";
import type { FlowNode } from "../../support/node-red.ts";
import { chat, stored } from "../../support/vcons.ts";
import { catcher, holder, Jobs, last } from "./jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-following-"));
let jobs: Jobs;
let uuids: string[];
beforeAll(async () => {
  jobs = await Jobs.start();
  uuids = await Promise.all(Array.from({ length: 4 }, () => stored(jobs.store, chat("Good morning."))));
});
afterAll(async () => {
  await jobs.stop();
  rmSync(folder, { recursive: true, force: true });
});

const fn = (id: string, func: string, wires: string[][] = [["last"]]): FlowNode => ({
  id,
  type: "function",
  func,
  outputs: wires.length,
  wires,
});
const joining = (id: string, settings: object = {}): FlowNode => ({
  id,
  type: "join",
  mode: "custom",
  build: "array",
  property: "payload",
  propertyType: "msg",
  joiner: "\\n",
  count: "3",
  useparts: false,
  wires: [["last"]],
  ...settings,
});

describe("Joined messages", () => {
  const letters = async () => (await jobs.letters()).map(({ uuid, reason }) => ({ uuid, reason }));
  const three = () => uuids.slice(0, 3);

  it("are waited for by all their jobs", async () => {
    await jobs.deploy([joining("first"), last]);
    await jobs.add(...three());
    expect((await jobs.held(1))[0]!.msg.payload).toEqual(three());
    await jobs.areRunning(3);
    jobs.release();
    await jobs.areDone();
  });

  it("are waited for by the jobs whose parts are there when the time is up", async () => {
    await jobs.deploy([joining("first", { count: "5", timeout: "0.2" }), last]);
    await jobs.add(...three());
    await jobs.held(1);
    await jobs.areRunning(3);
    jobs.release();
    await jobs.areDone();
  });

  it("fail all their jobs, each with its own UUID and no message of another", async () => {
    await jobs.deploy([joining("first", { wires: [["bad"]] }), fn("bad", "throw new Error('no luck');")]);
    await jobs.add(...three());
    expect((await letters()).sort((a, b) => uuids.indexOf(a.uuid) - uuids.indexOf(b.uuid))).toEqual(
      three().map((uuid) => ({ uuid, reason: expect.stringContaining("no luck") })),
    );
    const resumable = (await jobs.letters()).filter(({ resumable }) => resumable);
    expect(resumable).toHaveLength(1);
  });

  it("fail none of their jobs where a Catch node handles it", async () => {
    await jobs.deploy([
      joining("first", { wires: [["bad"]] }),
      fn("bad", "throw new Error('no luck');"),
      catcher(),
      last,
    ]);
    await jobs.add(...three());
    await jobs.held(1);
    await jobs.areRunning(3);
    jobs.release();
    await jobs.areDone();
  });

  it("do not make a job fail that had no part in them", async () => {
    await jobs.deploy([
      fn("first", `return msg.payload === "${uuids[3]}" ? [null, msg] : [msg, null];`, [["join"], ["last"]]),
      joining("join", { wires: [["bad"]] }),
      fn("bad", "throw new Error('no luck');"),
      last,
    ]);
    await jobs.add(...uuids);
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    expect((await letters()).map(({ uuid }) => uuid).sort()).toEqual(three().sort());
  });

  it("are waited for by a job that has another branch, too, and by the others also if that fails", async () => {
    await jobs.deploy([
      fn("first", `return [msg, msg.payload === "${uuids[0]}" ? { payload: 1 } : null];`, [
        ["join"],
        ["bad"],
      ]),
      joining("join"),
      fn("bad", "throw new Error('no luck');"),
      last,
    ]);
    await jobs.add(...three());
    await jobs.held(1);
    await jobs.areRunning(3);
    jobs.release();
    expect(await letters()).toEqual([{ uuid: uuids[0], reason: expect.stringContaining("no luck") }]);
  });

  it("are waited for where jobs wait for each other, in two places", async () => {
    // The one comes last here, the other there.
    await jobs.deploy([
      fn(
        "first",
        `if (msg.payload === "${uuids[0]}") { node.send([msg, null]); setTimeout(() => { node.send([null, msg]); node.done(); }, 60); }
         else setTimeout(() => { node.send([null, msg]); setTimeout(() => { node.send([msg, null]); node.done(); }, 60); }, 0);`,
        [["here"], ["there"]],
      ),
      joining("here", { count: "2" }),
      joining("there", { count: "2" }),
      last,
    ]);
    await jobs.add(...uuids.slice(0, 2));
    await jobs.held(2);
    jobs.release(1);
    await jobs.areRunning(2);
    jobs.release();
    await jobs.areDone();
  });

  it.each([
    ["was sent by nobody's job", "in", { payload: "other" }],
    ["belongs to a job that has ended already", "ended", { payload: "other", _vconRun: "ended" }],
  ])("are waited for also where the last part %s", async (_, __, message) => {
    await jobs.deploy([
      fn("first", "return { payload: msg.payload };", [["join"]]),
      joining("join", { build: "string" }),
      last,
    ]);
    await jobs.add(...uuids.slice(0, 2));
    await jobs.areRunning(2);
    jobs.nodeRed.send("join", message);
    await jobs.held(1);
    await jobs.areRunning(2);
    jobs.release();
    await jobs.areDone();
  });

  it("are waited for by the others where a finish node has ended the job of the last part before", async () => {
    await jobs.deploy([
      fn("first", `return msg.payload === "${uuids[0]}" ? [msg, null] : [null, msg];`, [
        ["gate", "finish"],
        ["join"],
      ]),
      { id: "gate", type: "test-holder", wires: [["join"]] },
      { id: "finish", type: "vcon-finish", outcome: "done" },
      joining("join", { count: "2" }),
      last,
    ]);
    await jobs.add(uuids[0]!);
    await jobs.areDone();
    await jobs.add(uuids[1]!);
    await jobs.areRunning(1);
    for (const { msg, send, done } of await jobs.held(1, "gate")) {
      send(msg);
      done();
    }
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});

describe("A sequence that a switch puts in order", () => {
  /** Of the first vCon the third part takes another way. */
  const flow = (other: FlowNode): FlowNode[] => [
    fn("first", `msg.other = msg.payload === "${uuids[0]}"; msg.payload = [1, 2, 3]; return msg;`, [
      ["split"],
    ]),
    { id: "split", type: "split", arraySplt: 1, wires: [["parts"]] },
    fn("parts", "return msg.other && msg.payload === 3 ? [null, msg] : [msg, null];", [
      ["switch"],
      ["other"],
    ]),
    { ...other, id: "other", wires: [["switch"]] },
    {
      id: "switch",
      type: "switch",
      property: "payload",
      propertyType: "msg",
      rules: [{ t: "gt", v: "0", vt: "num" }],
      checkall: "true",
      repair: true,
      wires: [["last"]],
    },
    last,
  ];

  it("is held until all its parts have come, whatever passes by it", async () => {
    await jobs.deploy(flow({ id: "", type: "test-holder" }));
    await jobs.add(uuids[0]!);
    const [held] = await jobs.held(1, "other");
    await jobs.add(uuids[1]!, uuids[2]!);
    await jobs.held(6);
    jobs.release();
    await jobs.areRunning(1);
    held!.send(held!.msg);
    held!.done();
    await jobs.held(3);
    jobs.release(2);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("is not acknowledged where one of its parts does not come", async () => {
    await jobs.deploy(flow({ id: "", type: "function", func: "return null;", outputs: 1 }));
    await jobs.add(...uuids);
    await jobs.held(9);
    jobs.release();
    await jobs.areRunning(1);
  });
});

describe("A message that is kept", () => {
  it("and sent again for another job belongs to that one, while the first still runs", async () => {
    await jobs.deploy([
      fn("first", "const kept = context.get('kept') ?? msg; context.set('kept', kept); return kept;"),
      last,
    ]);
    await jobs.add(uuids[0]!);
    await jobs.held(1);
    await jobs.add(uuids[1]!);
    await jobs.held(2);
    await jobs.areRunning(2);
    jobs.release(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });

  it("and sent again for another job belongs to that one, after the first has ended", async () => {
    await jobs.deploy([
      fn("first", "const kept = context.get('kept') ?? msg; context.set('kept', kept); return kept;"),
      last,
    ]);
    for (const uuid of uuids) {
      await jobs.add(uuid);
      await jobs.held(1);
      await jobs.areRunning(1);
      jobs.release();
      await jobs.areDone();
    }
  });

  it("by a trigger is waited for, and by the one that came in its place no longer", async () => {
    await jobs.deploy([
      {
        id: "first",
        type: "trigger",
        op1: "",
        op1type: "nul",
        op2: "",
        op2type: "payl",
        duration: "700",
        units: "ms",
        extend: "true",
        bytopic: "all",
        topic: "topic",
        outputs: 1,
        wires: [["last"]],
      },
      last,
    ]);
    await jobs.add(uuids[0]!);
    await jobs.areRunning(1);
    await jobs.add(uuids[1]!);
    // The trigger has dropped the first: that is what it was put there for.
    await until(async () => (await jobs.queue.counts()).active === 1);
    await jobs.held(1);
    await jobs.areRunning(1);
    jobs.release();
    await jobs.areDone();
  });
});

describe("An error", () => {
  it("fails the job whose message the node was working on, and not the one before it in the node's line", async () => {
    await jobs.deploy([
      fn(
        "first",
        `msg.filename = msg.payload === "${uuids[1]}" ? "${join(folder, "none", "x")}" : "${join(folder, "x")}"; return msg;`,
        [["file"]],
      ),
      {
        id: "file",
        type: "file",
        filename: "filename",
        filenameType: "msg",
        overwriteFile: "true",
        appendNewline: false,
        wires: [["last"]],
      },
      last,
    ]);
    await jobs.add(...uuids);
    await jobs.held(3);
    await jobs.areRunning(3);
    jobs.release();
    expect(await jobs.letters()).toMatchObject([
      { uuid: uuids[1], reason: /ENOENT/.source && expect.stringMatching("ENOENT"), node: { id: "file" } },
    ]);
  });
});

describe("Many jobs at once", () => {
  const MANY = 500;
  const nodes = (id: string): FlowNode[] => [
    {
      id: "first",
      type: "switch",
      property: "payload",
      propertyType: "msg",
      rules: [{ t: "nnull", v: "", vt: "str" }],
      checkall: "true",
      wires: [["split"]],
    },
    fn("split", "msg.payload = [1, 2]; return msg;", [["halves"]]),
    { id: "halves", type: "split", arraySplt: 1, wires: [["sub"]] },
    {
      id: "door",
      type: "subflow",
      name: "door",
      in: [{ x: 0, y: 0, wires: [{ id: "within" }] }],
      out: [{ x: 0, y: 0, wires: [{ id: "within", port: 0 }] }],
    },
    { ...fn("within", "await null; return { payload: msg.payload, parts: msg.parts };", [[]]), z: "door" },
    { id: "sub", type: "subflow:door", wires: [["wait"]] },
    {
      id: "wait",
      type: "delay",
      pauseType: "random",
      randomFirst: "1",
      randomLast: "20",
      randomUnits: "milliseconds",
      timeout: "1",
      rate: "1",
      nbRateUnits: "1",
      rateUnits: "second",
      wires: [["both"]],
    },
    { id: "both", type: "join", mode: "auto", wires: [[id]] },
  ];
  beforeEach(() => jobs.deploy([...nodes("last"), last]));

  it("are each acknowledged when their own message has ended", async () => {
    await jobs.addMany(MANY);
    await jobs.held(MANY);
    await jobs.areRunning(MANY);
    for (let left = MANY; left > 0; left -= 100) {
      jobs.release(100);
      await jobs.areRunning(left - 100);
    }
    await jobs.areDone();
    expect(holder("last")).toEqual([]);
  });
});
