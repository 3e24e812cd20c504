/**
 * `npm run test:soak`: 10,000 vCons through a flow into PostgreSQL, while Node-REDs and their Redis are killed. SOAK_SEED
 * repeats a run as far as chance allows.
 */
import { become, install, ownNode, run } from "./bootstrap.mjs";

install("node-red-5");
run(ownNode(), ["scripts/build.mjs"]);
process.env.SOAK = "full";
become("node_modules/vitest/vitest.mjs", [
  "run",
  "test/delivery/killed.test.ts",
  "test/server/load.test.ts",
  "--disable-console-intercept",
]);
