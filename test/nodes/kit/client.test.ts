/** Which clients Node-RED is asked to install: those that it would install, or it would start no flow at all. */
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { mayInstall } from "../../../nodes/kit/client.ts";
import { root } from "../../support/node-red.ts";

const CLIENT = { name: "googleapis", version: "^178.0.0" };

interface ModuleSettings {
  allowInstall?: boolean;
  allowList?: string[];
  denyList?: string[];
}

const rules = fc.option(
  fc.array(
    fc.constantFrom(
      ...["*", "googleapis", "google*", "goo*", "*apis", "g*s", "g*pis*", "google-*", "jsforce"],
      ...["@*/*", "@google/*", "googleapis@178", "googleapis@^178.0.0", "google*@1"],
    ),
    { maxLength: 3 },
  ),
  { nil: undefined },
);
const settings: fc.Arbitrary<ModuleSettings> = fc
  .record({ allowInstall: fc.constantFrom(undefined, true, false), allowList: rules, denyList: rules })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));

describe.each(["node-red-4", "node-red-5"])("in %s", (host) => {
  const userDir = mkdtempSync(join(tmpdir(), "vcon-client-"));
  afterAll(() => rmSync(userDir, { recursive: true, force: true }));

  const require = createRequire(join(root, "hosts", host, "package.json"));
  const { hooks, i18n } = require("@node-red/util");
  const externalModules = require("@node-red/registry/lib/externalModules.js");
  i18n._ ??= String;
  externalModules.register("a node", "modules");
  // All that Node-RED does to install it, npm apart.
  let isInstalled = false;
  hooks.add("preInstall.test", (_event: object) => {
    isInstalled = true;
    return false;
  });

  /** Whether Node-RED, with these settings, installs the client for a flow that names it, and starts the flow. */
  async function installs(modules: ModuleSettings): Promise<boolean> {
    isInstalled = false;
    externalModules.init({ userDir, get: () => ({}), set: () => {}, externalModules: { modules } });
    const node = { type: "a node", modules: [{ module: `${CLIENT.name}@${CLIENT.version}` }] };
    const starts = await externalModules.checkFlowDependencies([node]).then(
      () => true,
      () => false,
    );
    expect(starts).toBe(isInstalled);
    return isInstalled;
  }

  it.each<[string, boolean, ModuleSettings]>([
    ["nothing is set", true, {}],
    ["installing is switched off", false, { allowInstall: false }],
    ["all but this one is denied", true, { allowList: [CLIENT.name], denyList: ["*"] }],
    ["it is denied by the beginning of its name", false, { denyList: ["google*"] }],
    ["only others are allowed", false, { allowList: ["jsforce"] }],
    ["only others are denied", true, { denyList: ["jsforce"] }],
  ])("where %s: %s", async (_, expected, modules) => {
    expect(await installs(modules)).toBe(expected);
    expect(mayInstall({ externalModules: { modules } }, CLIENT.name)).toBe(expected);
  });

  it("whatever lists are set", async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (modules) => {
        expect(mayInstall({ externalModules: { modules } }, CLIENT.name)).toBe(await installs(modules));
      }),
      { numRuns: 1000 },
    );
  });
});
