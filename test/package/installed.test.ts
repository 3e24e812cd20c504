/** The tarball, installed: as nodes of Node-RED 4 and 5 and as a library, on the oldest Node and on the newest. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FlowNode, root } from "../support/node-red.ts";
import { readExamples } from "./examples.ts";
import { type NodeRedProgram, startProgram } from "./program.ts";
import { install, pack } from "./tarball.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-installed-"));
beforeAll(() => install(folder, pack(folder)));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const OLDEST_NODE = join(root, "hosts/node-22/node_modules/node/bin", basename(process.execPath));
const NODES = [
  { version: "22.13", node: OLDEST_NODE },
  { version: process.versions.node, node: process.execPath },
];
const COMBINATIONS = NODES.flatMap(({ version, node }) =>
  ["node-red-4", "node-red-5"].map((host) => ({ host, version, node })),
);
/** What Node-RED warns of by itself, whatever is installed. */
const OF_EVERY_NEW_FOLDER = /Projects disabled|Encrypted credentials not found/;

describe.each(COMBINATIONS)("in $host on Node $version", ({ host, version, node }) => {
  const userFolder = join(folder, `${host}-${version}`);
  let nodeRed: NodeRedProgram;
  beforeAll(async () => {
    mkdirSync(userFolder);
    symlinkSync(join(folder, "node_modules"), join(userFolder, "node_modules"), "junction");
    // What the examples would have Node-RED install is the business of another test.
    const externalModules = { modules: { allowInstall: false } };
    nodeRed = await startProgram(node, host, userFolder, { externalModules });
  });
  afterAll(() => nodeRed?.stop());

  it("loads every node, and the plugin, without a word", async () => {
    const { stdout, stderr } = nodeRed.output();
    expect(stdout).toContain(`Node.js  version: v${version}`);
    const remarks = stdout.split("\n").filter((line) => /\[(warn|error|fatal)\]|warning/i.test(line));
    expect(remarks.filter((line) => !OF_EVERY_NEW_FOLDER.test(line))).toEqual([]);
    expect(stderr).toBe("");

    const sets = (
      await nodeRed.get<{ id: string; types: string[]; enabled: boolean; err?: string }[]>("/nodes")
    )
      .filter(({ id }) => id.startsWith(`${manifest.name}/`))
      .map(({ id, types, enabled, err }) => ({ id, count: types.length, enabled, err }));
    const expected = Object.keys(manifest["node-red"].nodes).map((set) => ({
      id: `${manifest.name}/${set}`,
      count: 1,
      enabled: true,
      err: undefined,
    }));
    expect(sets).toEqual(expect.arrayContaining(expected));
    expect(sets.length).toBe(expected.length);

    const plugins = await nodeRed.get<{ id: string; enabled: boolean }[]>("/plugins");
    const editor = plugins.find(({ id }) => id === `${manifest.name}/vcon-editor`);
    expect(editor).toMatchObject({ enabled: true });
  });

  it("gives the editor the pages, the shared code, the icons and the texts", async () => {
    const pages = await nodeRed.text("/nodes");
    for (const type of vconTypes(readExamples().flatMap(({ nodes }) => nodes))) {
      expect(pages).toContain(`RED.nodes.registerType("${type}"`);
    }
    expect(await nodeRed.text("/plugins")).toContain(`resources/${manifest.name}/editor.js`);
    expect(await nodeRed.text(`/resources/${manifest.name}/editor.js`)).toContain("vconEditor");
    expect(await nodeRed.text(`/icons/${manifest.name}/vcon-tag.svg`)).toContain("<svg");
    expect(await nodeRed.get("/nodes/messages?lng=en-US")).toMatchObject({
      [`${manifest.name}/tag`]: { "vcon-tag": { label: "tag" } },
    });
  });

  it("offers the examples, and they run", async () => {
    const menu = `/library/examples/flows/${manifest.name}`;
    const entries = await nodeRed.get<{ fn: string }[]>(`${menu}/`);
    const names = entries.map(({ fn }) => fn);
    expect(names.sort()).toEqual(
      readExamples()
        .map(({ name }) => name)
        .sort(),
    );

    const flows = await Promise.all(
      names.map((name) => nodeRed.get<FlowNode[]>(`${menu}/${encodeURIComponent(name)}`)),
    );
    await nodeRed.deploy(flows.flat());

    const vcon = JSON.parse(await nodeRed.press("example-chat-arrives", "example-chat-seen"));
    expect(vcon).toMatchObject({ parties: [{ name: "Carol Carter" }, { name: "Alice Archer" }] });
    expect(vcon.dialog).toHaveLength(3);

    const found = JSON.parse(await nodeRed.press("example-find-recall", "example-find-tagged"));
    expect(found.tags).toEqual({ topic: "recall" });
    expect(await nodeRed.press("example-find-hours", "example-find-others")).toMatch(/^[\da-f-]{36}$/);

    const call = JSON.parse(await nodeRed.press("example-calls-missed", "example-calls-seen"));
    expect(call.dialog).toMatchObject([{ type: "incomplete", disposition: "no-answer" }]);

    const row = JSON.parse(await nodeRed.press("example-rows-arrives", "example-rows-seen"));
    expect(row).toMatchObject({ agent: "Alice Archer", customer: "Dave Dixon", messages: 2 });
  });

  it("answers the telephone system when the call is stored, and otherwise so that it posts again", async () => {
    const post = (event: object) =>
      fetch(`${nodeRed.url}/telephone-events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(event),
      });
    const inject = readExamples()
      .flatMap(({ nodes }) => nodes)
      .find(({ id }) => id === "example-calls-missed")!;
    expect((await post(JSON.parse(String(inject["payload"])))).status).toBe(202);
    expect((await post({ no: "event" })).status).toBe(500);
  });

  it("carries vCons from flow to flow", async () => {
    const { parties } = JSON.parse(await nodeRed.press("example-channel-arrives", "example-channel-parties"));
    expect(parties).toMatchObject([{ name: "Jack Jones" }, { name: "Alice Archer" }]);

    const post = (body: string) =>
      fetch(`${nodeRed.url}/queue/chats`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
    const inject = readExamples()
      .flatMap(({ nodes }) => nodes)
      .find(({ id }) => id === "example-queue-good")!;
    expect((await post(String(inject["payload"]))).status).toBe(202);
    expect((await post("{}")).status).toBe(503);
    expect(await nodeRed.press("example-queue-list", "example-queue-listed")).toBe("[]");
  });

  it("needs no account for a call without a recording", async () => {
    expect(await nodeRed.press("example-calls-missed", "example-calls-transcript")).toBe("");
  });

  it("says what is not set where an example needs an account", async () => {
    expect(await nodeRed.press("example-rows-arrives", "example-rows-errors")).toContain("DATABASE_URL");
    writeFileSync(join(userFolder, "recording.wav"), "the bytes of a recording");
    expect(await nodeRed.press("example-whisper-path", "example-whisper-errors")).toContain("OPENAI_API_KEY");
  });

  it("prints nothing more than Node's remark on its SQLite", () => {
    const lines = nodeRed
      .output()
      .stderr.split("\n")
      .filter((line) => line !== "");
    const remark = /ExperimentalWarning: SQLite is an experimental feature|node --trace-warnings/;
    expect(lines.filter((line) => !remark.test(line))).toEqual([]);
  });
});

describe.each(NODES)("as a library on Node $version", ({ node }) => {
  const use = `
    const store = await openStore("sqlite:" + process.argv[1]);
    const { vcon } = await readVcon(writeVcon(buildNew({ subject: "a chat" })));
    await store.create(vcon);
    console.log((await store.get(vcon.uuid)).subject);
    await store.close();`;

  it("can be imported", () => {
    const script = `import { openStore, readVcon, writeVcon, buildNew } from "@vcon/node-red/core"; ${use}`;
    expect(runNode(node, "--input-type=module", "-e", script, "imported.sqlite")).toBe("a chat");
  });

  it("can be required", () => {
    const script = `(async () => { const { openStore, readVcon, writeVcon, buildNew } = require("@vcon/node-red/core"); ${use} })();`;
    expect(runNode(node, "-e", script, "required.sqlite")).toBe("a chat");
  });

  function runNode(program: string, ...words: string[]): string {
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: folder, encoding: "utf8" });
    expect(status, stderr).toBe(0);
    return stdout.trim();
  }
});

describe("as a library in TypeScript", () => {
  it.each(["mts", "cts"])("has types for a .%s file", (ending) => {
    const file = join(folder, `consumer.${ending}`);
    writeFileSync(
      file,
      `import { openStore, readVcon, type Vcon, type VconStore } from "@vcon/node-red/core";
export async function keep(text: string): Promise<Vcon["uuid"]> {
  const store: VconStore = await openStore("sqlite:vcon.sqlite", { country: "US" });
  const read = readVcon(text);
  // @ts-expect-error a store is opened by its URL
  await openStore(1);
  // @ts-expect-error not everything is known
  read.nothing;
  await store.close();
  return "";
}
`,
    );
    const { status, stdout } = spawnSync(
      process.execPath,
      [
        join(root, "node_modules/typescript/bin/tsc"),
        ...[
          "--noEmit",
          "--strict",
          "--target",
          "es2024",
          "--module",
          "nodenext",
          "--moduleResolution",
          "nodenext",
        ],
        ...["--types", "node", "--typeRoots", join(root, "node_modules/@types"), file],
      ],
      { cwd: folder, encoding: "utf8" },
    );
    expect(stdout).toBe("");
    expect(status).toBe(0);
  });
});

function vconTypes(nodes: FlowNode[]): Set<string> {
  return new Set(nodes.map(({ type }) => type).filter((type) => type.startsWith("vcon-")));
}
