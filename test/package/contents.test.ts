/** What npm packs: all that users need and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/node-red.ts";
import { pack } from "./tarball.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-pack-"));
let files: string[];
let size: number;
beforeAll(() => {
  ({ files, size } = pack(folder));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

describe("the tarball", () => {
  it.each(["LICENSE", "README.md", "package.json", "dist/package.json", "dist/core.js", "dist/kit.js"])(
    "holds %s",
    (path) => expect(files).toContain(path),
  );

  it("holds all that package.json names", () => {
    const { nodes, plugins } = manifest["node-red"];
    const core = Object.values<string>(manifest.exports["./core"]);
    const named = [...Object.values<string>(nodes), ...Object.values<string>(plugins), ...core];
    const paths = named.map((path) => path.replace(/^\.\//, ""));
    expect(files).toEqual(expect.arrayContaining(paths));
  });

  it("holds for each node its page and its texts", () => {
    for (const set of Object.keys(manifest["node-red"].nodes)) {
      expect(files).toContain(`dist/${set}.html`);
      expect(files).toContain(`dist/locales/en-US/${set}.json`);
    }
  });

  it("holds nothing but what is built, the examples and the papers", () => {
    const expected =
      /^(dist\/.+\.(js|html|json|svg|d\.ts)|resources\/[^/]+\.(js|css)|examples\/[^/]+\.json|(README|CHANGELOG)\.md|LICENSE|package\.json)$/;
    expect(files.filter((path) => !expected.test(path))).toEqual([]);
  });

  it("holds no secret and no path of the machine that built it", () => {
    const secret =
      /-----BEGIN [A-Z ]*PRIVATE KEY|\bsk-[\w-]{20,}|\bgh[pousr]_\w{30,}|\bAKIA[A-Z\d]{16}\b|_authToken/;
    for (const path of files) {
      const text = readFileSync(join(root, path), "utf8");
      expect(secret.exec(text)?.[0], path).toBeUndefined();
      expect(text.includes(root), `${path} names ${root}`).toBe(false);
    }
  });

  it("is small", () => {
    console.log(`${(size / 1024).toFixed(0)} kB packed, ${files.length} files`);
    expect(size).toBeLessThan(1024 * 1024);
  });
});
