/** Installs what is missing and finds the Node that the project brings along. Runs on any Node from 20 on. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Installs the project's own packages and those of the named hosts, unless that was done for the same lock file. */
export function install(...hosts) {
  for (const folder of [".", ...hosts.map((host) => `hosts/${host}`)]) installIn(join(root, folder));
}

function installIn(folder) {
  const lock = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  const marker = join(folder, "node_modules", ".installed-for");
  if (existsSync(marker) && readFileSync(marker, "utf8") === lock) return;
  console.log(`Installing the packages of ${folder} ...`);
  // Not "npm ci": that refuses a lock file in which a tool lacks its binary for some other platform.
  run(...npm("install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"), { cwd: folder });
  writeFileSync(marker, lock);
}

/** The npm that started this script, or the one on the path. */
function npm(...words) {
  const own = process.env.npm_execpath;
  if (own?.endsWith(".js")) return [process.execPath, [own, ...words]];
  return [process.platform === "win32" ? "npm.cmd" : "npm", words];
}

/** Path of the Node that the project's own packages brought. */
export function ownNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(root, "node_modules", "node", "bin", name);
}

/** Runs a program to its end; ends this process if it fails. */
export function run(program, words, options = {}) {
  const shell = program.endsWith(".cmd");
  const { status, error } = spawnSync(program, words, { cwd: root, stdio: "inherit", shell, ...options });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a script on the project's own Node as this process would have, signals and exit code included. */
export function become(script, words = []) {
  const child = spawn(ownNode(), [join(root, script), ...words], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
