/** Rules for analyses. */
import { isEmpty } from "../json.ts";
import type { JsonObject } from "../types.ts";
import type { Report } from "./rule.ts";

/** Conserver links wrote their options, an object, as the schema. */
export function schemaText(analysis: JsonObject, name: string, report: Report): void {
  if (typeof analysis[name] !== "object") return;
  analysis[name] = JSON.stringify(analysis[name]);
  report.changed("schemaText", name);
}

/** A vendor can't be guessed; one is made up only if that is asked for. A placeholder ({}) stays one. */
export function vendor(analysis: JsonObject, report: Report): void {
  if (analysis.vendor !== undefined || isEmpty(analysis)) return;
  if (report.work.repair) {
    analysis.vendor = "unknown";
    report.changed("vendor", "vendor", 'It named no vendor; "unknown" was set.');
  } else {
    report.left("vendor", "vendor", "It names no vendor.");
  }
}
