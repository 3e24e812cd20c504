/** The programs that the tests need beside Node: installed where that is possible, else named. */
import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";

/** Each with its Debian package and where it may be, if not on the path. */
const PROGRAMS = [
  { name: "chromium", debian: "chromium" },
  { name: "redis-server", debian: "redis-server" },
  { name: "postgres", debian: "postgresql", elsewhere: "/usr/lib/postgresql/*/bin/postgres" },
];

export function bringPrograms() {
  const missing = PROGRAMS.filter((program) => pathOf(program) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map(({ debian }) => debian);
  if (!existsSync("/etc/debian_version") || process.getuid?.() !== 0) {
    console.error(
      `The tests need programs that are not here: ${missing.map(({ name }) => name).join(", ")}.`,
    );
    console.error(`On Debian: sudo apt-get install ${packages.join(" ")}`);
    process.exit(1);
  }
  console.log(`Installing ${packages.join(", ")} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
  const { status } = spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
    stdio: ["ignore", "ignore", "inherit"],
    env,
  });
  if (status !== 0) process.exit(1);
}

function pathOf({ name, elsewhere }) {
  const onPath = spawnSync(process.platform === "win32" ? "where" : "which", [name], { encoding: "utf8" });
  if (onPath.status === 0) return onPath.stdout.trim();
  return elsewhere && globSync(elsewhere)[0];
}
