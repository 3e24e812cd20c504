/** Rules for dialogs. */
import { asideOf } from "../members.ts";
import type { JsonObject } from "../types.ts";
import { setAside } from "./member.ts";
import type { Report } from "./rule.ts";

/** In core-00 it was text; core-04 wants the local and the remote half, which no rule tells apart. */
export function sessionId(dialog: JsonObject, name: string, report: Report): void {
  if (typeof dialog[name] !== "string") return;
  if (setAside(dialog, name)) {
    report.changed(
      "sessionId",
      name,
      `It is one text, not a local and a remote half; it is kept as x_${name}.`,
    );
  } else {
    report.left("sessionId", name, "It is one text, not a local and a remote half.");
  }
}

/** From core-01 to core-03 a transfer could lead to several parties or dialogs; now it is one. */
export function oneIndex(dialog: JsonObject, name: string, report: Report): void {
  const indices = dialog[name];
  if (!Array.isArray(indices)) return;
  const [first, ...others] = indices;
  const isOfIndices = indices.length > 0 && indices.every((index) => typeof index === "number");
  if (isOfIndices && (others.length === 0 || setAside(dialog, name))) {
    dialog[name] = first;
    const warning = `It is the first of several, which are kept as ${asideOf(name)}.`;
    report.changed("oneIndex", name, others.length > 0 ? warning : undefined);
  } else {
    report.left("oneIndex", name, "It is a list where one index belongs.");
  }
}
