/** The tags among the parts of a vCon that a step read. */
import { isTags, tagTexts } from "../vcon/tags.ts";
import { bodyValue } from "./body.ts";
import type { VconView } from "./view.ts";

/** As "name:value" texts, in their order; a large body is fetched. */
export async function tagsOf({ attachments }: Pick<VconView, "attachments">): Promise<string[]> {
  const texts: string[] = [];
  for (const attachment of attachments.values()) {
    if (isTags(attachment)) texts.push(...tagTexts(await bodyValue(attachment)));
  }
  return texts;
}
