/** The demo's recordings and what is said in them. */

import { readFileSync } from "node:fs";
import type { Recording } from "../../flows/stand-ins/recordings.ts";

const folder = new URL("../../flows/conversations/", import.meta.url);

export function recordingFile(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

export const transcripts: (Recording & { file: string })[] = JSON.parse(
  readFileSync(new URL("transcripts.json", folder), "utf8"),
);
