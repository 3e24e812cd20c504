/** How a service that runs in a process of its own ends: with SIGTERM, or with the process that started it. */

import { fstatSync } from "node:fs";

export function serveUntilParentEnds(service: { close: () => Promise<void> }): void {
  const end = () => void service.close().then(() => process.exit());
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.once("disconnect", end);
  // Only a pipe tells of its parent's end: a terminal stays open, and /dev/null is at its end from the start.
  const stdin = fstatSync(0);
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once("end", end).resume();
}
