/** `npm run test:fuzz`: does to 100,000 hostile inputs, or as many as FUZZ_INPUTS says, all that is done with a vCon. */
import { become, install } from "./bootstrap.mjs";

install();
process.env.FUZZ_INPUTS ??= "100000";
become("node_modules/vitest/vitest.mjs", ["run", "test/core/vcon/fuzz.test.ts"]);
