/** Lint, types and tests, on the project's own Node. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { bringPrograms } from "./programs.mjs";

// What tests spawn runs on this Node too.
process.env.PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);

bringPrograms();
const checks = [
  ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings"],
  ["node_modules/typescript/bin/tsc", "--project", "tsconfig.json"],
];
const broken = checks.filter((words) => runNode(words) !== 0).length;

// The oldest Node that the package runs on has another SQLite in it. Its tests wait more than they compute, so they run
// beside the others; what they print comes after.
const oldest = "hosts/node-22/node_modules/node/bin/node";
const chosen = process.argv.slice(2);
const runs = [runTests(process.execPath, chosen)];
if (chosen.length === 0)
  runs.push(runTests(oldest, ["test/store/sqlite.test.ts", "test/delivery/sqlite.test.ts"], { later: true }));
const reports = await Promise.all(runs);
for (const { output } of reports) process.stdout.write(output);

const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((outcome) =>
  reports.reduce((sum, report) => sum + report[outcome], 0),
);
console.log(`${passed} passed, ${failed + broken} failed, ${skipped} skipped`);
process.exit(failed + broken === 0 ? 0 : 1);

async function runTests(node, words, { later = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "vcon-test-"));
  const [file, log] = [join(folder, "report.json"), join(folder, "output")];
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
  const output = later ? openSync(log, "w") : "inherit";
  const child = spawn(node, [...vitest, `--outputFile.json=${file}`, ...words], {
    stdio: ["inherit", output, output],
  });
  const [status] = await once(child, "exit");
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const printed = later ? readFileSync(log) : "";
  rmSync(folder, { recursive: true });
  const { numPassedTests: passed = 0, numFailedTests = 0, numPendingTests: skipped = 0 } = report;
  // A file that failed before its first test counts as a failure too.
  return { passed, failed: status === 0 ? 0 : Math.max(numFailedTests, 1), skipped, output: printed };
}

function runNode(words) {
  return spawnSync(process.execPath, words, { stdio: "inherit" }).status;
}
