/** A Node-RED process that is asked to end: it takes no more jobs, ends what runs in the time it has, and returns the rest. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStore, type Queue, type VconStore } from "../../../core/index.ts";
import { until } from "../../delivery/taker.ts";
import { freePort } from "../../support/free-port.ts";
import { makeUserFolder, root } from "../../support/node-red.ts";
import { chat, stored } from "../../support/vcons.ts";

const AT_ONCE = 2;
const JOBS = 5;

let folder: string;
let store: VconStore;
let queue: Queue;
let nodeRed: ChildProcess | undefined;
let output: string;

beforeEach(async () => {
  folder = makeUserFolder();
  store = await openStore("sqlite:test.sqlite", { folder });
  queue = (await store.delivery()).queue("work");
  for (let job = 0; job < JOBS; job++) await queue.add(await stored(store, chat("Good morning.")));
});
afterEach(async () => {
  nodeRed?.kill("SIGKILL");
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the flow does to each vCon: says that it has begun, waits for the file "go", and says that it has ended. */
const WORK = `
  const { writeFileSync, existsSync } = global.get("fs");
  const file = (what) => global.get("folder") + "/" + what + " " + msg.payload;
  writeFileSync(file("begun"), "");
  const timer = setInterval(() => {
    if (!existsSync(global.get("folder") + "/go")) return;
    clearInterval(timer);
    writeFileSync(file("ended"), "");
    node.send(msg);
    node.done();
  }, 10);`;

const count = (what: string) => readdirSync(folder).filter((name) => name.startsWith(`${what} `)).length;

async function start(environment: Record<string, string>): Promise<void> {
  const flow = [
    { id: "tab", type: "tab", label: "test" },
    { id: "store", type: "vcon-store", url: "sqlite:test.sqlite" },
    {
      id: "in",
      type: "vcon-queue-in",
      store: "store",
      queue: "work",
      atOnce: AT_ONCE,
      until: "branches",
      timeLimit: 600,
      attempts: 1,
      pause: 0,
      wires: [["work"]],
    },
    { id: "work", type: "function", func: WORK, outputs: 1, wires: [["end"]] },
    { id: "end", type: "junction", wires: [] },
  ].map((node) => (/^(tab|vcon-store)$/.test(node.type) ? node : { z: "tab", x: 0, y: 0, ...node }));
  writeFileSync(join(folder, "flows.json"), JSON.stringify(flow));
  // The listener stands for whatever else in the process wants to know of the signal.
  writeFileSync(
    join(folder, "settings.js"),
    `const fs = require("node:fs");
     process.on("SIGTERM", () => fs.writeFileSync(${JSON.stringify(join(folder, "told"))}, ""));
     module.exports = {
       uiHost: "127.0.0.1", uiPort: ${await freePort()}, flowFile: "flows.json", credentialSecret: "of a test",
       disableEditor: true, httpAdminRoot: false, telemetry: { enabled: false },
       functionGlobalContext: { fs, folder: ${JSON.stringify(folder)} },
     };`,
  );
  const red = join(root, "hosts/node-red-5/node_modules/node-red/red.js");
  output = "";
  nodeRed = spawn(process.execPath, [red, "--userDir", folder], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [nodeRed.stdout!, nodeRed.stderr!])
    stream.on("data", (text) => {
      output += text;
    });
  await until(() => count("begun") === AT_ONCE);
}

const go = () => writeFileSync(join(folder, "go"), "");

async function exitCode(): Promise<number | null> {
  if (nodeRed!.exitCode === null) await once(nodeRed!, "exit");
  return nodeRed!.exitCode;
}

describe("On SIGTERM a process", () => {
  it("takes no more jobs, ends those that run, leaves the others, and ends well", async () => {
    await start({ VCON_SHUTDOWN_SECONDS: "600" });
    nodeRed!.kill("SIGTERM");
    // Whoever else listens is told once the jobs have ended.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(existsSync(join(folder, "told"))).toBe(false);
    go();
    expect(await exitCode(), output).toBe(0);
    expect(existsSync(join(folder, "told"))).toBe(true);
    expect([count("begun"), count("ended")]).toEqual([AT_ONCE, AT_ONCE]);
    expect(await queue.counts()).toEqual({ waiting: JOBS - AT_ONCE, delayed: 0, active: 0, dead: 0 });
  });

  it("returns what has not ended in the time that it has, uncounted", async () => {
    await start({ VCON_SHUTDOWN_SECONDS: "0.3" });
    nodeRed!.kill("SIGTERM");
    expect(await exitCode(), output).toBe(0);
    expect([count("begun"), count("ended")]).toEqual([AT_ONCE, 0]);
    // One attempt is all they had: had it counted, they would be dead letters.
    expect(await queue.counts()).toEqual({ waiting: JOBS, delayed: 0, active: 0, dead: 0 });
  });

  it("ends at once when it is asked a second time, and returns what has not ended", async () => {
    await start({ VCON_SHUTDOWN_SECONDS: "600" });
    nodeRed!.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 200));
    nodeRed!.kill("SIGTERM");
    expect(await exitCode(), output).toBe(0);
    expect(await queue.counts()).toEqual({ waiting: JOBS, delayed: 0, active: 0, dead: 0 });
  });

  it("is done with all of them after it has come back", async () => {
    await start({ VCON_SHUTDOWN_SECONDS: "0.3" });
    nodeRed!.kill("SIGTERM");
    await exitCode();
    for (const name of readdirSync(folder)) if (name.startsWith("begun ")) rmSync(join(folder, name));
    await start({});
    go();
    await until(() => count("ended") === JOBS);
    await until(async () => (await queue.counts()).active === 0);
    nodeRed!.kill("SIGTERM");
    expect(await exitCode(), output).toBe(0);
    expect(await queue.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });
});
