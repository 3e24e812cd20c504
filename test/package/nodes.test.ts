/** What the flow library's scorecard and its reviewers look at, in every node. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../support/node-red.ts";
import { registrationsIn, scriptsIn } from "./editor-half.ts";
import { readExamples } from "./examples.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));
const sets = Object.entries<string>(manifest["node-red"].nodes);

describe("package.json", () => {
  it("is scoped, licensed and listed", () => {
    expect(manifest.name).toMatch(/^@/);
    expect(manifest.license).toBe("MIT");
    expect(manifest.keywords).toContain("node-red");
  });

  it("says on which Node and Node-RED it runs", () => {
    expect(manifest.engines.node).toBe(">=22.13");
    expect(manifest["node-red"].version).toBe(">=4.0.0");
  });

  it("brings few dependencies along", () => {
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(6);
  });

  it("has Node-RED install the versions of the heavy clients that it is tested with", () => {
    const asked = sets.flatMap(([, file]) => {
      const [registration] = registrationsIn(read(file.replace(/\.js$/, ".html"))).values();
      const modules = registration!.defaults["modules"]?.value as { module: string }[] | undefined;
      return (modules ?? []).map(({ module }) => module);
    });
    expect(asked.length).toBeGreaterThan(0);
    const tested = Object.entries(manifest.devDependencies).map(([name, range]) => `${name}@${range}`);
    expect(tested).toEqual(expect.arrayContaining(asked));
    for (const client of asked) expect(read("README.md")).toContain(`npm install ${client}`);
  });

  it("can be installed beside any version of them that a Function node uses", () => {
    expect(manifest).not.toHaveProperty("peerDependencies");
  });

  it("loads code of no more than the packages that it declares", () => {
    const known = new Set(Object.keys(manifest.dependencies));
    for (const name of ["core", "kit", ...sets.map(([set]) => set)]) {
      const loaded = [
        ...read(`dist/${name}.js`).matchAll(/(?<!['`])\b(?:require|import)\("([^".][^"]*)"\)/g),
      ];
      const packages = loaded.map(([, path]) => path!).filter((path) => !path.startsWith("node:"));
      const unknown = packages.filter((path) => !known.has(path.match(/^(@[^/]+\/)?[^/]+/)![0]));
      expect(unknown, `dist/${name}.js`).toEqual([]);
    }
  });
});

describe.each(sets)("the node %s", (set, file) => {
  const html = read(file.replace(/\.js$/, ".html"));
  const [type, registration] = [...registrationsIn(html)][0]!;
  const catalogue = JSON.parse(read(`dist/locales/en-US/${set}.json`));

  it("is alone in its file, under our prefix", () => {
    expect([...registrationsIn(html).keys()]).toEqual([type]);
    expect(type).toMatch(/^vcon-[a-z]+(-[a-z]+)*$/);
  });

  it("is registered by a literal, which the scorecard reads without running it", () => {
    const [script] = scriptsIn(html);
    expect(script!.trim()).toMatch(/^RED\.nodes\.registerType\("vcon-[a-z-]+", \{.*\}\);$/s);
    for (const member of ["category", "color", "icon", "defaults"]) {
      expect(script).toMatch(new RegExp(`^ {2}${member}: ["{]`, "m"));
    }
  });

  it("has an icon that exists", () => {
    const [, fontAwesome] = registration.icon.match(/^font-awesome\/(fa-.+)$/) ?? [];
    if (fontAwesome === undefined)
      return expect(existsSync(join(root, "dist/icons", registration.icon))).toBe(true);
    for (const host of ["node-red-4", "node-red-5"]) {
      const glyphs = read(
        `hosts/${host}/node_modules/@node-red/editor-client/public/vendor/font-awesome/css/font-awesome.min.css`,
      );
      expect(glyphs).toContain(`.${fontAwesome}:before`);
    }
  });

  it("has help in the style guide's form", () => {
    const [, help] =
      html.match(
        new RegExp(`<script type="text/markdown" data-help-name="${type}">\\n(.*?)</script>`, "s"),
      ) ?? [];
    const [first, ...rest] = help!.split("\n\n");
    expect(first).toMatch(/^[A-Z][^#]+\.$/);
    const headings = rest.join("\n\n").match(/^#+ .+$/gm) ?? [];
    expect(headings.filter((heading) => !/^### (Inputs|Outputs|Details|References)$/.test(heading))).toEqual(
      [],
    );
    if (registration.inputs === 1) expect(headings).toContain("### Inputs");
  });

  it("has a form with a text for each of its fields", () => {
    expect(html).toContain(`data-template-name="${type}"`);
    const keys = [...html.matchAll(/data-i18n="(?:\[\w+\])?([^"]+)"/g)].map(([, key]) => key!);
    const missing = keys.filter((key) => typeof at(catalogue, key) !== "string");
    expect(missing).toEqual([]);
    for (const name of Object.keys(registration.vconFields))
      expect(keys).toContain(`${type}.fields.${name}.label`);
  });

  it("has a lower-case name in the palette, proper names apart", () => {
    const { label } = catalogue[type];
    expect(
      label.replaceAll(/vCon API|vCon|PostgreSQL|OpenAI|Deepgram|Redis|Google Sheets|Google|Salesforce/g, ""),
    ).toMatch(/^[a-z ]*$/);
  });

  it("appears in an example", () => {
    const types = readExamples().flatMap(({ nodes }) => nodes.map((node) => node.type));
    expect(types).toContain(type);
  });
});

function at(catalogue: object, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], catalogue);
}
