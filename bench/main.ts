/** Runs the benchmarks, each in a process of its own, and prints what they found. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measurements } from "./all.ts";
import type { Figure } from "./measurement.ts";

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});
const chosen = measurements.filter(
  ({ name, isLong }) => name.includes(options.only) && (options.only !== "" || !isLong),
);
if (chosen.length === 0) {
  console.error(`No benchmark has "${options.only}" in its name. There are:`);
  for (const { name } of measurements) console.error(`  ${name}`);
  process.exit(1);
}

const print = options.json ? (found: Figure) => console.log(JSON.stringify(found)) : printRow;
if (!options.json) console.log(row("", "median", "unit", "lowest", "highest", "runs"));
let broken = 0;
for (const { name } of chosen) if (!(await runAlone(name))) broken++;
process.exit(broken === 0 ? 0 : 1);

/** In a process of its own, so that none inherits another's memory, and Node-RED can start only once in one. */
function runAlone(name: string): Promise<boolean> {
  // Its log would stand among the rows.
  const stdio: ["ignore", 2, 2, "ipc"] = ["ignore", 2, 2, "ipc"];
  const child = fork(join(import.meta.dirname, "one.ts"), [name], { stdio });
  child.on("message", (found: Figure) => print(found));
  return new Promise((resolve) => child.on("exit", (code) => resolve(code === 0)));
}

function printRow({ name, value, unit, runs }: Figure): void {
  const [lowest, highest] = [Math.min(...runs), Math.max(...runs)];
  console.log(row(name, readable(value), unit, readable(lowest), readable(highest), String(runs.length)));
}

function row(name: string, value: string, unit: string, lowest: string, highest: string, runs: string) {
  return `${name.padEnd(48)} ${value.padStart(10)} ${unit.padEnd(9)} ${lowest.padStart(10)} ${highest.padStart(10)} ${runs.padStart(5)}`;
}

/** Three digits that count. */
function readable(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
