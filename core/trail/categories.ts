/** Which categories of data somebody sees who gets a vCon as a whole, in the trail's words. */
import { SECTIONS, typeOf, type VconView } from "../store/view.ts";
import { isTranscript } from "../vcon/transcript.ts";

/** @param vcon read with its parties, dialog, attachments and analysis */
export function categoriesOf(vcon: VconView): string[] {
  const found = SECTIONS.flatMap((section) =>
    [...vcon[section].values()].map((element) => {
      if (section === "attachments") return "attachments";
      const type = typeOf(section, element);
      return isTranscript({ type }) ? "transcript" : type;
    }),
  );
  const categories = new Set([...(vcon.parties.length > 0 ? ["parties"] : []), ...found]);
  categories.delete("");
  return [...categories];
}
