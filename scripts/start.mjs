/** `npm start`: installs and builds what is missing, then opens Node-RED with the demo flow. */
import { become, install, ownNode, run } from "./bootstrap.mjs";

install("node-red-5");
run(ownNode(), ["scripts/build.mjs"]);
become("scripts/demo.mjs");
