import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Demo, importFlow, openEditor, startBrowser, startDemo } from "../support/browser.ts";
import { identity, newKey } from "../support/certificate.ts";
import { certificatePem, keyPem } from "../support/keys.ts";
import { root } from "../support/node-red.ts";

let demo: Demo;
let browser: Browser;
beforeAll(async () => {
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await demo?.stop();
});

it("the example signs, encrypts and opens with keys that are pasted into the form, and exports none", async () => {
  const me = identity({ name: "vcon.example.com", key: newKey("rsa"), ca: true });
  const page = await openEditor(browser, demo.url);
  await importFlow(page, readFileSync(join(root, "examples/Sign, encrypt and open.json"), "utf8"));
  await page.evaluate(`RED.editor.editConfig("", "vcon-keys", "example-seal-keys")`);
  await page.waitForSelector("#node-config-dialog-ok", { state: "visible" });
  await page.waitForTimeout(400);
  await page.fill("#node-config-input-privateKey", keyPem(me.key));
  for (const field of ["certificates", "trusted", "recipients"])
    await page.fill(`#node-config-input-${field}`, certificatePem(me));
  await page.click("#node-config-dialog-ok");
  await page.waitForSelector(".red-ui-tray", { state: "detached" });
  await page.click("#red-ui-header-button-deploy");
  await page.waitForFunction("!RED.nodes.dirty()");

  // The editor knows of the deploy before the nodes have begun.
  const inject = `$.post("inject/example-seal-chat").then(() => "sent", () => "not yet")`;
  await expect.poll(() => page.evaluate(inject), { timeout: 20_000 }).toBe("sent");
  const opened = (node: string) => `RED.nodes.node("example-seal-${node}").status?.text === "1 done"`;
  for (const node of ["sign", "encrypt", "open"]) await page.waitForFunction(opened(node));

  const exported = JSON.stringify(
    await page.evaluate("RED.nodes.createCompleteNodeSet({ credentials: false })"),
  );
  expect(exported).toContain("BEGIN CERTIFICATE");
  expect(exported).not.toContain("PRIVATE KEY");
  expect(await kept(page)).toBe("");
});

/** What the editor knows of the private key once it is deployed. */
function kept(page: Page): Promise<string> {
  return page.evaluate<string>(`RED.nodes.node("example-seal-keys").credentials?.privateKey ?? ""`);
}
