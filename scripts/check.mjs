/** Lint, types and tests, on the project's own Node. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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

const folder = mkdtempSync(join(tmpdir(), "vcon-test-"));
const report = join(folder, "report.json");
const chosen = process.argv.slice(2);
const status = runNode([
  "node_modules/vitest/vitest.mjs",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...chosen,
]);
const {
  numPassedTests: passed,
  numFailedTests,
  numPendingTests: skipped,
  numFailedTestSuites,
} = JSON.parse(readFileSync(report, "utf8"));
rmSync(folder, { recursive: true });

// A file that failed before its first test counts as a failure too.
const failed =
  Math.max(numFailedTests, status === 0 ? 0 : 1, numFailedTests === 0 ? numFailedTestSuites : 0) + broken;
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exit(failed === 0 ? 0 : 1);

function runNode(words) {
  return spawnSync(process.execPath, words, { stdio: "inherit" }).status;
}
