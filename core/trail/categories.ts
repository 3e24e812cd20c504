/** Which categories of data somebody sees who gets a vCon as a whole, in the trail's words. */
import { SECTIONS, type Section, typeOf, type VconView } from "../store/view.ts";
import { formOf } from "../vcon/form.ts";
import { isObject } from "../vcon/json.ts";
import { payloadOf } from "../vcon/payload.ts";
import { isTranscript } from "../vcon/transcript.ts";

/** An encrypted vCon shows nothing of it but that there is one. */
const ENCRYPTED = "encrypted vCon";

/** @param vcon read with `WHOLE_PARTS` */
export function categoriesOf(vcon: VconView): string[] {
  if (vcon.sealed === undefined) return categoriesIn((part) => [...vcon[part].values()]);
  if (formOf(vcon.sealed) === "encrypted") return [ENCRYPTED];
  const signed = payloadOf(vcon.sealed);
  return categoriesIn((part) => {
    const elements = isObject(signed) ? signed[part] : undefined;
    return Array.isArray(elements) ? elements : [];
  });
}

function categoriesIn(elementsOf: (part: "parties" | Section) => readonly unknown[]): string[] {
  const found = SECTIONS.flatMap((section) =>
    elementsOf(section).map((element) => {
      if (section === "attachments") return "attachments";
      const type = typeOf(section, element);
      return isTranscript({ type }) ? "transcript" : type;
    }),
  );
  const categories = new Set([...(elementsOf("parties").length > 0 ? ["parties"] : []), ...found]);
  categories.delete("");
  return [...categories];
}
