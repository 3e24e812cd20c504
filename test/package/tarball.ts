/** The package as npm packs it, and as it lies in the folder of somebody who installs it. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../support/node-red.ts";

export interface Tarball {
  /** Where it lies. */
  path: string;
  /** Bytes, packed. */
  size: number;
  /** The paths in it. */
  files: string[];
}

/** Packs what is built into the folder. */
export function pack(folder: string): Tarball {
  // Built already; to build again would take dist/ away from the other tests.
  const answer = npm(root, "pack", "--ignore-scripts", "--json", "--pack-destination", folder);
  const { filename, size, files } = Object.values(JSON.parse(answer))[0] as {
    filename: string;
    size: number;
    files: { path: string }[];
  };
  return { path: join(folder, filename), size, files: files.map(({ path }) => path) };
}

/** Installs the tarball into the folder; its dependencies come from npm's cache, else from the registry. */
export function install(folder: string, { path }: Tarball): void {
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  npm(folder, "install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", path);
}

function npm(folder: string, ...words: string[]): string {
  const started = process.env["npm_execpath"];
  const [program, ...before] = started?.endsWith(".js") ? [process.execPath, started] : ["npm"];
  const { status, stdout, stderr, error } = spawnSync(program, [...before, ...words], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32" && program === "npm",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`npm ${words[0]} failed:\n${stderr}`);
  return stdout;
}
