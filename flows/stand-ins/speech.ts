/**
 * The demo's speech service: a process that knows the demo's recordings and speaks Deepgram's wire format.
 * It listens on 127.0.0.1 at PORT_SPEECH (0 or unset: any free port), prints its URL, and ends with SIGTERM
 * or with the process that started it.
 */

import { readFileSync } from "node:fs";
import { startDeepgramStandIn } from "./deepgram.ts";
import { serveUntilParentEnds } from "./process.ts";

const table = new URL("../conversations/transcripts.json", import.meta.url);
const service = await startDeepgramStandIn({
  port: Number(process.env.PORT_SPEECH ?? 0),
  transcripts: JSON.parse(readFileSync(table, "utf8")),
});
serveUntilParentEnds(service);
console.log(`Speech service at ${service.url}`);
