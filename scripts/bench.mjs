/** `npm run bench`: installs, builds and measures. Options after `--`: `--only <part of a name>`, `--json`. */
import { become, install, ownNode, run } from "./bootstrap.mjs";

install("node-red-5");
run(ownNode(), ["scripts/build.mjs"]);
become("bench/main.ts", process.argv.slice(2));
