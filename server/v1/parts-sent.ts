/** Reads analyses and attachments as the parts of a vCon are read: of any syntax, and brought into the newest. */
import Type from "typebox";
import {
  type Analysis,
  type Attachment,
  buildNew,
  type Finding,
  readVcon,
  validateVcon,
} from "../../core/index.ts";
import type { Call } from "../call.ts";
import { invalid } from "../errors.ts";
import { bodyReader } from "../parameters.ts";

interface Parts {
  analysis: Analysis[];
  attachments: Attachment[];
}

const readElements = bodyReader(Type.Array(Type.Object({}), { minItems: 1 }));

/**
 * @param sent one element or an array of them
 * @throws ApiError 422 for what core-04 does not allow; but what a vCon may lack that is sent as a whole, a part may lack
 *   as well, and whether the dialogs and parties are there that it names is not looked at. VconError as `readVcon`
 */
export function readParts<Section extends keyof Parts>(
  call: Call,
  section: Section,
  sent: unknown,
): Parts[Section] {
  const elements = readElements(Array.isArray(sent) ? sent : [sent]);
  const { maxBytes } = call.api.settings;
  const { vcon } = readVcon(buildNew({ [section]: elements }), { maxBytes });
  const faults = validateVcon(vcon)
    .filter(isRefused)
    .map(({ pointer, message }) => ({ at: placeOf(pointer, Array.isArray(sent)), says: message }));
  if (faults.length > 0) throw invalid(faults);
  return vcon[section] as Parts[Section];
}

/** Without type and vendor nobody can tell whose work an analysis is, so that it would be added again and again. */
function isRefused({ level, rule, pointer }: Finding): boolean {
  if (level !== "error" || rule === "indexRange") return false;
  return rule !== "required" || /\/(?:type|vendor)$/.test(pointer);
}

/** @param pointer into the vCon that was made to read it: "/analysis/0/vendor" */
function placeOf(pointer: string, isArray: boolean): string[] {
  return ["body", ...pointer.split("/").slice(isArray ? 2 : 3)];
}
