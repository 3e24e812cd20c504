/** `npm test`: installs, builds and checks everything; the last line counts the tests. */
import { become, install, ownNode, run } from "./bootstrap.mjs";

install("node-22", "node-red-4", "node-red-5");
run(ownNode(), ["scripts/build.mjs"]);
become("scripts/check.mjs", process.argv.slice(2));
