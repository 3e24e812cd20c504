/** Run as a process of its own: stores calls, so that the memory that takes is not the caller's. */
import { storeCalls } from "./vcons.ts";

const [url, count, audioBytes] = process.argv.slice(2);
process.send!(await storeCalls(url!, Number(count), Number(audioBytes)));
process.disconnect();
