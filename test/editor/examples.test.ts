import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Demo,
  importFlow,
  keepPictures,
  openEditor,
  ourNodes,
  pressDoneOnEach,
  showTab,
  startBrowser,
  startDemo,
} from "../support/browser.ts";
import { root } from "../support/node-red.ts";

const EXAMPLES = globSync("examples/*.json", { cwd: root }).sort();

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

describe("every example", () => {
  it.each(EXAMPLES)("%s can be imported, and its dialogs leave the workspace clean", async (file) => {
    const name = basename(file, ".json");
    const page = await openEditor(browser, demo.url);
    const before = new Set((await ourNodes(page)).map(({ id }) => id));
    await importFlow(page, readFileSync(join(root, file), "utf8"));
    await page.click("#red-ui-header-button-deploy");
    await page.waitForFunction("!RED.nodes.dirty()");
    const imported = (await ourNodes(page)).filter(({ id }) => !before.has(id));
    expect(imported.length).toBeGreaterThan(0);
    await showTab(page, imported.find(({ tab }) => tab)!.tab);
    await keepPictures(page, `example-${name}`);
    await pressDoneOnEach(page, imported);
    await page.close();
  });
});
