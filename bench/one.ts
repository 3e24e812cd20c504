/** Runs the one benchmark that is named, and hands its figures to the process that started this one. */
import { measurements } from "./all.ts";
import { LeftOut } from "./measurement.ts";

const name = process.argv[2];
const measurement = measurements.find((one) => one.name === name);
if (measurement === undefined) throw new Error(`There is no benchmark "${name}".`);

try {
  for (const found of await measurement.measure()) process.send?.(found) ?? console.log(found);
} catch (error) {
  if (!(error instanceof LeftOut)) throw error;
  console.error(`${name}: left out, ${error.message}`);
}
process.disconnect?.();
