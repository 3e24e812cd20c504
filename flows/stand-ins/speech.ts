/**
 * The demo's speech service: a process that knows the demo's recordings and speaks Deepgram's wire format.
 * It listens on 127.0.0.1 at PORT_SPEECH (0 or unset: any free port), prints its URL, and ends with SIGTERM
 * or with the process that started it.
 */

import { fstatSync, readFileSync } from "node:fs";
import { startDeepgramStandIn } from "./deepgram.ts";

const table = new URL("../conversations/transcripts.json", import.meta.url);
const service = await startDeepgramStandIn({
  port: Number(process.env.PORT_SPEECH ?? 0),
  transcripts: JSON.parse(readFileSync(table, "utf8")),
});

const end = () => void service.close().then(() => process.exit());
process.once("SIGTERM", end);
process.once("SIGINT", end);
process.once("disconnect", end);
// Only a pipe tells of its parent's end: a terminal stays open, and /dev/null is at its end from the start.
const stdin = fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.once("end", end).resume();

console.log(`Speech service at ${service.url}`);
