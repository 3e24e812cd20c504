/** Node-RED as users run it: its own program in its own process, seen from outside through its HTTP interface. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { type FlowNode, root } from "../support/node-red.ts";

const PATIENCE_MS = 20_000;

export interface DebugMessage {
  id: string;
  msg: string;
}

export interface NodeRedProgram {
  url: string;
  /** All that it printed. */
  output(): { stdout: string; stderr: string };
  get<Answer>(path: string): Promise<Answer>;
  text(path: string): Promise<string>;
  /** Deploys these nodes and waits until they run, for so many seconds where it may take longer than usual. */
  deploy(nodes: FlowNode[], seconds?: number): Promise<void>;
  /** Presses the button of an inject node and waits for what some debug node then shows in the sidebar. */
  press(inject: string, debug: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the host's Node-RED on the given Node, with these settings beside the usual, and waits until its flows run. */
export async function startProgram(
  node: string,
  host: string,
  userFolder: string,
  more: object = {},
): Promise<NodeRedProgram> {
  const port = await freePort();
  const settings = {
    ...more,
    uiHost: "127.0.0.1",
    uiPort: port,
    flowFile: "flows.json",
    credentialSecret: "of a test",
    telemetry: { enabled: false, updateNotification: false },
  };
  writeFileSync(join(userFolder, "settings.js"), `module.exports = ${JSON.stringify(settings)};\n`);
  const program = join(root, "hosts", host, "node_modules/node-red/red.js");
  const child = spawn(node, [program, "--userDir", userFolder], {
    cwd: userFolder,
    // Nothing else, so that no key or address of the developer's is taken for one of the flow's.
    env: {
      PATH: process.env["PATH"],
      HOME: userFolder,
      USERPROFILE: userFolder,
      SystemRoot: process.env["SystemRoot"],
      ...forNpm(),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => {
    printed.stdout += data;
  });
  child.stderr.on("data", (data) => {
    printed.stderr += data;
  });
  await started(child, printed, 1).catch(async (error) => {
    await end(child);
    throw error;
  });

  const url = `http://127.0.0.1:${port}`;
  const shown: DebugMessage[] = [];
  let look = () => {};
  const sidebar = await openSidebar(`ws://127.0.0.1:${port}/comms`, (message) => {
    shown.push(message);
    look();
  });

  const ask = async (path: string, options: RequestInit = {}) => {
    const answer = await fetch(`${url}${path}`, options);
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer;
  };
  return {
    url,
    output: () => printed,
    get: async (path) => (await ask(path, { headers: { accept: "application/json" } })).json() as never,
    text: async (path) => (await ask(path, { headers: { accept: "text/html, */*" } })).text(),
    async deploy(nodes, seconds) {
      const headers = { "content-type": "application/json", "node-red-deployment-type": "full" };
      const before = startsIn(printed.stdout);
      await ask("/flows", { method: "POST", headers, body: JSON.stringify(nodes) });
      // The answer comes before the flows are started.
      await started(child, printed, before + 1, seconds && seconds * 1000);
    },
    async press(inject, debug) {
      shown.length = 0;
      await ask(`/inject/${inject}`, { method: "POST" });
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`"${debug}" showed nothing; the sidebar: ${JSON.stringify(shown)}`)),
          PATIENCE_MS,
        );
        look = () => {
          const message = shown.find(({ id }) => id === debug);
          if (message === undefined) return;
          clearTimeout(timer);
          resolve(message.msg);
        };
        look();
      });
    },
    async stop() {
      sidebar.close();
      await end(child);
    },
  };
}

/** What npm needs to know of this machine: its own settings, and how it gets out. */
function forNpm(): NodeJS.ProcessEnv {
  const names = /^(npm_config_.*|node_extra_ca_certs|ssl_cert_file|(https?|no)_proxy)$/i;
  const userFile = join(homedir(), ".npmrc");
  return {
    npm_config_cache: join(homedir(), ".npm"),
    npm_config_prefer_offline: "true",
    ...(existsSync(userFile) && { npm_config_userconfig: userFile }),
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name))),
  };
}

/** Waits until the flows have been started that many times. */
function started(
  child: ChildProcess,
  printed: { stdout: string; stderr: string },
  times: number,
  patience = PATIENCE_MS,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (why?: string) => {
      clearTimeout(timer);
      child.off("error", fail);
      child.off("exit", fail);
      child.stdout!.off("data", look);
      if (why === undefined) resolve();
      else reject(new Error(`${why}\n${printed.stdout}${printed.stderr}`));
    };
    const fail = (reason: unknown) => settle(`Node-RED ended by itself: ${reason}`);
    const look = () => {
      if (startsIn(printed.stdout) >= times) settle();
    };
    const timer = setTimeout(() => settle("Node-RED did not start its flows:"), patience);
    child.on("error", fail);
    child.on("exit", fail);
    child.stdout!.on("data", look);
    look();
  });
}

function startsIn(output: string): number {
  return output.split("Started flows").length - 1;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

/** Listens to what debug nodes send to the editor, as soon as the program lets it. */
async function openSidebar(url: string, show: (message: DebugMessage) => void): Promise<WebSocket> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await connect(url, show);
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function connect(url: string, show: (message: DebugMessage) => void): Promise<WebSocket> {
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => {
    const events = [JSON.parse(String(data))].flat() as { topic: string; data: DebugMessage }[];
    for (const { topic, data } of events) if (topic === "debug") show(data);
  });
  return new Promise((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error(`${url} can't be reached`)));
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ subscribe: "debug" }));
      resolve(socket);
    });
  });
}
