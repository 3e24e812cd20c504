/** Run alone: prints by how many bytes the memory of this process grew at most while it handled the file. */
import { readFileSync } from "node:fs";
import { readVcon, validateVcon, writeVcon } from "../../core/index.ts";

const WAYS: Record<string, (bytes: Buffer) => string> = {
  bare: (bytes) => JSON.stringify(JSON.parse(bytes.toString())),
  vcon: (bytes) => {
    const { vcon } = readVcon(bytes);
    validateVcon(vcon);
    return writeVcon(vcon);
  },
};

const [way = "", file = ""] = process.argv.slice(2);
globalThis.gc!();
const idle = process.memoryUsage.rss();
const bytes = readFileSync(file);
const written = WAYS[way]!(bytes);
if (Buffer.byteLength(written) < bytes.length) throw new Error("The document was not written as a whole.");
// The highest that the system saw, in kB.
console.log(process.resourceUsage().maxRSS * 1024 - idle);
