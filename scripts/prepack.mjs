/** Before `npm pack` and `npm publish`: what they take is built from what stands here. */
import { install, ownNode, run } from "./bootstrap.mjs";

install();
run(ownNode(), ["scripts/build.mjs"]);
