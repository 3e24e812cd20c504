import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Demo,
  keepPictures,
  openEditor,
  ourNodes,
  pressDoneOnEach,
  startBrowser,
  startDemo,
} from "../support/browser.ts";

let demo: Demo;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
  page = await openEditor(browser, demo.url);
  page.on("pageerror", (error) => problems.push(error.message));
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

const rows = async (): Promise<{ uuid: string; customer: string; transcription: string }[]> =>
  (await fetch(`${demo.url}/recalls.json`)).json();

async function until<Value>(read: () => Promise<Value>, fits: (value: Value) => boolean): Promise<Value> {
  const end = Date.now() + 45_000;
  for (;;) {
    const value = await read();
    if (fits(value) || Date.now() > end) return value;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function deploy(): Promise<void> {
  await page.click("#red-ui-header-button-deploy");
  await page.waitForFunction("!RED.nodes.dirty()");
}

describe("the demo", () => {
  it("shows a row for every conversation that mentions a recall, and for no other", async () => {
    const found = await until(rows, (value) => value.length >= 8);
    expect(found).toHaveLength(8);
    for (const { transcription } of found) expect(transcription).toMatch(/recall/i);
    await keepPictures(page, "flow");
  });

  it("counts on each node", async () => {
    const status = (id: string) => () => page.evaluate<string>(`RED.nodes.node("${id}").status?.text ?? ""`);
    expect(await until(status("transcribe"), (text) => text === "11 done")).toBe("11 done");
    expect(await until(status("find"), (text) => text === "8 found, 9 not found")).toBe(
      "8 found, 9 not found",
    );
    expect(await until(status("row"), (text) => text === "8 done")).toBe("8 done");
  });

  it("serves the rows as a page", async () => {
    const recalls = await browser.newPage();
    await recalls.goto(`${demo.url}/recalls`);
    expect(await recalls.locator("tbody tr").count()).toBe(8);
    await keepPictures(recalls, "recalls");
    await recalls.close();
  });

  it("writes a summary of each into a file, and posts it to a webhook", async () => {
    const summaries = async () => {
      const answer = await fetch(`${demo.url}/summaries.csv`);
      return answer.ok ? (await answer.text()).trim().split("\r\n") : [];
    };
    const [header, ...lines] = await until(summaries, (value) => value.length >= 9);
    expect(header).toBe("uuid,summary,customer,agent,created_at");
    const uuids = (await rows()).map(({ uuid }) => uuid);
    expect(lines.map((line) => line.split(",")[0]).sort()).toEqual(uuids.sort());
    for (const line of lines) expect(line).toMatch(/^[\w-]{36},"?[A-Z].{20}/s);
    const notices = () => page.evaluate<string>(`RED.nodes.node("notices").status?.text ?? ""`);
    expect(await until(notices, (text) => text === "8")).toBe("8");
    await page.evaluate(`RED.workspaces.show("demo-summaries")`);
    await keepPictures(page, "summaries");
    await page.evaluate(`RED.workspaces.show("demo-recalls")`);
  });

  it("makes no second row when the conversations arrive again", async () => {
    await page.evaluate(`$.post("inject/play")`);
    const status = () => page.evaluate<string>(`RED.nodes.node("find").status?.text ?? ""`);
    expect(await until(status, (text) => text === "16 found, 18 not found")).toBe("16 found, 18 not found");
    expect(await rows()).toHaveLength(8);
    const posted = () => page.evaluate<string>(`RED.nodes.node("notice").status?.text ?? ""`);
    expect(await until(posted, (text) => text === "16 done")).toBe("16 done");
    expect(await page.evaluate(`RED.nodes.node("notices").status.text`)).toBe("8");
  });
});

describe("the API of the demo", () => {
  const ask = (path: string, key: string) =>
    fetch(`${demo.url}/api${path}`, { headers: { "x-conserver-api-token": key } });

  it("answers whoever has the key, which was printed once and is kept", async () => {
    const key = readFileSync(join(demo.folder, ".api-key"), "utf8");
    expect(demo.output().split(key)).toHaveLength(2);
    expect(await (await ask("/vcon?size=1000", key)).json()).toHaveLength(17);
    expect((await ask("/vcon", "another key")).status).toBe(403);
    const { uuid } = (await rows())[0]!;
    expect(await (await ask(`/vcon/${uuid}`, key)).json()).toMatchObject({ uuid, vcon: "0.4.0" });
    const { chains } = (await (await ask("/config", key)).json()) as { chains: object };
    expect(chains).toBeDefined();
  });

  it("is opened by the editor's main menu", async () => {
    await page.click("#red-ui-header-button-sidemenu");
    await page.click("#menu-item-vcon-api");
    await page.waitForSelector("#node-config-input-path", { state: "visible" });
    expect(await page.inputValue("#node-config-input-path")).toBe("/api");
    await page.waitForTimeout(400);
    await page.click("#node-config-dialog-cancel");
    await page.waitForSelector(".red-ui-tray", { state: "detached" });
  });
});

describe("the editor", () => {
  it("marks no node as wrongly set", async () => {
    const invalid = await page.evaluate<string[]>(`(() => {
      const found = [];
      RED.nodes.eachNode((node) => {
        if (!node.valid) found.push(node.type);
      });
      return found;
    })()`);
    expect(invalid).toEqual([]);
  });

  it("leaves the workspace clean when a dialog is opened and closed with Done", async () => {
    await pressDoneOnEach(page, await ourNodes(page));
  });

  it("shows each node's help", async () => {
    for (const { type } of await ourNodes(page)) {
      await page.evaluate(`RED.sidebar.help.show("${type}")`);
      const shown = `[...document.querySelectorAll(".red-ui-help")].some(
        (help) => help.offsetParent !== null && help.innerText.includes("Details"),
      )`;
      await page.waitForFunction(shown);
    }
    await keepPictures(page, "help");
  });

  it("keeps its looks in the dark theme", async () => {
    await page.evaluate(`document.documentElement.classList.add("nr-theme-dark")`);
    await page.evaluate(`RED.editor.edit(RED.nodes.node("chat"))`);
    await page.waitForSelector("#node-dialog-ok", { state: "visible" });
    await page.waitForTimeout(400);
    const [text, ground] = await page.evaluate<[string, string]>(`(() => {
      const label = document.querySelector(".vcon-row label");
      const tray = document.querySelector(".red-ui-tray-body");
      return [getComputedStyle(label).color, getComputedStyle(tray).backgroundColor];
    })()`);
    expect(text).not.toBe(ground);
    await page.click("#node-dialog-cancel");
    await page.waitForSelector(".red-ui-tray", { state: "detached" });
    await page.evaluate(`document.documentElement.classList.remove("nr-theme-dark")`);
  });

  it("does what is changed in a dialog, once it is deployed", async () => {
    await page.evaluate(`RED.editor.edit(RED.nodes.node("find"))`);
    await page.waitForSelector("#node-dialog-ok", { state: "visible" });
    await page.locator("#dialog-form .red-ui-editableList-addButton").click();
    await page.locator("#dialog-form .vcon-list-value").last().fill("dishwasher");
    await page.click("#node-dialog-ok");
    await page.waitForSelector(".red-ui-tray", { state: "detached" });
    expect(await page.evaluate("RED.nodes.node('find').words")).toEqual(["recall*", "dishwasher"]);
    await deploy();
    await page.evaluate(`$.post("inject/play")`);
    const found = await until(rows, (value) => value.length > 8);
    expect(found.some(({ transcription }) => /dishwasher/i.test(transcription))).toBe(true);
  });

  it("had no script error", () => {
    expect(problems).toEqual([]);
  });
});
