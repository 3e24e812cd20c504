/**
 * What the package costs Node-RED before the first message: memory after some seconds of rest, and the time from the
 * start of the process until its flows run. With the package, a node has used a store in SQLite by then.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../test/support/free-port.ts";
import { makeUserFolder, root } from "../test/support/node-red.ts";
import { type Figure, figure, type Measurement } from "./measurement.ts";

const RUNS = 7;
const REST_SECONDS = 3;

const uuid = "01928374-0000-8000-8000-000000000001";
/** One message that ends in a Catch node, in both flows. */
const place = { z: "tab", x: 0, y: 0 };
const flow = [
  { id: "tab", type: "tab", label: "benchmark" },
  {
    id: "once",
    type: "inject",
    ...place,
    once: true,
    payload: uuid,
    payloadType: "str",
    repeat: "",
    crontab: "",
    wires: [["find"]],
  },
  { id: "catch", type: "catch", ...place, scope: null, wires: [[]] },
];
/** The message asks for a vCon that is not there, so that the store is opened. */
const ours = [
  { id: "store", type: "vcon-store", url: "sqlite:bench.sqlite" },
  { id: "find", type: "vcon-find-text", ...place, store: "store", words: ["recall"], wires: [[], []] },
];

/** Of one start; memory in MB of 10^6 bytes. */
interface Start {
  seconds: number;
  memory: number;
  heap: number;
}

export const idle: Measurement = {
  name: "idle",
  async measure(): Promise<Figure[]> {
    const bare: Start[] = [];
    const full: Start[] = [];
    for (let run = 0; run < RUNS; run++) {
      bare.push(await start(mkdtempSync(join(tmpdir(), "vcon-bench-idle-")), flow));
      full.push(await start(makeUserFolder(), [...flow, ...ours]));
    }
    return [
      ...compare("start time", "s", ({ seconds }) => seconds),
      ...compare("memory", "MB", ({ memory }) => memory),
      ...compare("heap", "MB", ({ heap }) => heap),
    ];

    function compare(what: string, unit: string, of: (start: Start) => number): Figure[] {
      return [
        figure(`idle ${what} without`, unit, bare.map(of)),
        figure(`idle ${what} with`, unit, full.map(of)),
        figure(
          `idle ${what} more`,
          unit,
          full.map((start, run) => of(start) - of(bare[run]!)),
        ),
      ];
    }
  },
};

/** Starts Node-RED on this user folder, lets it rest, and ends it. */
async function start(userFolder: string, nodes: object[]): Promise<Start> {
  const port = await freePort();
  const settings = {
    uiHost: "127.0.0.1",
    uiPort: port,
    flowFile: "flows.json",
    telemetry: { enabled: false },
  };
  writeFileSync(join(userFolder, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
  writeFileSync(join(userFolder, "flows.json"), JSON.stringify(nodes));

  const began = performance.now();
  const child = fork(join(root, "hosts/node-red-5/node_modules/node-red/red.js"), ["--userDir", userFolder], {
    execArgv: ["--expose-gc", "--require", join(import.meta.dirname, "support/memory-probe.cjs")],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  await said(child, "Started flows");
  const seconds = (performance.now() - began) / 1000;
  await sleep(REST_SECONDS * 1000);
  const { rss, heap } = await ask(child);
  await end(child);
  rmSync(userFolder, { recursive: true, force: true });
  return { seconds, memory: rss / 1e6, heap: heap / 1e6 };
}

function said(child: ChildProcess, words: string): Promise<void> {
  let output = "";
  return new Promise((resolve, reject) => {
    child.stdout!.on("data", (text) => {
      output += text;
      if (output.includes(words)) resolve();
    });
    child.once("exit", () => reject(new Error(`Node-RED ended:\n${output}`)));
  });
}

function ask(child: ChildProcess): Promise<{ rss: number; heap: number }> {
  const answer = new Promise<{ rss: number; heap: number }>((resolve) =>
    child.once("message", (memory) => resolve(memory as never)),
  );
  child.send("memory");
  return answer;
}

function end(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  return exit;
}
