/** Lint, types and tests, on the project's own Node. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

// The oldest Node that the package runs on has another SQLite in it.
const oldest = "hosts/node-22/node_modules/node/bin/node";
const chosen = process.argv.slice(2);
const reports = [runTests(process.execPath, chosen)];
if (chosen.length === 0)
  reports.push(runTests(oldest, ["test/store/sqlite.test.ts", "test/delivery/sqlite.test.ts"]));

const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((outcome) =>
  reports.reduce((sum, report) => sum + report[outcome], 0),
);
console.log(`${passed} passed, ${failed + broken} failed, ${skipped} skipped`);
process.exit(failed + broken === 0 ? 0 : 1);

function runTests(node, words) {
  const folder = mkdtempSync(join(tmpdir(), "vcon-test-"));
  const file = join(folder, "report.json");
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
  const { status } = spawnSync(node, [...vitest, `--outputFile.json=${file}`, ...words], {
    stdio: "inherit",
  });
  const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  rmSync(folder, { recursive: true });
  const { numPassedTests: passed = 0, numFailedTests = 0, numPendingTests: skipped = 0 } = report;
  // A file that failed before its first test counts as a failure too.
  return { passed, failed: status === 0 ? 0 : Math.max(numFailedTests, 1), skipped };
}

function runNode(words) {
  return spawnSync(process.execPath, words, { stdio: "inherit" }).status;
}
