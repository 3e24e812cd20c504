/** The vCon as an expression sees it: whole, but for bodies above 64 kB. */
import { type Content, type Held, LargeBody, type Vcon, type VconView } from "../../../core/index.ts";

export function documentOf({ uuid, head, parties, dialog, attachments, analysis }: VconView): Vcon {
  return {
    ...head,
    uuid,
    parties,
    dialog: elements(dialog),
    attachments: elements(attachments),
    analysis: elements(analysis),
  };
}

function elements<Part extends Content>(section: ReadonlyMap<number, Held<Part>>): Part[] {
  return [...section.values()].map((element) => {
    if (!(element.body instanceof LargeBody)) return element as Part;
    const { body: _body, ...rest } = element;
    return rest as Part;
  });
}
