/** The clients that don't come with the package: Node-RED installs them, or the node says which command does. */
import { exec } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { type FlowNode, root } from "../support/node-red.ts";
import { registrationsIn } from "./editor-half.ts";
import { startProgram } from "./program.ts";
import { install, pack, type Tarball } from "./tarball.ts";

/** How long npm may take for some hundred megabytes. */
const INSTALL_SECONDS = 150;

const folder = mkdtempSync(join(tmpdir(), "vcon-clients-"));
let tarball: Tarball;
let nobody: string;
beforeAll(async () => {
  tarball = pack(folder);
  nobody = `http://127.0.0.1:${await freePort()}`;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder as somebody has it who has installed the package and nothing else. */
function freshUserFolder(name: string): string {
  const userFolder = join(folder, name);
  mkdirSync(userFolder);
  install(userFolder, tarball);
  return userFolder;
}

const caught = { type: "catch", scope: null, uncaught: false };
const seen = {
  type: "debug",
  active: true,
  tosidebar: true,
  console: false,
  complete: "error",
  targetType: "msg",
};

/** A chat that becomes a vCon, its row, and a destination whose server nobody is at. */
function flow(set: string, destination: object, configSet: string, config: object): FlowNode[] {
  return [
    { id: "tab", type: "tab", label: "test" },
    { id: "store", ...defaultsOf("store"), url: "sqlite:vcon.sqlite" },
    { id: "service", ...defaultsOf(configSet), ...config },
    {
      id: "arrive",
      type: "inject",
      z: "tab",
      x: 0,
      y: 0,
      props: [{ p: "payload" }],
      payload: '{"messages":[{"text":"Good morning."}]}',
      payloadType: "json",
      repeat: "",
      crontab: "",
      once: false,
      topic: "",
      wires: [["make"]],
    },
    inFlow("make", { ...defaultsOf("create-vcon"), conversation: "", conversationType: "str" }, "project"),
    inFlow("project", defaultsOf("projection"), "write"),
    inFlow("write", { ...defaultsOf(set), ...destination, timeLimit: 5 }, "seen"),
    inFlow("caught", caught, "seen"),
    inFlow("seen", seen),
  ];
}

function inFlow(id: string, node: { type: string; [property: string]: unknown }, next?: string): FlowNode {
  const store = "store" in node ? { store: "store" } : {};
  return { id, z: "tab", x: 0, y: 0, wires: next ? [[next]] : [], ...node, ...store };
}

/** What the editor gives a new node of this set. */
function defaultsOf(set: string): { type: string; [property: string]: unknown } {
  const html = readFileSync(join(root, "dist", `${set}.html`), "utf8");
  const [type, { defaults }] = [...registrationsIn(html)][0]!;
  const values = Object.entries(defaults).map(([name, { value }]) => [name, value]);
  return { type, ...Object.fromEntries(values) };
}

const salesforce = () =>
  flow("salesforce", { org: "service", object: "Task" }, "salesforce-org", {
    url: nobody,
    flow: "client",
    clientId: "an app",
    credentials: { clientSecret: "a secret" },
  });

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const googleSheets = () =>
  flow("google-sheets", { account: "service", spreadsheet: "x".repeat(44), tab: "Calls" }, "google-account", {
    url: nobody,
    credentials: {
      key: JSON.stringify({
        type: "service_account",
        client_email: "flows@example.com",
        private_key: privateKey,
      }),
    },
  });

describe("a flow that needs a client", () => {
  it.each([
    { name: "googleapis", host: "node-red-5", nodes: googleSheets },
    { name: "jsforce", host: "node-red-4", nodes: salesforce },
  ])(
    "has Node-RED install $name when it is deployed, in $host",
    { timeout: (INSTALL_SECONDS + 60) * 1000 },
    async ({ name, host, nodes }) => {
      const userFolder = freshUserFolder(host);
      expect(existsSync(join(userFolder, "node_modules", name))).toBe(false);
      const nodeRed = await startProgram(process.execPath, host, userFolder);
      try {
        await nodeRed.deploy(nodes(), INSTALL_SECONDS);
        expect(existsSync(join(userFolder, "node_modules", name))).toBe(true);
        // The client is at work: it looks for its server.
        expect(await nodeRed.press("arrive", "seen")).toContain("ECONNREFUSED");
      } finally {
        await nodeRed.stop();
      }
    },
  );

  it("starts where Node-RED may not install anything, and says the one command, after which it works", {
    timeout: (INSTALL_SECONDS + 60) * 1000,
  }, async () => {
    const userFolder = freshUserFolder("switched-off");
    const externalModules = { modules: { allowInstall: false } };
    const nodeRed = await startProgram(process.execPath, "node-red-5", userFolder, { externalModules });
    try {
      await nodeRed.deploy(salesforce());
      const error = JSON.parse(await nodeRed.press("arrive", "seen")).message;
      const [, command, where] = /Run "(npm install jsforce@\S+)" in (\S+), /.exec(error) ?? [];
      expect(where, error).toBe(userFolder);
      await promisify(exec)(`${command} --prefer-offline`, { cwd: userFolder });
      expect(await nodeRed.press("arrive", "seen")).toContain("ECONNREFUSED");
    } finally {
      await nodeRed.stop();
    }
  });
});
