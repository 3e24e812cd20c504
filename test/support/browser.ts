/** The demo as a newcomer starts it, and a real browser in front of it. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { freePort } from "./free-port.ts";
import { root } from "./node-red.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** The closed network would refuse what Chromium asks of its own accord. */
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

export interface Demo {
  url: string;
  /** Everything that it writes. */
  folder: string;
  /** What it has printed until now. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts the demo on a free port with a data folder of its own, and waits until it answers. */
export async function startDemo(folder = mkdtempSync(join(tmpdir(), "vcon-demo-"))): Promise<Demo> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, PORT: String(port), VCON_DATA: folder };
  for (const name of [
    "REDIS_URL",
    "DATABASE_URL",
    "DEEPGRAM_API_KEY",
    "OPENAI_API_KEY",
    "VCON_API_KEY",
    "HOST",
  ])
    delete (env as Record<string, unknown>)[name];
  const child = spawn(process.execPath, ["scripts/demo.mjs"], {
    cwd: root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(String(data)));
  await answers(`${url}/`, child, output);
  return {
    url,
    folder,
    output: () => output.join(""),
    async stop() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, child: ChildProcess, output: string[]): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`The demo ended:\n${output.join("")}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The demo did not answer:\n${output.join("")}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", ...QUIET] });
}

/** Opens the editor and waits until its palette and flows are there. */
export async function openEditor(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
  await page.goto(url);
  await page.waitForSelector(".red-ui-palette-node");
  await page.waitForFunction("RED.nodes.node('find') !== null");
  return page;
}

/** Imports a flow as the text that somebody pastes; it is not deployed yet. */
export async function importFlow(page: Page, flow: string): Promise<void> {
  await page.keyboard.press("Control+i");
  await page.fill("#red-ui-clipboard-dialog-import-text", flow);
  await page.dispatchEvent("#red-ui-clipboard-dialog-import-text", "keyup");
  await page.click("#red-ui-clipboard-dialog-ok");
  await page.waitForFunction("RED.nodes.dirty()");
  await page.keyboard.press("Escape");
}

/** Keeps a picture in each theme below screenshots/, for people who want to look: where VCON_PICTURES is set. */
export async function keepPictures(page: Page, name: string): Promise<void> {
  if (!process.env["VCON_PICTURES"]) return;
  const folder = join(root, "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}-light.png`) });
  await page.evaluate(`document.documentElement.classList.add("nr-theme-dark")`);
  await page.screenshot({ path: join(folder, `${name}-dark.png`) });
  await page.evaluate(`document.documentElement.classList.remove("nr-theme-dark")`);
}

/** Shows a tab, without the notes of the editor that lie over it. */
export async function showTab(page: Page, id: string): Promise<void> {
  await page.evaluate(`RED.workspaces.show("${id}")`);
  await page.waitForTimeout(500);
  await page.evaluate(`document.querySelectorAll(".red-ui-notification").forEach((note) => note.remove())`);
}

interface ShownNode {
  id: string;
  type: string;
  tab: string;
  config: boolean;
}

/** Every node of ours in the editor, config nodes included. */
export function ourNodes(page: Page): Promise<ShownNode[]> {
  return page.evaluate<ShownNode[]>(`(() => {
    const found = [];
    const take = (node) => {
      if (node.type.startsWith("vcon-")) found.push({ id: node.id, type: node.type, tab: node.z, config: node._def.category === "config" });
    };
    RED.nodes.eachNode(take);
    RED.nodes.eachConfig(take);
    return found;
  })()`);
}

/** Opens each node's dialog and presses Done: every text is there, and nothing counts as changed. */
export async function pressDoneOnEach(page: Page, nodes: readonly ShownNode[]): Promise<void> {
  for (const { id, type, config } of nodes) {
    const [open, done] = config
      ? [`RED.editor.editConfig("", "${type}", "${id}")`, "#node-config-dialog-ok"]
      : [`RED.editor.edit(RED.nodes.node("${id}"))`, "#node-dialog-ok"];
    await page.evaluate(open);
    await page.waitForSelector(done, { state: "visible" });
    // The tray slides in; a click on its way would miss.
    await page.waitForTimeout(400);
    await keepPictures(page, `dialog-${type}`);
    expect(await missingTexts(page), `texts in the dialog of ${type}`).toEqual([]);
    await page.click(done);
    await page.waitForSelector(".red-ui-tray", { state: "detached" });
    expect(await page.evaluate("RED.nodes.dirty()"), `${type} changed by Done`).toBe(false);
  }
}

/** Texts that the catalogue lacks show as their keys. */
function missingTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const form = document.querySelector(".red-ui-tray-body");
    return form.innerText.split("\\n").filter((line) => /vcon-[a-z-]+\\./.test(line));
  })()`);
}
