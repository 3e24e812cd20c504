/** A Node-RED in a process of its own, started by its own program as people start it; to be killed, ended, started again. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/free-port.ts";
import { type FlowNode, isConfig, makeUserFolder, root } from "../support/node-red.ts";

export interface Listeners {
  /** The node with the id "first" got this vCon. */
  begun(uuid: string): void;
  /** The node with the id "last" is done with it. */
  finished(uuid: string): void;
  /** A node has failed with it. */
  failed(uuid: string): void;
  /** A node of it logged a warning or an error. */
  logged?(text: string): void;
  /** It ended, and nobody had told it to. */
  died?(code: number | null): void;
}

export interface Instance {
  /** Where its http nodes listen since it was started last. */
  url: string;
  isUp: boolean;
  /** Resolves once its flows have started. */
  start(): Promise<void>;
  /** Ends it at once, with SIGKILL. */
  kill(): Promise<void>;
  /** Ends it with SIGTERM. @returns its exit code */
  end(): Promise<number | null>;
  /** Kills it if it runs, and removes its user directory. */
  remove(): Promise<void>;
}

type News =
  | { begun: string }
  | { finished: string }
  | { failed: string }
  | { started: true }
  | { logged: string };

/** @param flow every node may leave out `z`, `x` and `y` */
export async function makeInstance(
  flow: readonly FlowNode[],
  env: Record<string, string>,
  listeners: Listeners,
): Promise<Instance> {
  const folder = makeUserFolder();
  const reporter = fileURLToPath(new URL("reporter", import.meta.url));
  symlinkSync(reporter, join(folder, "node_modules", "vcon-soak-reporter"), "junction");
  writeFileSync(join(folder, "flows.json"), JSON.stringify(placed(flow)));
  writeFileSync(join(folder, "settings.js"), SETTINGS);
  const program = join(root, "hosts/node-red-5/node_modules/node-red/red.js");

  let child: ChildProcess | undefined;
  let isToEnd = false;
  const gone = () => child === undefined || child.exitCode !== null || child.signalCode !== null;

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    instance.isUp = false;
    isToEnd = true;
    if (gone()) return null;
    const exit = once(child!, "exit");
    child!.kill(signal);
    return (await exit)[0];
  }

  const instance: Instance = {
    url: "",
    isUp: false,
    async start() {
      // Another one each time: as long as it is away, its port may be taken.
      const port = await freePort();
      instance.url = `http://127.0.0.1:${port}`;
      isToEnd = false;
      child = fork(program, ["--userDir", folder, "--port", String(port)], {
        execArgv: [],
        env: { ...process.env, ...env },
        stdio: "ignore",
      });
      await new Promise<void>((resolve, reject) => {
        child!.once("exit", (code) => {
          instance.isUp = false;
          reject(new Error(`Node-RED ended with ${code} before its flows had started.`));
          if (!isToEnd) listeners.died?.(code);
        });
        child!.on("message", (news: News) => {
          if ("begun" in news) listeners.begun(news.begun);
          else if ("finished" in news) listeners.finished(news.finished);
          else if ("failed" in news) listeners.failed(news.failed);
          else if ("logged" in news) listeners.logged?.(news.logged);
          else resolve();
        });
      });
      instance.isUp = true;
    },
    kill: async () => void (await end("SIGKILL")),
    end: () => end("SIGTERM"),
    remove: async () => {
      await instance.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return instance;
}

function placed(flow: readonly FlowNode[]): object[] {
  const nodes = flow.map((node) => (isConfig(node) ? node : { z: "tab", x: 0, y: 0, wires: [], ...node }));
  return [{ id: "tab", type: "tab", label: "soak" }, ...nodes];
}

const FIXED = {
  uiHost: "127.0.0.1",
  flowFile: "flows.json",
  credentialSecret: "of a test",
  disableEditor: true,
  httpAdminRoot: false,
  telemetry: { enabled: false },
};

/** What its nodes log goes to the parent. */
const SETTINGS = `module.exports = {
  ...${JSON.stringify(FIXED)},
  logging: {
    parent: {
      level: "warn",
      handler: () => ({ id, msg }) =>
        id && process.connected && process.send({ logged: String(msg?.message ?? msg) }),
    },
  },
};
`;
