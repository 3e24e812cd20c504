/** Builds dist/ and resources/: one .js and one .html per node, found by its folder. Runs on the package's own Node. */
import { execFile } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const { catalogue, editorPage } = await import("../nodes/kit/editor-page.ts");

const FAMILIES = ["config", "adapters", "transforms", "filters", "projections", "delivery", "lifecycle"];
const LOCALE = "dist/locales/en-US";

rmSync("dist", { recursive: true, force: true });
rmSync("resources", { recursive: true, force: true });
mkdirSync(LOCALE, { recursive: true });
mkdirSync("resources", { recursive: true });
// Node-RED 4 requires what it loads, while the sources are ES modules.
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n');

const nodes = await findNodes();
await Promise.all([
  bundle("dist/core.js", { entryPoints: ["core/index.ts"] }),
  bundle("dist/kit.js", { entryPoints: ["nodes/kit/index.ts"], plugins: [shared("core")] }),
  bundle("dist/server.js", { entryPoints: ["server/index.ts"], plugins: [shared("core")] }),
  bundleNodes(nodes),
  bundleEditor(),
  declareTypes(),
]);
for (const node of nodes) writePage(node);
for (const file of globSync("icons/*.svg")) copyIcon(file);
listInPackage(nodes);

async function findNodes() {
  const files = FAMILIES.flatMap((family) => globSync(`nodes/${family}/*/`).sort()).map((folder) =>
    join(folder, `${basename(folder)}.ts`),
  );
  return Promise.all(
    files.map(async (file) => {
      const { default: definition } = await import(pathToFileURL(resolve(file)));
      return { set: basename(file, ".ts"), file, definition };
    }),
  );
}

function bundleNodes(nodes) {
  return Promise.all(
    nodes.map(({ set, file }) => {
      const contents = `import { register } from "./nodes/kit/index.ts";
import definition from "./${file}";
export default register(definition);`;
      return bundle(`dist/${set}.js`, {
        stdin: { contents, resolveDir: root },
        footer: { js: "module.exports = module.exports.default;" },
        plugins: [shared("core"), shared("kit"), shared("server")],
      });
    }),
  );
}

function bundle(outfile, options) {
  return build({
    outfile,
    bundle: true,
    platform: "node",
    target: "node22.13",
    format: "cjs",
    external: Object.keys(JSON.parse(readFileSync("package.json", "utf8")).dependencies),
    logLevel: "warning",
    ...options,
  });
}

/** All nodes share one copy of core and of the kit, because those hold connections; that of the server is loaded late. */
function shared(name) {
  return {
    name: `shared-${name}`,
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`/${name}/index\\.ts$`) }, () => ({
        path: `./${name}.js`,
        external: true,
      }));
    },
  };
}

function bundleEditor() {
  copyFileSync("plugins/editor/editor.css", "resources/editor.css");
  copyFileSync("plugins/editor/editor.html", "dist/editor.html");
  return build({
    entryPoints: ["plugins/editor/editor.ts"],
    outfile: "resources/editor.js",
    bundle: true,
    format: "iife",
    globalName: "vconEditor",
    target: "es2020",
    logLevel: "warning",
  });
}

/** The types of "@vcon/node-red/core". The sources import each other as .ts, which nobody has who installs the package. */
async function declareTypes() {
  await promisify(execFile)(process.execPath, [
    "node_modules/typescript/bin/tsc",
    "--project",
    "tsconfig.types.json",
  ]);
  for (const file of globSync("dist/types/**/*.d.ts")) {
    const declarations = readFileSync(file, "utf8");
    writeFileSync(file, declarations.replaceAll(/(["']\.{1,2}\/[^"']+)\.ts(?=["'])/g, "$1.js"));
  }
}

function writePage({ set, file, definition }) {
  const help = readFileSync(join(dirname(file), "help.md"), "utf8");
  writeFileSync(`dist/${set}.html`, editorPage(definition, help));
  writeFileSync(`${LOCALE}/${set}.json`, `${JSON.stringify(catalogue(definition), null, 2)}\n`);
}

function copyIcon(file) {
  mkdirSync("dist/icons", { recursive: true });
  copyFileSync(file, join("dist/icons", basename(file)));
}

/** Node-RED finds the nodes by package.json; the folders say what stands there. */
function listInPackage(nodes) {
  const text = readFileSync("package.json", "utf8");
  const manifest = JSON.parse(text);
  manifest["node-red"] = {
    version: ">=4.0.0",
    nodes: Object.fromEntries(nodes.map(({ set }) => [set, `dist/${set}.js`])),
    plugins: { "vcon-editor": "dist/editor.html" },
  };
  const written = `${JSON.stringify(manifest, null, 2)}\n`;
  if (written !== text) writeFileSync("package.json", written);
}
